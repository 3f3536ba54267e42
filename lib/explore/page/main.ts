/** Runs in the page: every block becomes a table to work with. */
import { startBlocks, unpack } from "../../widget/page/dom.ts";
import type { ExploreData } from "../data.ts";
import { startExplorer } from "./explorer.ts";

startBlocks("explore", async (block, packed) => {
  const data = new TextDecoder().decode(await unpack(packed));
  startExplorer(block, JSON.parse(data) as ExploreData);
  // for `npm run bench:explore`
  requestAnimationFrame(() => setTimeout(() => performance.mark("explorer painted")));
});
