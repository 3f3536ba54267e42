/** The generated "finance basics": questions of the world as records. */
import { canonicalKey } from "../question/canonical.ts";
import { createRandom } from "../stats/random.ts";
import { QUESTION_TYPES } from "../records.ts";
import type { Question, QuestionType } from "../records.ts";
import type { Drawn, Part } from "./draw.ts";
import { drawQuestion, solve } from "./draw.ts";
import { KINDS } from "./kinds/index.ts";

/** The original project's mix of types. */
const MIX: Record<QuestionType, number> = {
  financial_calculation: 0.4,
  financial_reasoning: 0.3,
  financial_concept: 0.2,
  financial_analysis: 0.1,
};

/**
 * `count` different questions, 40 % calculation, 30 % reasoning, 20 % concept, 10 % analysis, kinds of a type
 * in equal shares, both languages. The same count, seed and part give the same questions; another part never
 * gives one of the same values.
 */
export function generateQuestions(count: number, seed: number | string, part: Part = "lab"): Question[] {
  return drawQuestions(count, seed, part).map((drawn, i) => ({
    id: `basics_${part === "lab" ? "" : `${part}_`}${seed}_${i}`,
    question: drawn.question,
    gold_answer: solve(drawn, drawn.kind.right).answer,
    type: drawn.kind.type,
    source: "finance-basics",
    kind: drawn.kind.name,
  }));
}

/** Draws for `wanted` questions of the test alone: some are near-copies of others and give way. */
export const drawsForTest = (wanted: number): number => Math.ceil(1.1 * wanted);

/**
 * `count` generated questions that no training sees, of the part "bench". A question about a concept has few
 * values: near-copies of `others` give way to further draws.
 */
export function questionsApart(count: number, seed: number | string, others: readonly string[]): Question[] {
  const taken = new Set(others.map(canonicalKey));
  for (let drawn = drawsForTest(count); ; drawn *= 2) {
    const fresh = generateQuestions(drawn, seed, "bench").filter(
      ({ question }) => !taken.has(canonicalKey(question)),
    );
    if (fresh.length >= count) return fresh.slice(0, count);
  }
}

/**
 * The same questions, no two of them near-copies, with their kinds and values, for corpora and labelled sets.
 * Throws when a part has too few different questions.
 */
export function drawQuestions(count: number, seed: number | string, part: Part): Drawn[] {
  const random = createRandom(`world/${part}/${seed}`);
  const seen = new Set<string>();
  const drawn: Drawn[] = [];
  const nextOf = Object.fromEntries(QUESTION_TYPES.map((type) => [type, 0]));
  const order = typeOrder(count);
  let misses = 0;
  while (drawn.length < count) {
    const type = order[drawn.length]!;
    const kinds = KINDS.filter((kind) => kind.type === type);
    const question = drawQuestion(random, kinds[nextOf[type]! % kinds.length]!, part);
    nextOf[type]!++;
    const key = canonicalKey(question.question);
    if (seen.has(key)) {
      if (++misses > 100 * count + 1000)
        throw new Error(
          `drawQuestions requires ${count} different questions, the part ${part} gave ${drawn.length}`,
        );
      continue;
    }
    seen.add(key);
    drawn.push(question);
  }
  return random.shuffle(drawn);
}

function typeOrder(count: number): QuestionType[] {
  const order: QuestionType[] = [];
  let share = 0;
  for (const type of QUESTION_TYPES) {
    share += MIX[type];
    while (order.length < Math.round(share * count)) order.push(type);
  }
  return order;
}
