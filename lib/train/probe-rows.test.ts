import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { canonicalKey } from "../question/canonical.ts";
import { rlRow } from "../records.ts";
import type { RlRow } from "../records.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { generateQuestions, questionsApart } from "../world/generate.ts";
import { holdOut, probeRows } from "./probe-rows.ts";

const workspace = temporaryWorkspace();
const { paths } = workspace;
afterAll(() => workspace.remove());

const rows = (count: number): RlRow[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ id: `q${i}`, prompt: "?", gold_answer: "1", type: "financial_concept" as const },
  }));
const lab = (grpo: object = {}, prepare: object = {}, seed = 42) => {
  const { tiny } = PROFILES;
  const config = {
    ...tiny,
    ...{ seed, grpo: { ...tiny.grpo, ...grpo }, prepare: { ...tiny.prepare, ...prepare } },
  };
  return { paths, config };
};
const ids = (list: readonly RlRow[]) => list.map(({ id }) => id);

test("generated questions take no row from training, and are near-copies of no other", () => {
  const trained = generateQuestions(300, 42).map(rlRow);
  // A test that holds what the probe would have drawn.
  const taken = questionsApart(64, "probe_42", []).map(rlRow);
  mkdirSync(dirname(paths.test), { recursive: true });
  writeFileSync(paths.test, taken.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const { train, probe } = probeRows(trained, lab());
  expect(train).toEqual(trained);
  expect(probe).toHaveLength(64);
  expect(new Set(probe.map(({ type }) => type)).size).toBe(4);
  const others = new Set([...trained, ...taken].map(({ prompt }) => canonicalKey(prompt)));
  expect(probe.filter(({ prompt }) => others.has(canonicalKey(prompt)))).toEqual([]);
  expect(probeRows(trained, lab()).probe).toEqual(probe);
  const other = ids(probeRows(trained, lab({}, {}, 7)).probe);
  expect(other.filter((id) => ids(probe).includes(id))).toEqual([]);
});

test("where all questions are the reader's own, some are kept from training", () => {
  const own = { generated: 0 };
  expect(probeRows(rows(800), lab({}, own))).toEqual(holdOut(rows(800), 64, 42));
  expect(probeRows(rows(800), lab({ probeSteps: 0 }, own)).probe).toEqual([]);
  expect(probeRows(rows(800), lab({ probeSteps: 0 })).probe).toEqual([]);
});

test("held out and trained on are all rows, in their order", () => {
  const { train, probe } = holdOut(rows(800), 64, 42);
  expect(probe).toHaveLength(64);
  expect(train).toHaveLength(736);
  expect(new Set([...ids(train), ...ids(probe)]).size).toBe(800);
  expect(ids(train)).toEqual(ids(rows(800)).filter((id) => !ids(probe).includes(id)));
});

test("at most a tenth is held out; none of few questions", () => {
  expect(holdOut(rows(300), 64, 42).probe).toHaveLength(30);
  expect(holdOut(rows(99), 64, 42).probe).toEqual([]);
});

test("one question more in the file hardly changes who is held out; another seed does", () => {
  const before = ids(holdOut(rows(800), 64, 42).probe);
  const after = ids(holdOut(rows(801), 64, 42).probe);
  expect(before.filter((id) => after.includes(id)).length).toBeGreaterThanOrEqual(63);
  const other = ids(holdOut(rows(800), 64, 7).probe);
  expect(before.filter((id) => other.includes(id)).length).toBeLessThan(20);
});
