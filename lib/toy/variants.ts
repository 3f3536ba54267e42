/** The published variants of GRPO on answers of several tokens: gradients side by side, and runs. */
import { hasNoSignal } from "../reward/advantage.ts";
import { createRandom, type Random } from "../stats/random.ts";
import { mean } from "../stats/stats.ts";
import { drawAnswer, sum } from "./draw.ts";
import { PUBLISHED, type Published } from "./published.ts";
import { chanceOf, chancesOf, type Token, type Tree, treeOf, type WrittenQuestion } from "./tree.ts";
import { type Drawn, GRPO, type Recipe, slopesOf } from "./weigh.ts";

export interface VariantSettings {
  groupSize: number;
  /** Step of GRPO. Every variant's is chosen so that its first step is as long. */
  learningRate: number;
  batches: number;
  seed: number | string;
  /** Runs that differ in their seed alone. */
  runs: number;
}

const DEFAULTS: VariantSettings = { groupSize: 16, learningRate: 1, batches: 150, seed: 42, runs: 10 };

/** How a gradient lies to GRPO's on the same answers. */
export interface Turned {
  /** Degrees between the two. */
  angle: number;
  /** Its length over that of GRPO's. */
  length: number;
}

export interface MeasuredVariant extends Published {
  /** Before the first update of a batch: every ratio is 1. */
  first: Turned;
  /** The first variant of the table that has the very same gradient then; null when none has. */
  twin: string | null;
  /** Before the fourth, where GRPO's first three have led. */
  fourth: Turned;
  /** Batches to 90 % right answers to the first question, with 1 and with 4 updates a batch; null: never. */
  reached: [once: number | null, reused: number | null];
}

const REUSED = 4;

/**
 * Every variant of PUBLISHED on `questions`: against GRPO on one batch, and in runs of its own. The gradients
 * are taken at the same logits on the same answers.
 */
export function compareVariants(
  questions: readonly WrittenQuestion[],
  settings: Partial<VariantSettings> = {},
): MeasuredVariant[] {
  const set = { ...DEFAULTS, ...settings };
  const tree = treeOf(questions);
  const batch = drawBatch(tree, questions, set, createRandom(`${set.seed}/batch`));
  const longest = Math.max(...questions.flat().map(({ tokens }) => tokens.length));
  const recipe = (change: Partial<Recipe>): Recipe => ({ ...GRPO, limit: longest, ...change });
  const at = [tree.logits];
  for (let update = 1; update < REUSED; update++)
    at.push(stepped(at.at(-1)!, gradientOf(at.at(-1)!, batch, recipe({})), set.learningRate));
  const against = (logits: Tree["logits"], change: Partial<Recipe>) =>
    turned(gradientOf(logits, batch, recipe(change)), gradientOf(logits, batch, recipe({})));
  const firsts = PUBLISHED.map(({ change }) => gradientOf(at[0]!, batch, recipe(change)).flat());
  const twinOf = (i: number): string | null => {
    const same = firsts.findIndex((one) => Math.hypot(...one.map((x, k) => x - firsts[i]![k]!)) < 1e-9);
    return same < i ? PUBLISHED[same]!.name : null;
  };
  return PUBLISHED.map((variant, i) => {
    const { change } = variant;
    const first = against(at[0]!, change);
    const learningRate = first.length > 0 ? set.learningRate / first.length : set.learningRate;
    const reached = (updates: number): number | null => {
      const all = Array.from({ length: set.runs }, (_, run) =>
        batchesTo90(tree, questions, recipe(change), { ...set, learningRate, updates }, `${set.seed}/${run}`),
      );
      return all.includes(null) ? null : mean(all.map(Number));
    };
    const fourth = against(at.at(-1)!, change);
    return { ...variant, first, twin: twinOf(i), fourth, reached: [reached(1), reached(REUSED)] };
  });
}

/** The answers of one batch: of every question which were drawn, and the policies then and at the start. */
export interface WrittenBatch {
  groups: { path: Token[]; reward: number }[][];
  old: number[][];
  start: number[][];
}

export function drawBatch(
  tree: Tree,
  questions: readonly WrittenQuestion[],
  { groupSize }: Pick<VariantSettings, "groupSize">,
  random: Random,
  logits = tree.logits,
): WrittenBatch {
  const old = chancesOf(logits);
  const groups = questions.map((answers, q) => {
    const chances = tree.paths[q]!.map((path) => chanceOf(path, old));
    return Array.from({ length: groupSize }, () => {
      const i = drawAnswer(chances, random);
      return { path: tree.paths[q]![i]!, reward: answers[i]!.reward };
    });
  });
  return { groups, old, start: chancesOf(tree.logits) };
}

/** The gradient of a batch's loss by all logits. */
export function gradientOf(logits: Tree["logits"], batch: WrittenBatch, set: Recipe): number[][] {
  const now = chancesOf(logits);
  const of = (path: Token[], chances: number[][]) => path.map(({ fork, pick }) => chances[fork]![pick]!);
  const drawn = batch.groups.map((group) =>
    group.map(
      ({ path, reward }): Drawn => ({
        reward,
        now: of(path, now),
        old: of(path, batch.old),
        start: of(path, batch.start),
      }),
    ),
  );
  const gradient = logits.map((fork) => fork.map(() => 0));
  slopesOf(drawn, set).forEach((group, g) =>
    group.forEach((slopes, i) =>
      slopes.forEach((slope, t) => {
        const { fork, pick } = batch.groups[g]![i]!.path[t]!;
        now[fork]!.forEach((p, k) => {
          gradient[fork]![k]! += slope * (Number(k === pick) - p);
        });
      }),
    ),
  );
  return gradient;
}

