/** Runs in the page: unpacks the weights of every chat block and makes it one to type into. */
import { startBlocks } from "../../widget/page/dom.ts";
import { openModels } from "./models.ts";
import { startChat } from "./chat-box.ts";

startBlocks("chat", async (block, data) => startChat(block, await openModels(data)));
