import { expect, test } from "vitest";
import { QUESTION_LAYERS, TEXT_LAYERS } from "./record.ts";
import { funnelOf } from "./funnel.ts";
import type { PrepareReport } from "../prepare/report.ts";
import { survivalBySource } from "./survival.ts";

const fate = (layer: string, reason: string | null, source: string) => ({
  layer,
  reason,
  source,
  type: "financial_concept",
});
const stats = {
  layers: funnelOf(
    [
      fate("split", "test_question", "basics"),
      fate("format", "text_after", "basics"),
      fate("size", null, "basics"),
      fate("teacher", "length", "filings"),
      fate("answer", "wrong", "filings"),
    ],
    TEXT_LAYERS,
  ),
  questions: funnelOf(
    [
      fate("split", "test_question", "basics"),
      fate("rl_source", null, "basics"),
      fate("rl_source", null, "basics"),
      fate("rl_source", null, "filings"),
      fate("rl_source", null, "filings"),
    ],
    QUESTION_LAYERS,
  ),
};
const report: Pick<PrepareReport, "sources"> = {
  sources: [
    { source: "basics", origin: "generated", read: 3, kept: 3, setAside: {} },
    { source: "filings", origin: "own", read: 10, kept: 2, setAside: { too_long: 7, duplicate: 1 } },
    { source: "essays", origin: "own", read: 4, kept: 0, setAside: { too_long: 4 } },
  ],
};

test("a source's way in one row: read, set aside, asked, through the layers, into the files", () => {
  const [basics, filings] = survivalBySource(report, stats);
  expect(basics).toEqual({
    source: "basics",
    read: 3,
    tooLong: 0,
    setAside: 0,
    heldOut: 1,
    asked: 2,
    wholeText: 2,
    assembled: 2,
    format: 1,
    answer: 1,
    judge: 1,
    sft: 1,
    rl: 2,
  });
  expect(filings).toEqual({
    source: "filings",
    read: 10,
    tooLong: 7,
    setAside: 1,
    heldOut: 0,
    asked: 2,
    wholeText: 1,
    assembled: 1,
    format: 1,
    answer: 0,
    judge: 0,
    sft: 0,
    rl: 2,
  });
});

test("a source that is too long altogether is still a row, and the last row sums all", () => {
  const rows = survivalBySource(report, stats);
  expect(rows[2]).toMatchObject({ source: "essays", read: 4, tooLong: 4, asked: 0, sft: 0 });
  expect(rows[3]).toMatchObject({
    source: "all",
    read: 17,
    tooLong: 11,
    setAside: 1,
    asked: 4,
    sft: 1,
    rl: 4,
  });
});

test("one source needs no sum, none gives no rows", () => {
  expect(survivalBySource({ sources: report.sources.slice(0, 1) }, stats)).toHaveLength(1);
  expect(survivalBySource({ sources: [] }, stats)).toEqual([]);
});
