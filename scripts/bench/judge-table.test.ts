import { expect, test } from "vitest";
import type { JudgedLabel } from "../../lib/judge/card.ts";
import { table } from "../../lib/view/table.ts";
import { judgeBenchRow, judgeBenchTables } from "./judge-table.ts";

const judged = (fault: string | null, points: number | null): JudgedLabel => ({
  fault,
  judgement: {
    id: "x",
    status: points === null ? "not_judged" : points >= 12 ? "passed" : "failed",
    reason: points === null ? "cut_off" : "",
    message: "",
    points,
    scores: null,
    votePoints: [points],
  },
});
const many = (n: number, fault: string | null, points: number | null) =>
  Array.from({ length: n }, () => judged(fault, points));
const setting = { rubric: "four-dimensions", prompt: "check", layout: "rules-first", texts: "all" } as const;
const rows = [
  ...many(30, null, 10),
  ...many(10, null, 6),
  ...many(5, "wrong_answer", 10),
  ...many(30, "wrong_answer", 6),
  ...many(5, "wrong_answer", null),
];

test("a mark above all points keeps nothing and agrees with nobody, while a lower one would", () => {
  const row = judgeBenchRow(setting, rows, 12, 1.5);
  expect(row).toMatchObject({
    mark: 12,
    meanRight: 9,
    unreadableBy: { cut_off: 5 },
    card: { n: 80, kappa: { value: 0 }, goodPassed: { value: 0 }, badPassed: { value: 0 } },
  });
  expect(row.meanWrong).toBeCloseTo((50 + 180) / 35, 9);
  expect(row.marks).toHaveLength(17);
  expect(row.best).toMatchObject({ mark: 7, rightPassed: 0.75, wrongPassed: 0.125 });
  expect(row.best!.kappa).toBeCloseTo(0.602, 3);
  expect(row.card.auc!.low).toBeGreaterThan(0.5);
});

test("both tables can be printed, and say what is not known", () => {
  const seven = judgeBenchRow(
    { rubric: "seven-criteria", prompt: "full", layout: "inputs-first", texts: "Chinese questions" },
    many(3, null, null),
    7,
    0,
  );
  const printed = judgeBenchTables([judgeBenchRow(setting, rows, 12, 1.5), seven])
    .map(({ caption, rows: r }) => table(r, undefined, { caption }).text)
    .join("\n");
  expect(printed).toMatch(/cut_off 5/);
  expect(printed).toMatch(/75\/13/);
  expect(printed).not.toMatch(/NaN|undefined|null/);
  expect(seven.best).toBeNull();
});
