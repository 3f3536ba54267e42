/**
 * Which prompt makes a model usable as Teacher: usable and right texts of the same questions, one prompt
 * after another on one server.
 *
 *     npm run bench:prompts -- --model DIR --questions FILE
 *     npm run bench:prompts -- --model DIR --questions FILE --count 400 --prompts tags,example --url URL
 *
 * Values are profile small's (FTMODEL_PROFILE and FTMODEL_SET change them). Every prompt's texts are kept
 * when it is through, so a bench that was cut off goes on with the next one. The table is printed and written
 * to reports/prompts_<time>.json, all texts beside it as JSON lines.
 */
import { basename, resolve } from "node:path";
import { parseArgs } from "node:util";
import { listGpus } from "../lib/gpu/gpus.ts";
import { openLab } from "../lib/config/lab.ts";
import { localModelPath } from "../lib/config/paths.ts";
import { comparePrompts } from "../lib/distill/compare-prompts.ts";
import { drawBySource } from "../lib/distill/draw-by-source.ts";
import { promptTable, writePromptReport } from "../lib/distill/prompt-report.ts";
import type { PromptReport } from "../lib/distill/prompt-report.ts";
import { LabError, nearest } from "../lib/errors.ts";
import { readQuestions } from "../lib/prepare/read-questions.ts";
import { countBy } from "../lib/stats/stats.ts";
import { endWith, required } from "./command-line.ts";

const HELP = `Asks a model the same questions with several prompts and counts whole, usable and right texts.

  npm run bench:prompts -- --model DIR --questions FILE [options]

  --model NAME      folder or hub id of the Teacher; with --url the name that the server knows
  --questions FILE  JSON lines, JSON or CSV with question and gold_answer
  --count N         how many are drawn, every source in its share (400)
  --prompts A,B     names of lib/prompt/prompts.json (tags,example,begun,boxed,grammar,example_grammar)
  --url URL         ask this vLLM instead of starting one
  --again           ask again what has been asked
  --help            this text`;

const USAGE = "npm run bench:prompts -- --model DIR --questions FILE";
const OPTIONS = {
  model: { type: "string" },
  questions: { type: "string" },
  count: { type: "string" },
  prompts: { type: "string" },
  url: { type: "string" },
  again: { type: "boolean" },
  help: { type: "boolean" },
} as const;

async function main(args: string[]): Promise<void> {
  const { values, tokens } = parseArgs({ args, options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === "option" && Object.hasOwn(OPTIONS, token.name)) continue;
    const name = token.kind === "option" ? token.rawName : token.kind === "positional" ? token.value : "--";
    throw new LabError({
      what: "There is no such option",
      found: name,
      expected: `did you mean --${nearest(name.replace(/^-+/, ""), Object.keys(OPTIONS)) ?? "help"}?`,
    });
  }
  if (values.help) return console.log(HELP);
  const text = (name: keyof typeof OPTIONS): string | undefined =>
    typeof values[name] === "string" ? values[name] : undefined;
  const count = Number(text("count") ?? 400);
  if (!Number.isInteger(count) || count < 1)
    throw new LabError({
      what: "--count requires a whole number of at least 1",
      found: String(text("count")),
    });
  const lab = openLab({
    profile: "small",
    "models.teacher": required({ model: text("model") }, "model", USAGE),
    ...(text("url") !== undefined && { "serving.teacherUrl": text("url")! }),
  });
  const { questions } = readQuestions(
    resolve(required({ questions: text("questions") }, "questions", USAGE)),
  );
  const drawn = drawBySource(questions, count, lab.config.seed);
  const names = (text("prompts") ?? "tags,example,begun,boxed,grammar,example_grammar")
    .split(",")
    .map((name) => name.trim());

  const abort = new AbortController();
  process.once("SIGINT", () =>
    abort.abort(
      new LabError({
        what: "The bench was cut short",
        todo: "Run it again: prompts that are through are kept.",
      }),
    ),
  );
  console.log(
    `${drawn.length} of ${questions.length} questions, ${names.length} prompts, ${lab.config.models.teacher}`,
  );
  const { rows, texts, problems } = await comparePrompts(lab, drawn, names, {
    force: Boolean(values.again) || lab.force,
    signal: abort.signal,
    onPrompt: (row) => console.log(promptTable([row], row.prompt).text),
  });

  const { temperature, topP, maxTokens } = lab.config.distill;
  const report: PromptReport = {
    created: new Date().toISOString(),
    model:
      localModelPath(lab.config.models.teacher) === null
        ? lab.config.models.teacher
        : basename(lab.config.models.teacher),
    device:
      text("url") !== undefined
        ? "a server elsewhere"
        : (await listGpus()).map(({ name }) => name).join(", "),
    sources: Object.fromEntries(countBy(drawn, ({ source }) => source)),
    settings: {
      temperature,
      topP,
      maxTokens,
      seed: lab.config.seed,
      concurrency: lab.config.serving.concurrency,
    },
    rows,
  };
  const { reportPath, textsPath } = writePromptReport(lab.paths.reports, report, texts);
  const caption = `${report.model}, ${drawn.length} questions, ${report.device}`;
  console.log(`\n${promptTable(rows, caption).text}\n\n${reportPath}\n${textsPath}`);
  for (const [name, problem] of Object.entries(problems)) console.error(`\nprompt ${name}: ${problem}`);
  if (Object.keys(problems).length > 0) process.exitCode = 1;
}

main(process.argv.slice(2)).catch(endWith);
