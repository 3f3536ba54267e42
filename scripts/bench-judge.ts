/**
 * A Judge on real texts that the checker calls right or wrong, in one server start: rubrics and layouts
 * beside each other, every pass mark.
 *     npm run bench:judge -- --judge DIR --distilled data/processed/distilled.jsonl
 *       --judge DIR          folder or hub id; started as the profile has it
 *       --url URL            of an OpenAI-compatible server; --judge then names its model
 *       --distilled FILE     a Teacher's texts, labelled by the checker; several by repeating
 *       --texts FILE         JSON lines of id, question, gold, completion, fault (null: right)
 *       --count N            texts of each distilled file at most, half of them right (600)
 *       --rubrics A,B        four-dimensions,seven-criteria
 *       --prompts A,B        full,check (short where the profile's Judge is asked so): how much is spelt out
 *       --layouts A,B        rules-first,rules-first-question,rules-first-zh (for Chinese questions)
 *       --out DIR            default reports/bench-judge; what was cut off goes on there
 *       --profile NAME       small (default), gpu or tiny
 *       --set key=value      any config value; repeatable
 *
 * The rules' gate is off: wrong answers are what the Judge is asked about. Prints two tables and writes
 * DIR/judge.json and DIR/texts.jsonl.
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { judgeBenchRow, judgeBenchTables } from "./bench/judge-table.ts";
import type { JudgeBenchRow } from "./bench/judge-table.ts";
import { openLab } from "../lib/config/lab.ts";
import type { Lab } from "../lib/config/lab.ts";
import { workspacePaths } from "../lib/config/paths.ts";
import { LabError } from "../lib/errors.ts";
import type { JudgeServer } from "../lib/judge/ask.ts";
import { readLabelled } from "../lib/judge/measure.ts";
import { LAYOUT_NAMES, layoutOf, JUDGE_PROMPT_NAMES, RUBRIC_NAMES } from "../lib/judge/prompt.ts";
import type { LayoutName, PromptSize, RubricName } from "../lib/judge/prompt.ts";
import { labelledTexts } from "../lib/judge/real-texts.ts";
import { openJudge } from "../lib/judge/server.ts";
import type { LabelledText } from "../lib/judge/sets.ts";
import { pointsToPass } from "../lib/judge/verdict.ts";
import type { Judgement } from "../lib/judge/vote.ts";
import { judge } from "../lib/judge/judge.ts";
import { languageOf } from "../lib/question/language.ts";
import { Distilled } from "../lib/records.ts";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { readJsonl, writeJsonl } from "../lib/store/jsonl.ts";
import { table } from "../lib/view/table.ts";
import { endWith } from "./command-line.ts";

const OPTIONS = {
  judge: { type: "string" },
  url: { type: "string" },
  distilled: { type: "string", multiple: true },
  texts: { type: "string", multiple: true },
  count: { type: "string" },
  rubrics: { type: "string" },
  prompts: { type: "string" },
  layouts: { type: "string" },
  out: { type: "string" },
  profile: { type: "string" },
  set: { type: "string", multiple: true },
} as const;
const CHINESE = "Chinese questions";
const USUAL_LAYOUTS = ["rules-first", "rules-first-question", "rules-first-zh"] as const;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  const out = resolve(values.out ?? join(workspacePaths().reports, "bench-judge"));
  const set = [
    ...(values.judge ? [`models.judge=${values.judge}`] : []),
    ...(values.url ? [`serving.judgeUrl=${values.url}`] : []),
    ...(values.set ?? []),
  ];
  const inherited = process.env.FTMODEL_SET ? (JSON.parse(process.env.FTMODEL_SET) as string[]) : [];
  const settingsOf = { FTMODEL_SET: JSON.stringify([...inherited, ...set]) };
  const profile = { FTMODEL_PROFILE: values.profile ?? "small" };
  const lab = openLab({}, { ...process.env, ...profile, ...settingsOf });
  const { seed, filter } = lab.config;
  const usual = filter.judgePrompt === "short" ? (["short"] as const) : (["full", "check"] as const);
  const settings: Settings = {
    rubrics: namesOf("--rubrics", values.rubrics, RUBRIC_NAMES, RUBRIC_NAMES),
    prompts: namesOf("--prompts", values.prompts, JUDGE_PROMPT_NAMES, usual),
    layouts: namesOf("--layouts", values.layouts, LAYOUT_NAMES, USUAL_LAYOUTS),
  };
  const texts = textsOf(values.distilled ?? [], values.texts ?? [], Number(values.count ?? 600), seed);
  writeJsonl(join(out, "texts.jsonl"), texts);

  const started = performance.now();
  const server = await openJudge(lab);
  try {
    // The first request starts the server: its time is no verdict's.
    await server.inFlight?.();
    const startSeconds = seconds(started);
    const rows = await judgeAll(lab, server, texts, settings, join(out, "votes.jsonl"));
    const about = { created: new Date().toISOString(), judge: server.model, settings: filter };
    const times = { startSeconds, seconds: seconds(started) };
    writeFileAtomic(join(out, "judge.json"), `${JSON.stringify({ ...about, ...times, rows }, null, 1)}\n`);
    for (const { caption, rows: printed } of judgeBenchTables(rows))
      console.log(`\n${table(printed, undefined, { caption }).text}`);
    for (const { card } of rows) console.log(`\n${card.sentence}`);
    const [ready, done] = [startSeconds, times.seconds].map((t) => t.toFixed(0));
    console.log(`\nserver ready after ${ready} s, done after ${done} s`);
    console.log(join(out, "judge.json"));
  } finally {
    await server.close?.();
  }
}

interface Settings {
  rubrics: readonly RubricName[];
  prompts: readonly PromptSize[];
  layouts: readonly LayoutName[];
}

/** One row a setting; where some questions are Chinese, one more for these alone. Nothing is asked twice. */
async function judgeAll(
  lab: Lab,
  server: JudgeServer,
  texts: readonly LabelledText[],
  { rubrics, prompts, layouts }: Settings,
  store: string,
): Promise<JudgeBenchRow[]> {
  const chinese = texts.filter(({ question }) => languageOf(question) === "zh");
  const all = rubrics.flatMap((rubric) =>
    prompts.flatMap((prompt) => layouts.map((layout) => ({ rubric, prompt, layout }))),
  );
  const rows: JudgeBenchRow[] = [];
  for (const { rubric, prompt, layout } of all) {
    const inChinese = layoutOf(layout).language === "zh";
    const some = inChinese ? chinese : texts;
    if (some.length === 0) continue;
    const from = performance.now();
    const settings = { rubric, layout, judgePrompt: prompt };
    const { judgements } = await judge(lab, server, some, { gate: false, evenUnread: true, settings, store });
    const mark = pointsToPass(rubric, lab.config.filter.judgePassScore);
    const add = (named: string, of: readonly LabelledText[]): void => {
      const labels = labelled(of, judgements);
      rows.push(judgeBenchRow({ rubric, prompt, layout, texts: named }, labels, mark, seconds(from)));
    };
    add(inChinese ? CHINESE : "all", some);
    if (!inChinese && chinese.length > 0 && chinese.length < texts.length) add(CHINESE, chinese);
  }
  return rows;
}

