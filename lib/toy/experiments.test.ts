import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  clipping,
  collapse,
  drGrpo,
  hacking,
  luckyPairs,
  readClipping,
  readCollapse,
  readHacking,
  readLengths,
  readLuck,
  readSpeed,
} from "./experiments.ts";
import { factsOf, measureToy, runToy } from "./facts.ts";
import { answerLoss } from "./grpo.ts";
import { turnKnobs } from "./knobs.ts";
import { toyGrpo } from "./index.ts";
import { walkToy } from "./walk.ts";

const PAID = [1, 0.3, 0.3, 0];
const FROM = [0.2, 0.45, 0.2, 0.15];

describe("a walk", () => {
  test("at the first update has ratio 1, k3 0, and pushes by the sign of the advantage", () => {
    const { rows, loss, gradient } = walkToy(PAID, FROM, { learningRate: 0.5 });
    for (const row of rows) {
      expect(row.ratio).toBeCloseTo(1, 12);
      expect(row.k3).toBeCloseTo(0, 12);
      expect(row.loss).toBeCloseTo(-row.advantage, 12);
      expect(row.push).toBe(row.advantage > 0 ? "up" : "down");
    }
    expect(loss).toBeCloseTo(0, 12);
    expect(gradient).toBeGreaterThan(0.1);
    expect(rows[0]!["p after"]).toBeGreaterThan(rows[0]!["p before"]);
  });

  test("goes on where the update before it ended", () => {
    const walk = (update: number) => walkToy(PAID, FROM, { learningRate: 0.5 }, update).rows;
    walk(2).forEach((row, i) => expect(row["p before"]).toBeCloseTo(walk(1)[i]!["p after"], 12));
    expect(walk(8).some(({ clipped }) => clipped)).toBe(true);
  });

  test("is read as it came out: loss 0, then not; clipped, or not", () => {
    const read = (update: number) => walkToy(PAID, FROM, { learningRate: 0.5 }, update).reading;
    expect(read(1)).toMatch(
      /^The loss is \*\*0\*\*.* answer 1 from 20\.0 % to 2\d\.\d %.* No answer is clipped\.$/,
    );
    expect(read(4)).toMatch(/^The loss is \*\*-\d.* Clipped: \*\*answers 1 and 4\*\*/);
    expect(walkToy([1, 1, 1, 1], FROM).reading).toContain("The gradient is **0**");
  });

  test("pushes nothing where all are paid alike", () => {
    expect(walkToy([1, 1, 1, 1], FROM).rows.map(({ push }) => push)).toEqual(Array(4).fill("not at all"));
  });
});

describe("a run in numbers", () => {
  test("counts batches and answers until the best-paid answer is at 90 %", () => {
    const run = runToy(PAID, FROM);
    const { reached, asked, best } = factsOf(run, PAID);
    expect(run[reached! - 1]!.policy[0]).toBeGreaterThanOrEqual(0.9);
    expect(run[reached! - 2]!.policy[0]).toBeLessThan(0.9);
    expect(asked).toBe(8 * reached!);
    expect(best).toBe(run.at(-1)!.policy[0]);
  });

  test("knows when it never got there", () => {
    expect(measureToy(PAID, FROM, { batches: 2 }, 3)).toMatchObject({ reached: null, asked: 16 });
  });

  test("refuses chances that are none, and steps that overflow", () => {
    expect(() => runToy(PAID, [0.5, 0.5])).toThrow("a chance above 0 for each of 4 answers");
    expect(() => runToy(PAID, [0.5, 0.5, 0.5, 0.5])).toThrow("summing to 1");
    expect(() => runToy(PAID, [1, 0, 0, 0])).toThrow("above 0");
    expect(() => runToy(PAID, FROM, { learningRate: 20, beta: 5, updatesPerBatch: 8 })).toThrow(
      "lower learningRate",
    );
  });
});

