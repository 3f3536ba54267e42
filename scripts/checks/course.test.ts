import { expect, test } from "vitest";
import { problemsOf } from "./course.ts";

const notebook = (...cells: [kind: "markdown" | "code", source: string][]) => ({
  cells: cells.map(([cell_type, source]) => ({ cell_type, source })),
});
const prose = (text: string): string[] => problemsOf("01.ipynb", notebook(["markdown", text]), 10);

test.each([
  "*We see* that it falls.",
  "Look for the bend.",
  "The yield is 84 %.",
  "It falls by 0.31 nats.",
  "19 times as much to learn from",
  "14 of 24 are rescued",
  "SFT gains 20 points.",
])("markdown may not say: %s", (text) => {
  expect(prose(text)).toHaveLength(1);
  expect(prose(text)[0]).toContain("01.ipynb, cell 1: “");
});

test.each([
  "A 95 % interval; 4-bit weights; a block of 64; a 7B model; notebook 4; eight answers.",
  "Qwen2.5-1.5B and Qwen2.5-Coder-0.5B-Instruct",
  "`sft.learningRate: 0.002` gives $p = 0.5$",
  "| Fin-R1 | 0.4 % to 9.6 % |",
  "arXiv [2402.03300](https://arxiv.org/abs/2402.03300v1)",
])("markdown may say: %s", (text) => {
  expect(prose(text)).toEqual([]);
});

test("cells are short and narrow, a notebook is not too long, imports stand where they are needed", () => {
  const code = (source: string, kb = 10) => problemsOf("01.ipynb", notebook(["code", source]), kb);
  expect(code(Array(15).fill("a;").join("\n"))).toEqual([]);
  expect(code(Array(16).fill("a;").join("\n"))[0]).toContain("16 lines of code");
  expect(code("a".repeat(101))[0]).toContain("101 columns");
  const names = Array.from({ length: 13 }, (_, i) => `name${i}`).join(", ");
  expect(code(`import { ${names} }\n  from "x";`).join()).toContain("imports 13 names");
  expect(code("a", 351)[0]).toContain("351 KB");
  const cells = Array.from({ length: 29 }, (): ["code", string] => ["code", "a"]);
  expect(problemsOf("01.ipynb", notebook(...cells), 10)[0]).toContain("29 cells");
  expect(problemsOf("05.ipynb", notebook(...cells), 10)).toEqual([]);
});
