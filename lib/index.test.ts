import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPO_ROOT } from "./config/paths.ts";

const textOf = (file: string): string => readFileSync(join(REPO_ROOT, file), "utf8");

/** Names between the braces of `import { … } from "ftmodel"` or `export { … } from "…"`. */
function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)]
    .flatMap(([, names]) => names!.split(","))
    .map((name) => name.replace(/^\s*type /, "").trim())
    .filter((name) => name !== "");
}

interface Notebook {
  cells: { source: string | string[] }[];
}

const exported = namesIn(textOf("lib/index.ts"), /export (?:type )?\{([^}]*)\} from/g);
const cells = globSync("notebooks/*.ipynb", { cwd: REPO_ROOT }).flatMap((file) =>
  (JSON.parse(textOf(file)) as Notebook).cells.map(({ source }) => [source].flat().join("")),
);
const inNotebooks = new Set(namesIn(cells.join("\n"), /import (?:type )?\{([^}]*)\} from "ftmodel"/g));

test("the door has at most 160 names, each one once", () => {
  expect(new Set(exported).size).toBe(exported.length);
  expect(exported.length).toBeLessThanOrEqual(160);
});

test("each of them serves a notebook or stands in a page", () => {
  const pages = textOf("lib/README.md");
  const unused = exported.filter((name) => !inNotebooks.has(name) && !pages.includes(`\`${name}\``));
  expect(unused).toEqual([]);
});

test("notebooks find what they import", () => {
  expect(inNotebooks.size).toBeGreaterThan(100);
  expect([...inNotebooks].filter((name) => !exported.includes(name))).toEqual([]);
});