describe("clipping", () => {
  test("is nothing at one update a batch, and holds the ratio at many", () => {
    const { rows, reading } = clipping(PAID, FROM, [1, 8], { learningRate: 0.5, epsilon: 0.1 });
    expect(rows[0]).toMatchObject({ "updates a batch": 1, "clipped terms": "0 %" });
    const [bounded, free] = ["largest ratio it meets, ε = 0.1", "largest ratio it meets, no clip"] as const;
    expect(rows[0]).toMatchObject({ [bounded]: 1, [free]: 1 });
    expect(Number(rows[1]![bounded])).toBeLessThan(rows[1]![free]);
    expect(reading).toMatch(
      /is 1\. The clip acts from \*\*8 updates a batch\*\* on\. With 8 it \*\*only costs time\*\* here/,
    );
  });

  test("is read as it came out", () => {
    expect(readClipping([1, 2], [])).toContain("Within these runs the clip never acts.");
    expect(readClipping([2, 4], [4])).toBe("The clip acts from **4 updates a batch** on.");
    expect(readSpeed(4, 10, 20)).toBe(
      " With 4 it **helps**: batches to 90 % are 10.0 with it and 20.0 without.",
    );
    expect(readSpeed(4, 10, null)).toContain("**helps**");
    expect(readSpeed(4, null, 10)).toContain(
      "only costs time** here: batches to 90 % are never in every run",
    );
    expect(readSpeed(4, 10, 10)).toBe("");
  });

  test("saves runs of tiny groups and long updates from their luck", () => {
    const { bounded, free, runs, reading } = luckyPairs(PAID, FROM);
    expect(bounded).toBe(runs);
    expect(free).toBeLessThan(0.95 * runs);
    expect(reading).toContain("**There the clip helps**");
    const set = { groupSize: 2, updatesPerBatch: 16, learningRate: 2 };
    expect(readLuck(5, 5, 9, set)).toContain("no difference there");
    expect(readLuck(4, 5, 9, set)).toContain("does harm");
  });
});

describe("entropy", () => {
  test("falls to one of two equal answers without β, and is held by it", () => {
    const { lines, reading } = collapse([1, 0.3, 0.3, 1], FROM, [0, 0.3]);
    expect(lines.map(({ label }) => label)).toEqual(["β = 0", "β = 0.3"]);
    expect(lines[0]!.y[0]).toBeCloseTo(lines[1]!.y[0]!, 12);
    expect(lines[0]!.y.at(-1)).toBeLessThan(lines[1]!.y.at(-1)!);
    expect(reading).toContain("one of the 2 equally good answers");
  });

  test.each([
    [0.4, 6, "collapses"],
    [0.4, 5, "falls"],
    [0.95, 0, "holds"],
  ])("that ends at %d of 1 nat, one of two equal answers alone in %d runs, %s", (last, alone, word) => {
    expect(readCollapse({ beta: 0, y: [1, last], alone, equals: 2 })).toBe(
      `With β = 0 the entropy **${word}**, from 1.00 to ${last.toFixed(2)} nats (2 equal answers would ` +
        `leave 0.69); in ${alone} of 20 runs one of the 2 equally good answers ends above 90 %.`,
    );
  });

  test("that goes where one answer is best is no collapse", () =>
    expect(readCollapse({ beta: 0, y: [1, 0.1], alone: 20, equals: 1 })).toContain("**falls**"));
});

describe("reward hacking", () => {
  test("a cheaper wrong answer that is paid alike takes over; divided by the spread, sooner", () => {
    const careless = [0.938, 0.237, 0.247, 0.946];
    const { lines, reading } = hacking(careless, [1, 0, 0, 0], FROM);
    expect(lines[0]!.y.at(-1)).toBeGreaterThan(lines[0]!.y[0]!);
    expect(lines[1]!.y.at(-1)).toBeLessThan(0.3);
    expect(reading).toContain("**The reward is hacked**");
    const plain = hacking(careless, [1, 0, 0, 0], FROM, { scale: false }).lines[1]!.y.at(-1)!;
    expect(plain).toBeGreaterThan(lines[1]!.y.at(-1)!);
  });

  test.each([
    [[0.5, 0.5], [0.5, 0.2], "did not rise"],
    [[0.5, 0.9], [0.5, 0.9], "Both rise together"],
    [[0.5, 0.9], [0.2, 0.6, 0.1], "is hacked"],
  ])("paid %j, right %j: %s", (paid, right, says) => {
    expect(readHacking(paid, right)).toContain(says);
  });
});

