/** How texts go wrong, by their method: in counts, in sentences, in examples. Pure. */
import { textOutcome } from "../distill/outcome.ts";
import { methodOf } from "../evaluate/method.ts";
import type { MethodReading } from "../evaluate/method.ts";
import type { Distilled } from "../records.ts";
import { countBy, wilson } from "../stats/stats.ts";
import { formatShare } from "../view/numbers.ts";
import type { ShownText } from "../view/sample-view.ts";
import { counted, points } from "./words.ts";

/** What went wrong in a text, as a table names it. */
export const FAULTS = {
  misconception: "misconception",
  sum_slip: "wrong sum",
  copy_slip: "wrong copy",
  no_method: "no known method",
  foreign: "not of the generated world",
} as const;
export type Fault = keyof typeof FAULTS;

/** The fault of a text that is not right, and its method as far as one can be read. */
export function faultOf(text: {
  completion: string;
  kind?: string | undefined;
}): { fault: Fault } & Partial<MethodReading> {
  const read = methodOf({ ...text, lenient: false });
  if (read === null || read.outcome === "right_method") return { fault: "foreign" };
  return { fault: read.outcome, ...read };
}

const completionOf = (row: Distilled): string => row.response ?? row.teacher_output ?? "";
const words = (name: string): string => name.replaceAll("_", " ");

/** One failed text of each cause, with how many there are; `gloss` gives a question's English. */
export function oneOfEachCause(
  rows: readonly Distilled[],
  gloss: (row: Distilled) => string | undefined,
): ShownText[] {
  const failed = rows.filter((row) => textOutcome(row) !== null);
  return [...Map.groupBy(failed, (row) => textOutcome(row)!)].map(([reason, some]) => {
    const row = some[0]!;
    const facts = { texts: some.length, gold: row.gold_answer.slice(0, 80) };
    const title = row.question.slice(0, 300);
    return { title, gloss: gloss(row), text: row.teacher_output, ok: false, reason, facts };
  });
}

/**
 * The failed texts by what went wrong: a misconception (a wrong method with a name, however well it is
 * calculated), a slip (the right method, but a sum or a copy that does not hold), or steps that name no
 * method of their question's kind. `examples`: a misconception and a wrong sum, the sum marked, where there
 * are such.
 */
export function teacherFaults(rows: readonly Distilled[]): {
  rows: { "went wrong by": string; texts: number; "share of the failed": number; "most often": string }[];
  reading: string;
  examples: ShownText[];
} {
  const failed = rows
    .filter((row) => textOutcome(row) !== null)
    .map((row) => ({ row, ...faultOf({ completion: completionOf(row), kind: row.kind }) }));
  const of = (fault: Fault) => failed.filter((one) => one.fault === fault);
  const table = (Object.keys(FAULTS) as Fault[]).flatMap((fault) => {
    const some = of(fault);
    const named = some.flatMap(({ method }) => (fault === "misconception" && method ? [words(method)] : []));
    const [most] = countBy(named, (name) => name);
    return some.length === 0
      ? []
      : {
          "went wrong by": FAULTS[fault],
          texts: some.length,
          "share of the failed": some.length / failed.length,
          "most often": most ? `${most[0]} (${most[1]})` : "",
        };
  });
  const example = (fault: Fault): ShownText[] => of(fault).slice(0, 1).map(exampleOf);
  return {
    rows: table,
    reading: faultsReading(failed),
    examples: [...example("misconception"), ...example("sum_slip")],
  };
}

type Failed = { row: Distilled; fault: Fault } & Partial<MethodReading>;

function exampleOf({ row, fault, method, wrongSum }: Failed): ShownText {
  const text = completionOf(row);
  const start = wrongSum ? text.indexOf(wrongSum) : -1;
  return {
    title: row.question,
    text,
    ok: false,
    reason: fault === "misconception" ? `misconception: ${words(method!)}` : FAULTS[fault],
    facts: { gold: row.gold_answer },
    marks: start < 0 ? [] : [{ start, end: start + wrongSum!.length, kind: "bad", label: "does not hold" }],
  };
}

