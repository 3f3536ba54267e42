import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeDuplicates } from "./duplicates.ts";
import { readJsonl } from "../store/jsonl.ts";
import { openLab } from "../config/lab.ts";
import { manifestPath, readManifest } from "../store/manifest.ts";
import { REPO_ROOT } from "../config/paths.ts";
import { prepare, setAsidePath } from "./prepare.ts";
import type { PrepareReport } from "./report.ts";
import { QUESTION_TYPES, Question } from "../records.ts";
import { writeByteTokenizer } from "../testing/byte-tokenizer.ts";
import { loadTokenizer } from "../model/tokens.ts";
import type { Tokenizer } from "../model/tokens.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-prepare-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let tokenizer: Tokenizer;
beforeAll(async () => void (tokenizer = await loadTokenizer(writeByteTokenizer(join(root, "tokenizer")))));

const basics = (count: number, seed: number): Question[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `basics_${seed}_${i}`,
    question: `公司营收 ${1000 + i} 万元，净利润 ${100 + i} 万元，净利率是多少？`,
    gold_answer: "10%",
    type: QUESTION_TYPES[i % 4]!,
    source: "finance-basics",
    kind: "net_margin",
  }));
let folders = 0;
const open = (overrides: object = {}, workspace = join(root, `w${folders++}`)) =>
  openLab(
    {
      "prepare.generated": 80,
      "prepare.sampleSize": 40,
      "prepare.handwritten": false,
      "prepare.maxPromptTokens": 400,
      ...overrides,
    },
    { FTMODEL_WORKSPACE: workspace },
  );
const source = (name: string, rows: readonly object[]) => {
  const path = join(root, name);
  writeFileSync(path, rows.map((r) => JSON.stringify(r)).join("\n"));
  return path;
};

/** Every row that was read is in exactly one place. */
function expectSums(report: PrepareReport): void {
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0);
  for (const s of report.sources) expect(s.kept + sum(s.setAside), s.source).toBe(s.read);
  for (const f of report.files) expect(f.taken + sum(f.setAside), f.name).toBe(f.read);
  expect(report.sources.reduce((n, s) => n + s.read, 0)).toBe(report.files.reduce((n, f) => n + f.read, 0));
  expect(report.sources.reduce((n, s) => n + s.kept, 0)).toBe(report.rows);
  expect(report.types.reduce((n, t) => n + t.kept, 0)).toBe(report.rows);
  expect(report.tokens.filter((t) => t.kept)).toHaveLength(report.rows);
}

