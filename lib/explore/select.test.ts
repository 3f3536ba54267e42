import { expect, test } from "vitest";
import { answersToExplore } from "../testing/explore-rows.ts";
import { explore } from "./explore.ts";
import { readable, Selector, termsOf } from "./select.ts";
import { EMPTY, readState, writeState } from "./state.ts";

const { explorer: data } = explore(answersToExplore(300), { name: "answers", maxRows: Infinity });
const selector = new Selector(data);
const value = (row: number, key: string) => data.rows[row]![data.keys.indexOf(key)];

test("all words count, in any field, whatever their case and width; a phrase in quotes as a whole", () => {
  expect(termsOf('Gross  "in per cent" １３％')).toEqual(["gross", "in per cent", "13%"]);
  const { rows } = selector.select({ ...EMPTY, query: 'GRPO "COMPANY 7:"' });
  expect(rows.map((row) => value(row, "id"))).toEqual(["q_7"]);
  expect(selector.select({ ...EMPTY, query: "毛利率是多少 BASE" }).rows).toHaveLength(20);
  expect(selector.select({ ...EMPTY, query: "nowhere to be found" }).rows).toEqual([]);
});

test("a facet counts what each value would leave, itself not counted in", () => {
  const { rows, counts } = selector.select({ ...EMPTY, chosen: { arm: ["SFT"], type: ["concept"] } });
  const of = (key: string) => {
    const f = selector.facets.findIndex((facet) => facet.key === key);
    return Object.fromEntries(selector.facets[f]!.values.map((name, i) => [name, counts[f]![i]]));
  };
  expect(rows).toHaveLength(25);
  expect(rows.every((row) => value(row, "arm") === "SFT" && value(row, "type") === "concept")).toBe(true);
  expect(of("arm")).toEqual({ Base: 25, SFT: 25, "SFT + GRPO": 25 });
  expect(of("type")).toEqual({ calculation: 25, concept: 25, reasoning: 25, analysis: 25 });
  expect(Object.values(of("verdict")).reduce((a, b) => a! + b!, 0)).toBe(25);
  // a value that is in no row chooses nothing away
  expect(selector.select({ ...EMPTY, chosen: { arm: ["Nobody"] } }).rows).toHaveLength(300);
});

test("numbers sort as numbers, texts as a reader counts, and rows without a value come last", () => {
  const sorted = (key: string, down: boolean) =>
    selector.select({ ...EMPTY, sort: { key, down } }).rows.map((row) => value(row, key));
  const tokens = sorted("tokens", true) as number[];
  expect(tokens).toEqual([...tokens].sort((a, b) => b - a));
  expect(sorted("id", false).slice(0, 9)).toEqual([
    "q_0",
    "q_0",
    "q_0",
    "q_1",
    "q_1",
    "q_1",
    "q_2",
    "q_2",
    "q_2",
  ]);
  const { explorer } = explore([{ n: 2 }, { n: null }, { n: 1 }]);
  const few = new Selector(explorer);
  expect(few.select({ ...EMPTY, sort: { key: "n", down: false } }).rows).toEqual([2, 0, 1]);
  expect(few.select({ ...EMPTY, sort: { key: "n", down: true } }).rows).toEqual([0, 2, 1]);
});

test("a link holds the whole state, and that of another block is not taken", () => {
  const state = {
    query: 'a & b="毛利率" #1',
    sort: { key: "tokens", down: true },
    chosen: { source: ["年报问答 <b>2024</b>", "finance basics"] },
    open: 17,
  };
  const text = writeState("answers", state);
  expect(readState("answers", `#${text}`)).toEqual(state);
  expect(readState("texts", text)).toBeNull();
  expect(readState("answers", "#top")).toBeNull();
  expect(readState("answers", "explore=answers&open=x")!.open).toBeNull();
});

test("a question is listed as it is asked, without the report before it", () => {
  const question = "Context: a table\n|a|1|\nQuestion: What is a?";
  expect(readable("question", question)).toBe("Question: What is a?");
  expect(readable("text", question)).toBe(question);
});
