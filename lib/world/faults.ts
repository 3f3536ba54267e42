/**
 * Chains of thought with one planted fault and the right final answer: what rules let through and a Judge
 * must find.
 */
import type { FaultKind } from "./fault-kind.ts";
import type { Random } from "../stats/random.ts";
import type { Drawn } from "./draw.ts";
import { solve } from "./draw.ts";
import type { Solution } from "./kind.ts";

const PADDING = {
  en: [
    "Let me think about this carefully.",
    "This is an interesting question.",
    "Finance is important for every company.",
    "I should make sure that I understand.",
    "Many people ask about this.",
    "Let us go on step by step.",
  ],
  zh: [
    "让我仔细想一想。",
    "这是一个有趣的问题。",
    "财务对每家公司都很重要。",
    "我要确保理解题意。",
    "很多人都会问这个。",
    "我们一步一步来。",
  ],
} as const;

/**
 * A solution of `drawn` with one fault of the given kind, or null where this question offers no place for it.
 */
export function plantFault(random: Random, drawn: Drawn, fault: FaultKind): Solution | null {
  const right = solve(drawn, drawn.kind.right);
  const wrong = solve(drawn, random.pick(drawn.kind.misconceptions));
  switch (fault) {
    case "wrong_step":
      return wrongStep(random, right);
    case "missing_step":
      return right.steps.length < 3
        ? null
        : { ...right, steps: without(right.steps, random.int(1, right.steps.length - 2)) };
    case "shuffled_steps":
      return shuffledSteps(random, right);
    case "padding":
      return padded(random, right, PADDING[drawn.language]);
    case "wrong_reasoning":
      return endingIn(wrong, right.answer);
    case "contradicting_answer":
      return { steps: wrong.steps, answer: right.answer };
  }
}

function without(steps: string[], i: number): string[] {
  return [...steps.slice(0, i), ...steps.slice(i + 1)];
}

/** Changes the result of one calculation that is not the last. */
function wrongStep(random: Random, right: Solution): Solution | null {
  const places = right.steps
    .map((step, i) => ({ i, match: /^(.*\d.*=)(-?\d+(?:\.\d+)?)(%?)$/.exec(step) }))
    .filter(({ i, match }) => match && i < right.steps.length - 1);
  if (places.length === 0) return null;
  const { i, match } = random.pick(places);
  const [, left, number, sign] = match!;
  const digits = number!.split("");
  const spots = digits.flatMap((d, k) => (d >= "0" && d <= "9" ? [k] : []));
  const spot = random.pick(spots);
  digits[spot] = String((Number(digits[spot]) + random.int(1, 9)) % 10);
  const steps = right.steps.slice();
  steps[i] = `${left}${digits.join("")}${sign}`;
  return { ...right, steps };
}

function shuffledSteps(random: Random, right: Solution): Solution | null {
  if (right.steps.length < 3) return null;
  for (;;) {
    const steps = random.shuffle(right.steps);
    if (steps.some((step, i) => step !== right.steps[i])) return { ...right, steps };
  }
}

function padded(random: Random, right: Solution, sentences: readonly string[]): Solution {
  const steps = right.steps.slice();
  for (const sentence of random.shuffle(sentences).slice(0, random.int(2, 4)))
    steps.splice(random.int(0, steps.length), 0, sentence);
  return { ...right, steps };
}

/**
 * The misconception's steps, bent at the end to the right answer; null where the last step does not show the
 * answer's number.
 */
function endingIn(wrong: Solution, answer: string): Solution | null {
  const last = wrong.steps.at(-1)!;
  const number = (text: string) => /-?\d+(?:\.\d+)?/.exec(text)?.[0];
  const [from, to] = [number(wrong.answer), number(answer)];
  const at = from === undefined ? -1 : last.lastIndexOf(`=${from}`);
  if (at < 0 || from === undefined || to === undefined) return null;
  const steps = wrong.steps.slice(0, -1);
  steps.push(`${last.slice(0, at)}=${to}${last.slice(at + 1 + from.length)}`);
  return { steps, answer };
}
