import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { LabError } from "../errors.ts";
import { identify, waitForExit } from "../store/process.ts";
import { startServer } from "./server.ts";
import type { Server, ServerOptions } from "./server.ts";
import { serverEnvironment } from "./supervisor.ts";
import { fakeCommand } from "../testing/fake-command.ts";

const log = join(mkdtempSync(join(tmpdir(), "ftmodel-server-")), "server.log");
const running: Server[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function start(mode: string, options: Partial<ServerOptions> = {}): Promise<Server> {
  const model = { path: "fake", revision: "main", sha256: null };
  const server = await startServer({
    engine: "vllm",
    model,
    log,
    startTimeoutMs: 30_000,
    maxModelLength: 64,
    concurrency: 4,
    command: fakeCommand(mode),
    ...options,
  });
  running.push(server);
  return server;
}

async function errorOf(promise: Promise<unknown>): Promise<LabError> {
  const error = await promise.then(
    () => expect.fail("it should have thrown"),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(LabError);
  return error as LabError;
}

const ask = (server: Server, content: string) =>
  server.client.complete({ messages: [{ role: "user", content }], temperature: 0, maxTokens: 8 });

test("a server is ready when a completion has come back, on 127.0.0.1, and is gone after stop", async () => {
  const server = await start("ok");
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  expect(await ask(server, "hello")).toMatchObject({ ok: true, text: "hello" });
  const identity = identify(server.pid)!;
  await server.stop();
  expect(await waitForExit(identity, 0)).toBe(true);
});

test("a program that does not start is an error with its last words, without colours", async () => {
  const error = await errorOf(start("crash"));
  expect(error.problem.what).toBe("The model server died");
  expect(error.problem.found).toContain("exit status 3");
  expect(error.problem.found).toContain("\nRuntimeError: no memory for this model");
  expect(error.message).not.toContain("\u001b");
});

test.each([
  ["torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB", /Lower gpu\.serverMemoryShare/],
  [
    "ValueError: Free memory on device (10.2/79.2 GiB) on startup is less than desired GPU " +
      "memory utilization (0.9, 71.3 GiB)",
    /Lower gpu\.serverMemoryShare/,
  ],
  [
    "ValueError: User-specified max_model_len (131072) is greater than the derived max_model_len (32768)",
    /Lower serving\.maxModelLength: the model/,
  ],
  ["ValueError: No available memory for the cache blocks.", /raise gpu\.serverMemoryShare/],
  ["RuntimeError: something else", /Run the cell again\./],
])("the advice fits what it died of: %s", async (words, advice) => {
  const noise = Array.from({ length: 40 }, () => '  File "api_server.py", in run').join("\n");
  const LAST_WORDS = "RuntimeError: Engine core initialization failed. See root cause above.";
  const log = JSON.stringify(`${words}\n${noise}\n${LAST_WORDS}`);
  const script = `console.error(${log}); process.exitCode = 1`;
  const error = await errorOf(
    start("ok", { command: () => ({ run: { command: [process.execPath, "-e", script] }, servedName: "x" }) }),
  );
  expect(error.problem.what).toBe("The model server died");
  expect(error.problem.todo).toMatch(advice);
  if (!words.startsWith("Runtime")) expect(error.problem.todo).not.toMatch(/Run the cell again/i);
});

test("a program that is not there is an error that names it", async () => {
  const error = await errorOf(
    start("ok", { command: () => ({ run: { command: ["/no/such/program"] }, servedName: "x" }) }),
  );
  expect(error.message).toContain("/no/such/program");
});

test("a port in use is an error before anything is started", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const error = await errorOf(start("ok", { port }));
  expect(error.problem).toMatchObject({ what: "The port is in use", where: `127.0.0.1:${port}` });
  await new Promise((resolve) => other.close(resolve));
});

test("a port lost between the look and the bind is named as such", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await new Promise((resolve) => other.close(resolve));
  expect((await errorOf(start("taken", { port }))).problem.what).toBe("The model server's port is in use");
});

