/** What a reader sees of a text, saves and copies. */
import { visibleText } from "../../view/text-view.ts";

import { el } from "../../widget/page/dom.ts";

/** A text of a model or a file with what is invisible in it shown. */
export function shown(text: string): string {
  return visibleText(text, 1_000_000);
}

/** Saves a text as a file of the reader's. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
  const link = el("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Puts a text on the clipboard; says whether it could. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // no permission, as in a frame: the old way, by a selection
    const area = el("textarea", { style: "position:fixed;opacity:0" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
