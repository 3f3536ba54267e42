import { expect, test } from "vitest";
import { KINDS, drawQuestion, solve } from "../world/index.ts";
import { createRandom } from "../stats/random.ts";
import { readSums } from "./sums.ts";

const wrong = (text: string) =>
  readSums(text)
    .filter(({ holds }) => !holds)
    .map((sum) => sum.text);

test.each([
  ["170/1700=10%", true],
  ["170/1700=11%", false],
  ["(480+160)/2=320", true],
  ["1+25%=1.25", true],
  ["-40%+40%=0%", true],
  ["252/468=53.85%", true],
  ["252/468=53.8%", false],
  ["5/16=0.3125", true],
  ["2/3=0.67", true],
  ["2/3=0.66", false],
  ["2.5>=2", true],
  ["1.5>=2", false],
  ["15%<25%", true],
  ["25%<15%", false],
  ["A: 150/600=25%", true],
  ["96*2=195", false],
  ["7.5/9.38=80%", true],
  ["7.5/9.38=81%", false],
  ["0.75/0.94=80%", true],
  ["825/1.25=657", false],
  ["825/1.25=660", true],
  ["12.34+5.65=18", false],
])("%s holds: %s", (text, holds) => {
  expect(readSums(text)).toEqual([{ text: text.replace("A: ", ""), holds }]);
});

test("sums are read as people write them: blanks, thousands, currencies, × and ÷", () => {
  expect(readSums("so $1,200 ÷ 4 = $300, and 2 × 8% = 16%.")).toEqual([
    { text: "1200/4=300", holds: true },
    { text: "2*8%=16%", holds: true },
  ]);
  expect(wrong("利息 2300 × 9% = 197 元")).toEqual(["2300*9%=197"]);
});

test("words, names and values alone are no sums", () => {
  expect(readSums("interest=principal*rate*years\nx=5\n1 bp=0.01%\nequity is 96\n2024-05-01\n")).toEqual([]);
  expect(readSums("5/0=3\n(2+3=5\n1++2=3")).toEqual([]);
});

test("every sum that the world writes holds, by the right method and by every misconception", () => {
  let read = 0;
  for (const kind of KINDS)
    for (let i = 0; i < 60; i++) {
      const drawn = drawQuestion(createRandom(`${kind.name}/sums/${i}`), kind, "lab");
      for (const method of [kind.right, ...kind.misconceptions]) {
        const text = solve(drawn, method).steps.join("\n");
        // Who looks at one amount alone has nothing to compare where both are alike, and writes "<".
        const untied = wrong(text).filter((sum) => !/^(.+)<\1$/.test(sum));
        expect(untied, `${kind.name}: ${text}`).toEqual([]);
        read += readSums(text).length;
      }
    }
  expect(read).toBeGreaterThan(5000);
});

test("a text of a megabyte is read within a moment", () => {
  const started = performance.now();
  readSums("1+".repeat(500_000));
  readSums(`${"9".repeat(390)}\n`.repeat(2500));
  expect(performance.now() - started).toBeLessThan(5000);
});
