import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { assertInstalled } from "./installed.ts";

const environment = mkdtempSync(join(tmpdir(), "ftmodel-installed-"));
const packages = join(environment, "lib", "python3.11", "site-packages");
const vllm = join(environment, "bin", "vllm");
for (const folder of [packages, join(environment, "bin")]) mkdirSync(folder, { recursive: true });
writeFileSync(vllm, "");
const settings = (system: boolean) => writeFileSync(join(environment, "pyvenv.cfg"), `home = /usr/bin\ninclude-system-site-packages = ${system}\n`);
settings(false);
const before = process.env.PYTHONPATH;
delete process.env.PYTHONPATH;
afterEach(() => void delete process.env.PYTHONPATH);
afterAll(() => {
  if (before !== undefined) process.env.PYTHONPATH = before;
  rmSync(environment, { recursive: true });
});
const in4bit = { command: [vllm, "serve", "m", "--quantization", "bitsandbytes"] };

test("4 bit without bitsandbytes is told before the start, with the folder, the command and the way out", () => {
  expect(() => assertInstalled(in4bit)).toThrow(/4 bit needs is not installed \(.*site-packages\)[^]*bitsandbytes[^]*npm start -- --profile gpu[^]*gpu\.serveIn4bit=false/);
  expect(() => assertInstalled({ command: [vllm, "serve", "m"] })).not.toThrow();
});

test("where Python would look elsewhere, too, nothing is claimed", () => {
  process.env.PYTHONPATH = "/somewhere";
  expect(() => assertInstalled(in4bit)).not.toThrow();
  delete process.env.PYTHONPATH;
  settings(true);
  expect(() => assertInstalled(in4bit)).not.toThrow();
  settings(false);
});

test("with bitsandbytes it may start; a program that is not there is named", () => {
  mkdirSync(join(packages, "bitsandbytes"));
  expect(() => assertInstalled(in4bit)).not.toThrow();
  expect(() => assertInstalled({ command: ["/no/such/vllm"] })).toThrow(/not installed \(\/no\/such\/vllm\)[^]*serving\.engine=transformers/);
});
