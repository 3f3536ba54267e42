/**
 * Measures a Judge on texts with known labels and prints its card, one figure a line by name.
 *
 *     npm run --silent judge-card
 *     npm run --silent judge-card -- --url http://127.0.0.1:8000/v1 --model Qwen/Qwen2.5-7B-Instruct \
 *       --labelled mine.jsonl
 *
 * Sets of real texts are judged besides, where a run has left them: the Teacher's own texts and each arm's
 * answers, labelled by the checker. Verdicts are kept under reports/judge/, so a killed measure goes on; the
 * card itself is written to reports/judge_card_<rubric>.json.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { LabError, nearest } from "../lib/errors.ts";
import { LAYOUT_NAMES, RUBRIC_NAMES } from "../lib/judge/prompt.ts";
import type { LayoutName } from "../lib/judge/prompt.ts";
import { listReports } from "../lib/evaluate/eval-report.ts";
import { answersOf } from "../lib/judge/arms.ts";
import { measureJudge, measureLines, readLabelled } from "../lib/judge/measure.ts";
import type { LabelledSet } from "../lib/judge/measure.ts";
import { armTexts, teacherSet } from "../lib/judge/real-texts.ts";
import { ARM_NAMES, Distilled, EvalDetail, RlRow } from "../lib/records.ts";
import { readJsonl } from "../lib/store/jsonl.ts";
import type { Lab } from "../lib/config/lab.ts";
import { openJudge } from "../lib/judge/server.ts";
import type { Config } from "../lib/config/config.ts";
import { openLab } from "../lib/config/lab.ts";
import { PROFILES } from "../lib/config/profiles.ts";
import { profileName } from "../lib/config/settings.ts";
import { modelId, resolveModel } from "../lib/model/ref.ts";
import { endWith } from "./command-line.ts";

const HELP = `Measures a Judge on texts with known labels: kappa, precision, recall by kind of fault,
false-positive rate, unreadable rate, agreement with the rules, attacks that pass, mean score by criterion
and label, the five layouts on the same texts, and the real texts that a run has left (its Teacher's, the
newest answers of each arm): where the Judge is no better than chance.

  npm run --silent judge-card -- [options]

  --url URL         an OpenAI-compatible server; without it the profile's Judge is started
  --model NAME      the model asked for; one that is not the profile's Judge gets the full prompts
  --labelled FILE   JSON lines of id, question, gold, completion, fault (null: clean) instead of planted
                    faults
  --count N         planted faults to make (600)
  --rubric NAME     ${RUBRIC_NAMES.join(" | ")}
  --layout NAME     ${LAYOUT_NAMES.join(" | ")}
  --no-layouts      leaves out the comparison of all five layouts on the same texts: a quarter of the time
  --seed N          of the planted faults
  --profile NAME    tiny (default), small or gpu
  --set key=value   any config value; repeatable
  --help            this text`;

const OPTIONS = {
  url: { type: "string" },
  model: { type: "string" },
  labelled: { type: "string" },
  count: { type: "string" },
  rubric: { type: "string" },
  layout: { type: "string" },
  layouts: { type: "boolean" },
  seed: { type: "string" },
  profile: { type: "string" },
  set: { type: "string", multiple: true },
  help: { type: "boolean" },
} as const;

async function main(args: string[]): Promise<void> {
  const { values, tokens } = parseArgs({
    args,
    options: OPTIONS,
    strict: false,
    tokens: true,
    allowNegative: true,
  });
  for (const token of tokens) {
    if (token.kind !== "option" || !Object.hasOwn(OPTIONS, token.name)) {
      const name = token.kind === "option" ? token.rawName : token.kind === "positional" ? token.value : "--";
      throw new LabError({
        what: "There is no such option",
        found: name,
        expected: `did you mean --${nearest(name.replace(/^-+/, ""), Object.keys(OPTIONS)) ?? "help"}?`,
      });
    }
    if (OPTIONS[token.name as keyof typeof OPTIONS].type === "string" && token.value === undefined)
      throw new LabError({ what: "An option lacks its value", found: token.rawName });
  }
  if (values.help) return console.log(HELP);
  const text = (name: keyof typeof OPTIONS): string | undefined => values[name] as string | undefined;
  const overrides: [string, string | undefined][] = [
    ["serving.url", text("url")],
    ["models.judge", text("model")],
    ["filter.rubric", text("rubric")],
    ["filter.layout", text("layout")],
    ["seed", text("seed")],
  ];
  // The short prompts are those the tiny Judge was trained on; another model needs the rubric and the form of
  // the reply spelt out.
  const { filter, models } = PROFILES[profileName(text("profile") ?? "tiny")];
  const spelt = (await isAnother(text("model"), models))
    ? [
        `filter.judgePrompt=full`,
        `filter.judgeMaxTokens=${Math.max(filter.judgeMaxTokens, PROFILES.gpu.filter.judgeMaxTokens)}`,
      ]
    : [];
  const set = [
    ...((values.set ?? []) as string[]),
    ...overrides.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])),
  ];
  const inherited = process.env.FTMODEL_SET ? (JSON.parse(process.env.FTMODEL_SET) as string[]) : [];
  const lab = openLab(
    {},
    {
      ...process.env,
      ...(text("profile") && { FTMODEL_PROFILE: text("profile")! }),
      FTMODEL_SET: JSON.stringify([...spelt, ...inherited, ...set]),
    },
  );
  const labelled = text("labelled") === undefined ? undefined : readLabelled(resolve(text("labelled")!));
  const count = wholeNumber("--count", text("count"));

  const abort = new AbortController();
  process.once("SIGINT", () =>
    abort.abort(
      new LabError({
        what: "The measure was cut short",
        todo: "Run it again: the verdicts so far are kept.",
      }),
    ),
  );
  const server = await openJudge(lab);
  const started = performance.now();
  let asked = 0;
  try {
    const measure = await measureJudge(lab, server, {
      store: join(lab.paths.reports, "judge", "votes.jsonl"),
      signal: abort.signal,
      ...(labelled && { labelled }),
      sets: realSets(lab),
      ...(count !== undefined && { count }),
      ...(values.layouts !== false && { layouts: LAYOUT_NAMES as readonly LayoutName[] }),
      onProgress: ({ done, total }) => {
        if (done > 0) asked++;
        if (process.stderr.isTTY && total > 0)
          process.stderr.write(`\r${done} of ${total} verdicts${done === total ? "\n" : ""}`);
      },
    });
    console.log(`judge_name ${lab.config.models.judge}`);
    for (const line of measureLines(measure)) console.log(line);
    for (const { sentence } of measure.sets) console.log(`says ${sentence.replaceAll("**", "")}`);
    console.log(`verdicts_asked ${asked}`);
    console.log(`seconds ${((performance.now() - started) / 1000).toFixed(1)}`);
    writeFileAtomic(
      join(lab.paths.reports, `judge_card_${measure.rubric}.json`),
      `${JSON.stringify(measure, null, 2)}\n`,
    );
  } finally {
    await server.close?.();
  }
}

/** What a run has left in the workspace: the Teacher's texts, and the newest greedy answers of each arm. */
function realSets({ paths, config: { seed } }: Lab): LabelledSet[] {
  const sets: LabelledSet[] = [];
  if (existsSync(paths.distilled)) {
    sets.push(teacherSet(readJsonl(paths.distilled, Distilled), seed));
  }
  const reports = existsSync(paths.test) ? listReports(paths.reports) : [];
  const questions = reports.length === 0 ? [] : readJsonl(paths.test, RlRow);
  for (const arm of ARM_NAMES) {
    const newest = reports.find(({ report, detailsPath }) => report.name === arm && existsSync(detailsPath));
    if (!newest) continue;
    const details = readJsonl(newest.detailsPath, EvalDetail);
    sets.push({ name: answersOf(arm), texts: armTexts(arm, details, questions) });
  }
  return sets.filter(({ texts }) => texts.length > 0);
}

/** Whether the named model is not the profile's Judge under another path. */
async function isAnother(model: string | undefined, { judge }: Config["models"]): Promise<boolean> {
  if (model === undefined || model === judge) return false;
  const known = await resolveModel(judge);
  return modelId(await resolveModel(model)) !== modelId(known);
}

function wholeNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(value))
    throw new LabError({
      what: "An option's value is out of range",
      where: name,
      expected: "a whole number from 1 to 999999",
      found: value,
    });
  return Number(value);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  endWith(error);
}
