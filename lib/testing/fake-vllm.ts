/**
 * Plays `vllm serve` on the machine of fake-gpu.ts: node fake-vllm.ts FOLDER serve … --port N. Repeats what
 * it is asked, and keeps it in FOLDER/asked.jsonl.
 */
import { appendFileSync, existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sendChat, startStub } from "./stub-server.ts";

const [folder, ...args] = process.argv.slice(2) as [string, ...string[]];
const held = join(folder, "held");
const others = readdirSync(held).filter((pid) => {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
}).length;
writeFileSync(join(held, String(process.pid)), "");
appendFileSync(join(folder, "starts.jsonl"), `${JSON.stringify({ args, others, pid: process.pid })}\n`);
if (existsSync(join(folder, "refuse-next"))) {
  rmSync(join(folder, "refuse-next"), { force: true });
  console.error("refused by the test");
  process.exit(1);
}
const port = Number(args[args.indexOf("--port") + 1]);
await startStub(({ body }, response) => {
  appendFileSync(join(folder, "asked.jsonl"), `${JSON.stringify({ ...body, port })}\n`);
  sendChat(response, {
    content: `${body.response_format ? "schema: " : ""}${body.messages.at(-1)!.content}`,
  });
}, port);
