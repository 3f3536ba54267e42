import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { measureJudge, measureLines, readLabelled } from "./measure.ts";
import { expectedVerdict, inertText, LAYOUT_NAMES } from "./prompt.ts";
import { FAULT_KINDS } from "../world/fault-kind.ts";
import type { FaultKind } from "../world/fault-kind.ts";
import { plantedFaults } from "./sets.ts";
import { openLab } from "../config/lab.ts";
import { judgedText, stubJudge, startStubJudge } from "../testing/stub-judge.ts";
import type { StubJudge } from "../testing/stub-judge.ts";

let folder: string;
let stub: StubJudge;
const faults = new Map(
  plantedFaults(120, 42).map((row) => [inertText(row.completion), row.fault as FaultKind | null]),
);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "measure-"));
  // Knows every plant, fails nothing else, and misses padding when the layout is in Chinese.
  stub = await startStubJudge(({ prompt }) => {
    const fault = faults.get(judgedText(prompt)) ?? null;
    return expectedVerdict({
      rubric: "four-dimensions",
      fault: fault === "padding" && prompt.startsWith("评判") ? null : fault,
    });
  });
});
afterEach(async () => {
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});
const lab = () => openLab({ "serving.concurrency": 8 }, { FTMODEL_WORKSPACE: folder });

test("a Judge that knows every plant has kappa 1 and no false positive; no attack passes", async () => {
  const measure = await measureJudge(lab(), stubJudge(stub.url), { count: 120, layouts: LAYOUT_NAMES });
  expect(measure.card).toMatchObject({
    n: 120,
    judged: 120,
    kappa: { value: 1 },
    recall: { value: 1 },
    falsePositiveRate: { value: 0 },
    unreadable: { value: 0 },
  });
  expect(Object.keys(measure.card.byFault)).toEqual([...FAULT_KINDS]);
  expect(measure.attacks).toMatchObject({ passedWithRules: 0 });
  expect(measure.attacks.passedWithoutRules).toBe(measure.attacks.n); // it fails nothing it does not know
  expect(measure.rules!.wrongPassed!.value).toBe(1);
  const errors = Object.fromEntries(measure.layouts.map((l) => [l.layout, l.card.errorRate!.value]));
  const lines = measureLines(measure);
  for (const line of lines.slice(2))
    expect(line).toMatch(/^\S+ (\d+|not measured|-?\d\.\d{3}( \[-?\d\.\d{3}, -?\d\.\d{3}\])?)( n=\d+)?$/);
  expect(lines.find((line) => line.startsWith("layout_rules-first-zh_error_rate 0.083 ["))).toMatch(
    / n=120$/,
  );
  expect(errors).toEqual({
    "rules-first": 0,
    "inputs-first": 0,
    "rules-first-question": 0,
    "inputs-first-question": 0,
    "rules-first-zh": expect.closeTo(10 / 120, 9),
  });
});

test("an unchanged measure asks nothing again and prints the same figures", async () => {
  const first = await measureJudge(lab(), stubJudge(stub.url), { count: 60 });
  const asked = stub.requests.length;
  const second = await measureJudge(lab(), stubJudge(stub.url), { count: 60 });
  expect(stub.requests).toHaveLength(asked);
  expect(measureLines(second)).toEqual(measureLines(first));
  const names = measureLines(first).map((line) => line.split(" ")[0]);
  for (const name of [
    "kappa",
    "precision",
    "recall",
    "false_positive_rate",
    "unreadable_rate",
    "rule_agreement",
    "attacks_passed_with_rules",
    "passed_without_rules_empty_chain_of_thought",
    "mean_logic_of_padding",
    ...FAULT_KINDS.map((k) => `recall_${k}`),
  ])
    expect(names).toContain(name);
});

test("the user's own labelled file is measured as it is", async () => {
  const path = join(folder, "mine.jsonl");
  const mine = plantedFaults(20, 42).map((row, i) => ({
    ...row,
    ...(i === 0 && { gold: "123456789" }),
    fault: row.fault && "my fault",
  }));
  writeFileSync(path, mine.map((row) => JSON.stringify(row)).join("\n"));
  const measure = await measureJudge(lab(), stubJudge(stub.url), { labelled: readLabelled(path) });
  // The stub knows none of these plants and passes all, the one with a wrong answer, too.
  expect(measure.rules).toMatchObject({
    n: 20,
    agreement: { value: 0.95 },
    wrongPassed: { value: 1 },
    disagreements: [{ id: mine[0]!.id, rule: "wrong", judge: "passed" }],
  });
  expect(measure.card.byFault).toMatchObject({ "my fault": { n: 10 } });
  writeFileSync(path, '{"id":"a","question":"q","gold":"1","completion":"x"}\n');
  expect(() => readLabelled(path)).toThrow(/mine\.jsonl, line 1, field fault/);
});
