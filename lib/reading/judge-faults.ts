/** Which wrong answers a Judge sees, and what its kappa is therefore worth. Pure. */
import { MADE_ANSWERS, PLANTED } from "../judge/measure.ts";
import type { JudgedSet } from "../judge/quick.ts";
import type { SetCard } from "../judge/set-card.ts";
import { FAULTS, faultOf } from "./faults.ts";
import type { Fault } from "./faults.ts";

/** Fewer wrong texts than these say nothing of a fault. */
const FEWEST = 5;
const NAMES = Object.keys(FAULTS) as Fault[];

interface Passed {
  n: number;
  passed: number;
}

/** The wrong texts of a set by what went wrong in them: how many the Judge saw, and how many it passed. */
function passedBy({ rows }: JudgedSet): Record<Fault, Passed> {
  const wrong = rows
    .filter(({ text, judgement }) => text.fault !== null && judgement.status !== "held_back")
    .map(({ text, judgement }) => ({ ...faultOf(text), passed: judgement.status === "passed" }));
  const of = (fault: Fault): Passed => {
    const some = wrong.filter((one) => one.fault === fault);
    return { n: some.length, passed: some.filter(({ passed }) => passed).length };
  };
  return Object.fromEntries(NAMES.map((fault) => [fault, of(fault)])) as Record<Fault, Passed>;
}

const together = (by: Record<Fault, Passed>, faults: readonly Fault[]): Passed => ({
  n: faults.reduce((sum, fault) => sum + by[fault].n, 0),
  passed: faults.reduce((sum, fault) => sum + by[fault].passed, 0),
});

/**
 * Of every set but the planted faults (whose answers are all right): the wrong texts that the Judge passed,
 * by what went wrong in them, and what follows for its kappa on other texts.
 *
 * Among as many right as wrong texts, kappa is the share of right ones that pass minus the share of wrong
 * ones that pass, so it can be told for texts that go wrong in one way alone.
 */
export function judgeByFault(
  judged: readonly JudgedSet[],
  cards: readonly SetCard[],
): { rows: Record<string, string>[]; reading: string } {
  const sets = judged
    .filter(({ name }) => name !== PLANTED)
    .map((set) => ({ name: set.name, by: passedBy(set), card: cards.find(({ name }) => name === set.name) }));
  const rows = NAMES.filter((fault) => sets.some(({ by }) => by[fault].n > 0)).map((fault) => ({
    "wrong by": FAULTS[fault],
    ...Object.fromEntries(
      sets.map(({ name, by: { [fault]: one } }) => [
        `passed: ${name}`,
        one.n > 0 ? `${one.passed} of ${one.n}` : "–",
      ]),
    ),
  }));
  const made = sets.find(({ name }) => name === MADE_ANSWERS);
  const real = sets.filter(({ name }) => name !== MADE_ANSWERS);
  const lines = [made && madeReading(made), ...real.map(realReading)].filter((line) => line !== undefined);
  return { rows, reading: lines.length > 0 ? lines.join(" ") : "No wrong answer was judged." };
}

type Told = { name: string; by: Record<Fault, Passed>; card: SetCard | undefined };

function madeReading({ by, card }: Told): string | undefined {
  const all = together(by, NAMES);
  const kappa = card?.kappa;
  if (all.n === 0 || !kappa) return undefined;
  const { n, passed } = by.misconception;
  const which = n === all.n ? `all ${n} wrong ones follow` : `${n} of ${all.n} wrong ones follow`;
  const how = `${which} a named misconception, in words that the tiny Judge was trained on`;
  return kappa.low > 0.8
    ? `**κ ${kappa.value.toFixed(2)} on generated answers is no sign of arithmetic:** ${how}. It knows a ` +
        `wrong method by its words and passes ${passed} of ${n}.`
    : `On generated answers ${how}; the Judge passes ${passed} of ${n} (κ ${kappa.value.toFixed(2)}).`;
}

function realReading({ name, by, card }: Told): string | undefined {
  const right = card?.goodPassed?.value;
  if (right === undefined || together(by, NAMES).n === 0) return undefined;
  const kinds = [
    { how: "by a named misconception", ...by.misconception },
    { how: "by a wrong sum or copy", ...together(by, ["sum_slip", "copy_slip"]) },
    { how: "in other ways", ...together(by, ["no_method", "foreign"]) },
  ].filter(({ n }) => n >= FEWEST);
  if (kinds.length === 0) return `Too few of ${name} are wrong to say by what the Judge sees it.`;
  const told = kinds.map(({ how, n, passed }) => `${passed} of ${n} that go wrong ${how}`);
  const kappas = kinds.map(({ n, passed }) => right - passed / n);
  const worst = Math.min(...kappas);
  const { how } = kinds[kappas.indexOf(worst)]!;
  const verdict =
    worst < 0.4
      ? `**where texts go wrong ${how}, its verdict is worth ${worst < 0.1 ? "nothing" : "little"}.**`
      : "each of these it sees.";
  return (
    `Of ${name} it passes ${listOf(told)}. Were all wrong texts of one of these kinds, and as many right ` +
    `as wrong, κ would be ${listOf(kappas.map((kappa) => kappa.toFixed(2)))}: ${verdict}`
  );
}

const listOf = (parts: readonly string[]): string =>
  parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts.join("");
