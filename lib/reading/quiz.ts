/**
 * The questions of the notebooks' exercises, with what is right and why: kept here and not beside the place
 * where a reader writes a prediction. What depends on the run is computed from what the cell hands over.
 */
import { textOutcome } from "../distill/outcome.ts";
import type { FilterDetail } from "../filter/record.ts";
import { loraRows } from "../model/shape.ts";
import type { Tokenizer } from "../model/tokens.ts";
import { removeDuplicates } from "../prepare/duplicates.ts";
import type { Distilled, Estimate, Question, SftRow } from "../records.ts";
import { expectedNoSignalShare, groupAdvantages } from "../reward/advantage.ts";
import { mcnemar } from "../stats/stats.ts";
import type { Prediction } from "../view/predictions.ts";
import { takenByOriginal } from "./filter.ts";
import { heldOut, heldOutTurn } from "./sft.ts";
import type { TrainedRun } from "./sft.ts";

/** A reader's predictions in the order of the exercises; null for one that is not made yet. */
export type Mine = readonly (number | string | null)[];

type Answer = Omit<Prediction, "mine">;

const beside = (mine: Mine, answers: readonly Answer[]): Prediction[] =>
  answers.map((answer, i) => ({ ...answer, mine: mine[i] ?? null }));

interface PrepareRun {
  /** One question under several disguises. */
  copies: readonly Pick<Question, "id" | "question" | "gold_answer">[];
  /** What a preparation with half the sample read and kept of each source. */
  halved: readonly { source: string; read: number; kept: number }[];
}

function prepare(mine: Mine, { copies, halved }: PrepareRun): Prediction[] {
  const caseOnly = copies.filter(({ id }) => id !== "numbered" && id !== "full width");
  const [loser] = [...halved].sort((a, b) => b.read - b.kept - (a.read - a.kept));
  return beside(mine, [
    {
      question: "1. disguises found by upper and lower case alone",
      measured: removeDuplicates(caseOnly).removed.length,
      because: "a number in front and full-width characters are not a matter of case",
    },
    {
      question: "2. the source that loses most rows",
      measured: loser?.source ?? null,
      because: "the sample is drawn by type, and the larger source has more of each to lose",
    },
    {
      question: "3. the reason for a question of twice the tokens",
      measured: "too_long",
      because: "length is checked before anything else looks at the question",
    },
    {
      question: "4. golds that are wrong, at the least",
      measured: 1,
      because: "both cannot be right, but both can be wrong: look them up",
    },
  ]);
}

function distill(mine: Mine, texts: readonly Distilled[]): Prediction[] {
  const thought = (text: string): string => /<think>([\s\S]*?)<\/think>/.exec(text)?.[1] ?? "";
  return beside(mine, [
    {
      question: "1. different texts at temperature 0",
      measured: 1,
      because: "greedy decoding has nothing to draw: the same prompt gives the same text",
    },
    {
      question: "2. texts that 40 tokens would cut",
      measured: texts.filter((row) => (row.completion_tokens ?? 0) > 40).length,
      because: "the closing tags come last, so a cut text loses its answer",
    },
    {
      question: "3. texts without a sum",
      measured: texts.filter((row) => !thought(row.response ?? "").includes("=")).length,
      because: "what is recalled needs no sum",
    },
    {
      question: "4. pieces of 1234567",
      measured: 3,
      because: "123, 456, 7; of 12345678 the last is 78: the same place stands in another piece",
    },
  ]);
}

interface FilterRun {
  /** Rows of the Judge's card. */
  faults: readonly { measure: string; value: Pick<Estimate, "value"> | null }[];
  texts: readonly Distilled[];
  details: readonly FilterDetail[];
}

function filter(mine: Mine, { faults, texts, details }: FilterRun): Prediction[] {
  const seen = faults.find(({ measure }) => measure === "recall on wrong step")?.value?.value ?? 0;
  return beside(mine, [
    {
      question: "1. one wrong number: which layer (answer, judge, none)",
      measured: seen > 0.5 ? "judge" : "none",
      because: "rules see only the answer, and the card says whether the Judge sees such a step",
    },
    {
      question: "2. texts that go on without a Judge",
      measured: texts.filter((row) => textOutcome(row) === null).length,
      because: "only what is right by the rules goes on",
    },
    {
      question: "3. dropped answers that the looser rule takes",
      measured: takenByOriginal(details, texts),
      because: "scale, sign and unit are lost when only digits are compared",
    },
    {
      question: "4. kappa of a Judge that passes all",
      measured: 0,
      because: "it agrees in half of the cases, as a coin would: kappa counts what is beyond that",
    },
  ]);
}

interface SftRun {
  /** The model's name or folder. */
  base: string;
  run: TrainedRun;
  /** The row that was shown token by token. */
  row: Pick<SftRow, "prompt" | "response">;
  system: string;
  tokenizer: Pick<Tokenizer, "countTokens" | "countPromptTokens">;
}