test("a server that never answers ends at the limit and is not left behind", async () => {
  const started = performance.now();
  const error = await errorOf(start("silent", { startTimeoutMs: 1500 }));
  expect(error.problem.what).toBe("The model server gave no answer in time");
  expect(error.problem.expected).toContain("1.5 s");
  expect(performance.now() - started).toBeLessThan(15_000);
  const port = /:(\d+)\/v1/.exec(error.problem.where!)![1];
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

test("a server that answers health checks and no completions is not ready", async () => {
  const error = await errorOf(start("healthy", { startTimeoutMs: 1500 }));
  expect(error.problem.what).toBe("The model server gave no answer in time");
});

/**
 * Answers every GET and, after `before` requests that it drops, every completion with 500; `slow`: hangs on
 * all that come later than the first.
 */
function failing({ dropped = 0, slow = false } = {}): ServerOptions["command"] {
  const program = `let n = 0; console.log("CUDA error: an illegal access");
    const answer = (q, r) => {
      n++;
      q.resume();
      if (q.method === "GET") return r.end("ok");
      if (n <= ${dropped}) return q.socket.destroy();
      if (${slow} && n > ${dropped + 1}) return;
      r.writeHead(500, { "content-type": "application/json" });
      r.end(JSON.stringify({ error: { message: "engine is dead" } }));
    };
    require("http").createServer(answer).listen(Number(process.argv[1]), "127.0.0.1")`;
  return (port) => ({ run: { command: [process.execPath, "-e", program, String(port)] }, servedName: "x" });
}

test("a server that fails at every completion is given up, with error and last words", async () => {
  const started = performance.now();
  const error = await errorOf(start("ok", { command: failing({ dropped: 3 }), errorPatienceMs: 600 }));
  expect(error.problem.what).toBe("The model server answers every completion with an error");
  expect(error.problem.found).toMatch(/^http_500: engine is dead\n[^]*CUDA error: an illegal access/);
  expect(performance.now() - started).toBeLessThan(15_000); // of 30
});

test("at the limit the last real failure is told, not the time-out of the request it cut", async () => {
  const error = await errorOf(start("ok", { command: failing({ slow: true }), startTimeoutMs: 2500 }));
  expect(error.problem.what).toBe("The model server gave no answer in time");
  expect(error.problem.found).toMatch(/^http_500: engine is dead\n[^]*CUDA error/);
  expect(error.problem.todo).toContain(log);
});

test("a server that is not there yet is waited for longer than one that answers with errors", async () => {
  const late: ServerOptions["command"] = (port) => ({
    run: { command: [process.execPath, "-e", "setTimeout(() => {}, 60000)"] },
    servedName: `x${port}`,
  });
  const error = await errorOf(start("ok", { command: late, startTimeoutMs: 1500, errorPatienceMs: 100 }));
  expect(error.problem.what).toBe("The model server gave no answer in time");
  expect(error.problem.found).toContain("ECONNREFUSED");
});

test("an abort while it starts ends it", async () => {
  await expect(start("silent", { signal: AbortSignal.timeout(800) })).rejects.toMatchObject({
    name: "TimeoutError",
  });
});

test("a server that dies in mid-run ends its requests with its last words, at once", async () => {
  const server = await start("ok");
  const requests = Array.from({ length: 40 }, (_, i) => ({
    messages: [{ role: "user" as const, content: i === 7 ? "die" : "hi" }],
    temperature: 0,
    maxTokens: 8,
  }));
  const started = performance.now();
  const error = await errorOf(server.client.completeAll(requests, { concurrency: 2 }));
  expect(error.problem).toMatchObject({ what: "The model server died" });
  expect(error.problem.found).toContain("exit status 7");
  expect(performance.now() - started).toBeLessThan(5000);
});

test("a server that ignores SIGTERM is killed", async () => {
  const server = await start("stubborn");
  const identity = identify(server.pid)!;
  await server.stop(0.5);
  expect(await waitForExit(identity, 0)).toBe(true);
  expect(readFileSync(log, "utf8")).toContain("not now");
});

test("a killed owner leaves no server behind", async () => {
  const owner = spawn(
    process.execPath,
    [join(import.meta.dirname, "..", "testing", "server-owner.ts"), log],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [line] = (await once(owner.stdout, "data")) as [Buffer];
  const identity = identify((JSON.parse(line.toString()) as { pid: number }).pid)!;
  expect(identity).not.toBeNull();
  owner.kill("SIGKILL");
  expect(await waitForExit(identity, 5000)).toBe(true);
});

test("secrets of the environment do not reach a server, what it needs does", () => {
  const environment = {
    PATH: "/bin",
    HOME: "/home/me",
    CUDA_VISIBLE_DEVICES: "1",
    HF_HOME: "/hf",
    NVSHMEM_DISABLE_NVLS: "1",
    OPENAI_API_KEY: "canary",
    AWS_SECRET_ACCESS_KEY: "canary",
    WANDB_API_KEY: "canary",
    GITHUB_TOKEN: "canary",
  };
  const kept = serverEnvironment(environment);
  expect(kept).toMatchObject({
    PATH: "/bin",
    HOME: "/home/me",
    CUDA_VISIBLE_DEVICES: "1",
    HF_HOME: "/hf",
    NVSHMEM_DISABLE_NVLS: "1",
  });
  expect(JSON.stringify(kept)).not.toContain("canary");
});

test("neither a secret of the environment nor the server's key appears in an error", async () => {
  process.env.CANARY_SECRET = "canary-7f3a";
  try {
    const error = await errorOf(start("crash"));
    const key = /key ([0-9a-f]{32})/.exec(readFileSync(log, "utf8"))![1]!;
    expect(error.message).not.toContain(key);
    expect(error.message + readFileSync(log, "utf8")).not.toContain("canary-7f3a");
  } finally {
    delete process.env.CANARY_SECRET;
  }
});
