/** The notebooks as a course: what their markdown may not say, and how long their cells may be. */
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { notebookFiles } from "../pipeline/options.ts";
import type { Suite } from "./suite.ts";

const Text = z.union([z.string(), z.array(z.string())]).transform((text) => [text].flat().join(""));
const Course = z.object({ cells: z.array(z.object({ cell_type: z.string(), source: Text })) });

const MOST_COLUMNS = 100;
const MOST_LINES = 15;
const MOST_NAMES = 12;
const MOST_CELLS = 28;
const MOST_KB = 350;
/** It holds the method, too: three parts in one. Only its cells may be more. */
const LONGEST = "05";

/**
 * What an output says and prose may not: it would be wrong in the next run. A 95 % interval is a definition,
 * and 1.5B a name.
 */
const MEASURED: readonly [RegExp, string][] = [
  [/\bwe see\b/i, "an output is read by code (`readings`), not by markdown"],
  [/\*look for\*|\bLook for\b/, "say what the figure shows and how it works"],
  [/(?<![\w.])(?!95 ?%)\d+(?:\.\d+)? ?%/, "a percentage belongs to an output"],
  [/(?<![\w.§-])(?!\d{4}\.\d{5})\d+\.\d+(?![\w.]*[BbM]\b)(?!\.\d)/, "a decimal number belongs to an output"],
  [/\b\d+ (?:times as|of \d+|points?\b)/i, "a count belongs to an output"],
];

/**
 * A line for each thing in a notebook that does not belong there. `kilobytes`: of the file with its outputs.
 */
export function problemsOf(name: string, json: unknown, kilobytes: number): string[] {
  const { cells } = Course.parse(json);
  const isLong = name.startsWith(LONGEST);
  const found = cells.flatMap(({ cell_type, source }, i) =>
    (cell_type === "markdown" ? inProse(source) : cell_type === "code" ? inCode(source) : []).map(
      (problem) => `${name}, cell ${i + 1}: ${problem}`,
    ),
  );
  const first = cells.find(({ cell_type }) => cell_type === "code")?.source ?? "";
  const names = [...first.matchAll(/import (?:type )?\{([^}]*)\}/g)].flatMap(([, list]) =>
    list!.split(",").filter((one) => one.trim() !== ""),
  );
  if (names.length > MOST_NAMES)
    found.push(
      `${name}: the first cell imports ${names.length} names, at most ${MOST_NAMES}: import where needed`,
    );
  if (!isLong && cells.length > MOST_CELLS)
    found.push(`${name}: ${cells.length} cells, at most ${MOST_CELLS}`);
  if (kilobytes > MOST_KB) found.push(`${name}: ${Math.round(kilobytes)} KB, at most ${MOST_KB}`);
  return found;
}

/** Code, formulas, tables (of other people's numbers) and links are no prose. */
function inProse(markdown: string): string[] {
  const prose = markdown
    .replace(/```[\s\S]*?```|`[^`]*`|\$\$[\s\S]*?\$\$|\$[^$\n]+\$/g, "…")
    .replace(/^\|.*$/gm, "")
    .replace(/\]\([^)]*\)/g, "]");
  return MEASURED.flatMap(([pattern, why]) => {
    const words = pattern.exec(prose)?.[0];
    return words === undefined ? [] : [`“${words}” in prose: ${why}`];
  });
}

function inCode(source: string): string[] {
  const lines = source.split("\n");
  const wide = lines.filter((line) => [...line].length > MOST_COLUMNS);
  return [
    ...wide.map((line) => `${line.length} columns, at most ${MOST_COLUMNS}: ${line.slice(0, 40)}…`),
    ...(lines.length > MOST_LINES ? [`${lines.length} lines of code, at most ${MOST_LINES}`] : []),
  ];
}

export const course: Suite = {
  name: "the notebooks read as a course",
  async run() {
    const files = notebookFiles();
    const found = files.map((file) =>
      problemsOf(basename(file), JSON.parse(readFileSync(file, "utf8")), statSync(file).size / 1024),
    );
    for (const line of found.flat()) console.log(line);
    const failed = found.filter((problems) => problems.length > 0).length;
    return { passed: files.length - failed, failed, skipped: 0, failures: found.flat() };
  },
};
