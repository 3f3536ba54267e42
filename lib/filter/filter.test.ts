import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FilterDetail, filterDetailsPath, FilterStats } from "./record.ts";
import { filter } from "./filter.ts";
import type { Bucket, FunnelCounts } from "./funnel.ts";
import { FAULT_KINDS } from "../world/fault-kind.ts";
import { readJsonl } from "../store/jsonl.ts";
import { openLab } from "../config/lab.ts";
import { readManifest } from "../store/manifest.ts";
import { QUESTION_TYPES, RlRow, SftRow } from "../records.ts";
import type { Question } from "../records.ts";
import { splitQuestions } from "../prepare/split.ts";
import { generateQuestions } from "../world/index.ts";
import { distilled, filterBench, labWith, question, right, twenty } from "../testing/filter-fixture.ts";
import { textOf } from "../testing/judge-rows.ts";
import { startStubJudge } from "../testing/stub-judge.ts";

const bench = filterBench();
const { run } = bench;
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

describe("the filter", () => {
  test("splits 8:2 by type before anything is filtered: the test holds what the Teacher failed", async () => {
    const {
      test: held,
      sft,
      stats,
    } = await run(
      twenty,
      twenty.map((q, i) => distilled(q, i % 2 ? right(q) : textOf("we guess", "-1"))),
    );
    expect(held).toHaveLength(4);
    expect(new Set(held.map((row) => row.type)).size).toBe(4);
    expect(sft.length).toBeGreaterThan(5);
    expect(sft.every((row) => !held.some((other) => other.id === row.id))).toBe(true);
    expect(stats.layers[0]).toMatchObject({ layer: "split", in: 20, out: 16, reasons: { test_question: 4 } });
    expect(stats.layers.at(-1)!.out).toBe(sft.length);
  });

  test("stops each text at its first failing layer, by reason", async () => {
    const texts = twenty.map((q, i) =>
      i % 5 === 0
        ? distilled(q, null)
        : i % 5 === 1
          ? distilled(q, q.gold_answer)
          : i % 5 === 2
            ? distilled(q, textOf("we guess", "-1"))
            : i % 5 === 3
              ? distilled(q, right(q, "fault: padding"))
              : distilled(q, right(q)),
    );
    const { details } = await run(twenty, texts);
    const ends = (i: number) =>
      new Set(
        details.filter((d, at) => at % 5 === i && d.layer !== "split").map((d) => `${d.layer} ${d.reason}`),
      );
    expect(ends(0)).toEqual(new Set(["teacher length"]));
    expect(ends(1)).toEqual(new Set(["format missing_think"]));
    expect([...ends(2)].every((end) => end.startsWith("answer "))).toBe(true);
    expect(ends(3)).toEqual(new Set(["judge weak_conciseness"]));
    expect(ends(4)).toEqual(new Set(["size null"]));
    expect(bench.stub.requests).toHaveLength(
      details.filter((d) => d.layer === "judge" || d.layer === "size").length,
    );
  });

  test("a text that was cut ends in the Teacher's layer by its cause, though it can be read", async () => {
    const { details } = await run(
      twenty,
      twenty.map((q) => distilled(q, right(q), 0, 160, "length")),
    );
    expect(new Set(details.filter((d) => d.layer !== "split").map((d) => `${d.layer} ${d.reason}`))).toEqual(
      new Set(["teacher length"]),
    );
    expect(bench.stub.requests).toEqual([]);
  });

  test("further generated questions stand behind the others in the test, no near-copy of any", async () => {
    const generated = generateQuestions(40, 7, "bench");
    const given = generated.slice(0, 20);
    const settings = { seed: 7, "prepare.generated": 20, "prepare.generatedTest": 30 };
    const texts = given.map((q) => distilled(q, right(q)));
    const { test: held, overlap, stats } = await run(given, texts, settings);
    expect(held).toHaveLength(4 + 30);
    const further = held.slice(4).map(({ prompt }) => prompt);
    expect(further.filter((prompt) => given.some(({ question: own }) => own === prompt))).toEqual([]);
    expect(overlap.copies).toEqual([]);
    expect(stats.rows.test).toBe(34);
    const { test: own } = await run(given, texts, { ...settings, "prepare.generated": 0 });
    expect(own).toEqual(held.slice(0, 4));
  });

  test("writes files that fit their schemas, finished by a manifest each", async () => {
    const {
      sft,
      rl,
      test: held,
      stats,
    } = await run(
      twenty,
      twenty.map((q) => distilled(q, `\n${right(q)}\n`)),
    );
    const { paths } = openLab({}, { FTMODEL_WORKSPACE: bench.folder });
    expect(readJsonl(paths.sft, SftRow)).toEqual(sft);
    expect(readJsonl(paths.rl, RlRow)).toEqual(rl);
    expect(readJsonl(paths.test, RlRow)).toEqual(held);
    expect(FilterStats.parse(JSON.parse(readFileSync(paths.filterStats, "utf8")))).toEqual(stats);
    for (const path of [paths.sft, paths.rl, paths.test, paths.filterStats, filterDetailsPath(paths)])
      expect(readManifest(path)).not.toBeNull();
    expect(sft[0]!.response.startsWith("<think>")).toBe(true);
    expect(readJsonl(filterDetailsPath(paths), FilterDetail)).toHaveLength(20);
  });

  test("without the Judge asks nobody and says the layer was skipped", async () => {
    const { sft, stats } = await filter(
      labWith(
        bench.folder,
        twenty,
        twenty.map((q) => distilled(q, right(q, "fault: padding"))),
        { "filter.useJudge": false },
      ),
    );
    expect(sft).toHaveLength(16);
    expect(stats.judge).toBeNull();
    expect(stats.layers.map((l) => l.skipped)).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
    expect(bench.stub.requests).toHaveLength(0);
  });

  test("an answer the rules cannot decide goes to the Judge, or ends as undecided without one", async () => {
    const open = twenty.map((q) => ({
      ...q,
      question: `Why ${q.id}?`,
      gold_answer: "because inflation erodes the real value",
    }));
    const texts = open.map((q) => distilled(q, textOf("prices rise", "money buys less over time")));
    expect((await run(open, texts)).sft).toHaveLength(16);
    const { stats } = await filter(labWith(bench.folder, open, texts, { "filter.useJudge": false }));
    expect(stats.layers[4]).toMatchObject({ layer: "answer", out: 0, reasons: { undecided: 16 } });
  });

  test("takes the shortest right text the Judge passes, of k", async () => {
    const texts = twenty.flatMap((q) => [
      distilled(q, right(q), 0, 50),
      distilled(q, right(q, "add"), 1, 30),
      distilled(q, textOf("guess", "-1"), 2, 5),
      distilled(q, right(q, "fault: padding"), 3, 4),
    ]);
    const { sft, stats } = await run(twenty, texts);
    expect(sft).toHaveLength(16);
    expect(sft.every((row) => row.response.includes("\nadd\n"))).toBe(true);
    expect(stats.layers.find((l) => l.layer === "best_of_k")).toMatchObject({
      in: 32,
      out: 16,
      reasons: { longer: 16 },
    });
  });

  test("takes another of k where filter.bestOf says so", async () => {
    const texts = twenty.flatMap((q) => [
      distilled(q, right(q, "sum up"), 0, 50),
      distilled(q, right(q, "add"), 1, 30),
    ]);
    const { sft, stats } = await run(twenty, texts, { "filter.bestOf": "first" });
    expect(sft.every((row) => row.response.includes("\nsum up\n"))).toBe(true);
    expect(stats.layers.find((l) => l.layer === "best_of_k")).toMatchObject({
      in: 32,
      out: 16,
      reasons: { later: 16 },
    });
  });

  test("keeps at most sftMaxRows, every type in its share", async () => {
    const { sft, stats } = await run(
      twenty,
      twenty.map((q) => distilled(q, right(q))),
      { "filter.sftMaxRows": 8 },
    );
    expect(QUESTION_TYPES.map((type) => sft.filter((row) => row.type === type).length)).toEqual([2, 2, 2, 2]);
    expect(stats.layers.at(-1)).toMatchObject({
      layer: "size",
      in: 16,
      out: 8,
      reasons: { over_max_rows: 8 },
    });
  });

  test("a text the Judge cannot be read about is not judged, not passed and not 0", async () => {
    await bench.stub.close();
    bench.stub = await startStubJudge(() => "Thought process:");
    const { details, stats } = await run(
      twenty,
      twenty.map((q) => distilled(q, right(q))),
    );
    const judged = details.filter((d) => d.layer === "judge");
    expect(judged).toHaveLength(16);
    expect(judged.every((d) => d.reason === "no_json" && d.points === null)).toBe(true);
    expect(stats.warning).toMatch(/Nothing was kept.*judge.*no_json/);
  });
});

