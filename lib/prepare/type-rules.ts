/** The rules of `classify` as a table: what each goes by, how often it fired, how often it agrees. Pure. */
import { CLASSIFY_RULES } from "./classify.ts";
import type { QuestionFacts } from "./prepared.ts";

export interface TypeRuleRow {
  rule: string;
  type: string;
  because: string;
  questions: number;
  /** Share of those with a given type whose type the rule gives, too; null where none came with one. */
  agree: number | null;
}

/** The rules that fired, in their order; those that did not are left out. */
export function typeRules(facts: readonly QuestionFacts[]): TypeRuleRow[] {
  return CLASSIFY_RULES.flatMap(({ name, type, because }) => {
    const fired = facts.filter(({ rule }) => rule === name);
    if (fired.length === 0) return [];
    const known = fired.filter(({ typeGiven }) => typeGiven);
    const agree = known.filter((row) => row.typeByRules === row.type).length / known.length;
    const row = { rule: name, type: type.replace("financial_", ""), because, questions: fired.length };
    return [{ ...row, agree: known.length === 0 ? null : agree }];
  });
}
