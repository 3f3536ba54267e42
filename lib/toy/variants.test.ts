import { describe, expect, test } from "vitest";
import { createRandom } from "../stats/random.ts";
import { mean } from "../stats/stats.ts";
import { batchLoss } from "./grpo.ts";
import { TOY_DEFAULTS } from "./settings.ts";
import { chanceOf, chancesOf, treeOf, type WrittenQuestion } from "./tree.ts";
import { compareVariants, drawBatch, gradientOf, readVariants, tellVariants, turned } from "./variants.ts";
import { GRPO, type Recipe, slopesOf } from "./weigh.ts";

const a = (text: string, reward: number, chance: number) => ({ tokens: text.split(" "), reward, chance });
const QUESTIONS: WrittenQuestion[] = [
  [
    a("20/80 25%", 1, 0.3),
    a("20/80 untagged", 0, 0.2),
    a("100/80 125%", 0.3, 0.3),
    a("100/80 hm hm", 0, 0.2),
  ],
  [a("7", 1, 0.7), a("so 7", 1, 0.3)],
];
const tree = treeOf(QUESTIONS);
const batch = drawBatch(tree, QUESTIONS, { groupSize: 16 }, createRandom(1));
const MOVED = tree.logits.map((fork, f) => fork.map((logit, k) => logit + 0.4 * Math.sin(3 * f + 5 * k)));
const gradient = (change: Partial<Recipe>, logits = tree.logits) =>
  gradientOf(logits, batch, { ...GRPO, beta: 0, ...change });

test("a tree gives every answer its chance, and answers that begin alike share a fork", () => {
  const chances = chancesOf(tree.logits);
  QUESTIONS.forEach((answers, q) =>
    answers.forEach(({ chance }, i) => expect(chanceOf(tree.paths[q]![i]!, chances)).toBeCloseTo(chance, 12)),
  );
  expect(tree.paths[0]![0]![1]!.fork).toBe(tree.paths[0]![1]![1]!.fork);
  expect(tree.paths[0]![0]![1]!.fork).not.toBe(tree.paths[0]![2]![1]!.fork);
});

describe("the gradient", () => {
  test("is the toy's own where an answer is one token", () => {
    const [rewards, from] = [
      [1, 0.3, 0.3, 0],
      [0.2, 0.45, 0.2, 0.15],
    ];
    const single = [rewards!.map((reward, i) => a(`${i}`, reward, from![i]!))];
    const small = treeOf(single);
    const { groups, old, start } = drawBatch(small, single, { groupSize: 8 }, createRandom(3));
    const moved = [small.logits[0]!.map((logit, k) => logit + [0.5, -0.4, 0.1, 0][k]!)];
    const drawn = groups[0]!;
    const paid = drawn.map(({ reward }) => reward);
    const spread = Math.sqrt(paid.reduce((all, r) => all + (r - mean(paid)) ** 2, 0) / 7) + 1e-4;
    const known = {
      group: drawn.map(({ path }) => path[0]!.pick),
      advantages: paid.map((reward) => (reward - mean(paid)) / spread),
      ...{ old: old[0]!, start: start[0]! },
    };
    const expected = batchLoss(moved[0]!, known, TOY_DEFAULTS).gradient;
    gradientOf(moved, { groups, old, start }, GRPO)[0]!.forEach((slope, k) =>
      expect(slope).toBeCloseTo(expected[k]!, 9),
    );
  });

  // GSPO, arXiv 2507.18071, equations 5 and 7: min(s A, clip(s) A) with s the geometric mean of the ratios.
  test("of GSPO is a finite difference of its published loss", () => {
    const loss = (logits: number[][]) => {
      const [now, old] = [chancesOf(logits), chancesOf(tree.logits)];
      const terms = batch.groups.flatMap((group) => {
        const paid = group.map(({ reward }) => reward);
        const spread = Math.sqrt(paid.reduce((all, r) => all + (r - mean(paid)) ** 2, 0) / 15) + 1e-4;
        return group.map(({ path, reward }) => {
          const s = (chanceOf(path, now) / chanceOf(path, old)) ** (1 / path.length);
          const advantage = (reward - mean(paid)) / spread;
          return -Math.min(s * advantage, Math.min(Math.max(s, 0.8), 1.2) * advantage);
        });
      });
      return mean(terms);
    };
    const found = gradient({ ratio: "answer" }, MOVED);
    MOVED.forEach((fork, f) =>
      fork.forEach((_, k) => {
        const at = (by: number) =>
          MOVED.map((row, g) => row.map((x, j) => (f === g && k === j ? x + by : x)));
        expect(found[f]![k]).toBeCloseTo((loss(at(1e-6)) - loss(at(-1e-6))) / 2e-6, 6);
      }),
    );
  });

  test("of CISPO bounds the weight and keeps the slope (arXiv 2506.13585, equation 4)", () => {
    const answer = { reward: 1, now: [0.9, 0.5], old: [0.3, 0.5], start: [0.3, 0.5] };
    const other = { reward: 0, now: [0.5], old: [0.5], start: [0.5] };
    const slopes = (change: Partial<Recipe>) =>
      slopesOf([[answer, other]], { ...GRPO, beta: 0, ...change })[0]![0]!;
    expect(slopes({})[0]).toBeCloseTo(0, 12);
    const [bounded, free] = slopes({ ratio: "weight", average: "tokens" });
    expect(bounded! / free!).toBeCloseTo(1.2, 9);
  });

  test("of RLOO is that of r − mean, times G / (G − 1), summed over the tokens", () => {
    const { angle, length } = turned(
      gradient({ advantage: "others", average: "none", ratio: "none" }),
      gradient({ advantage: "centred", average: "limit", limit: 4 }),
    );
    expect(angle).toBeCloseTo(0, 5);
    expect(length).toBeCloseTo((4 * 16) / 15, 9);
  });

  test("of silent groups left out is longer, of cut answers left out it is another", () => {
    expect(turned(gradient({ dropSilent: true }), gradient({}))).toMatchObject({ length: 2 });
    expect(turned(gradient({ dropCut: true, limit: 3 }), gradient({ limit: 3 })).angle).toBeGreaterThan(0.1);
    expect(turned(gradient({ shapeLength: true, limit: 3 }), gradient({ limit: 3 })).angle).toBeGreaterThan(
      0.1,
    );
  });

  test("of a batch that all drop is nothing, and lies nowhere", () => {
    const none = [[0, 0]];
    expect(turned(none, [[1, 0]])).toEqual({ angle: 0, length: 0 });
    expect(turned([[1, 0]], none)).toEqual({ angle: 0, length: 1 });
  });
});