describe("RL rows", () => {
  const texts = twenty.map((q, i) => distilled(q, i < 10 ? right(q) : textOf("guess", "-1")));
  test.each([
    ["all", 16],
    ["kept", null],
    ["rejected", null],
  ] as const)("rl.source %s", async (source, count) => {
    const { rl, sft } = await run(twenty, texts, { "filter.rlSource": source });
    const kept = new Set(sft.map((row) => row.id));
    if (count !== null) expect(rl).toHaveLength(count);
    if (source === "kept") expect(new Set(rl.map((row) => row.id))).toEqual(kept);
    if (source === "rejected")
      expect(rl.length + kept.size === 16 && rl.every((row) => !kept.has(row.id))).toBe(true);
    expect(rl[0]).toMatchObject({ prompt: expect.stringMatching(/^What is/), source: expect.any(String) });
  });

  test("need a gold answer that rules can check; an unreadable one is in no file", async () => {
    const questions = twenty.map((q, i) =>
      i < 4 ? { ...q, gold_answer: "N/A" } : i < 8 ? { ...q, gold_answer: "x ".repeat(90).trim() } : q,
    );
    const {
      rl,
      sft,
      test: held,
      questions: fates,
      stats,
    } = await run(
      questions,
      questions.map((q) => distilled(q, right(q))),
    );
    expect([...rl, ...sft, ...held].some((row) => ["q1", "q2", "q3", "q4"].includes(row.id))).toBe(false);
    expect(rl.some((row) => ["q5", "q6", "q7", "q8"].includes(row.id))).toBe(false);
    expect(fates.filter((f) => f.layer === "gold")).toHaveLength(4);
    expect(stats.questions.map((l) => l.layer)).toEqual(["gold", "split", "checkable", "rl_source"]);
    expect(stats.layers[0]!.reasons.unreadable_gold).toBe(4);
    // The sides are those of the whole file: distilling has split it the same way.
    const { test: apart } = splitQuestions(questions, { testShare: 0.2, seed: 42 });
    expect(held.every((row) => apart.some((q) => q.id === row.id))).toBe(true);
  });
});

