import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { generate } from "../forward/generate.ts";
import { unpackInt8 } from "../forward/int8.ts";
import { readAdapterFiles } from "../forward/load.ts";
import { assemble } from "../forward/qwen2.ts";
import { createTokenizer } from "../forward/tokenizer.ts";
import { exportReports } from "../report/report.ts";
import { closeBrowser, findChromium, withBrowser } from "../show/browser.ts";
import type { Page } from "../show/browser.ts";
import { bundleOf } from "../show/show.ts";
import { randomAdapter, randomModel } from "../testing/random-model.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { readBlock } from "../widget/block.ts";
import { isWidget } from "../widget/widget.ts";
import { chat } from "./chat.ts";
import type { ChatData } from "./data.ts";

const workspace = temporaryWorkspace();
const { paths, root } = workspace;
afterAll(async () => {
  await closeBrowser();
  await workspace.remove();
});

const HOSTILE = "</script><script>owned = 1</script><img src=x onerror='owned = 2'>净利率?";
const config = structuredClone(PROFILES.tiny);
config.models.base = randomModel(join(root, "base"), { positions: 400 });
config.evaluate.maxTokens = 24;
const lab = { config, paths, force: false };
let html = "";

beforeAll(async () => {
  randomAdapter(paths.sftLora, config.models.base);
  mkdirSync(dirname(paths.test), { recursive: true });
  const row = { id: "q1", prompt: HOSTILE, gold_answer: `<b>1</b>`, type: "financial_concept" };
  writeFileSync(paths.test, `${JSON.stringify(row)}\n`);
  html = (await bundleOf(await chat(lab)))["text/html"] as string;
});

function unpackBlock() {
  const file = new Uint8Array(gunzipSync(Buffer.from(readBlock(html)!.packed, "base64")));
  const { tensors, about } = unpackInt8(file);
  return { tensors, data: about as ChatData };
}

/** What the page must write: the same arithmetic on the same rounded weights. */
function answerInNode(arm: number): string {
  const { tensors, data } = unpackBlock();
  const { rank, scale } = readAdapterFiles(paths.sftLora);
  const own = [...tensors].filter(([name]) => name.startsWith("sft/"));
  const factors = new Map(own.map(([name, values]) => [name.slice(4), values]));
  const model = assemble(data.config, tensors, arm === 0 ? null : { tensors: factors, rank, scale });
  const tokenizer = createTokenizer(data.tokenizer);
  const prompt = tokenizer.encode(`<|im_start|>user\n${HOSTILE}<|im_end|>\n<|im_start|>assistant\n`);
  const options = { ends: data.ends, maxTokens: 24, temperature: 0, topP: 1, next: () => 0 };
  return [...generate(model, prompt, options)].map(({ token }) => token).join(" ");
}

describe("the block", () => {
  test("holds the arms that are trained, the error of their rounding, and questions of the test", () => {
    const { data } = unpackBlock();
    expect(data.arms.map(({ label }) => label)).toEqual(["Base", "SFT"]);
    for (const { rounding } of data.arms) {
      expect(rounding!.tokens).toBeGreaterThan(0);
      expect(rounding!.largest).toBeGreaterThan(rounding!.mean);
      expect(rounding!.mean).toBeGreaterThan(0);
    }
    expect(data.questions).toEqual([{ question: HOSTILE, gold: "<b>1</b>" }]);
    expect(data.prompts.en).toEqual(["<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"]);
  });

  test("is a sentence where no script may run, and its script is small", () => {
    const block = readBlock(html)!;
    expect(block.staticHtml).toContain("Here one can talk to Base, SFT where scripts may run");
    expect(html.length - block.packed.length).toBeLessThan(40_000);
  });

  test("of a model that is too large for a page is a sentence, too", async () => {
    const models = { ...config.models, base: "Qwen/Qwen2.5-1.5B-Instruct" };
    const view = await chat({ ...lab, config: { ...config, models } });
    expect(isWidget(view)).toBe(false);
    expect(view.text).toContain("1544 million parameters. Ask it through the server instead.");
  });

  test("without trained adapters and without questions holds the Base", async () => {
    const empty = temporaryWorkspace();
    try {
      const view = await chat({ ...lab, paths: empty.paths });
      expect(view.text).toContain("talk to Base where scripts may run");
    } finally {
      await empty.remove();
    }
  });
});

interface Playing extends Page {
  on(event: "request" | "pageerror" | "console", handle: (event: Seen) => void): void;
  click(selector: string): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
}
interface Seen {
  url(): string;
  type(): string;
  text(): string;
  message: string;
}

const hasChromium = findChromium() !== null;
if (!hasChromium) console.log("skipped: no Chromium on the PATH, so nobody talks to a model in a page");

