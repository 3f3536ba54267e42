/** The glossary in notebooks/README.md, and the notebooks' links into it. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../../lib/config/paths.ts";

const page = readFileSync(join(REPO_ROOT, "notebooks", "README.md"), "utf8");
const rows = page.split("\n").filter((line) => line.startsWith("| <a id="));
const terms = [...page.matchAll(/<a id="([^"]+)"><\/a>/g)].map(([, id]) => id!);

test("holds about forty terms or more, each once, in English and Chinese", () => {
  expect(terms.length).toBeGreaterThanOrEqual(40);
  expect(new Set(terms).size).toBe(terms.length);
  expect(rows.length).toBe(terms.length);
  for (const row of rows) {
    const [, term, english, name, chinese, after] = row.split(/(?<!\\)\|/);
    expect(after, row).toBe("");
    for (const cell of [term, english, name, chinese]) expect(cell!.trim(), row).not.toBe("");
    expect(english, row).not.toMatch(/\p{Script=Han}/u);
    expect(chinese, row).toMatch(/\p{Script=Han}/u);
  }
});

test("has every term that a notebook links to", () => {
  const links = globSync("notebooks/*.ipynb", { cwd: REPO_ROOT }).flatMap((file) => {
    const { cells } = JSON.parse(readFileSync(join(REPO_ROOT, file), "utf8")) as {
      cells: { cell_type: string; source: string | string[] }[];
    };
    return cells
      .filter(({ cell_type }) => cell_type === "markdown")
      .flatMap(({ source }) => [
        ...[source]
          .flat()
          .join("")
          .matchAll(/\(README\.md#([^)]+)\)/g),
      ])
      .map(([, id]) => ({ file, id: id! }));
  });
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter(({ id }) => id !== "glossary" && !terms.includes(id))).toEqual([]);
});
