/** A program that plays a model server: node fake-model-server.ts PORT MODE */
import { sendChat, startStub } from "./stub-server.ts";

const [port, mode] = [Number(process.argv[2]), process.argv[3]];
console.log(
  `starting in mode ${mode}, key ${process.env.VLLM_API_KEY ?? "none"}, canary ` +
    `${process.env.CANARY_SECRET ?? "none"}`,
);
if (mode === "crash") {
  console.error("\u001b[31mRuntimeError: no memory for this model\u001b[0m");
  process.exit(3);
}
if (mode === "taken") {
  console.error("[Errno 98] error while attempting to bind on address: address already in use");
  process.exit(1);
}
if (mode === "stubborn") process.on("SIGTERM", () => console.log("not now"));
await startStub(({ body }, response) => {
  // "healthy": only a GET, such as /health, is answered
  if (mode === "silent" || (mode === "healthy" && body.messages.length > 0)) return;
  if (body.messages.length === 0) return void response.end("ok");
  if (body.messages[0]!.content === "die") process.exit(7);
  sendChat(response, { content: body.messages[0]!.content });
}, port);
