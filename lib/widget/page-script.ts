/** What runs in a page: the TypeScript of a widget as one minified script, and its style. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { LabError } from "../errors.ts";
import { WIDGET_NAMES } from "./widget.ts";
import type { WidgetName } from "./widget.ts";

export interface PageScript {
  script: string;
  style: string;
  /** Of the script, as a content policy names it. */
  hash: string;
}

/** The part of rolldown that is used here: its own types would cost every notebook time to check. */
interface Rolldown {
  rolldown(options: { input: string; platform: "browser"; logLevel: "silent" }): Promise<{
    generate(options: { format: "iife"; minify: true }): Promise<{ output: { code?: string }[] }>;
    close(): Promise<void>;
  }>;
}

const made = new Map<WidgetName, Promise<PageScript>>();

/** Made once a process, in a tenth of a second. Throws LabError when it would break out of its element. */
export function pageScript(name: WidgetName): Promise<PageScript> {
  let script = made.get(name);
  if (!script) {
    script = make(name);
    made.set(name, script);
  }
  return script;
}

/** The scripts of the widgets that stand in a page's HTML, each once. */
export function widgetScripts(html: string): Promise<PageScript[]> {
  const found = WIDGET_NAMES.filter((name) => html.includes(`<div class="ftmodel-${name}">`));
  return Promise.all(found.map((name) => pageScript(name)));
}

async function make(name: WidgetName): Promise<PageScript> {
  const fileOf = (file: string) => fileURLToPath(new URL(`../${name}/page/${file}`, import.meta.url));
  const { rolldown } = (await import(createRequire(import.meta.url).resolve("rolldown"))) as Rolldown;
  const bundle = await rolldown({ input: fileOf("main.ts"), platform: "browser", logLevel: "silent" });
  const { output } = await bundle.generate({ format: "iife", minify: true });
  await bundle.close();
  const script = (output[0]?.code ?? "").trim();
  const styles = [fileURLToPath(new URL("page/style.css", import.meta.url)), fileOf("style.css")];
  const style = minifyCss(styles.map((file) => readFileSync(file, "utf8")).join(""));
  const breaking = /<\/script|<!--|<\/style/i.exec(script + style);
  if (script === "" || breaking)
    throw new LabError({
      what: "A widget's script cannot stand in a page",
      where: fileOf("main.ts"),
      expected: "a script without the end of an element or a comment in it",
      found: breaking?.[0] ?? "nothing",
    });
  return { script, style, hash: `'sha256-${createHash("sha256").update(script).digest("base64")}'` };
}

/** Without comments, indentation and line ends. */
function minifyCss(css: string): string {
  return css
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/\s+/g, " ")
    .replace(/ ?([{};,]) ?/g, "$1")
    .trim();
}
