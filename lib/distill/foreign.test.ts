import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { distill } from "./distill.ts";
import { FIRST_TEXTS } from "./never-answers.ts";
import { filter } from "../filter/filter.ts";
import { filterSamples } from "../filter/samples.ts";
import { funnel } from "../figures/filter.ts";
import { LabError } from "../errors.ts";
import type { Question } from "../records.ts";
import { readManifest } from "../store/manifest.ts";
import { distilleries, good, prompt, rowsOf } from "../testing/distill-fixture.ts";
import { startForeign } from "../testing/foreign-server.ts";
import type { ForeignStyle } from "../testing/foreign-answers.ts";
import { stubQuestions } from "../testing/questions.ts";
import { sendChat, sendJson } from "../testing/stub-server.ts";
import { checkFormat } from "../answer/index.ts";
import { splitQuestions } from "../prepare/split.ts";

const bench = distilleries();

const questions = (n: number): Question[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `f${i}`,
    question:
      i % 2
        ? `某公司营业收入为${100 + i}万元，成本为60万元，利润是多少万元？`
        : `A shop earns ${100 + i} dollars and spends 60. What is the profit in dollars?`,
    gold_answer: String(40 + i),
    type: "financial_calculation",
    source: i % 3 ? "mine" : "yours",
  }));

