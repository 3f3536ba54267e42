import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { LabError } from "../../lib/errors.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { PYTHON } from "../setup/python.mjs";
import { registerKernel, removeKernel, userKernels } from "./user-kernel.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "home-"));
});
/** A kernelspec of the name that `argv` starts. */
const put = (kernels: string, argv: string[]): string => {
  mkdirSync(join(kernels, "tslab"), { recursive: true });
  const file = join(kernels, "tslab", "kernel.json");
  writeFileSync(file, JSON.stringify({ argv, display_name: "TypeScript", language: "typescript" }));
  return file;
};

test("the user's kernels are where VS Code's Jupyter extension looks", () => {
  expect(userKernels("/home/me", "linux")).toBe("/home/me/.local/share/jupyter/kernels");
  expect(userKernels("/Users/me", "darwin")).toBe("/Users/me/Library/Jupyter/kernels");
});

test.skipIf(process.platform !== "linux")(
  "Jupyter finds it there, without our environment, and its program is there",
  () => {
    registerKernel(userKernels(home));
    const env = { PATH: process.env.PATH, HOME: home, JUPYTER_PREFER_ENV_PATH: "0" };
    const program =
      "import json; from jupyter_client.kernelspec import KernelSpecManager as M; m = M(); " +
      'print(json.dumps([m.find_kernel_specs()["tslab"], m.get_kernel_spec("tslab").argv]))';
    const said = execFileSync(PYTHON, ["-c", program], { env, encoding: "utf8" });
    const [folder, argv] = JSON.parse(said) as [string, string[]];
    expect(folder).toBe(join(userKernels(home), "tslab"));
    expect(argv.slice(0, 2).map((file) => existsSync(file))).toEqual([true, true]);
  },
);

test("started as VS Code does, it answers, and stops when a message says so", {
  timeout: 300_000,
}, async () => {
  const folder = registerKernel(userKernels(home));
  const { argv } = JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8")) as { argv: string[] };
  const program = [
    "import json, sys",
    "from jupyter_client.manager import start_new_kernel",
    "import jupyter_client.kernelspec as k",
    'manager, client = start_new_kernel(kernel_name="tslab", cwd=sys.argv[1], startup_timeout=100)',
    "said = []",
    'cell = "import { openLab } from \\"ftmodel\\"; console.log(openLab().config.profile)"',
    'hear = lambda m: said.append(m["content"].get("text", ""))',
    "reply = client.execute_interactive(cell, output_hook=hear, timeout=100)",
    'print(json.dumps([reply["content"]["status"], "".join(said).strip()]))',
    "import threading",
    'stop = client.session.msg("interrupt_request", {})',
    "threading.Timer(2, client.control_channel.send, [stop]).start()",
    'cell = "await new Promise((done) => setTimeout(done, 100_000))"',
    'reply = client.execute_interactive(cell, output_hook=hear, timeout=60)["content"]["status"]',
    "answered = client.get_control_msg(timeout=60)",
    'print(json.dumps([reply, manager.kernel_spec.interrupt_mode, answered["msg_type"]]))',
    "manager.shutdown_kernel(now=True)",
  ].join("\n");
  const env = { PATH: "/usr/bin:/bin", HOME: home, JUPYTER_PREFER_ENV_PATH: "0" };
  const child = spawn(PYTHON, ["-c", program, join(REPO_ROOT, "notebooks")], { env });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  await once(child, "close");
  expect(argv).toHaveLength(3);
  const [ran, stopped] = out.trim().split("\n");
  expect(JSON.parse(ran!)).toEqual(["ok", "tiny"]);
  expect(JSON.parse(stopped!)).toEqual(["error", "message", "interrupt_reply"]);
});

test("it is removed again, and only ours", () => {
  const kernels = userKernels(home);
  expect(removeKernel(kernels)).toBe(false);
  const folder = registerKernel(kernels);
  expect(removeKernel(kernels)).toBe(true);
  expect(existsSync(folder)).toBe(false);
  const other = put(kernels, ["/usr/bin/tslab", "kernel", "--config-path={connection_file}"]);
  expect(removeKernel(kernels)).toBe(false);
  expect(() => registerKernel(kernels)).toThrow(LabError);
  expect(readFileSync(other, "utf8")).toContain("/usr/bin/tslab");
});

test("that of another copy of the repository is replaced", () => {
  const kernels = userKernels(home);
  const file = put(kernels, ["/old/node", "/old/ftmodel/scripts/kernel.ts", "{connection_file}"]);
  registerKernel(kernels);
  expect(readFileSync(file, "utf8")).toContain(join(REPO_ROOT, "scripts", "kernel.ts"));
});
