/** Elements from names and texts. Whatever a text holds, it becomes a text node: nothing parses markup. */

type Child = Node | string | null | false;

interface Attributes {
  onclick?: (event: MouseEvent) => void;
  [attribute: string]: unknown;
}

/** An element with attributes (false, null and undefined leave one out) and children. */
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

/** What a block holds for its script: base64, then gzip. */
export async function unpack(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const letters = atob(text.trim());
  const packed = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) packed[i] = letters.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Puts `live` where the block's first view stands, which stays for paper. Nothing in it is a formula, and
 * keys pressed in it are no shortcuts of the notebook around it.
 */
export function becomeLive(block: HTMLElement, live: HTMLElement): void {
  live.classList.add("widget-live");
  live.addEventListener("keydown", (event) => event.stopPropagation());
  block.classList.add("ftmodel-widget", "mathjax_ignore", "tex2jax_ignore");
  block.setAttribute("data-lm-suppress-shortcuts", "true");
  block.append(live);
}

/**
 * Starts every block of a widget that is not live yet. Where that fails, what stands there stays, and the
 * block says so.
 */
export function startBlocks(name: string, start: (block: HTMLElement, data: string) => Promise<void>): void {
  for (const block of document.querySelectorAll<HTMLElement>(`.ftmodel-${name}`)) {
    const data = block.querySelector("script.widget-data")?.textContent;
    if (!data || block.dataset.widget) continue;
    block.dataset.widget = "starting";
    start(block, data).then(
      () => {
        block.dataset.widget = "live";
      },
      (error: unknown) => {
        block.dataset.widget = "failed";
        console.error(`The widget ${name} could not start:`, error);
      },
    );
  }
}