function sft(mine: Mine, { base, run, row, system, tokenizer }: SftRun): Prediction[] {
  const trained = (rank: number): number => Number(loraRows(base, rank)[0]!["LoRA trains"]);
  const graded = tokenizer.countTokens(row.response) + 1;
  const read = tokenizer.countPromptTokens({ question: row.prompt, system });
  const turn = run.config.sft.epochs < 8 ? null : heldOutTurn(run);
  return beside(mine, [
    {
      question: "1. rank 16 to rank 2: the factor",
      measured: trained(16) / trained(2),
      because: "both matrices have r rows or columns: the count is proportional to r",
    },
    {
      question: "2. eight epochs: lowest at the end (yes, no)",
      measured: turn && (turn.kind === "none" ? "yes" : "no"),
      because: heldOut(run),
    },
    {
      question: "3. share of the tokens that is graded",
      measured: graded / (graded + read),
      because: "the response and the end of the turn, of everything that is read",
    },
    {
      question: "4. probability at a loss of ln 2",
      measured: 0.5,
      because: "the loss is -log p: a coin's half has ln 2, a certain token 0",
    },
  ]);
}

function grpo(mine: Mine): Prediction[] {
  return beside(mine, [
    {
      question: "rewards 1, 0, 0, 0: advantage of the first",
      measured: groupAdvantages([1, 0, 0, 0])[0]!,
      because: "(1 − 0.25) / 0.5",
    },
    {
      question: "p = 0.5, G = 4: share of silent groups",
      measured: expectedNoSignalShare(0.5, 4),
      because: "2 × 0.5⁴",
    },
    {
      question: "the loss is 0 at step 1: is the run stuck? (yes, no)",
      measured: "no",
      because: "its slope is not 0",
    },
    {
      question: "1 update a batch: whose gain is GRPO's? (dapo, gspo, cispo)",
      measured: "gspo",
      because: "only its ratio differs",
    },
    { question: "H of a fair choice of two, in nats", measured: Math.log(2), because: "log 2" },
    {
      question: "all eight right, β > 0, mid-run: any push? (yes, no)",
      measured: "yes",
      because: "the KL still has a slope",
    },
  ]);
}

type Compared = readonly { name: string; wrongPassed: Pick<Estimate, "value"> | null }[];

function evaluate(mine: Mine, verdicts: Compared): Prediction[] {
  return beside(mine, [
    {
      question: "nine times the questions: interval narrower by a factor of",
      measured: 3,
      because: "the width goes with 1/√n",
    },
    {
      question: "share of SFT + GRPO's wrong answers that the Judge passes",
      measured: verdicts.find(({ name }) => name === "sft_grpo")?.wrongPassed?.value ?? null,
      within: 0.25,
      because: "it checks the shape of a text, not its sums",
    },
    {
      question: "100 questions, 8 answers each: n",
      measured: 100,
      because: "answers to one question are alike; the interval is over questions",
    },
    {
      question: "strict share above its lenient one (sft, base, none)",
      measured: "none",
      because: "lenient accepts all that strict accepts, and more",
    },
  ]);
}

interface DeployRun {
  /** The toy merge: its frozen matrix, the adapter's column and row, the input. */
  toy: Record<"B" | "A" | "x", readonly number[]> & { W: readonly (readonly number[])[] };
  /** In the order of the requests in flight. */
  rates: readonly { tokensPerSecond: number }[];
}

function deploy(mine: Mine, { toy: { W, B, A, x }, rates }: DeployRun): Prediction[] {
  const dot = (a: readonly number[]): number => a.reduce((sum, value, i) => sum + value * x[i]!, 0);
  const each = rates.map(({ tokensPerSecond }) => tokensPerSecond);
  return beside(mine, [
    {
      question: "toy merge with scale 4: first number of the result",
      measured: dot(W[0]!) + 4 * B[0]! * dot(A),
      because: "B (A x) is as it was",
    },
    {
      question: "best tokens per second, over those of one request",
      measured: each.length === 0 ? null : Math.max(...each) / each[0]!,
      within: 0.25,
      because: "a batch reads the weights once for all its texts, until arithmetic is the limit",
    },
    {
      question: "a million weights in float32: megabytes",
      measured: 4,
      because: "four bytes each; in bfloat16 it would be two",
    },
    {
      question: "two adapters merged: does the order matter? (yes, no)",
      measured: "no",
      because: "merging is an addition, and W + a + b is W + b + a, but for rounding",
    },
  ]);
}

function ablation(mine: Mine): Prediction[] {
  return beside(mine, [
    {
      question: "3 lost, 13 won: is p below 0.01? (yes, no)",
      measured: mcnemar(3, 13) < 0.01 ? "yes" : "no",
      because: "16 tosses, 13 on one side",
    },
    {
      question: "45 lost, 75 won: p",
      measured: mcnemar(45, 75),
      within: 0.5,
      because: "three times the gain, but out of 120 tosses",
    },
    {
      question: "40 comparisons, no effect: decided by chance",
      measured: 2,
      because: "one in twenty of forty",
    },
    {
      question: "undecided: are both arms equally good? (yes, no)",
      measured: "no",
      because: "it shows that the questions were too few to tell; the interval says what is left",
    },
  ]);
}

/** @example await show(checkPredictions(quiz.distill([1, null, null, null], rows))); */
export const quiz = { prepare, distill, filter, sft, grpo, evaluate, deploy, ablation } as const;