describe("prepare", () => {
  test("generated ones are sampled by type; raw.jsonl, set_aside.jsonl, a manifest are written", async () => {
    const lab = open();
    const report = await prepare(lab, { generate: basics, tokenizer });
    const rows = readJsonl(lab.paths.raw, Question);
    expect(rows).toHaveLength(40);
    expect(report.types.map((t) => [t.type, t.read, t.kept])).toEqual([
      ["financial_calculation", 20, 16],
      ["financial_reasoning", 20, 12],
      ["financial_concept", 20, 8],
      ["financial_analysis", 20, 4],
    ]);
    expect(readManifest(lab.paths.raw)).toMatchObject({
      rows: 40,
      inputs: { seed: 42, sampleSize: 40, tokenizer: tokenizer.identity },
    });
    expect(report.sources).toEqual([
      { source: "finance-basics", origin: "generated", read: 80, kept: 40, setAside: { not_sampled: 40 } },
    ]);
    expect(report.tokens[0]!.tokens).toBe(
      tokenizer.countPromptTokens({ question: basics(1, 42)[0]!.question }),
    );
    expect(readdirSync(join(lab.paths.root, "data", "raw")).sort()).toEqual([
      "raw.jsonl",
      "raw.jsonl.manifest.json",
      "report.json",
      "set_aside.jsonl",
    ]);
    expectSums(report);
  });

  test("own rows are all kept beside the sample; what leaves does so once, with a reason", async () => {
    const q = (n: number, extra: object = {}) => ({
      id: `own_${n}`,
      question: `甲公司 ${n} 年后的终值是多少元？本金 100 元。`,
      gold_answer: `${n}`,
      ...extra,
    });
    const own = source("own.jsonl", [
      q(1),
      q(2),
      { ...q(2), id: "copy", question: `3. 甲公司二年后的终值是多少元？（本金一百元）` },
      q(3, { gold_answer: "N/A" }),
      q(4, { question: `终值？${"很长的背景。".repeat(100)}` }),
      { question: "没有答案？" },
      q(5),
    ]);
    const second = source("second.jsonl", [
      { id: "own_1", question: "乙公司流动资产 9 元、流动负债 3 元，流动比率？", gold_answer: "3" },
      { ...q(1), id: "again", gold_answer: "7" },
    ]);
    const lab = open({ "prepare.sources": [own, second] });
    const report = await prepare(lab, { generate: basics, tokenizer });
    const rows = readJsonl(lab.paths.raw, Question);
    expect(rows).toHaveLength(44);
    expect(
      rows
        .filter((r) => r.source === "own")
        .map((r) => r.id)
        .sort(),
    ).toEqual(["own_1", "own_2", "own_5"]);
    expect(rows.filter((r) => r.source === "second").map((r) => r.id)).toEqual(["second_own_1"]);
    expect(report.sources.slice(0, 2)).toEqual([
      {
        source: "own",
        origin: "own",
        read: 7,
        kept: 3,
        setAside: { field: 1, duplicate: 1, gold_unreadable: 1, too_long: 1 },
      },
      { source: "second", origin: "own", read: 2, kept: 1, setAside: { duplicate_other_gold: 1 } },
    ]);
    expect(report.duplicates).toMatchObject([
      { id: "copy", of: "own_2", goldDiffers: false },
      { id: "again", of: "own_1", goldDiffers: true },
    ]);
    const aside = readFileSync(setAsidePath(lab), "utf8")
      .trim()
      .split("\n")
      .map((l) => JSON.parse(l));
    expect(aside).toHaveLength(45);
    expect(aside[0]).toMatchObject({
      file: own,
      line: 6,
      reason: "field",
      field: "gold_answer",
      expected: "a text or a number",
    });
    expect(aside.find((a) => a.id === "own_4")).toMatchObject({
      reason: "too_long",
      expected: "at most 400 tokens",
      source: "own",
    });
    expect(report.limits.overMaxPromptTokens).toBe(1);
    expectSums(report);
  });

  test("a row that is set aside keeps its file and line, even with a new id; no made one does", async () => {
    const first = source("first.jsonl", [{ id: "a", question: "2 × 2?", gold_answer: "4" }]);
    const second = source("same_ids.jsonl", [
      { id: "b", question: "3 × 3?", gold_answer: "9" },
      { id: "a", question: "2 × 2?", gold_answer: "5" },
    ]);
    const lab = open({ "prepare.sources": [first, second] });
    await prepare(lab, { generate: basics, tokenizer });
    const aside = readFileSync(setAsidePath(lab), "utf8")
      .trim()
      .split("\n")
      .map((l) => JSON.parse(l));
    expect(aside.find(({ id }) => id === "same_ids_a")).toMatchObject({
      reason: "duplicate_other_gold",
      file: second,
      line: 2,
    });
    expect(aside.find(({ reason }) => reason === "not_sampled")).toMatchObject({ file: "", line: null });
  });

  test("a copy that is too long or has an unreadable gold does not cost a usable twin", async () => {
    const options = (labels: string) =>
      ["现金", "厂房", "商誉"].map((text, i) => `${labels[i]}. ${text}`).join("\n");
    // the byte tokenizer counts every blank
    const wide = `下列哪项是流动资产？${" ".repeat(500)}\n${options("ABC")}`;
    const own = source("twins.jsonl", [
      { id: "long", question: wide, gold_answer: "A" },
      { id: "short", question: `下列哪项是流动资产？\n${options("123")}`, gold_answer: "A" },
      { id: "no_gold", question: "本金100元，利率5%，一年利息是多少元？", gold_answer: "N/A" },
      { id: "gold", question: "本金一百元，利率百分之五，一年利息是多少元？", gold_answer: "5" },
      { id: "again", question: "3、本金100元，利率5%，一年利息是多少元？", gold_answer: "5" },
    ]);
    const lab = open({ "prepare.sources": [own] });
    const report = await prepare(lab, { generate: basics, tokenizer });
    expect(
      readJsonl(lab.paths.raw, Question)
        .filter((r) => r.source === "twins")
        .map((r) => r.id)
        .sort(),
    ).toEqual(["gold", "short"]);
    expect(report.sources[0]).toMatchObject({
      read: 5,
      kept: 2,
      setAside: { too_long: 1, gold_unreadable: 1, duplicate: 1 },
    });
    expect(report.duplicates).toMatchObject([{ id: "again", of: "gold" }]);
    expectSums(report);
  });

  test(
    "nothing changed: the stored result at once, the file untouched; a changed row, seed, limit or " +
      "reader of golds, or force, makes it anew",
    async () => {
      const own = source("cached.jsonl", [
        { question: "如果利率上升，债券价格会下跌吗？", gold_answer: "是" },
      ]);
      const lab = open({ "prepare.sources": [own] });
      const first = await prepare(lab, { generate: basics, tokenizer });
      const before = statSync(lab.paths.raw).mtimeMs;
      expect(await prepare(lab, { generate: basics, tokenizer })).toEqual({ ...first, reused: true });
      const never = (): never => {
        throw new Error("unchanged input is not read, generated or counted");
      };
      const untouched = { ...tokenizer, countChatTokens: never };
      expect((await prepare(lab, { generate: never, tokenizer: untouched })).reused).toBe(true);
      expect(
        await prepare(
          open({ "prepare.sources": [own], "prepare.testShare": 0.5, "grpo.beta": 0.1 }, lab.paths.root),
          { generate: basics, tokenizer },
        ),
      ).toMatchObject({ reused: true });
      expect(statSync(lab.paths.raw).mtimeMs).toBe(before);
      expect((await prepare(lab, { generate: basics, tokenizer, force: true })).reused).toBe(false);
      const manifest = readFileSync(manifestPath(lab.paths.raw), "utf8");
      writeFileSync(manifestPath(lab.paths.raw), manifest.replace(/"code": "[0-9a-f]{4}/, '"code": "0000'));
      expect((await prepare(lab, { generate: basics, tokenizer })).reused).toBe(false);
      expect(
        (
          await prepare(open({ "prepare.sources": [own], seed: 43 }, lab.paths.root), {
            generate: basics,
            tokenizer,
          })
        ).reused,
      ).toBe(false);
      writeFileSync(own, readFileSync(own, "utf8").replace("上升", "上行"));
      expect(
        (
          await prepare(open({ "prepare.sources": [own], seed: 43 }, lab.paths.root), {
            generate: basics,
            tokenizer,
          })
        ).reused,
      ).toBe(false);
      writeFileSync(lab.paths.raw, "damaged\n");
      const again = await prepare(open({ "prepare.sources": [own], seed: 43 }, lab.paths.root), {
        generate: basics,
        tokenizer,
      });
      expect(again.reused).toBe(false);
      expect(readJsonl(lab.paths.raw, Question)).toHaveLength(again.rows);
    },
  );

  test("the same seed gives the same bytes, another one others", async () => {
    const bytes = async (seed: number) => {
      const lab = open({ seed });
      await prepare(lab, { generate: basics, tokenizer });
      return readFileSync(lab.paths.raw, "utf8");
    };
    const [a, b, c] = [await bytes(7), await bytes(7), await bytes(8)];
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  test("nothing left, a missing file, a bad one: each ends with a reason, earlier results stay", async () => {
    const lab = open();
    await prepare(lab, { generate: basics, tokenizer });
    const before = readFileSync(lab.paths.raw, "utf8");
    const again = (overrides: object) =>
      prepare(open(overrides, lab.paths.root), { generate: basics, tokenizer });
    await expect(again({ "prepare.maxPromptTokens": 16 })).rejects.toThrow(
      /No question is left[\s\S]*too_long: 80[\s\S]*maxPromptTokens/,
    );
    await expect(again({ "prepare.generated": 0 })).rejects.toThrow(/no source gives any/);
    await expect(again({ "prepare.sources": [join(root, "absent.jsonl")] })).rejects.toThrow(/absent\.jsonl/);
    mkdirSync(join(root, "bad"), { recursive: true });
    await expect(again({ "prepare.sources": [source("bad/all.jsonl", [{ q: 1 }])] })).rejects.toThrow(
      /no question that can be used/,
    );
    expect(readFileSync(lab.paths.raw, "utf8")).toBe(before);
  });

  test("DianJin's files are downloaded, read and sampled with the rest", async () => {
    const body = JSON.stringify(
      Array.from({ length: 30 }, (_, i) => ({
        instruction: `本金 ${i + 1} 元，年利率 5%，一年利息是多少元？`,
        output:
          i % 3 === 0
            ? "<answer>no box</answer>"
            : `<think>t</think><answer>\\boxed{${(i + 1) / 20}}</answer>`,
      })),
    );
    const server = createServer(
      (_, response) => void response.writeHead(200, { "content-type": "application/json" }).end(body),
    );
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const messages: string[] = [];
    const report = await prepare(
      open({
        "prepare.dianjin": true,
        "prepare.dianjinEndpoint": endpoint,
        "prepare.generated": 0,
        "prepare.sampleSize": 10,
      }),
      { tokenizer, onProgress: (m) => messages.push(m) },
    );
    server.close();
    expect(report.sources).toEqual([
      {
        source: "dianjin-r1-data",
        origin: "dianjin",
        read: 90,
        kept: 10,
        setAside: { no_boxed: 30, duplicate: 40, not_sampled: 10 },
      },
    ]);
    expect(report.files.map((f) => f.name)).toEqual([
      "dianjin-r1-data/cflue_mcq.json",
      "dianjin-r1-data/cflue_oe.json",
      "dianjin-r1-data/fin_qa.json",
    ]);
    expect(messages.some((m) => m.startsWith("downloading cflue_oe.json"))).toBe(true);
    expect(report.rules).toEqual([
      { rule: "computes from named quantities", type: "financial_calculation", questions: 60 },
    ]);
    expectSums(report);
  });
});

const fixtures = process.env.FTMODEL_FIXTURES || join(REPO_ROOT, "..", "shared", "data");
const present = existsSync(join(fixtures, "finance-qa"));
test.skipIf(!present)(
  "real questions and the generated " +
    `basics${present ? "" : ` (skipped: no ${fixtures}; set FTMODEL_FIXTURES)`}: all sources in, ` +
    "no near-copy out, every row accounted for",
  async () => {
    const files = ["finance-qa", "dianjin-shape"].flatMap((folder) =>
      readdirSync(join(fixtures, folder))
        .filter((name) => !name.startsWith("tatqa_dev.numeric"))
        .map((name) => join(fixtures, folder, name)),
    ); // the longest file adds time, no case
    const lab = open({
      "prepare.sources": files,
      "prepare.generated": 300,
      "prepare.sampleSize": 200,
      "prepare.maxPromptTokens": 2000,
    });
    const report = await prepare(lab, { tokenizer });
    expectSums(report);
    const rows = readJsonl(lab.paths.raw, Question);
    expect(removeDuplicates(rows).removed).toEqual([]);
    expect(report.files.find((f) => f.name === "cflue_oe.json")!.setAside).toEqual({ no_boxed: 134 });
    // The same 400 questions as in DianJin's shape, a tenth of them too long in either.
    expect(report.sources.find((s) => s.source === "cflue_mcq")!.setAside).toEqual({
      duplicate: 364,
      too_long: 36,
    });
    expect(report.sources.find((s) => s.source === "finqa")!.setAside.too_long).toBeGreaterThan(100);
    expect(report.sources.find((s) => s.source === "gsm8k")!.kept).toBe(300);
  },
  60_000,
);
