import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { REPO_ROOT } from "../config/paths.ts";
import { PROFILES } from "../config/profiles.ts";
import { loadModel } from "../forward/load.ts";
import { generate } from "../forward/generate.ts";
import { listRuns } from "../run/run.ts";
import { findChromium } from "../show/browser.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { generateQuestions } from "../world/index.ts";
import { exportModel } from "./export-model.ts";
import type { ExportedModel } from "./export-model.ts";
import { compareOnnx } from "./onnx-parity.ts";

const TINY = join(REPO_ROOT, "ckpts", "tiny", "base");
const workspace = temporaryWorkspace();
const lab = { config: structuredClone(PROFILES.tiny), paths: workspace.paths, force: false };
const questions = generateQuestions(8, 11);
const executablePath = findChromium();
if (!executablePath) console.log("skipped: no Chromium on the PATH (set CHROME, or install the package)");

describe("the tiny model, exported", { timeout: 600_000 }, () => {
  let exported: ExportedModel;
  let runFolder: string;
  beforeAll(async () => {
    const { test: file } = workspace.paths;
    const rows = questions.map(({ id, question }) =>
      JSON.stringify({ id, prompt: question, gold_answer: "1", type: "financial_calculation" }),
    );
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${rows.join("\n")}\n`);
    exported = await exportModel(lab, { model: TINY });
    runFolder = listRuns(workspace)[0]!.folder;
  }, 600_000);
  afterAll(() => workspace.remove());

  /** A copy of the ONNX folder that a test may spoil. */
  const copy = (name: string): string => {
    const folder = join(workspace.root, name);
    cpSync(join(exported.path, "onnx"), folder, { recursive: true });
    return folder;
  };

  test("llama.cpp and transformers.js write what transformers writes", () => {
    const [gguf, onnx] = exported.exports.map(({ parity }) => parity!);
    expect(onnx).toMatchObject({ prompts: 8, sameTexts: 8, sameTokens: onnx!.tokens });
    expect(onnx!.tokens).toBeGreaterThan(100);
    expect(onnx!.maxLogprobDifference).toBeLessThan(1e-3);
    // In bfloat16 llama.cpp rounds what goes into a product as well.
    expect(gguf).toMatchObject({ prompts: 8, tokens: onnx!.tokens });
    expect(gguf!.sameTokens / gguf!.tokens).toBeGreaterThanOrEqual(lab.config.deploy.parityTopTokens);
  });

  test("a spoilt weight is seen in the log-probabilities", async () => {
    const folder = copy("weights");
    const file = join(folder, "onnx", "model.onnx");
    const bytes = readFileSync(file);
    const middle = Math.floor(bytes.length / 2); // among the weights
    bytes.fill(0, middle, middle + 400_000);
    writeFileSync(file, bytes);
    expect((await compareOnnx(folder, runFolder)).maxLogprobDifference).toBeGreaterThan(0.1);
  });

  test("another tokenizer, another chat template and a cut file are named", async () => {
    const words = copy("words");
    const tokenizer = JSON.parse(readFileSync(join(words, "tokenizer.json"), "utf8"));
    tokenizer.model.merges.length = 100;
    writeFileSync(join(words, "tokenizer.json"), JSON.stringify(tokenizer));
    await expect(compareOnnx(words, runFolder)).rejects.toThrow("tokenizer of the exported model is another");

    const template = copy("template");
    const file = join(template, "tokenizer_config.json");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("<|im_start|>", "<|start|>"));
    await expect(compareOnnx(template, runFolder)).rejects.toThrow("chat template of the exported model");

    const cut = copy("cut");
    const graph = join(cut, "onnx", "model.onnx");
    writeFileSync(graph, readFileSync(graph).subarray(0, 1_000_000));
    await expect(compareOnnx(cut, runFolder)).rejects.toThrow(/does not load the exported model[^]*cut/);
  });

  test("an interrupt stops the comparison", async () => {
    const stopped = AbortSignal.abort(new Error("stopped"));
    await expect(compareOnnx(join(exported.path, "onnx"), runFolder, stopped)).rejects.toThrow("stopped");
  });

  test.skipIf(!executablePath)("a page answers with it, with nothing but a file server", async () => {
    const { question } = questions[0]!;
    const { model, tokenizer, ends } = loadModel(TINY);
    const prompt = tokenizer.encode(`<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`);
    const greedy = { ends, maxTokens: 60, temperature: 0, topP: 1, next: () => 0 };
    const own = tokenizer.decode([...generate(model, prompt, greedy)].map(({ token }) => token));

    const page = await serve(join(exported.path, "onnx"), question);
    const browser = await chromium.launch({ executablePath: executablePath!, chromiumSandbox: false });
    try {
      const tab = await browser.newPage();
      const elsewhere: string[] = [];
      tab.on("request", (request) => {
        const { hostname, protocol } = new URL(request.url());
        if (protocol.startsWith("http") && hostname !== "127.0.0.1") elsewhere.push(hostname);
      });
      await tab.goto(page.url);
      await tab.waitForFunction("globalThis.answer !== undefined", undefined, { timeout: 300_000 });
      expect(await tab.evaluate("globalThis.answer")).toBe(own);
      expect(elsewhere).toEqual([]);
    } finally {
      await browser.close();
      page.close();
    }
  });
});

/** The lines that notebook 07 shows for a page, with the library and its WebAssembly from node_modules. */
async function serve(folder: string, question: string): Promise<{ url: string; close: () => void }> {
  const html = `<!doctype html><meta charset="utf-8"><script type="module">
    import { env, pipeline } from "/transformers/transformers.min.js";
    Object.assign(env, { localModelPath: "/models/", allowLocalModels: true, allowRemoteModels: false });
    env.backends.onnx.wasm.wasmPaths = "/ort/";
    const write = await pipeline("text-generation", "mine", { dtype: "fp32" });
    const chat = [{ role: "user", content: ${JSON.stringify(question)} }];
    const [{ generated_text }] = await write(chat, { max_new_tokens: 60, do_sample: false });
    globalThis.answer = generated_text.at(-1).content;
  </script>`;
  const places: Record<string, string> = {
    transformers: join(REPO_ROOT, "node_modules", "@huggingface", "transformers", "dist"),
    ort: join(REPO_ROOT, "node_modules", "onnxruntime-web", "dist"),
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url!, "http://127.0.0.1").pathname;
    const [, place, ...names] = path.split("/");
    const file =
      place === "models" ? join(folder, ...names.slice(1)) : join(places[place!] ?? "", basename(path));
    const type = path.endsWith("js")
      ? "text/javascript"
      : path.endsWith("wasm")
        ? "application/wasm"
        : "text/html";
    try {
      const body = path === "/" ? html : readFileSync(file);
      response.writeHead(200, { "content-type": type }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => server.close(),
  };
}