function faultsReading(failed: readonly Failed[]): string {
  if (failed.length === 0) return "Every text is right by the rules: nothing went wrong.";
  const ours = failed.filter(({ fault }) => fault !== "foreign");
  const foreign = failed.length - ours.length;
  const beside =
    foreign === 0
      ? ""
      : ` ${counted(foreign, "failed text")} ${foreign === 1 ? "answers a question" : "answer questions"} ` +
        "from elsewhere, of which no wrong method is known.";
  if (ours.length === 0)
    return "No failed text answers a question of the generated world: of others no method can be read.";
  const count = (...faults: Fault[]): number => ours.filter(({ fault }) => faults.includes(fault)).length;
  const [method, slips] = [count("misconception"), count("sum_slip", "copy_slip")];
  const [atMethod, atSlip] = [wilson(method, ours.length)!, wilson(slips, ours.length)!];
  const head =
    atMethod.low > 0.5
      ? "**Mostly the method:**"
      : atSlip.low > 0.5
        ? "**Mostly the arithmetic:**"
        : "**They fail in both ways:**";
  const named = new Set(ours.flatMap((one) => (one.fault === "misconception" ? [one.method] : [])));
  const spread = method > 1 ? `, ${counted(named.size, "different one")} in ${counted(method, "text")}` : "";
  return (
    `${head} of ${counted(ours.length, "failed text")} to generated questions ` +
    `${formatShare(method, ours.length)} follow a named misconception${spread}, and ` +
    `${formatShare(slips, ours.length)} have the right method and slip in a sum or a copy.${beside}`
  );
}

/** Fewer questions than these say nothing of a fault. */
const FEWEST = 5;

/**
 * What more texts made of questions whose first text failed, by how it had failed. `again`: the new texts;
 * questions without any are left out.
 */
export function rescueByFault(
  first: readonly Distilled[],
  again: readonly Distilled[],
): { rows: Record<string, string | number>[]; reading: string } {
  const texts = Map.groupBy(again, ({ id }) => id);
  const asked = first.flatMap((row) => {
    const more = texts.get(row.id);
    if (!more || textOutcome(row) === null) return [];
    const right = more.filter((one) => textOutcome(one) === null).length;
    return { fault: faultOf({ completion: completionOf(row), kind: row.kind }).fault, more, right };
  });
  const groups = (Object.keys(FAULTS) as Fault[]).flatMap((fault) => {
    const some = asked.filter((one) => one.fault === fault);
    if (some.length === 0) return [];
    const sum = (value: (one: (typeof some)[number]) => number) => some.reduce((n, one) => n + value(one), 0);
    const rescued = some.filter(({ right }) => right > 0).length;
    const share = sum(({ right }) => right) / sum(({ more }) => more.length);
    return { fault, n: some.length, rescued, share };
  });
  return {
    rows: groups.map(({ fault, n, rescued, share }) => ({
      "first text": FAULTS[fault],
      questions: n,
      rescued,
      "right among the new texts": share,
    })),
    reading: groups.length === 0 ? "Nothing was asked again." : groups.map(rescueLine).join("\n"),
  };
}

function rescueLine({ fault, n, rescued }: { fault: Fault; n: number; rescued: number }): string {
  const said = `- *${FAULTS[fault]}*: ${rescued} of ${counted(n, "question")} rescued`;
  if (n < FEWEST) return `${said}: too few to tell.`;
  const { low, high } = wilson(rescued, n)!;
  const interval = `[${points(low)}, ${points(high)}] %`;
  const [mended, stays] =
    fault === "misconception"
      ? [
          "**asking again mends it**: the right method is known, and the wrong one was only drawn",
          "**it comes back**: the wrong method is believed in, and more texts give more of the same",
        ]
      : ["**asking again mends it**", "**it comes back**: another draw does not help"];
  const verdict = low > 0.5 ? mended : high < 0.5 ? stays : "sometimes mended, sometimes not";
  return `${said} ${interval}: ${verdict}.`;
}
