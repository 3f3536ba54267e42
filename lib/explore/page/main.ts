/** Runs in the page: every block that is not live yet becomes a table to work with. */
import type { ExploreData } from "../data.ts";
import { startExplorer } from "./explorer.ts";

/** base64, gzip, JSON. */
async function unpack(text: string): Promise<ExploreData> {
  const letters = atob(text.trim());
  const packed = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) packed[i] = letters.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text()) as ExploreData;
}

async function start(block: HTMLElement): Promise<void> {
  const data = block.querySelector("script.ftx-data")?.textContent;
  if (!data || block.dataset.explorer) return;
  block.dataset.explorer = "starting";
  try {
    startExplorer(block, await unpack(data));
    block.dataset.explorer = "live";
    // for `npm run bench:explore`
    requestAnimationFrame(() => setTimeout(() => performance.mark("explorer painted")));
  } catch (error) {
    // what stands there, stays: the first rows as a plain table
    block.dataset.explorer = "failed";
    console.error("An explorer could not start:", error);
  }
}

for (const block of document.querySelectorAll<HTMLElement>(".ftmodel-explore")) void start(block);
