/** What one step did to a token: the numbers that colour it. Pure, for Node and for the page. */
import type { StepAnswer, StepFile } from "./step-record.ts";

/** A token with what the file holds of it. */
export interface StepToken {
  text: string;
  isSpecial: boolean;
  /** Null where the answer was left out of the loss: the step does not know this token. */
  numbers: TokenNumbers | null;
}

export interface TokenNumbers {
  /** Log-probabilities. */
  sampled: number | null;
  before: number;
  after: number;
  reference: number | null;
  /** Of the correction for vLLM, 1 without. */
  weight: number;
  /** d loss / d log-probability. */
  slope: number;
  advantage: number;
}

export function tokensOf(answer: StepAnswer): StepToken[] {
  const special = new Set(answer.special);
  return answer.texts.map((text, i) => ({
    text,
    isSpecial: special.has(i),
    numbers:
      answer.before === null
        ? null
        : {
            sampled: answer.sampled?.[i] ?? null,
            before: answer.before[i]!,
            after: answer.after![i]!,
            reference: answer.reference?.[i] ?? null,
            weight: answer.weight?.[i] ?? 1,
            slope: answer.slope![i]!,
            advantage: answer.advantage,
          },
  }));
}

/** How far the step moved the log-probability: above 0 the token has become more likely. */
export const moved = ({ before, after }: TokenNumbers): number => after - before;

/** Probability after the step by that before: the ratio that a second update on these answers would meet. */
export const ratioAfter = (token: TokenNumbers): number => Math.exp(moved(token));

/**
 * Whether such a second update would learn nothing more from the token: min(ratio A, clip(ratio) A) is flat
 * there, above the upper bound for A > 0 and below the lower one for A < 0.
 */
export function clipsNext(token: TokenNumbers, [low, high]: StepFile["clip"]): boolean {
  const ratio = ratioAfter(token);
  return (token.advantage > 0 && ratio > high) || (token.advantage < 0 && ratio < low);
}

/**
 * The step's push on the token's own logit, without sign: |d loss / d logit| up to the temperature, which all
 * tokens share. d log p / d logit = (1 - p) / temperature, so a token that was nearly certain gets almost
 * none, however large its advantage.
 */
export const push = ({ slope, before }: TokenNumbers): number => Math.abs(slope) * -Math.expm1(before);

/** k3 = o/p − log(o/p) − 1, the token's estimate of the KL to the starting policy; null without a KL. */
export function k3({ before, reference }: TokenNumbers): number | null {
  return reference === null ? null : Math.expm1(reference - before) - (reference - before);
}

/** What holds for the whole step, whichever of its questions are shown. */
export interface StepTotals {
  answers: number;
  /** That the loss saw. */
  tokens: number;
  /** The sum of `push` over them. */
  push: number;
  /**
   * Where each colour is full: the largest of the step's tokens, but no movement beyond half or twice the
   * probability.
   */
  full: Record<"moved" | "advantage" | "share" | "drift", number>;
}

export function totalsOf({ questions }: Pick<StepFile, "questions">): StepTotals {
  const answers = questions.flatMap((question) => question.answers);
  const seen = answers.flatMap((answer) => tokensOf(answer).flatMap(({ numbers }) => numbers ?? []));
  const pushes = seen.map(push);
  const sum = pushes.reduce((total, one) => total + one, 0);
  return {
    answers: answers.length,
    tokens: seen.length,
    push: sum,
    full: {
      moved: Math.min(Math.LN2, largest(seen.map(moved))),
      advantage: largest(answers.map(({ advantage }) => advantage)),
      share: sum === 0 ? 0 : largest(pushes) / sum,
      drift: Math.min(Math.LN2, largest(seen.map(drift))),
    },
  };
}

/** How far the policy had come from the starting one before the step; 0 without a KL. */
const drift = ({ before, reference }: TokenNumbers): number => (reference === null ? 0 : before - reference);

const largest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

export const MEASURES = ["moved", "ratio", "clipped", "advantage", "share", "drift"] as const;
export type Measure = (typeof MEASURES)[number];

/** In a choice, and what it means. */
export const MEASURE_TEXTS: Record<Measure, { label: string; means: string }> = {
  moved: {
    label: "moved",
    means: "log-probability after the step minus before it (colour: its square root)",
  },
  ratio: { label: "ratio", means: "probability after the step by that before it; full at the clip bounds" },
  clipped: {
    label: "clipped",
    means:
      "this step clips nothing, as its answers are learned from once and their ratio is 1; marked is what " +
      "a second update on the same answers would clip",
  },
  advantage: { label: "advantage", means: "the answer's, the same for all its tokens" },
  share: {
    label: "share of the gradient",
    means: "of the step's push on logits, |slope| (1 − p) (colour: its square root)",
  },
  drift: {
    label: "away from the start",
    means: "log-probability before the step minus that under the starting policy",
  },
};

/**
 * How strongly a token is coloured, −1 … 1: below 0 in the colour of less, above in that of more; null for
 * none, where there is no such number.
 */
export function shade(
  measure: Measure,
  token: TokenNumbers,
  { clip, totals }: { clip: StepFile["clip"]; totals: StepTotals },
): number | null {
  const { full } = totals;
  switch (measure) {
    case "moved":
      return rooted(part(moved(token), full.moved));
    case "ratio": {
      const by = ratioAfter(token) - 1;
      return part(by, by > 0 ? clip[1] - 1 : 1 - clip[0]);
    }
    case "clipped":
      return clipsNext(token, clip) ? Math.sign(moved(token)) : 0;
    case "advantage":
      return part(token.advantage, full.advantage);
    case "share":
      return totals.push === 0 ? 0 : rooted(part(push(token) / totals.push, full.share));
    case "drift":
      return token.reference === null ? null : rooted(part(drift(token), full.drift));
  }
}

const part = (value: number, full: number): number =>
  full === 0 ? 0 : Math.max(-1, Math.min(1, value / full));

/** A few tokens take most of a step: by the square root the others are seen, too. */
const rooted = (value: number): number => Math.sign(value) * Math.sqrt(Math.abs(value));
