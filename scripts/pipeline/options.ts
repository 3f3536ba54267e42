/** The options of `npm start`, read strictly. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { LabError, nearest } from "../../lib/errors.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";

export interface Options {
  profile: string | null;
  set: string[];
  /** Absolute paths of files that exist. */
  sources: string[];
  /** Two-digit numbers, in the order of the notebooks; null for all. */
  only: string[] | null;
  workspace: string | null;
  force: boolean;
  help: boolean;
}

export const HELP = `Runs the notebooks in order, executes what is not done yet, and exports the reports.

  npm start -- [options]

  --profile NAME      tiny (default: models of 4 million parameters on a CPU, no network), small (one GPU of
                      8 GB) or gpu
  --set key=value     any config value, e.g. --set grpo.learningRate=1e-4; repeatable
  --source FILE       your own questions (JSONL, JSON or CSV); repeatable
  --only 01,02,03     only these notebooks
  --workspace DIR     data/, ckpts/ and reports/ are written under DIR instead of the repository
  --force             runs everything anew, trainings too
  --help              this text

The same for notebooks opened by hand: FTMODEL_PROFILE, FTMODEL_SET and FTMODEL_SOURCES (JSON lists of texts),
FTMODEL_WORKSPACE, FTMODEL_FORCE=1.`;

const KNOWN = {
  profile: { type: "string" },
  set: { type: "string", multiple: true },
  source: { type: "string", multiple: true },
  only: { type: "string" },
  workspace: { type: "string" },
  force: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * What the command line asks for. Throws LabError on an unknown option (naming the nearest), a missing value,
 * file or notebook.
 */
export function parseOptions(args: string[]): Options {
  const { values, tokens } = parseArgs({
    args,
    options: KNOWN,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  for (const token of tokens) {
    if (token.kind === "positional")
      throw new LabError({
        what: "There is an argument without an option",
        found: token.value,
        todo:
          "Write two dashes before the options: npm start -- --profile tiny. All of them: npm " +
          "start -- --help",
      });
    if (token.kind === "option") checkOption(token);
  }
  return {
    profile: (values.profile as string | undefined) ?? null,
    set: (values.set ?? []) as string[],
    sources: ((values.source ?? []) as string[]).map(existingFile),
    only: values.only === undefined ? null : chosenNotebooks(values.only as string),
    workspace: values.workspace === undefined ? null : resolve(values.workspace as string),
    force: values.force === true,
    help: values.help === true,
  };
}

/**
 * The environment in which notebooks and their children find these options: FTMODEL_* as the lib reads them.
 */
export function environmentOf(
  options: Options,
  inherited: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const environment = { ...inherited };
  if (options.profile !== null) environment.FTMODEL_PROFILE = options.profile;
  if (options.set.length > 0)
    environment.FTMODEL_SET = JSON.stringify([...textList(inherited.FTMODEL_SET), ...options.set]);
  if (options.sources.length > 0) environment.FTMODEL_SOURCES = JSON.stringify(options.sources);
  if (options.workspace !== null) environment.FTMODEL_WORKSPACE = options.workspace;
  if (options.force) environment.FTMODEL_FORCE = "1";
  return environment;
}

/** The notebooks of the repository, in order: `01_prepare.ipynb` … */
export function notebookFiles(): string[] {
  const folder = join(REPO_ROOT, "notebooks");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => /^\d\d_\w+\.ipynb$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** `01` of `…/01_prepare.ipynb`. */
export const numberOf = (notebook: string): string => basename(notebook).slice(0, 2);

function textList(json: string | undefined): string[] {
  try {
    const list: unknown = JSON.parse(json || "[]");
    if (Array.isArray(list)) return list.map(String);
  } catch {
    // told below
  }
  throw new LabError({
    what: "An environment variable cannot be read",
    where: "FTMODEL_SET",
    expected: 'a JSON list of texts, such as ["grpo.learningRate=1e-4"]',
    found: json ?? "",
  });
}

function checkOption(token: { name: string; rawName: string; value?: string | undefined }): void {
  const kind = Object.hasOwn(KNOWN, token.name) ? KNOWN[token.name as keyof typeof KNOWN].type : null;
  if (kind === null) {
    const near = nearest(token.name, Object.keys(KNOWN));
    throw new LabError({
      what: "There is no such option",
      where: token.rawName,
      expected: near
        ? `did you mean --${near}?`
        : Object.keys(KNOWN)
            .map((name) => `--${name}`)
            .join(", "),
    });
  }
  if (kind === "string" && (token.value === undefined || token.value === "" || token.value.startsWith("--")))
    throw new LabError({
      what: "An option needs a value",
      where: token.rawName,
      found: token.value ?? "nothing",
    });
  if (kind === "boolean" && token.value !== undefined)
    throw new LabError({ what: "An option takes no value", where: token.rawName, found: token.value });
}

function existingFile(file: string): string {
  const path = resolve(file);
  if (!existsSync(path) || !statSync(path).isFile())
    throw new LabError({
      what: "A source does not exist",
      where: `--source ${file}`,
      expected: "a file",
      found: existsSync(path) ? "a folder" : `nothing at ${path}`,
    });
  return path;
}

function chosenNotebooks(list: string): string[] {
  const known = notebookFiles().map(numberOf);
  const chosen = list.split(",").map((part) => part.trim().padStart(2, "0"));
  const wrong = chosen.find((number) => !known.includes(number));
  if (wrong !== undefined)
    throw new LabError({
      what: "There is no such notebook",
      where: `--only ${list}`,
      expected: `numbers of ${known.join(", ")}, with commas between`,
      found: wrong,
    });
  return known.filter((number) => chosen.includes(number));
}
