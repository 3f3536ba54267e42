import { expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import type { RlRow } from "../records.ts";
import { holdOutProbe } from "./probe-rows.ts";

const rows = (count: number): RlRow[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ id: `q${i}`, prompt: "?", gold_answer: "1", type: "financial_concept" as const },
  }));
const lab = (change: object = {}, seed = 42) => ({
  config: { ...PROFILES.tiny, seed, grpo: { ...PROFILES.tiny.grpo, ...change } },
});
const ids = (list: readonly RlRow[]) => list.map(({ id }) => id);

test("the probe is kept from training, and both together are all questions in their order", () => {
  const { train, probe } = holdOutProbe(rows(800), lab());
  expect(probe).toHaveLength(64);
  expect(train).toHaveLength(736);
  expect(new Set([...ids(train), ...ids(probe)]).size).toBe(800);
  expect(ids(train)).toEqual(ids(rows(800)).filter((id) => !ids(probe).includes(id)));
});

test("at most a tenth; none of few questions, and none where it is off", () => {
  expect(holdOutProbe(rows(300), lab()).probe).toHaveLength(30);
  expect(holdOutProbe(rows(99), lab()).probe).toEqual([]);
  expect(holdOutProbe(rows(800), lab({ probeSteps: 0 })).probe).toEqual([]);
});

test("one question more in the file hardly changes who is drawn; another seed does", () => {
  const before = ids(holdOutProbe(rows(800), lab()).probe);
  const after = ids(holdOutProbe(rows(801), lab()).probe);
  expect(before.filter((id) => after.includes(id)).length).toBeGreaterThanOrEqual(63);
  const other = ids(holdOutProbe(rows(800), lab({}, 7)).probe);
  expect(before.filter((id) => other.includes(id)).length).toBeLessThan(20);
});
