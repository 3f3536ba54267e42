/** The rule scorer: when is a financial answer right? */
export type { AnswerKind, Judged } from "./verdict.ts";
export { checkAnswer } from "./check-answer.ts";
export { checkFormat } from "./completion/format.ts";
export { extractAnswer } from "./completion/extract.ts";
export { readGold } from "./gold.ts";
export { goldProblem } from "./gold-problem.ts";
export type { Score } from "./score.ts";
export { scoreCompletion } from "./score.ts";
export { originalRule } from "./original-rule.ts";
