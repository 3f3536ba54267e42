/** The rule scorer: when is a financial answer right? */
export type { AnswerKind, Judged, Verdict } from "./verdict.ts";
export type { AnswerCase } from "./check-answer.ts";
export { checkAnswer } from "./check-answer.ts";
export type { FormatVerdict } from "./format.ts";
export { checkFormat } from "./format.ts";
export { extractAnswer } from "./extract.ts";
export type { FoundAnswer } from "./find-answer.ts";
export { findAnswer } from "./find-answer.ts";
export { lastBoxed } from "./boxed.ts";
export type { GoldReading } from "./gold.ts";
export { readGold } from "./gold.ts";
export { goldProblem } from "./gold-problem.ts";
export type { CompletionCase, Score } from "./score.ts";
export { scoreCompletion } from "./score.ts";
export type { Example } from "./examples.ts";
export { EXAMPLE_PAIRS } from "./examples.ts";
export { originalRule } from "./original-rule.ts";
