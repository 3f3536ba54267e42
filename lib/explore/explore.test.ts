import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { LabError } from "../errors.ts";
import { sanitiseHtml } from "../report/sanitise.ts";
import { answersToExplore, HOSTILE } from "../testing/explore-rows.ts";
import { distilled, question, right } from "../testing/filter-fixture.ts";
import { clipText } from "./clip.ts";
import { explore } from "./explore.ts";
import { notebookBlock, readBlock, widgetBlock } from "../widget/block.ts";
import { pageScript } from "../widget/page-script.ts";

const rows = answersToExplore(90);
const valuesOf = ({ explorer }: ReturnType<typeof explore>, key: string) =>
  explorer.rows.map((row) => row[explorer.keys.indexOf(key)]);

test("a question's rows stay together where not all fit, and come from the whole of it", () => {
  const some = explore(rows, { maxRows: 30 });
  const ids = valuesOf(some, "id") as string[];
  expect(some.explorer.total).toBe(90);
  expect(ids).toHaveLength(30);
  expect([...Map.groupBy(ids, (id) => id).values()].every(({ length }) => length === 3)).toBe(true);
  expect(Number(ids.at(-1)!.slice(2))).toBeGreaterThan(25);
  expect(explore(rows).explorer.rows).toHaveLength(90);
  expect(explore(rows, { maxRows: 2 }).explorer.rows).toHaveLength(2);
});

test("the language is added, facets are those that are there, and a text is no column", () => {
  const { explorer } = explore(rows);
  const named = (places: number[]) => places.map((place) => explorer.keys[place]);
  expect(new Set(valuesOf(explore(rows), "language"))).toEqual(new Set(["en", "zh"]));
  expect(named(explorer.facets)).toEqual(["type", "verdict", "reason", "arm", "language", "source", "kind"]);
  expect(named(explorer.texts)).toEqual(["text"]);
  expect(named(explorer.columns)).not.toContain("text");
  expect(named(explorer.columns)).toContain("question");
});

test("a name that no link can hold and a column that no row has are refused", () => {
  expect(() => explore(rows, { name: "a b" })).toThrow(LabError);
  expect(() => explore(rows, { columns: ["id", "prize"] })).toThrow(/column "prize"/);
});

test("no rows, and rows with nothing in common, are a table all the same", () => {
  expect(explore([]).explorer).toMatchObject({ rows: [], facets: [], columns: [] });
  const odd = explore([{ a: 1 }, { b: [1, 2], c: Number.NaN, d: undefined }]);
  expect(odd.explorer.rows).toEqual([
    [1, null, null, null],
    [null, [1, 2], null, null],
  ]);
});

test("a long text keeps its beginning and its end, and marks keep their places", () => {
  const text = `${"a".repeat(100)}WRONG${"b".repeat(100)}RIGHT`;
  const { text: short, marks } = clipText(text, 60, [
    { start: 0, end: 3, label: "head" },
    { start: 100, end: 105, label: "gone" },
    { start: 205, end: 210, label: "tail" },
  ]);
  expect(short.length).toBeLessThan(100);
  expect(marks.map(({ start, end }) => short.slice(start, end))).toEqual(["aaa", "RIGHT"]);
  // a character of two halves is not cut in two
  expect(clipText("😀".repeat(50), 31).text.isWellFormed()).toBe(true);
  expect(explore([{ id: "a", text }], { maxChars: 60 }).explorer.clipped).toBe(1);
});

test("a Teacher's texts carry their verdict, why, and the key that a correction names", () => {
  const [first, second] = [question(1), question(2)];
  const texts = [distilled(first, right(first)), distilled(second, right({ ...second, gold_answer: "9" }))];
  const seen = explore({ texts });
  expect(valuesOf(seen, "verdict")).toEqual(["right", "wrong"]);
  expect(valuesOf(seen, "key")).toEqual(texts.map(({ key }) => key));
  expect(valuesOf(seen, "marks")[1]).toMatchObject([{ kind: "bad" }]);
});

test("the block survives the way into a report; a script that stands in it does not", async () => {
  const shown = explore(rows, { caption: HOSTILE });
  const block = await notebookBlock(shown);
  const read = readBlock(block)!;
  expect(JSON.parse(gunzipSync(Buffer.from(read.packed, "base64")).toString("utf8"))).toEqual(
    JSON.parse(JSON.stringify(shown.explorer)),
  );
  const again = widgetBlock("explore", sanitiseHtml(read.staticHtml), read.packed);
  expect(again.match(/<script/g)).toEqual(["<script"]); // the rows
  expect(again).not.toMatch(/<img|globalThis\.owned = 1<\/script>/);
  expect(readBlock(block.replace(shown.packed, '"><img src=x>'))).toBeNull();
  expect(readBlock("<p>another output</p>")).toBeNull();
});

test("script and style weigh at most 200 kB, and the script parses no markup", async () => {
  const { script, style } = await pageScript("explore");
  expect(Buffer.byteLength(script + style)).toBeLessThan(200_000);
  expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
});
