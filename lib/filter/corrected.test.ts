import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { correctionsPath } from "../prepare/corrections.ts";
import { distilled, filterBench, labWith, right, twenty } from "../testing/filter-fixture.ts";

const bench = filterBench();

function correct(key: string, verdict: "right" | "wrong"): void {
  const path = correctionsPath(labWith(bench.folder, twenty, []));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    `${JSON.stringify({ correction: "verdict", id: "q", key, verdict, note: "I looked" })}\n`,
  );
}

const texts = twenty.map((q) => distilled(q, right(q)));
const fateOf = (details: { key: string }[], key: string) => details.find((row) => row.key === key);

test("a text that a reader calls wrong is dropped, though rules and Judge would keep it", async () => {
  const before = await bench.run(twenty, texts);
  const { key } = before.details.find(({ reason }) => reason === null)!;
  correct(key, "wrong");
  const { details, sft } = await bench.run(twenty, texts);
  expect(fateOf(details, key)).toMatchObject({
    layer: "answer",
    reason: "corrected",
    message: "wrong, says a reader: I looked",
  });
  expect(sft).toHaveLength(before.sft.length - 1);
});

test("a text that a reader calls right is kept, whatever its answer and the Judge say", async () => {
  const kept = (await bench.run(twenty, texts)).details.filter(({ reason }) => reason === null);
  const [wrong, faulty] = kept.map(({ key }) => key) as [string, string];
  const spoilt = texts.map((row, i) => {
    if (row.key === wrong) return distilled(twenty[i]!, right({ ...twenty[i]!, gold_answer: "999" }));
    return row.key === faulty ? distilled(twenty[i]!, right(twenty[i]!, "fault: padding")) : row;
  });
  const dropped = await bench.run(twenty, spoilt);
  expect([fateOf(dropped.details, wrong), fateOf(dropped.details, faulty)]).toMatchObject([
    { layer: "answer" },
    { layer: "judge" },
  ]);
  for (const key of [wrong, faulty]) {
    correct(key, "right");
    const { details } = await bench.run(twenty, spoilt);
    expect(fateOf(details, key)).toMatchObject({ reason: null, message: "right, says a reader: I looked" });
  }
});

test("a reader's word does not mend a text that breaks the format", async () => {
  const kept = (await bench.run(twenty, texts)).details.find(({ reason }) => reason === null)!;
  const broken = texts.map((row, i) => (row.key === kept.key ? distilled(twenty[i]!, "just 42") : row));
  correct(kept.key, "right");
  expect(fateOf((await bench.run(twenty, broken)).details, kept.key)).toMatchObject({ layer: "format" });
});
