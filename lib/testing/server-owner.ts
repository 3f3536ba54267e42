/**
 * A program that starts a fake model server through the lib, says so, and waits to be killed: node
 * server-owner.ts LOG
 */
import { startServer } from "../serving/server.ts";
import { fakeCommand } from "./fake-command.ts";

const server = await startServer({
  engine: "vllm",
  model: { path: "fake", revision: "main", sha256: null },
  log: process.argv[2]!,
  startTimeoutMs: 30_000,
  maxModelLength: 64,
  concurrency: 4,
  command: fakeCommand("ok"),
});
console.log(JSON.stringify({ pid: server.pid, url: server.url }));
setInterval(() => undefined, 1000);