/** Stages 2 and 3 on a Teacher of this style, without a Judge. */
async function line(style: ForeignStyle, overrides: Record<string, unknown> = {}) {
  const { lab, keep } = await bench();
  const asked = questions(60);
  const server = await startForeign(asked, style);
  keep(server);
  const here = lab({
    "models.teacher": "a/teacher",
    "serving.url": "",
    "serving.teacherUrl": server.url,
    "filter.useJudge": false,
    ...overrides,
  });
  mkdirSync(dirname(here.paths.raw), { recursive: true });
  writeFileSync(here.paths.raw, asked.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const { train } = splitQuestions(asked, {
    testShare: here.config.prepare.testShare,
    seed: here.config.seed,
  });
  const distilled = await distill(here, train);
  return { lab: here, server, train, distilled, filtered: await filter(here) };
}

describe("a Teacher that nobody trained for our tags", () => {
  test.each([
    ["r1", "think_block"],
    ["r1-field", "reasoning_field"],
    ["instruct", "closing_line"],
  ] as const)(
    "in the style of %s: every text becomes a training text by %s, and the right ones are trained on",
    async (style, rule) => {
      const { distilled, filtered, train } = await line(style);
      expect(new Set(distilled.rows.map(({ assembly }) => assembly))).toEqual(new Set([rule]));
      expect(distilled.progress.byType.financial_calculation).toMatchObject({
        texts: train.length,
        usable: train.length,
        wellFormed: 0,
      });
      const layer = filtered.stats.layers.find((row) => row.layer === "assemble")!;
      expect(layer).toMatchObject({
        in: train.length,
        out: train.length,
        skipped: false,
        made: { as_written: 0, [rule]: train.length },
      });
      expect(filtered.sft.length).toBeGreaterThan(15);
      for (const { response } of filtered.sft)
        expect(checkFormat(response)).toEqual({ ok: true, reason: "ok" });
      expect(filtered.stats.assembly).toMatchObject({
        in: train.length,
        asWritten: 0,
        putTogether: { [rule]: train.length },
        none: {},
      });
      expect(Object.keys(filtered.stats.assembly!.bySource)).toEqual(["mine", "yours"]);
      expect(
        filtered.stats.languages.map(({ question, response }) => `${question} ${response}`).sort(),
      ).toEqual(["en en", "zh zh"]);
      expect(filtered.details.every((detail) => detail.assembly === rule)).toBe(true);
      expect(JSON.stringify(funnel(filtered.stats.layers))).toContain(
        `put together ${train.length} (${rule.replace("_", " ")} ${train.length})`,
      );
      const samples = filterSamples(filtered.details, distilled.rows);
      expect(samples.accepted[0]!.facts).toMatchObject({ text: `put together: ${rule.replace("_", " ")}` });
    },
  );

  test("the server's field and the whole text as written are kept beside the training text", async () => {
    const { distilled } = await line("r1-field");
    const [row] = distilled.rows;
    expect(row!.teacher_output).toContain(`<think>\n${row!.teacher_reasoning!.trim()}\n</think>`);
    expect(row!.teacher_output).toContain("\\boxed{");
    expect(row!.response).toContain(row!.teacher_reasoning!.trim());
    expect(row!.response).not.toContain("\\boxed{");
  });

  test("with distill.assemble off nothing is asked again; the gate judges the text as written", async () => {
    const { lab, server, train } = await line("r1");
    const [before, requests] = [readFileSync(lab.paths.distilled, "utf8"), server.requests.length];
    const off = { ...lab, config: { ...lab.config, distill: { ...lab.config.distill, assemble: false } } };
    await expect(distill(off, train)).rejects.toThrow(
      /not one usable text[^]*× bad_format[^]*distill\.assemble=true/,
    );
    const { rows } = await distill(lab, train);
    expect(server.requests).toHaveLength(requests);
    expect(rows.map(({ assembly }) => assembly)).toEqual(rows.map(() => "think_block"));
    expect(readFileSync(lab.paths.distilled, "utf8")).toBe(before);
  });

  test("with distill.assemble off a Teacher of our tags passes, the layer marked as skipped", async () => {
    const { filtered } = await line("tags", { "distill.assemble": false, "models.teacher": "a/trained" });
    expect(filtered.stats.layers.find((row) => row.layer === "assemble")).toMatchObject({
      skipped: true,
      reasons: {},
    });
    expect(filtered.stats.assembly).toBeNull();
    expect(filtered.sft.length).toBeGreaterThan(10);
  });

  test("other rules finish the file anew and ask nothing", async () => {
    const { lab, asked } = await bench();
    await distill(lab(), stubQuestions(6));
    asked();
    const path = `${lab().paths.distilled}.manifest.json`;
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(
      path,
      JSON.stringify({ ...manifest, inputs: { ...manifest.inputs, rules: "0".repeat(64) } }),
    );
    const stale = rowsOf(lab()).map((row) => ({ ...row, response: "of older rules", assembly: "boxed" }));
    writeFileSync(lab().paths.distilled, stale.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const { rows } = await distill(lab(), stubQuestions(6));
    expect(asked()).toEqual([]);
    expect(rows.map(({ assembly }) => assembly)).toEqual(Array(6).fill("as_written"));
    expect(readManifest(lab().paths.distilled)?.inputs.rules).toBe(manifest.inputs.rules);
  });

  test("a file of before the training texts is taken up: its texts stay, nothing is asked", async () => {
    const { lab, asked } = await bench();
    const first = await distill(lab(), stubQuestions(4));
    asked();
    const older = rowsOf(lab()).map(({ teacher_reasoning: _a, response: _b, assembly: _c, ...row }) => row);
    writeFileSync(lab().paths.distilled, older.map((row) => `${JSON.stringify(row)}\n`).join(""));
    expect((await distill(lab(), stubQuestions(4))).rows).toEqual(first.rows);
    expect(asked()).toEqual([]);
  });
});

describe("a Teacher that never answers", () => {
  const refusing = (sent: string) => bench((_, response) => sendChat(response, { content: sent }));

  test("is an error after the first 64 texts, with three of them and what to do; they stay", async () => {
    const { lab, asked } = await refusing(
      "I am sorry, as a language model I cannot help with that. ".repeat(6),
    );
    const error = await distill(lab(), stubQuestions(300)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(LabError);
    const { what, where, found, todo } = (error as LabError).problem;
    expect([what, where]).toEqual([
      "The Teacher's first 64 texts hold not one usable text; the others were not asked for",
      expect.stringMatching(/^models\.teacher at http:\/\/127\.0\.0\.1:\d+/),
    ]);
    expect(found).toMatch(
      /^64 × no_answer\n(\s+q\d+, no_answer: "I am sorry, [^"]{180,}" … \(\d+ characters\)\n?){3}$/,
    );
    expect(todo).toMatch(/prompt\.teacher[^]*chat template[^]*FTMODEL_FORCE=1/);
    expect(asked().length).toBeLessThan(FIRST_TEXTS + 20);
    expect(rowsOf(lab()).length).toBeGreaterThanOrEqual(FIRST_TEXTS);
    expect(readManifest(lab().paths.distilled)).toBeNull();
  });

  test("with fewer questions than that is an error at the end", async () => {
    const { lab } = await refusing("42");
    await expect(distill(lab(), stubQuestions(5))).rejects.toThrow(
      /gave not one usable text[^]*5 × no_reasoning[^]*q0, no_reasoning: "42"/,
    );
    expect(rowsOf(lab())).toHaveLength(5);
  });

  test("whose requests all fail is told after 64, too", async () => {
    const { lab } = await bench((_, response) => sendJson(response, "{}", 400));
    await expect(distill(lab(), stubQuestions(200))).rejects.toThrow(
      /first 64 texts hold not one whole text[^]*64 × http_400[^]*look at the server/,
    );
  });

  test("one usable text among the first is enough to go on", async () => {
    const { lab } = await bench((request, response) =>
      prompt(request).startsWith("What is 3 ")
        ? good(request, response)
        : sendChat(response, { content: "no idea" }),
    );
    const { progress } = await distill(lab(), stubQuestions(90));
    expect(Object.values(progress.byType).reduce((sum, { usable }) => sum + usable, 0)).toBe(1);
    expect(existsSync(lab().paths.distilled)).toBe(true);
  });
});
