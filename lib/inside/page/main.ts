/** Runs in the page: every block becomes a step to look into. */
import { startBlocks, unpack } from "../../widget/page/dom.ts";
import type { InsideData } from "../data.ts";
import { startStep } from "./step-view.ts";

startBlocks("inside", async (block, packed) => {
  const data = new TextDecoder().decode(await unpack(packed));
  startStep(block, JSON.parse(data) as InsideData);
});
