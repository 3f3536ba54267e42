/** The reader's own rows, followed through every stage that has run. */
import { statSync } from "node:fs";
import type { z } from "zod";
import { extractAnswer, scoreCompletion } from "../answer/index.ts";
import { askArms } from "./ask-arms.ts";
import type { AskArmsOptions } from "./ask-arms.ts";
import { ownFates } from "./own-fates.ts";
import type { OwnFate, StageFiles } from "./own-fates.ts";
import type { Lab } from "../config/lab.ts";
import { FilterDetail, filterDetailsPath } from "../filter/record.ts";
import type { Side } from "../filter/rules.ts";
import { readPrepared } from "../prepare/prepared.ts";
import { splitQuestions } from "../prepare/split.ts";
import { Distilled, RlRow, SftRow } from "../records.ts";
import type { AskedArm } from "../records.ts";
import { readJsonl } from "../store/jsonl.ts";
import { styleOf } from "../view/arms.ts";
import { withoutContext } from "../question/asked.ts";
import { table } from "../view/table.ts";
import type { Column, View } from "../view/table.ts";

export interface YourRowsOptions extends AskArmsOptions {
  /** Rows shown and asked; the others are counted. Default 40. */
  maxRows?: number;
}

const NONE =
  'No rows of your own here. To follow some: "prepare.sources": ["my.jsonl"] in notebook 01, or ' +
  "npm start -- --source my.jsonl";

/**
 * A table of the rows that came from the reader's own files (`--source`, `prepare.sources`): where each
 * stands, question and gold, the Teacher's answer and what rules and Judge say of it, where the row ended,
 * and one column for each of `arms` with its greedy answer: ✓ right, ✗ wrong, · not decided by rules.
 *
 * Shows what the stages have left so far. Only `arms` are asked, of the rows shown, and their answers are
 * kept: asking again starts no server. Without rows of the reader's it is one line that says how to bring
 * some, and nothing is asked. Throws LabError when stage 1 has not run, and as `askArms`.
 *
 * @example await show(await yourRows(lab, ["base", "sft"]));
 */
export async function yourRows(
  lab: Lab,
  arms: readonly AskedArm[] = [],
  { maxRows = 40, ...options }: YourRowsOptions = {},
): Promise<View> {
  const all = ownFates(readStages(lab));
  if (all.length === 0) return { html: `<p>${NONE.replace(/"/g, "&quot;")}</p>`, text: NONE };
  const shown = all.slice(0, maxRows);
  const asked = shown.flatMap(({ row }) => row ?? []);
  const answered = arms.length > 0 && asked.length > 0 ? await askArms(lab, arms, asked, options) : [];
  const marks = new Map(
    answered.map(({ id, question, gold, texts }) => [
      id,
      texts.map(({ text }) => markOf(question, gold, text ?? "")),
    ]),
  );
  const rows = shown.map((fate) => {
    const told = marks.get(fate.row?.id ?? "");
    const perArm = arms.map((arm, k) => [arm, told?.[k] ?? null]);
    const { place, teacher, verdict, ended } = fate;
    const question = fate.question && withoutContext(fate.question);
    const row = `${place.file}, line ${place.line}`;
    return { row, question, gold: goldOf(fate), teacher, verdict, ended, ...Object.fromEntries(perArm) };
  });
  const rights = arms.map((arm, k) => {
    const right = [...marks.values()].filter((told) => told[k]!.startsWith("✓")).length;
    return `${styleOf(arm, 0).label} ${right}`;
  });
  const first = all.length > maxRows ? ", the first of them" : "";
  const result =
    rights.length > 0 ? `; right of the ${asked.length} asked${first}: ${rights.join(", ")}` : "";
  const shape = [...COLUMNS, ...arms.map(armColumn)];
  const open = rows.length > OPEN_ROWS + 2 ? OPEN_ROWS : rows.length;
  const seen = table(rows.slice(0, open), shape, {
    caption: `Your rows: ${countsOf(all)}${result}`,
    maxChars: 200,
    maxRows,
  });
  const more = all.length > shown.length ? `… and ${all.length - shown.length} more of your rows` : "";
  const rest = rows.slice(open);
  const folded = rest.length > 0 ? table(rest, shape, { maxChars: 200, maxRows }) : null;
  return {
    html: [
      seen.html,
      folded && `<details><summary>The next ${rest.length} rows</summary>\n${folded.html}</details>`,
      more && `<p><em>${more}</em></p>`,
    ]
      .filter(Boolean)
      .join("\n"),
    text: [seen.text, folded && `▸ The next ${rest.length} rows\n${folded.text}`, more]
      .filter(Boolean)
      .join("\n"),
  };
}

/** Of a long table, what stands open: a page goes on below it. */
const OPEN_ROWS = 10;

/** What a small model writes may be one long word, which would push the other columns out of the page. */
const ANSWER_CHARS = 24;

const COLUMNS: readonly (string | Column)[] = [
  "row",
  { key: "question", maxChars: 100 },
  "gold",
  { key: "teacher", label: "Teacher's answer", optional: true, maxChars: ANSWER_CHARS },
  { key: "verdict", optional: true },
  { key: "ended", label: "where it ended" },
];

const armColumn = (arm: AskedArm): Column => ({
  key: arm,
  label: styleOf(arm, 0).label,
  maxChars: ANSWER_CHARS,
});

/** The gold, marked where no rule can check an answer against it. */
function goldOf({ gold, unchecked }: OwnFate): string | null {
  if (gold === null || unchecked === null) return gold;
  const shown = gold.length > 80 ? `${gold.slice(0, 79)}…` : gold;
  return `⚠ no rule can check this: ${shown}`;
}

function markOf(question: string, gold: string, completion: string): string {
  const { verdict } = scoreCompletion({ question, gold, completion }).lenient;
  const mark = verdict === "right" ? "✓" : verdict === "judge" ? "·" : "✗";
  const answer = extractAnswer(completion, "lenient")?.trim().replace(/\s+/g, " ");
  return `${mark}\u00A0${answer ?? "no answer"}`;
}

function countsOf(fates: readonly OwnFate[]): string {
  const count = (what: string, isIn: (fate: OwnFate) => boolean): string => {
    const n = fates.filter(isIn).length;
    return n > 0 ? `, ${n} ${what}` : "";
  };
  return (
    `${fates.length} read` +
    count("in sft.jsonl", (fate) => fate.in.sft) +
    count("in rl.jsonl", (fate) => fate.in.rl) +
    count("in the test", (fate) => fate.in.test) +
    count("with a gold that no rule can check", ({ unchecked }) => unchecked !== null) +
    count("set aside", ({ row }) => row === null)
  );
}

function readStages(lab: Lab): StageFiles {
  const { config, paths } = lab;
  const { questions, setAside } = readPrepared(lab);
  const { train, test } = splitQuestions(questions, {
    testShare: config.prepare.testShare,
    seed: config.seed,
  });
  const sides = [train, test].flatMap((rows, i) =>
    rows.map(({ id }): [string, Side] => [id, i === 0 ? "train" : "test"]),
  );
  return {
    questions,
    setAside,
    side: new Map(sides),
    texts: readIfThere(paths.distilled, Distilled),
    details: readIfThere(filterDetailsPath(paths), FilterDetail),
    sft: readIfThere(paths.sft, SftRow),
    rl: readIfThere(paths.rl, RlRow),
    test: readIfThere(paths.test, RlRow),
  };
}

/** null for a file that is not there; a stage may have left one without rows. */
function readIfThere<T>(path: string, schema: z.ZodType<T>): T[] | null {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return null;
  return size === 0 ? [] : readJsonl(path, schema);
}
