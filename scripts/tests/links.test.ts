/** What a page of the repository links to is there. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../../lib/config/paths.ts";

const pages = [
  "*.md",
  "notebooks/*",
  "lib/*.md",
  "scripts/*.md",
  "reports/example/*.md",
  "ckpts/tiny/*/*.md",
];
const LINK = /\]\((?!https?:|#|mailto:)([^)\s#]+)[^)\s]*\)/g;

test("every link of a README and of a notebook's text leads to a file", () => {
  const files = globSync(pages, { cwd: REPO_ROOT });
  const links = files.flatMap((file) =>
    [...textOf(file).matchAll(LINK)].map(([, link]) => ({ file, target: join(dirname(file), link!) })),
  );
  expect(links.length).toBeGreaterThan(30);
  expect(links.filter(({ target }) => !existsSync(join(REPO_ROOT, target)))).toEqual([]);
});

function textOf(file: string): string {
  const text = readFileSync(join(REPO_ROOT, file), "utf8");
  if (!file.endsWith(".ipynb")) return text;
  const { cells } = JSON.parse(text) as { cells: { cell_type: string; source: string | string[] }[] };
  return cells
    .filter(({ cell_type }) => cell_type === "markdown")
    .map(({ source }) => [source].flat().join(""))
    .join("\n");
}
