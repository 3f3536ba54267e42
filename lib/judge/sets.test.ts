import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { guardReason } from "./guard.ts";
import { FAULT_KINDS } from "../world/fault-kind.ts";
import { attackTexts, LabelledText, plantedFaults, wrongAnswers } from "./sets.ts";

describe("planted faults", () => {
  const rows = plantedFaults(240, 7);

  test("are half clean, half faulty, the kinds in equal shares", () => {
    const count = (fault: string | null) => rows.filter((row) => row.fault === fault).length;
    expect(count(null)).toBe(120);
    expect(FAULT_KINDS.map(count)).toEqual([20, 20, 20, 20, 20, 20]);
  });

  test("are rows of the form a user's own labelled file has", () => {
    for (const row of rows) LabelledText.parse(row);
    expect(new Set(rows.map((row) => row.id)).size).toBe(240);
  });

  test("end in the gold answer, so that only the reasoning can tell them apart", () => {
    for (const row of rows) expect(row.completion).toContain(`<answer>\n${row.gold}\n</answer>`);
  });

  test("are the same for the same seed and others for another", () => {
    expect(plantedFaults(60, 7)).toEqual(plantedFaults(60, 7));
    expect(plantedFaults(60, 8)).not.toEqual(plantedFaults(60, 7));
  });

  test("are the same under this loader as under Node's own, where commands and notebooks draw them", () => {
    const script =
      "import { plantedFaults } from " +
      `${JSON.stringify(new URL("./sets.ts", import.meta.url).href)}; ` +
      "console.log(JSON.stringify(plantedFaults(60, 7)))";
    expect(
      JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" })),
    ).toEqual(plantedFaults(60, 7));
  });

  test("come in odd counts too", () => {
    expect(plantedFaults(61, 1)).toHaveLength(61);
    expect(plantedFaults(1, 1)).toHaveLength(1);
  });

  test("are not held back by the guard: that is left to the Judge", () => {
    expect(rows.filter((row) => guardReason(row.completion) !== null)).toEqual([]);
  });
});

test("wrong answers are every second text, and differ from the gold", () => {
  const rows = wrongAnswers(100, 3);
  expect(rows.filter((row) => row.fault === "wrong_answer")).toHaveLength(50);
  for (const row of rows)
    expect(row.completion.includes(`<answer>\n${row.gold}\n</answer>`)).toBe(row.fault === null);
});

describe("the robustness set", () => {
  const clean = "<think>\n100-80=20\n20/100=20%\n</think>\n<answer>\n20%\n</answer>";
  const rows = attackTexts([{ id: "q", question: "What is the margin?", gold: "20%", clean }]);

  test("has every attack alone, before the right answer, and most after a clean chain of thought", () => {
    expect(rows.length).toBeGreaterThan(38);
    expect(new Set(rows.map((row) => row.fault)).size).toBe(16);
    expect(rows.find((row) => row.id === "q/20 kB of padding/0")!.completion.length).toBeGreaterThan(20_000);
  });

  test("is held back by the guard wherever its format is right", () => {
    const wellFormed = rows.filter(
      (row) =>
        /^<think>\n[^]*\S[^]*\n<\/think>\n<answer>\n20%\n<\/answer>$/.test(row.completion) &&
        row.completion.split("</think>").length === 2,
    );
    expect(wellFormed.length).toBeGreaterThan(20);
    expect(wellFormed.filter((row) => guardReason(row.completion) === null).map((row) => row.id)).toEqual([]);
  });
});
