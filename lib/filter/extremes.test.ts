import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { filterSamples } from "./samples.ts";
import { filter } from "./filter.ts";
import { survivalBySource } from "./survival.ts";
import { openLab } from "../config/lab.ts";
import { funnel, funnelByReason } from "../figures/filter.ts";
import { judgeHeatmap, judgeThreshold } from "../figures/judge.ts";
import { cardLines, judgeCard } from "../judge/card.ts";
import type { Distilled } from "../records.ts";
import { sampleColumns } from "../view/sample-view.ts";
import { distilled, filterBench, labWith, question, right, twenty } from "../testing/filter-fixture.ts";
import { inOrder } from "../testing/in-order.ts";
import { stubJudge } from "../testing/stub-judge.ts";

const bench = filterBench();
const { run } = bench;

describe("extremes", () => {
  /**
   * What notebook 03 draws of a filter run, as text; every figure has marks or says in words why it has none.
   */
  const drawn = (
    { stats, details, overlap }: Awaited<ReturnType<typeof filter>>,
    texts: readonly Distilled[],
  ): string => {
    const judged = details.filter((d) => d.votePoints !== null);
    const card = judgeCard(
      judged.map((d) => ({
        fault: null,
        judgement: {
          id: d.id,
          status: "passed" as const,
          reason: "",
          message: "",
          points: d.points,
          scores: d.scores,
          votePoints: d.votePoints!,
        },
      })),
    );
    const figures = [
      funnel(stats.layers),
      funnelByReason(details),
      judgeThreshold(judged, { pass: 12 }),
      judgeHeatmap(card.heat),
    ];
    for (const { data, layout } of figures)
      expect(data.length > 0 || JSON.stringify(layout.annotations).length > 40).toBe(true);
    const samples = filterSamples(details, texts);
    const text = JSON.stringify([
      stats,
      overlap,
      figures,
      cardLines(card),
      sampleColumns({ Accepted: samples.accepted, Rejected: samples.rejected }),
      survivalBySource(
        { sources: [{ source: "mine", origin: "own", read: 1, kept: 1, setAside: {} }] },
        stats,
      ),
    ]);
    expect(/NaN|Infinity|undefined/.exec(text)).toBeNull();
    return text;
  };

  test("nothing kept: a clear sentence, zeros and no NaN", async () => {
    const texts = twenty.map((q) => distilled(q, "42"));
    const filtered = await run(twenty, texts);
    expect(filtered.sft).toEqual([]);
    expect(filtered.stats.warning).toMatch(
      /Nothing was kept: of 20 texts the layer "format" took most \(16\), above all for "missing_think"/,
    );
    expect(drawn(filtered, texts)).toContain("Nothing has been judged yet");
  });

  test("no text at all: the notebook to run, and nothing is written", async () => {
    await expect(run(twenty, [])).rejects.toThrow(
      /holds no rows[^]*distilled\.jsonl[^]*Run 02_distill first/,
    );
    expect(existsSync(join(bench.folder, "data", "processed", "sft.jsonl"))).toBe(false);
  });

  test("only held-out questions have texts: said, and drawn", async () => {
    const texts = twenty.map((q) => distilled(q, right(q)));
    const held = new Set((await run(twenty, texts)).test.map((row) => row.id));
    const some = texts.filter((row) => held.has(row.id));
    const filtered = await run(twenty, some);
    expect(filtered.stats.warning).toMatch(
      inOrder(
        /^16 training questions have no Teacher text: run 02_distill again\. Nothing was kept: of 4 texts /,
        /the layer "split" took most \(4\), above all for "test_question"\.$/,
      ),
    );
    drawn(filtered, some);
  });

  test("one row: it is said that one cannot train on it", async () => {
    const texts = [distilled(question(1), right(question(1)))];
    const filtered = await run([question(1)], texts);
    expect(filtered.stats.rows).toEqual({ sft: 1, rl: 1, test: 0 });
    expect(filtered.stats.warning).toBe(
      "Only 1 row was kept: too few to train on. No question is left for the test.",
    );
    drawn(filtered, texts);
  });

  test("questions of one type only are nothing to warn of", async () => {
    const same = twenty.map((q) => ({ ...q, type: "financial_concept" as const }));
    const texts = same.map((q) => distilled(q, right(q)));
    const filtered = await run(same, texts);
    expect(filtered.stats.warning).toBeNull();
    drawn(filtered, texts);
  });

  test("one type is left of several: that is said", async () => {
    const isConcept = (q: (typeof twenty)[number]) => q.type === "financial_concept";
    const concept = { type: "financial_concept" } as const;
    const rows = twenty.map((q, i) =>
      i < 15 ? { ...q, ...concept } : { ...q, type: "financial_analysis" as const },
    );
    const filtered = await run(
      rows,
      rows.map((q) => distilled(q, isConcept(q) ? right(q) : "no tags")),
    );
    expect(filtered.stats.warning).toBe("All kept rows are of one of 2 types, financial_concept.");
  });

  test("training questions nobody asked the Teacher about are counted", async () => {
    const { stats } = await run(
      twenty,
      twenty.slice(3).map((q) => distilled(q, right(q))),
    );
    expect(stats.warning).toMatch(
      /^[123] training questions? (has|have) no Teacher text: run 02_distill again\.$/,
    );
  });

  test("all is well: no warning", async () => {
    expect(
      (
        await run(
          twenty,
          twenty.map((q) => distilled(q, right(q))),
        )
      ).stats.warning,
    ).toBeNull();
  });

  test("a missing input names the notebook to run", async () => {
    await expect(filter(openLab({}, { FTMODEL_WORKSPACE: bench.folder }))).rejects.toThrow(
      /Run 01_prepare first/,
    );
  });

  test("while another process writes its files, nothing is written between them", async () => {
    const lab = labWith(
      bench.folder,
      twenty,
      twenty.map((q) => distilled(q, right(q))),
    );
    const other = JSON.stringify({ pid: 1, start: null, host: "another-machine" });
    writeFileSync(join(lab.paths.processed, ".writer-another-machine-1.lock"), other);
    await expect(filter(lab, { judge: stubJudge(bench.stub.url) })).rejects.toThrow(
      "Another process is writing in this folder",
    );
    expect(existsSync(lab.paths.sft)).toBe(false);
  });

  test("a malformed row names file, line and field, and nothing is written", async () => {
    const lab = labWith(bench.folder, twenty, [distilled(twenty[0]!, "x")]);
    writeFileSync(lab.paths.distilled, `${readFileSync(lab.paths.distilled, "utf8")}{"id":"q2"}\n`);
    await expect(filter(lab)).rejects.toThrow(/distilled\.jsonl, line 2, field/);
    expect(existsSync(lab.paths.sft)).toBe(false);
  });
});
