/** The rule scorer: when is a financial answer right? */
export type { AnswerKind, Judged, Verdict } from "./verdict.ts";
export type { AnswerCase } from "./check-answer.ts";
export { checkAnswer } from "./check-answer.ts";
export type { FormatVerdict } from "./completion/format.ts";
export { checkFormat } from "./completion/format.ts";
export { extractAnswer } from "./completion/extract.ts";
export type { FoundAnswer } from "./completion/find-answer.ts";
export { findAnswer } from "./completion/find-answer.ts";
export { lastBoxed } from "./completion/boxed.ts";
export type { GoldReading } from "./gold.ts";
export { readGold } from "./gold.ts";
export { goldProblem } from "./gold.ts";
export type { CompletionCase, Score } from "./score.ts";
export { scoreCompletion } from "./score.ts";
export type { Example } from "./examples.ts";
export { EXAMPLE_PAIRS } from "./examples.ts";
export { originalRule } from "./original-rule.ts";
