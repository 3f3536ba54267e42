/** GRPO's loss at one token, with the token's own numbers in it. Pure, for Node and for the page. */
import { formatNumber } from "../view/numbers.ts";
import { clipsNext, k3, moved, push, ratioAfter } from "./measures.ts";
import type { StepTotals, TokenNumbers } from "./measures.ts";
import type { StepFile } from "./step-record.ts";

/** A line of the calculation: what it is, the formula with numbers, what that makes, what it means. */
export interface FormulaLine {
  name: string;
  formula: string;
  value: string;
  note?: string;
}

export interface TokenFormula {
  lines: FormulaLine[];
  /** What the step wanted of the token, and what became of it. */
  sentence: string;
}

type Settings = Pick<StepFile, "beta" | "klGradient" | "clip">;

/**
 * d loss / d log p as GRPO's formula gives it, to be the file's `slope`, which autograd found. At ratio 1:
 * −(w A − β k′) / (n N), where k′ is 1 − o/p ("paper") or log p − log o ("unbiased"), n the answer's tokens
 * and N the step's answers.
 */
export function slopeOf(
  token: TokenNumbers,
  { beta, klGradient }: Settings,
  tokens: number,
  answers: number,
): number {
  return -(token.weight * token.advantage - beta * klSlope(token, klGradient)) / (tokens * answers);
}

function klSlope({ before, reference }: TokenNumbers, klGradient: StepFile["klGradient"]): number {
  if (reference === null) return 0;
  return klGradient === "paper" ? -Math.expm1(reference - before) : before - reference;
}

/** `tokens`: of the token's answer. */
export function tokenFormula(
  token: TokenNumbers,
  settings: Settings,
  totals: StepTotals,
  tokens: number,
): TokenFormula {
  const { before, after, reference, weight, slope, advantage, sampled } = token;
  const { beta, klGradient, clip } = settings;
  const [A, w] = [num(advantage), num(weight)];
  const isWeighted = weight !== 1 || sampled !== null;
  const kl = k3(token);
  const gain = weight * advantage;
  const spread = `(${tokens} × ${totals.answers})`;
  const term = -(gain - beta * (kl ?? 0)) / (tokens * totals.answers);
  const ratio = ratioAfter(token);
  const isOutside = ratio < clip[0] || ratio > clip[1];
  const share = totals.push === 0 ? 0 : push(token) / totals.push;
  const rest = -Math.expm1(before); // 1 − p
  const ofW = isWeighted ? "w " : "";
  const pull = klGradient === "paper" ? "(1 − o/p)" : "(log p − log o)";
  const clipped = `clip(1, ${num(clip[0])}, ${num(clip[1])})`;
  const weighted = isWeighted ? [" · w", ` · ${w}`] : ["", ""];
  const lossParts = kl === null ? ["", ""] : [" − β k3", ` − ${num(beta)} · ${num(kl)}`];
  const withPull = `−(${num(gain)} − ${num(beta)} · ${paren(klSlope(token, klGradient))}) / ${spread}`;
  const lines: (FormulaLine | false)[] = [
    {
      name: "before → after",
      formula: `p: ${percent(before)} → ${percent(after)}`,
      value: `log p ${num(before)} → ${num(after)}`,
    },
    { name: "moved", formula: `${num(after)} − ${paren(before)}`, value: signed(moved(token)) },
    {
      name: "ratio in the loss",
      formula: "p / p",
      value: "1",
      note: "the policy that learns is the one that answered: nothing is clipped",
    },
    sampled !== null && {
      name: "vLLM against the trainer",
      formula: `exp(${num(before)} − ${paren(sampled)})`,
      value: num(Math.exp(before - sampled)),
      note: `weight w = ${w}`,
    },
    {
      name: "gain",
      formula: `min(1 · A, ${clipped} · A)${weighted[0]} = ${paren(advantage)}${weighted[1]}`,
      value: num(gain),
      note:
        advantage === 0 ? "A = 0: paid what its group was paid on average" : `A = ${A}, of the whole answer`,
    },
    kl !== null && {
      name: "KL (k3)",
      formula: `o/p − log(o/p) − 1, log(o/p) = ${num(reference!)} − ${paren(before)}`,
      value: num(kl),
      note: "o: the policy that the run started from",
    },
    {
      name: "its term of the loss",
      formula: `−(gain${lossParts[0]}) / (n N) = −(${num(gain)}${lossParts[1]}) / ${spread}`,
      value: num(term),
      note: `n = ${tokens} tokens of the answer, N = ${totals.answers} answers of the step`,
    },
    {
      name: "slope: d loss / d log p",
      formula: kl === null ? `−${ofW}A / (n N)` : `−(${ofW}A − β ${pull}) / (n N) = ${withPull}`,
      value: num(slope),
      note:
        slope < 0
          ? "below 0: the step pushes it up"
          : slope > 0
            ? "above 0: the step pushes it down"
            : "no push",
    },
    {
      name: "share of the gradient",
      formula: `|slope| (1 − p) / sum = ${num(Math.abs(slope))} · ${num(rest)} / ${num(totals.push)}`,
      value: `${num(100 * share)} %`,
      note: `${num(share * totals.tokens)} times the mean token's`,
    },
    {
      name: "ratio after the step",
      formula: `exp(${signed(moved(token))})`,
      value: num(ratio),
      note: clipsNext(token, clip)
        ? "beyond the bound: a second update would be clipped here"
        : isOutside
          ? "beyond the bound, against the advantage: a second update would not be clipped"
          : `within ${num(clip[0])} … ${num(clip[1])}`,
    },
  ];
  return { lines: lines.filter((line) => line !== false), sentence: happened(token, share * totals.tokens) };
}

/** Magic numbers: a movement by less of the probability, and a push of less of the mean token's, is none. */
const STILL = 1e-4;
const UNPUSHED = 0.01;

/** `pushed`: its push in times the mean token's. */
function happened(token: TokenNumbers, pushed: number): string {
  const { slope } = token;
  const by = moved(token);
  const isStill = Math.abs(by) < STILL;
  const went = isStill ? "has hardly moved" : `has become ${by > 0 ? "more" : "less"} likely`;
  if (pushed < UNPUSHED) return `Hardly anything pushed this token itself; it ${went}.`;
  const wanted = slope < 0 ? "up" : "down";
  if (!isStill && by > 0 === slope < 0) return `The step pushed this token ${wanted}, and it ${went}.`;
  return `The step pushed this token ${wanted}, yet it ${went}: all tokens move through the same weights.`;
}

/** A log-probability as a probability: "63 %", "0.12 %"; never 0 for what can happen. */
function percent(logProbability: number): string {
  const value = 100 * Math.exp(logProbability);
  return value < 0.001 ? "< 0.001 %" : value > 99.99 ? "> 99.99 %" : `${num(value)} %`;
}

const num = (value: number): string => formatNumber(value === 0 ? 0 : value).replaceAll("-", "−");
const paren = (value: number): string => (value < 0 ? `(${num(value)})` : num(value));
const signed = (value: number): string => (value > 0 ? `+${num(value)}` : num(value));
