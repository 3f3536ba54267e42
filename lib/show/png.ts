/** Figures as PNG, for places that run no scripts: code hosts, nbconvert, mail. */
import { createRequire } from "node:module";
import { join, dirname } from "node:path";
import { findChromium, type Page, withBrowser } from "./browser.ts";
import { FIGURE_HEIGHT, FIGURE_WIDTH, type Figure } from "../figures/theme.ts";

/** plotly.js as one file. It cannot be imported in Node (`self is not defined`), but it can be read. */
export const PLOTLY_PATH = createRequire(import.meta.url).resolve("plotly.js-dist/plotly.js");
export const PLOTLY_VERSION: string = createRequire(import.meta.url)(
  join(dirname(PLOTLY_PATH), "package.json"),
).version;

export interface PngOptions {
  /** CSS pixels. Default 800. */
  width?: number;
  /** CSS pixels. Default the figure's own height, else 450. */
  height?: number;
  /**
   * Device pixels per CSS pixel. Default 1: JupyterLab shows a picture in its own size until the reader
   * points at it.
   */
  scale?: number;
}

const DRAW_TIMEOUT_MS = 30_000;
let saidWhy = false;
/** The page that holds plotly.js: 10 MB are parsed once. */
let drawing: Promise<Page> | null = null;

/**
 * The figure as a PNG, drawn by plotly.js in a headless Chromium; null when there is none, or when it fails:
 * a missing picture must not cost a notebook its run. Why is said once, on stdout (a pipeline takes a cell's
 * stderr for a failure).
 */
export async function figurePng(figure: Figure, options: PngOptions = {}): Promise<Buffer | null> {
  if (!findChromium()) return skip("no Chromium found (set CHROME, or install the package chromium)");
  try {
    return await drawFigure(figure, options);
  } catch (error) {
    return skip((error as Error).message.split("\n")[0]!);
  }
}

/** As `figurePng`, but a failure throws. */
export async function drawFigure(figure: Figure, options: PngOptions = {}): Promise<Buffer> {
  const size = {
    width: options.width ?? FIGURE_WIDTH,
    height: options.height ?? Number(figure.layout.height ?? FIGURE_HEIGHT),
    scale: options.scale ?? 1,
  };
  const url = await withBrowser(async (openPage) => {
    if (!drawing || (await drawing.then((page) => page.isClosed()).catch(() => true)))
      drawing = preparePage(openPage);
    return (await drawing).evaluate(draw, { figure, size, timeoutMs: DRAW_TIMEOUT_MS });
  });
  return withPalette(Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));
}

/**
 * The picture in 16 colours, half a byte a pixel, where it looks the same, else in 256: a tenth to a quarter
 * of the size that Chromium writes. As it came where sharp has no build for this machine, or cannot read it.
 */
export async function withPalette(png: Buffer): Promise<Buffer> {
  try {
    const { default: sharp } = (await import("sharp")) as unknown as { default: Sharp };
    const few = await sharp(png)
      .png({ ...PALETTE, colours: 16 })
      .toBuffer();
    const pixels = (picture: Buffer) => sharp(picture).removeAlpha().raw().toBuffer();
    const same = looksSame(await pixels(png), await pixels(few));
    const small = same
      ? few
      : await sharp(png)
          .png({ ...PALETTE, quality: 90 })
          .toBuffer();
    return small.length < png.length ? small : png;
  } catch {
    return png;
  }
}

/** Of the bytes of red, green and blue at most 5 in a thousand differ by what an eye can see. */
function looksSame(a: Buffer, b: Buffer): boolean {
  const seen = a.reduce((n, value, i) => n + Number(Math.abs(value - b[i]!) > 16), 0);
  return a.length === b.length && seen <= 0.005 * a.length;
}

/** Without dither: it would speckle even faces. */
const PALETTE = { palette: true, dither: 0, compressionLevel: 9, effort: 10 };

interface Picture {
  png(options: object): Picture;
  removeAlpha(): Picture;
  raw(): Picture;
  toBuffer(): Promise<Buffer>;
}
type Sharp = (png: Buffer) => Picture;

async function preparePage(openPage: () => Promise<Page>): Promise<Page> {
  const page = await openPage();
  await page.addScriptTag({ path: PLOTLY_PATH });
  return page;
}

/** Runs in the browser. */
function draw({
  figure,
  size,
  timeoutMs,
}: {
  figure: Figure;
  size: object;
  timeoutMs: number;
}): Promise<string> {
  const { Plotly } = globalThis as unknown as {
    Plotly: { toImage(figure: Figure, options: object): Promise<string> };
  };
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error(`plotly.js did not draw within ${timeoutMs} ms`)), timeoutMs),
  );
  return Promise.race([Plotly.toImage(figure, { format: "png", ...size }), late]);
}

function skip(why: string): null {
  if (!saidWhy) process.stdout.write(`Figures have no PNG here: ${why}\n`);
  saidWhy = true;
  return null;
}
