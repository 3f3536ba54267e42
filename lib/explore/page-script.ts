/** The script and style of an explorer's page: the TypeScript of page/ as one minified script. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { LabError } from "../errors.ts";

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

const fileOf = (name: string): string => fileURLToPath(new URL(`./page/${name}`, import.meta.url));
let made: Promise<PageScript> | null = null;

/** Made once a process, in a tenth of a second. Throws LabError when it would break out of its element. */
export function explorePage(): Promise<PageScript> {
  made ??= make();
  return made;
}

async function make(): Promise<PageScript> {
  const { rolldown } = (await import(createRequire(import.meta.url).resolve("rolldown"))) as Rolldown;
  const bundle = await rolldown({ input: fileOf("main.ts"), platform: "browser", logLevel: "silent" });
  const { output } = await bundle.generate({ format: "iife", minify: true });
  await bundle.close();
  const script = (output[0]?.code ?? "").trim();
  const style = minifyCss(readFileSync(fileOf("style.css"), "utf8"));
  if (/<\/script|<!--|<\/style/i.test(script + style))
    throw new LabError({
      what: "The explorer's script cannot stand in a page",
      expected: "no end of an element and no comment in it",
      found: /<\/script|<!--|<\/style/i.exec(script + style)![0],
    });
  return {
    script,
    style,
    hash: `'sha256-${createHash("sha256").update(script).digest("base64")}'`,
  };
}

/** Without comments, indentation and line ends. */
function minifyCss(css: string): string {
  return css
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/\s+/g, " ")
    .replace(/ ?([{};,]) ?/g, "$1")
    .trim();
}
