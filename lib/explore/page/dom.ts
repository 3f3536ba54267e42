/** Elements from names and texts. Whatever a text holds, it becomes a text node: nothing here parses markup. */
import { visibleText } from "../../view/text-view.ts";

type Child = Node | string | null | false;

interface Attributes {
  class?: string | false;
  /** Called with the event. */
  onclick?: (event: MouseEvent) => void;
  [attribute: string]: unknown;
}

/** An element with attributes (false and null leave one out) and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    const isState = name.startsWith("aria-"); // false is one, too
    if (value === null || value === undefined || (value === false && !isState)) continue;
    if (name === "onclick") element.addEventListener("click", value as EventListener);
    else element.setAttribute(name, value === true && !isState ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== null && child !== false));
  return element;
}

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