test("every text and every question is in exactly one bucket, in total, by type and by source", async () => {
  const text = fc.record({
    q: fc.integer({ min: 0, max: 24 }),
    sample: fc.nat(2),
    kind: fc.constantFrom("right", "wrong", "bare", "none", "fault", "free"),
    tokens: fc.option(fc.integer({ min: 1, max: 99 })),
  });
  const golds = fc.array(fc.constantFrom("number", "N/A", "free text of an answer"), {
    minLength: 20,
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(
      golds,
      fc.uniqueArray(text, { minLength: 1, maxLength: 50, selector: (t) => `${t.q}/${t.sample}` }),
      fc.integer({ min: 1, max: 12 }),
      fc.boolean(),
      fc.constantFrom("kept", "rejected", "all"),
      async (gold, drawn, max, useJudge, rlSource) => {
        const questions = Array.from({ length: 20 }, (_, i) =>
          question(i, QUESTION_TYPES[i % 3], gold[i] === "number" ? {} : { gold_answer: gold[i]! }),
        );
        const completions = (q: Question) => ({
          right: right(q),
          wrong: textOf("x", "-1"),
          bare: "12",
          none: null,
          fault: right(q, `fault: ${FAULT_KINDS[0]}`),
          free: textOf("x", "something else entirely"),
        });
        const texts = drawn.map(({ q, sample, kind, tokens }) =>
          distilled(
            questions[q] ?? question(q),
            completions(questions[q] ?? question(q))[kind as "right"],
            sample,
            tokens,
          ),
        );
        const {
          stats,
          sft,
          rl,
          test: held,
          details,
        } = await run(questions, texts, {
          "filter.useJudge": useJudge,
          "filter.sftMaxRows": max,
          "filter.rlSource": rlSource,
        });
        const check = (layers: FunnelCounts[], came: number, went: number) => {
          let arriving = came;
          for (const layer of layers) {
            expect(layer.in).toBe(arriving);
            arriving = layer.out;
            const sides = [layer.byType, layer.bySource];
            for (const bucket of [layer, ...sides.flatMap((s) => Object.values(s))] as Bucket[])
              expect(bucket.in).toBe(bucket.out + sum(Object.values(bucket.reasons)));
            for (const s of sides)
              expect([
                sum(Object.values(s).map((b) => b.in)),
                sum(Object.values(s).map((b) => b.out)),
              ]).toEqual([layer.in, layer.out]);
          }
          expect(arriving).toBe(went);
        };
        check(stats.layers, texts.length, sft.length);
        check(stats.questions, questions.length, rl.length);
        expect(details.map((d) => d.key)).toEqual(texts.map((t) => t.key));
        expect(new Set(sft.map((row) => row.id)).size).toBe(sft.length);
        expect(held.some((row) => sft.some((s) => s.id === row.id) || rl.some((r) => r.id === row.id))).toBe(
          false,
        );
      },
    ),
    { numRuns: 25 },
  );
}, 300_000);
