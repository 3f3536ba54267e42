/** Light or dark, as the page around the block is. */

/** What JupyterLab and VS Code say of themselves, else how bright the first painted ground behind it is. */
function isDark(block: Element): boolean {
  const { body } = document;
  const light = body.getAttribute("data-jp-theme-light");
  if (light !== null) return light === "false";
  if (/\bvscode-/.test(body.className)) return /\bvscode-(dark|high-contrast(?!-light))/.test(body.className);
  for (let at = block.parentElement; at; at = at.parentElement) {
    const [r, g, b, alpha = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) ?? []).map(Number);
    if (b !== undefined && alpha > 0.5) return 0.3 * r! + 0.6 * g! + 0.1 * b < 110;
  }
  // nothing is painted: the canvas has the colour of the page's own scheme
  return (
    /dark/.test(getComputedStyle(document.documentElement).colorScheme) &&
    matchMedia("(prefers-color-scheme: dark)").matches
  );
}

/** Keeps the block's `data-theme` what the page's is. */
export function followTheme(block: HTMLElement): void {
  const update = () => {
    block.dataset.theme = isDark(block) ? "dark" : "light";
  };
  update();
  new MutationObserver(update).observe(document.body, {
    attributes: true,
    attributeFilter: ["class", "data-jp-theme-light", "style"],
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
}
