/** Questions laid as traps for a reward that compares numbers carelessly. */
import { checkAnswer } from "../answer/index.ts";
import { canonicalKey } from "../question/canonical.ts";
import type { RlRow } from "../records.ts";
import { createRandom } from "../stats/random.ts";
import type { Drawn } from "../world/draw.ts";
import { drawQuestion, solve } from "../world/draw.ts";
import type { Solution } from "../world/kind.ts";
import { KINDS } from "../world/kinds/index.ts";

/** As the generated world's questions name their source. */
const WORLD = "finance-basics";

export interface Trap {
  question: RlRow;
  right: Solution;
  /** A wrong method that saves a calculation and ends near the right value. */
  shortcut: Solution;
}

/**
 * `count` different questions of the generated world that each have a shortcut: a wrong method with fewer
 * calculations than the right one, whose result lies within `tolerance` (relative, default 5 %) of the right
 * value, and which the checker calls wrong.
 *
 * A price falls by 10 % and rises by 10 %: 99 % of it is right, "back to the start" is 1 % off. Kinds come as
 * often as their values make such traps; none is a question of the bench. The same count, seed and tolerance
 * give the same questions. Throws RangeError when there are not as many.
 */
export function trapQuestions(count: number, seed: number, tolerance = 0.05): Trap[] {
  const random = createRandom(`traps/${seed}`);
  const traps: Trap[] = [];
  const seen = new Set<string>();
  for (let draws = 0; traps.length < count; draws++) {
    if (draws > 1000 * (count + 10))
      throw new RangeError(
        `trapQuestions requires at most as many traps as there are, got ${count} and found ` +
          `${traps.length} within ${tolerance}`,
      );
    const drawn = drawQuestion(random, random.pick(KINDS), "lab");
    const right = solve(drawn, drawn.kind.right);
    const shortcut = shortcutOf(drawn, right, tolerance);
    const key = canonicalKey(drawn.question);
    if (!shortcut || seen.has(key)) continue;
    seen.add(key);
    const { name: kind, type } = drawn.kind;
    traps.push({
      question: {
        id: `trap_${seed}_${traps.length}`,
        prompt: drawn.question,
        gold_answer: right.answer,
        type,
        source: WORLD,
        kind,
      },
      right,
      shortcut,
    });
  }
  return traps;
}

function shortcutOf({ question, ...drawn }: Drawn, right: Solution, tolerance: number): Solution | undefined {
  const truth = valueOf(right);
  return drawn.kind.misconceptions
    .map((method) => solve({ question, ...drawn }, method))
    .find(
      (wrong) =>
        calculations(wrong) < calculations(right) &&
        Math.abs(valueOf(wrong) - truth) <= tolerance * Math.abs(truth) &&
        checkAnswer({ question, gold: right.answer, prediction: wrong.answer }).verdict === "wrong",
    );
}

/** Traps beside questions of the generated world; none beside others, whose wrong methods have no names. */
export function trapsBeside(
  questions: readonly Pick<RlRow, "source" | "kind">[],
  count: number,
  seed: number,
): Trap[] {
  return questions.some(isOfWorld) ? trapQuestions(count, seed) : [];
}

/**
 * Whether a question is of the generated world, whose wrong methods are known by name; of others no traps can
 * be laid.
 */
export function isOfWorld({ source, kind }: Pick<RlRow, "source" | "kind">): boolean {
  return source === WORLD && KINDS.some(({ name }) => name === kind);
}

/** Steps that work out a number: "80*110%=88", not "growth=change/old value". */
function calculations({ steps }: Solution): number {
  return steps.filter((step) => /=-?\d/.test(step)).length;
}

/** The world writes one plain number an answer, with a unit at most; NaN for a letter or a word. */
function valueOf({ answer }: Solution): number {
  return /\d/.test(answer) ? Number(answer.replace(/[^\d.-]/g, "")) : NaN;
}
