import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { checkAnswer } from "../../../lib/answer/check-answer.ts";
import { otherNumbers, rewriteLetter, rewriteNumber, rewriteYesNo } from "./rewrite-gold.ts";
import { readGold } from "../../../lib/answer/gold.ts";
import { squash } from "../../../lib/answer/reading/squash.ts";

const fixtures =
  process.env.FTMODEL_FIXTURES || fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const present = existsSync(join(fixtures, "finance-qa"));
if (!present) console.log(`skipped: no real questions at ${fixtures} (set FTMODEL_FIXTURES)`);

interface Row {
  file: string;
  question: string;
  gold: string;
}

/** The last \boxed{} of the answer block; null when there is none. */
function boxed(output: string): string | null {
  const answer = output.slice(output.indexOf("<answer>"));
  const at = answer.lastIndexOf("\\boxed{");
  return at < 0 ? null : answer.slice(at + 7, answer.indexOf("}", at));
}

function loadRows(): { rows: Row[]; boxless: number } {
  const rows: Row[] = [];
  let boxless = 0;
  for (const name of readdirSync(join(fixtures, "finance-qa"))) {
    for (const line of readFileSync(join(fixtures, "finance-qa", name), "utf8")
      .split("\n")
      .filter(Boolean)) {
      const row = JSON.parse(line) as { question: string; gold_answer: string };
      rows.push({ file: name, question: row.question, gold: row.gold_answer });
    }
  }
  for (const name of readdirSync(join(fixtures, "dianjin-shape"))) {
    for (const row of JSON.parse(readFileSync(join(fixtures, "dianjin-shape", name), "utf8")) as {
      instruction: string;
      output: string;
    }[]) {
      const gold = boxed(row.output);
      if (gold === null) boxless++;
      else rows.push({ file: basename(name), question: row.instruction, gold });
    }
  }
  return { rows, boxless };
}

describe.skipIf(!present)("the golds of the real questions", () => {
  const { rows, boxless } = present ? loadRows() : { rows: [], boxless: 0 };
  const read = rows.map((row) => ({ ...row, ...readGold(row.question, row.gold) }));

  it("are all read; the kind is the one the file's name says", () => {
    expect(rows).toHaveLength(2896 + 709);
    expect(boxless).toBe(134);
    expect(read.filter((r) => !r.readable).map((r) => [r.file, r.gold, r.reason])).toEqual([]);
    const kinds = (name: string) =>
      [...new Set(read.filter((r) => r.file.includes(name)).map((r) => r.kind))].sort();
    for (const name of [".numeric", "fin_qa"]) expect(kinds(name), name).toEqual(["number"]);
    for (const name of [".option", "cflue_mcq"]) expect(kinds(name), name).toEqual(["choice"]);
    for (const name of ["yesno", "finqa_dev.text", "cflue_oe"]) expect(kinds(name), name).toEqual(["yesno"]);
    expect(kinds("span")).toEqual(["date", "inequality", "number", "text"]);
  });

  it("are right against themselves, every one", () => {
    const wrong = rows.filter((r) => checkAnswer({ ...r, prediction: r.gold }).verdict !== "right");
    expect(wrong.map((r) => [r.file, r.gold])).toEqual([]);
  });

  /** Every gold of the kind against its rewritings and against other values. */
  function check(kind: string, same: (gold: string) => string[], other: (gold: string) => string[]) {
    const falseRejects: unknown[] = [];
    const falseAccepts: unknown[] = [];
    const chosen = read.filter((r) => r.kind === kind);
    for (const { question, gold } of chosen) {
      const forms = same(gold);
      expect(forms.length, gold).toBeGreaterThanOrEqual(4);
      for (const prediction of forms) {
        const { verdict, message } = checkAnswer({ question, gold, prediction });
        if (verdict !== "right") falseRejects.push([message, question.slice(-80)]);
      }
      for (const prediction of other(gold)) {
        const { verdict, message } = checkAnswer({ question, gold, prediction });
        if (verdict === "right") falseAccepts.push([message, question.slice(-80)]);
      }
    }
    expect(chosen.length).toBeGreaterThan(100);
    expect(falseRejects).toEqual([]);
    expect(falseAccepts).toEqual([]);
  }

  it("that are numbers are right in every other dress and wrong as another value", () =>
    check("number", rewriteNumber, otherNumbers));

  it("that are choices are right in every dress and wrong as another letter", () =>
    check("choice", rewriteLetter, (gold) => {
      const other = gold === "A" ? "B" : "A";
      return [...rewriteLetter(other), `${gold} or ${other}`, `不选${gold}`, gold + other];
    }));

  it("that are yes or no are right in every dress and wrong as the opposite", () =>
    check(
      "yesno",
      (gold) => rewriteYesNo(gold === "是" || gold === "yes").same,
      (gold) => rewriteYesNo(gold === "是" || gold === "yes").other,
    ));

  it("that are texts are never right against another row's text", () => {
    const texts = read.filter((r) => r.kind === "text");
    const accepted: unknown[] = [];
    for (const [i, row] of texts.entries()) {
      for (let k = 1; k <= 40; k++) {
        const other = texts[(i + k * 7) % texts.length]!;
        if (squash(other.gold) === squash(row.gold)) continue;
        if (checkAnswer({ ...row, prediction: other.gold }).verdict === "right")
          accepted.push([row.gold, other.gold]);
      }
    }
    expect(texts.length).toBeGreaterThan(200);
    expect(accepted).toEqual([]);
  });
});
