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
 *       --layouts A,B        rules-first,inputs-first,rules-first-zh (for Chinese questions)
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
import { workspacePaths } from "../lib/config/paths.ts";
import { LabError } from "../lib/errors.ts";
import { readLabelled } from "../lib/judge/judge-measure.ts";
import { LAYOUT_NAMES, layoutOf, RUBRIC_NAMES } from "../lib/judge/judge-prompt.ts";
import { labelledTexts } from "../lib/judge/judge-real-texts.ts";
import { openJudge } from "../lib/judge/judge-server.ts";
import type { LabelledText } from "../lib/judge/judge-sets.ts";
import { pointsToPass } from "../lib/judge/judge-verdict.ts";
import type { Judgement } from "../lib/judge/judge-vote.ts";
import { judge } from "../lib/judge/judge.ts";
import { languageOf } from "../lib/question/language.ts";
import { Distilled } from "../lib/records.ts";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { readJsonl, writeJsonl } from "../lib/store/jsonl.ts";
import { table } from "../lib/view/table.ts";

const OPTIONS = {
  judge: { type: "string" },
  url: { type: "string" },
  distilled: { type: "string", multiple: true },
  texts: { type: "string", multiple: true },
  count: { type: "string" },
  rubrics: { type: "string" },
  layouts: { type: "string" },
  out: { type: "string" },
  profile: { type: "string" },
  set: { type: "string", multiple: true },
} as const;
const CHINESE = "Chinese questions";

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  const rubrics = namesOf("--rubrics", values.rubrics, RUBRIC_NAMES, RUBRIC_NAMES);
  const layouts = namesOf("--layouts", values.layouts, LAYOUT_NAMES, [
    "rules-first",
    "inputs-first",
    "rules-first-zh",
  ]);
  const out = resolve(values.out ?? join(workspacePaths().reports, "bench-judge"));
  const set = [
    ...(values.judge ? [`models.judge=${values.judge}`] : []),
    ...(values.url ? [`serving.judgeUrl=${values.url}`] : []),
    ...(values.set ?? []),
  ];
  const inherited = process.env.FTMODEL_SET ? (JSON.parse(process.env.FTMODEL_SET) as string[]) : [];
  const lab = openLab(
    {},
    {
      ...process.env,
      FTMODEL_PROFILE: values.profile ?? "small",
      FTMODEL_SET: JSON.stringify([...inherited, ...set]),
    },
  );
  const texts = textsOf(
    values.distilled ?? [],
    values.texts ?? [],
    Number(values.count ?? 600),
    lab.config.seed,
  );
  writeJsonl(join(out, "texts.jsonl"), texts);

  const chinese = texts.filter(({ question }) => languageOf(question) === "zh");
  const rows: JudgeBenchRow[] = [];
  const started = performance.now();
  const server = await openJudge(lab);
  try {
    // The first request starts the server: its time is no verdict's.
    await server.inFlight?.();
    const startSeconds = seconds(started);
    for (const rubric of rubrics) {
      const mark = pointsToPass(rubric, lab.config.filter.judgePassScore);
      for (const layout of layouts) {
        const some = layoutOf(layout).language === "zh" ? chinese : texts;
        if (some.length === 0) continue;
        const from = performance.now();
        const options = {
          gate: false,
          evenUnread: true,
          settings: { rubric, layout },
          store: join(out, "votes.jsonl"),
        };
        const { judgements } = await judge(lab, server, some, options);
        const add = (named: string, of: readonly LabelledText[]): void =>
          void rows.push(
            judgeBenchRow({ rubric, layout, texts: named }, labelled(of, judgements), mark, seconds(from)),
          );
        add(some === chinese ? CHINESE : "all", some);
        if (some !== chinese && chinese.length > 0 && chinese.length < texts.length) add(CHINESE, chinese);
      }
    }
    const about = {
      created: new Date().toISOString(),
      judge: server.model,
      settings: lab.config.filter,
      startSeconds,
      seconds: seconds(started),
    };
    writeFileAtomic(join(out, "judge.json"), `${JSON.stringify({ ...about, rows }, null, 1)}\n`);
    for (const { caption, rows: printed } of judgeBenchTables(rows))
      console.log(`\n${table(printed, undefined, { caption }).text}`);
    for (const { card } of rows) console.log(`\n${card.sentence}`);
    console.log(
      `\nserver ready after ${startSeconds.toFixed(0)} s, all verdicts after ${about.seconds.toFixed(0)} s\n` +
        join(out, "judge.json"),
    );
  } finally {
    await server.close?.();
  }
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

main().catch((error: unknown) => {
  const told =
    error instanceof LabError ||
    (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
  console.error(told ? `\n${error.message}` : error);
  process.exitCode = 1;
});