describe("the variants", () => {
  const few = { runs: 2, batches: 80 };
  const all = compareVariants(QUESTIONS, few);
  const named = (name: string) => all.find((one) => one.name.includes(name))!;

  test("that only touch the ratio are GRPO at one update a batch, run and gradient", () => {
    for (const name of ["clip higher", "GSPO"]) {
      expect(named(name).twin).toBe("GRPO");
      expect(named(name).reached[0]).toBe(named("GRPO").reached[0]);
    }
    expect(named("CISPO").twin).toBe("DAPO, token-level loss");
    expect(named("GSPO").fourth).not.toEqual(named("GSPO").first);
  });

  test("are a table of links, formulas and settings, and a reading", () => {
    const { table, reading } = tellVariants(QUESTIONS, few);
    const lines = table.split("\n");
    expect(lines.length).toBe(all.length + 2);
    for (const line of lines) expect(line.split(" | ").length).toBe(7);
    expect(table).toContain("(https://arxiv.org/abs/2507.18071)");
    expect(table).not.toMatch(/\$\d/);
    expect(reading).toMatch(/^At one update a batch \*\*.*GSPO\*\* cannot be told from GRPO/);
    expect(reading).toContain("CISPO starts as DAPO, token-level loss.");
  });

  test("say when they run out of time", () =>
    expect(tellVariants(QUESTIONS, { runs: 1, batches: 1 }).table).toContain("not in time / "));
});

test("the reading follows what lies where", () => {
  type Place = [angle: number, length: number];
  const one = (name: string, first: Place, fourth: Place, twin: string | null = null, batches = 60) => ({
    ...{ name, twin, reached: [batches, 20] as [number, number] },
    ...{ first: { angle: first[0], length: first[1] }, fourth: { angle: fourth[0], length: fourth[1] } },
  });
  const plain = one("GRPO", [0, 1], [0, 1]);
  expect(readVariants([plain])).toBe("");
  expect(readVariants([plain, one("GSPO", [0, 1], [0, 1], "GRPO")])).toBe(
    "At one update a batch **GSPO** cannot be told from GRPO: one gradient, one run.",
  );
  const all = [
    one("GSPO", [0, 1], [9, 1], "GRPO"),
    one("DAPO, clip higher", [0, 1], [9, 1], "GRPO"),
    one("no KL", [0, 1], [1, 1], "GRPO", 55),
    one("DAPO, longer", [0, 1.5], [0, 1.5]),
    one("CISPO", [12, 1], [12, 1], "token mean"),
  ];
  expect(readVariants([plain, ...all])).toBe(
    [
      "At one update a batch **GSPO and clip higher** cannot be told from GRPO: one gradient, one run.",
      "On answers used again **GSPO and clip higher** part from it.",
      "The same only until the policy has moved: **no KL**.",
      "Only the gradient's length changes with longer.",
      "Off from the first update on: CISPO.",
      "CISPO starts as token mean.",
    ].join(" "),
  );
});