describe.skipIf(!hasChromium)("in Chromium, in a report from disk, with the network off", () => {
  const ANSWERED = ".chat-send:not([hidden])";

  async function inReport(use: (page: Playing) => Promise<void>): Promise<void> {
    const notebooks = join(paths.reports, "notebooks");
    mkdirSync(notebooks, { recursive: true });
    const outputs = [{ output_type: "display_data", data: { "text/html": html }, metadata: {} }];
    const cells = [
      { cell_type: "markdown", source: "# Talk to it" },
      { cell_type: "code", source: "await show(await chat(lab));", execution_count: 1, outputs },
    ];
    writeFileSync(join(notebooks, "07_deploy.ipynb"), JSON.stringify({ cells, metadata: {}, nbformat: 4 }));
    const { pages } = await exportReports({ paths }, { pdf: false });
    await onPage(pages[0]!.html, use);
  }

  async function onPage(file: string, use: (page: Playing) => Promise<void>): Promise<void> {
    await withBrowser(async (openPage) => {
      const page = (await openPage()) as Playing;
      const [asked, errors]: [string[], string[]] = [[], []];
      page.on(
        "request",
        (request) => /^(?:file|data|blob):/.test(request.url()) || asked.push(request.url()),
      );
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await page.goto(pathToFileURL(file).href);
      await use(page);
      expect({ asked, errors }).toEqual({ asked: [], errors: [] });
      await page.close();
    });
  }

  const appears = (page: Page, selector: string) =>
    page.locator(selector).waitFor({ state: "attached", timeout: 30_000 });

  /** Texts of the elements, and what a script of a model's would have left behind. */
  const read = (page: Page, selector: string) =>
    page.evaluate((wanted) => {
      const { document, owned } = globalThis as unknown as {
        document: { querySelectorAll(q: string): Iterable<{ textContent: string; title: string }> };
        owned?: number;
      };
      const found = [...document.querySelectorAll(wanted)];
      return {
        texts: found.map(({ textContent }) => textContent),
        titles: found.map(({ title }) => title),
        owned: owned ?? null,
      };
    }, selector);

  test("each arm writes what the same weights write in Node; all text stays text", {
    timeout: 120_000,
  }, async () => {
    const tokenizer = createTokenizer(unpackBlock().data.tokenizer);
    await inReport(async (page) => {
      await appears(page, ".ftmodel-chat[data-widget='live']");
      await page.fill("input[type=range] >> nth=0", "0");
      for (const arm of [0, 1]) {
        await page.click(`.chat-live fieldset label >> nth=${arm}`);
        await page.click(".chat-send");
        await appears(page, ANSWERED);
        await appears(page, ".chat-choices");
        const { titles, owned } = await read(page, ".chat-token");
        const expected = answerInNode(arm).split(" ").map(Number);
        expect(titles.length).toBe(expected.length);
        // a token of these models is one byte, and its title begins with it
        expect(titles.map((title) => title.replace(/: 100 %$/, ""))).toEqual(
          expected.map((token) => nameOf(tokenizer.bytesOf(token), tokenizer.isSpecial(token))),
        );
        expect(owned).toBeNull();
      }
      const { texts } = await read(page, ".chat-status");
      expect(texts[0]).toContain("Gold answer: <b>1</b>.");
      expect((await read(page, ".chat-live img, .chat-live script, .chat-live b b")).texts).toEqual([]);
    });
  });

  test("temperature and top-p change what is shown of a token, and a clicked one goes on from there", {
    timeout: 120_000,
  }, async () => {
    await inReport(async (page) => {
      await appears(page, ".ftmodel-chat[data-widget='live']");
      await page.click(".chat-send");
      await appears(page, ANSWERED);
      await page.click(".chat-token >> nth=3");
      const shares = async () => (await read(page, ".chat-choices td:last-child span")).texts;
      await page.fill("input[type=range] >> nth=0", "2");
      const hot = await shares();
      await page.fill("input[type=range] >> nth=1", "0.05");
      expect((await shares()).filter((share) => share === "cut").length).toBeGreaterThan(0);
      await page.fill("input[type=range] >> nth=1", "1");
      await page.fill("input[type=range] >> nth=0", "0.2");
      expect(await shares()).not.toEqual(hot);

      const before = (await read(page, ".chat-token")).titles;
      const other = (await read(page, ".chat-choices tr:not(.chat-taken) button")).texts[0]!;
      await page.click(".chat-choices tr:not(.chat-taken) button >> nth=0");
      await appears(page, ANSWERED);
      await appears(page, ".chat-earlier li");
      const after = (await read(page, ".chat-token")).titles;
      expect(after.slice(0, 3).map(withoutShare)).toEqual(before.slice(0, 3).map(withoutShare));
      expect(withoutShare(after[3]!)).toBe(other);
    });
  });

  test("in a notebook's cell it runs by the script it brings; without one its sentence stands there", {
    timeout: 120_000,
  }, async () => {
    const file = join(root, "cell.html");
    writeFileSync(file, `<!doctype html><meta charset="utf-8"><body>${html}</body>`);
    await onPage(file, (page) => appears(page, ".ftmodel-chat[data-widget='live'] .chat-live"));
    writeFileSync(
      file,
      `<!doctype html><meta charset="utf-8"><body>${html.replace(/<script[^]*/, "")}</body>`,
    );
    await onPage(file, async (page) => {
      expect((await read(page, ".widget-static")).texts[0]).toContain("Here one can talk to Base, SFT");
    });
    expect(readFileSync(file, "utf8")).not.toContain("<script");
  });
});

/** As `tokenText` names a token of one byte. */
function nameOf(bytes: Uint8Array, isSpecial: boolean): string {
  if (isSpecial) return new TextDecoder().decode(bytes);
  const [byte] = bytes;
  if (byte === 32) return "␣";
  if (byte === 10) return "⏎";
  if (byte === 127) return "␡";
  if (byte! < 32 && byte !== 9) return String.fromCharCode(0x2400 + byte!);
  return byte! < 128 ? String.fromCharCode(byte!) : `‹${byte!.toString(16).toUpperCase()}›`;
}

const withoutShare = (title: string): string => title.replace(/: (?:< )?[\d.]+ %$/, "");