const stepped = (logits: number[][], gradient: number[][], learningRate: number): number[][] =>
  logits.map((fork, f) => fork.map((logit, k) => logit - learningRate * gradient[f]![k]!));

export function turned(gradient: readonly number[][], plain: readonly number[][]): Turned {
  const [a, b] = [gradient.flat(), plain.flat()];
  const [length, of] = [Math.hypot(...a), Math.hypot(...b)];
  if (length === 0 || of === 0) return { angle: 0, length: of === 0 ? 1 : 0 };
  const cosine = sum(a.map((x, i) => x * b[i]!)) / (length * of);
  return { angle: (180 / Math.PI) * Math.acos(Math.min(1, Math.max(-1, cosine))), length: length / of };
}

function batchesTo90(
  tree: Tree,
  questions: readonly WrittenQuestion[],
  recipe: Recipe,
  set: VariantSettings & { updates: number },
  seed: string,
): number | null {
  const random = createRandom(seed);
  const best = Math.max(...questions[0]!.map(({ reward }) => reward));
  const paths = tree.paths[0]!.filter((_, i) => questions[0]![i]!.reward === best);
  let { logits } = tree;
  for (let batches = 1; batches <= set.batches; batches++) {
    const batch = drawBatch(tree, questions, set, random, logits);
    if (recipe.dropSilent && batch.groups.every((group) => hasNoSignal(group.map(({ reward }) => reward))))
      continue;
    for (let update = 0; update < set.updates; update++)
      logits = stepped(logits, gradientOf(logits, batch, recipe), set.learningRate);
    const chances = chancesOf(logits);
    if (sum(paths.map((path) => chanceOf(path, chances))) >= 0.9) return batches;
  }
  return null;
}

/** The variants as a table of markdown, and what sets them apart on the toy, in words. */
export function tellVariants(questions: readonly WrittenQuestion[], settings: Partial<VariantSettings> = {}) {
  const variants = compareVariants(questions, settings);
  const head = [
    ...["variant", "what changes", "meant to cure", "gradient against GRPO's, first update", "fourth update"],
    ...["batches to 90 %, 1 / 4 updates", "here"],
  ];
  const cells = variants.map(({ name, arxiv, term, cures, setting, first, twin, fourth, reached }, i) => [
    `[${name}](https://arxiv.org/abs/${arxiv})`,
    `$${term}$`,
    cures,
    i === 0 ? "–" : twin === "GRPO" ? "the same" : bearing(first),
    i === 0 ? "–" : bearing(fourth),
    reached.map((batches) => (batches === null ? "not in time" : batches.toFixed(0))).join(" / "),
    setting || "not built in",
  ]);
  const lines = [head, head.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`);
  return { table: lines.join("\n"), reading: readVariants(variants) };
}

const isStraight = ({ angle }: Turned): boolean => angle < 0.05;
const isSame = (one: Turned): boolean => isStraight(one) && Math.abs(one.length - 1) < 0.005;

function bearing(one: Turned): string {
  if (isSame(one)) return "the same";
  const length = Math.abs(one.length - 1) < 0.005 ? [] : [`×\u00a0${one.length.toFixed(2)}`];
  return [...(isStraight(one) ? [] : [`${one.angle.toFixed(0)}°\u00a0off`]), ...length].join(", ");
}

export function readVariants(
  variants: readonly Pick<MeasuredVariant, "name" | "first" | "twin" | "fourth" | "reached">[],
): string {
  const [plain, ...others] = variants;
  const equal = others.filter(({ twin }) => twin === "GRPO");
  const runs = equal.filter(({ reached }) => reached[0] === plain!.reached[0]);
  const starts = equal.filter((one) => !runs.includes(one));
  const longer = others.filter(({ first, twin }) => twin !== "GRPO" && isStraight(first));
  const turning = others.filter(({ first }) => !isStraight(first));
  const late = runs.filter(({ fourth }) => !isSame(fourth));
  const twins = turning.flatMap(({ name, twin }) => (twin ? [`${name} starts as ${twin}`] : []));
  const s = (all: readonly unknown[]) => (all.length > 1 ? "" : "s");
  const said = [
    runs.length > 0 &&
      `At one update a batch **${names(runs)}** cannot be told from GRPO: one gradient, one run.`,
    late.length > 0 && `On answers used again **${names(late)}** part${s(late)} from it.`,
    starts.length > 0 && `The same only until the policy has moved: **${names(starts)}**.`,
    longer.length > 0 && `Only the gradient's length changes with ${names(longer)}.`,
    turning.length > 0 && `Off from the first update on: ${names(turning)}.`,
    twins.length > 0 && `${twins.join("; ")}.`,
  ];
  return said.filter((sentence) => sentence !== false).join(" ");
}

function names(variants: readonly { name: string }[]): string {
  const all = variants.map(({ name }) => name.replace("DAPO, ", ""));
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)!}`;
}
