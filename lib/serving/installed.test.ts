import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PYTHON } from "../config/paths.ts";
import { assertInstalled } from "./installed.ts";
import { inOrder } from "../testing/in-order.ts";

const folder = mkdtempSync(join(tmpdir(), "ftmodel-installed-"));
const environment = join(folder, "environment");
const python = join(environment, "bin", "python3");
const vllm = join(environment, "bin", "vllm");
mkdirSync(join(environment, "bin"), { recursive: true });
writeFileSync(vllm, "");
writeFileSync(join(environment, "pyvenv.cfg"), "home = /usr/bin\n");
symlinkSync(realpathSync(PYTHON), python);
const packages = execFileSync(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], {
  encoding: "utf8",
}).trim();
mkdirSync(packages, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));
const in4bit = { command: [vllm, "serve", "m", "--quantization", "bitsandbytes"] };

test("4 bit without bitsandbytes is told before the start: interpreter, command, way out", () => {
  expect(() => assertInstalled(in4bit)).toThrow(
    inOrder(
      /4 bit needs is not installed \(.*bin\/python3\)/,
      /bitsandbytes/,
      /npm start -- --profile gpu/,
      /gpu\.serveIn4bit=false/,
    ),
  );
  expect(() => assertInstalled({ command: [vllm, "serve", "m"] })).not.toThrow();
});

test("bitsandbytes is found wherever that Python looks", () => {
  mkdirSync(join(folder, "elsewhere", "bitsandbytes"), { recursive: true });
  writeFileSync(join(folder, "elsewhere", "bitsandbytes", "__init__.py"), "raise SystemExit('imported')\n");
  writeFileSync(join(packages, "more.pth"), `${join(folder, "elsewhere")}\n`);
  expect(() => assertInstalled(in4bit)).not.toThrow();
});

test("a program that is not there is named; one without a Python beside it is taken at its word", () => {
  expect(() => assertInstalled({ command: ["/no/such/vllm"] })).toThrow(
    /not installed \(\/no\/such\/vllm\)[^]*serving\.engine=transformers/,
  );
  writeFileSync(join(folder, "vllm"), "");
  expect(() =>
    assertInstalled({ command: [join(folder, "vllm"), "serve", "m", "--quantization", "bitsandbytes"] }),
  ).not.toThrow();
});