describe("Dr. GRPO", () => {
  const group = [
    { answer: "right", reward: 1, tokens: 40 },
    { answer: "wrong, short", reward: 0.3, tokens: 40 },
    { answer: "wrong, long", reward: 0.3, tokens: 160 },
  ];

  test("leaves out both divisions (arXiv 2503.20783)", () => {
    const { rows, reading } = drGrpo(group, 200);
    const [right, short, long] = rows;
    expect(right!["A, Dr. GRPO"]).toBeCloseTo(1 - 1.6 / 3, 12);
    expect(short!["push a token, Dr. GRPO"]).toBe(long!["push a token, Dr. GRPO"]);
    expect(short!["push a token, DAPO"]).toBe(long!["push a token, DAPO"]);
    expect(right!["push a token, DAPO"]).toBeCloseTo(right!["A, GRPO"] / 80, 12);
    expect(short!["push a token, GRPO"] / long!["push a token, GRPO"]).toBeCloseTo(4, 12);
    expect(reading).toContain("**4 times less**");
  });

  test("says when length changes nothing", () => {
    expect(readLengths(group.slice(0, 2), [1, -1])).toContain("equally long");
    expect(readLengths(group, [0, 0, 0])).toContain("no signal");
  });
});

describe("the knobs", () => {
  const { knobs, batches } = turnKnobs(PAID, FROM);

  test("all start from one run", () => {
    const first = knobs[0]!.positions[knobs[0]!.active]!;
    for (const { positions, active } of knobs) {
      expect(positions[active]!.policies).toEqual(first.policies);
      expect(positions.filter(({ policies }) => policies !== positions[active]!.policies).length).toBe(
        positions.length - 1,
      );
    }
    expect(first.policies.length).toBe(batches.length);
    expect([batches[0], batches.at(-1)]).toEqual([0, 200]);
    expect(first.policies[0]).toEqual(FROM);
  });

  test("change the run", () => {
    for (const { name, positions, active } of knobs) {
      const others = positions.filter((_, i) => i !== active);
      expect(
        others.some(({ policies }) => policies.at(-1)![0] !== positions[active]!.policies.at(-1)![0]),
        name,
      ).toBe(true);
    }
  });

  test("keep a value of the reader's own", () => {
    const turned = turnKnobs(PAID, FROM, { beta: 0.25, scale: false }).knobs;
    expect(turned[1]!.positions.map(({ label }) => label)).toEqual(["0", "0.1", "0.25", "1"]);
    expect(turned[1]!.active).toBe(2);
    expect(turned.find(({ name }) => name.includes("std"))!.positions.map(({ label }) => label)).toEqual([
      "off",
      "on",
    ]);
  });
});

test("the loss that notebook 05 writes out is the library's, in value and slope", () => {
  const path = join(import.meta.dirname, "../../notebooks/05_grpo.ipynb");
  const { cells } = JSON.parse(readFileSync(path, "utf8")) as { cells: { id: string; source: string[] }[] };
  const cell = cells.find(({ source }) => source.join("").includes("function answerLoss"))!;
  const script = stripTypeScriptTypes(cell.source.join(""));
  const written = new Function("toyGrpo", `${script}; return answerLoss;`)(toyGrpo) as (
    ...values: number[]
  ) => { loss: number; slope: number };
  for (const ratio of [0.5, 0.79, 1, 1.19, 1.5])
    for (const advantage of [-1.2, 0.7]) {
      const [old, start] = [0.3, 0.25];
      const p = ratio * old;
      const ours = answerLoss(p, old, start, advantage, { beta: 0.1, epsilon: 0.2 });
      const theirs = written(p, old, start, advantage, 0.1);
      expect(theirs.loss).toBeCloseTo(ours.loss, 12);
      expect(theirs.slope).toBeCloseTo(ours.slope, 12);
    }
});