function textsOf(
  distilled: readonly string[],
  files: readonly string[],
  count: number,
  seed: number,
): LabelledText[] {
  if (!Number.isInteger(count) || count < 2)
    throw new LabError({
      what: "An option's value is out of range",
      where: "--count",
      expected: "a whole number of at least 2",
      found: String(count),
    });
  const fromTeacher = distilled.flatMap((path) =>
    labelledTexts(readJsonl(resolve(path), Distilled), { count, seed }),
  );
  const texts = [...fromTeacher, ...files.flatMap((path) => readLabelled(resolve(path)))];
  if (texts.length === 0)
    throw new LabError({
      what: "There is nothing to judge",
      expected: "--distilled FILE with texts that the rules decide, or --texts FILE",
      found: distilled.join(", ") || "neither",
    });
  return [...new Map(texts.map((text) => [text.id, text])).values()];
}

function labelled(texts: readonly LabelledText[], judgements: readonly Judgement[]) {
  const byId = new Map(judgements.map((judgement) => [judgement.id, judgement]));
  return texts.map(({ id, fault }) => ({ fault, judgement: byId.get(id)! }));
}

function namesOf<N extends string>(
  option: string,
  given: string | undefined,
  known: readonly N[],
  standard: readonly N[],
): readonly N[] {
  if (given === undefined) return standard;
  return given.split(",").map((name) => {
    const found = known.find((candidate) => candidate === name);
    if (found === undefined)
      throw new LabError({
        what: "An option names what there is not",
        where: option,
        expected: known.join(", "),
        found: name,
      });
    return found;
  });
}

const seconds = (since: number): number => (performance.now() - since) / 1000;

main().catch(endWith);
