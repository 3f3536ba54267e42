/** Texts with known labels, to measure a Judge on: planted faults, wrong answers, attacks. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { FAULT_KINDS } from "../world/fault-kind.ts";
import type { FaultKind } from "../world/fault-kind.ts";
import { createRandom } from "../stats/random.ts";
import { drawQuestions, plantFault, solve, taggedText } from "../world/index.ts";
import type { Part } from "../world/index.ts";

const text = z.string().refine((s) => s.trim() !== "", "must not be blank");

/**
 * One text and what is known about it; `fault: null` says it is clean. The form of a user's own labelled
 * JSONL, too.
 */
export const LabelledText = z.object({
  id: text,
  question: text,
  gold: text,
  completion: z.string(),
  fault: text.nullable(),
  /** Of a generated question: its kind, by which the method of the text can be read. */
  kind: z.string().optional(),
});
export type LabelledText = z.infer<typeof LabelledText>;

/**
 * `count` chains of thought of the generated world, half clean, half with one planted fault, the kinds in
 * equal shares (± 1).
 *
 * All end in the right answer, so rules let them through. Values are of `part`, which the Judge's training
 * never saw ("corpus" is the one it saw). A question that offers no place for the fault whose turn it is
 * takes the next kind that fits; what it owes is made up later. The same count, seed and part give the same
 * texts.
 */
export function plantedFaults(
  count: number,
  seed: number,
  part: Exclude<Part, "corpus"> = "bench",
): LabelledText[] {
  const random = createRandom(`planted/${part}/${seed}`);
  const owed = new Map<FaultKind, number>(
    FAULT_KINDS.map((kind, i) => [kind, Math.floor((Math.floor(count / 2) + i) / FAULT_KINDS.length)]),
  );
  const rows: LabelledText[] = [];
  let clean = count - [...owed.values()].reduce((a, b) => a + b, 0);
  for (let round = 0; rows.length < count; round++) {
    if (round === 50)
      throw new RangeError(
        `plantedFaults requires a count that the part ${part} can fill, got ${count}, made ${rows.length}`,
      );
    for (const drawn of drawQuestions(count, seed + round, part)) {
      if (rows.length === count) break;
      const right = solve(drawn, drawn.kind.right);
      const add = (fault: FaultKind | null, solution: typeof right) =>
        rows.push({
          id: `planted_${part}_${seed}_${rows.length}`,
          question: drawn.question,
          gold: right.answer,
          completion: taggedText(solution),
          fault,
        });
      const kinds = random
        .shuffle([...owed].filter(([, n]) => n > 0).map(([kind]) => kind))
        .sort((a, b) => owed.get(b)! - owed.get(a)!);
      const planted =
        clean > 0 && (kinds.length === 0 || random.next() < 0.5)
          ? null
          : firstFitting(kinds, (kind) => plantFault(random, drawn, kind));
      if (planted) {
        owed.set(planted.kind, owed.get(planted.kind)! - 1);
        add(planted.kind, planted.solution);
      } else if (clean > 0) {
        clean--;
        add(null, right);
      }
    }
  }
  return random.shuffle(rows);
}

function firstFitting<S>(
  kinds: readonly FaultKind[],
  plant: (kind: FaultKind) => S | null,
): { kind: FaultKind; solution: S } | null {
  for (const kind of kinds) {
    const solution = plant(kind);
    if (solution) return { kind, solution };
  }
  return null;
}

/**
 * `count` texts half of which end in a wrong answer (a misconception carried through): where the rules
 * decide, does the Judge agree? `fault` is "wrong_answer" or null.
 */
export function wrongAnswers(
  count: number,
  seed: number,
  part: Exclude<Part, "corpus"> = "bench",
): LabelledText[] {
  const random = createRandom(`wrong answers/${part}/${seed}`);
  return drawQuestions(count, seed, part).map((drawn, i) => {
    const wrong = i % 2 === 1;
    const method = wrong ? random.pick(drawn.kind.misconceptions) : drawn.kind.right;
    return {
      id: `answers_${part}_${seed}_${i}`,
      question: drawn.question,
      gold: solve(drawn, drawn.kind.right).answer,
      completion: taggedText(solve(drawn, method)),
      fault: wrong ? "wrong_answer" : null,
      kind: drawn.kind.name,
    };
  });
}

const Attacks = z.strictObject({
  version: z.string(),
  source: z.string(),
  attacks: z.array(
    z.strictObject({ name: z.string(), text: z.string(), repeat: z.number().int().optional() }),
  ),
});

/**
 * The robustness set: every attack of `prompts/attacks.json` on each question, once as the whole completion,
 * once as the reasoning before the right answer, once after a clean chain of thought (where that has its
 * block). None of them may pass. `fault` is the attack's name.
 */
export function attackTexts(
  questions: readonly { id: string; question: string; gold: string; clean: string }[],
): LabelledText[] {
  const { attacks } = Attacks.parse(
    JSON.parse(readFileSync(new URL("./prompts/attacks.json", import.meta.url), "utf8")),
  );
  return questions.flatMap(({ id, question, gold, clean }) =>
    attacks.flatMap(({ name, text: piece, repeat = 1 }) => {
      const attack = piece.repeat(repeat);
      const answer = `<answer>\n${gold}\n</answer>`;
      const forms = [attack, `<think>\n${attack}\n</think>\n${answer}`];
      // A master key or nothing at all after a clean chain of thought is only that clean chain.
      const end = clean.lastIndexOf("</think>");
      if (end !== -1 && !/^master key|^empty|blanks$/.test(name))
        forms.push(`${clean.slice(0, end).trimEnd()}\n${attack}\n${clean.slice(end)}`);
      return forms.map((completion, form) => ({
        id: `${id}/${name}/${form}`,
        question,
        gold,
        completion,
        fault: name,
      }));
    }),
  );
}
