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
      tempting: [
        {
          mine: 2,
          but: "a full-width letter looks like a matter of print, but it is another character",
        },
        { mine: 3, but: "all three are the same to a reader, but only one of them differs by case alone" },
      ],
    },
    {
      question: "2. the source that loses most rows",
      measured: loser?.source ?? null,
      because: "the sample is drawn by type, and the larger source has more of each to lose",
      tempting: halved
        .filter(({ source }) => source !== loser?.source)
        .map(({ source }) => ({ mine: source, but: "a small source looks the first to go" })),
    },
    {
      question: "3. the reason for a question of twice the tokens",
      measured: "too_long",
      because: "length is checked before anything else looks at the question",
      tempting: [
        { mine: "field", but: "every field is there, one of them is only long" },
        { mine: "not sampled", but: "it never comes as far as the sample" },
      ],
    },
    {
      question: "4. golds that are wrong, at the least",
      measured: 1,
      because: "both cannot be right, but both can be wrong: look them up",
      tempting: [
        { mine: 0, but: "two different golds to one question cannot both hold" },
        { mine: 2, but: "they make each other doubtful, but for certain only one of them is wrong" },
      ],
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
      tempting: [{ mine: 4, but: "four attempts are four draws only where something is drawn" }],
    },
    {
      question: "2. texts that 40 tokens would cut",
      measured: texts.filter((row) => (row.completion_tokens ?? 0) > 40).length,
      because: "the closing tags come last, so a text of more than 40 tokens loses its answer, right or not",
      tempting: [
        { mine: 0, but: "the limit counts tags and answer, too, not the reasoning alone" },
        { mine: texts.length, but: "the short ones, concepts above all, end before that" },
      ],
    },
    {
      question: "3. texts without a sum",
      measured: texts.filter((row) => !thought(row.response ?? "").includes("=")).length,
      because: "a definition is recalled and not computed, so its reasoning often needs no sum",
      tempting: [{ mine: 0, but: "a sum in every text would mean that everything is computed" }],
    },
    {
      question: "4. pieces of 1234567",
      measured: 3,
      because: "123, 456, 7; of 12345678 the last is 78: the same place stands in another piece",
      tempting: [
        { mine: 7, but: "that is a piece a digit, as Qwen's tokenizer and ours cut" },
        { mine: 2, but: "no piece holds more than three digits" },
      ],
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
      tempting: [
        {
          mine: "answer",
          but: "the layer of that name compares the last line with the gold, and the last line is right",
        },
        {
          mine: "judge",
          but: "it reads the steps, but to see a wrong number it would have to do the sum again",
        },
        { mine: "none", but: "that holds for rules alone; this Judge finds such steps" },
      ],
    },
    {
      question: "2. texts that go on without a Judge",
      measured: texts.filter((row) => textOutcome(row) === null).length,
      because: "only what is right by the rules goes on; what they cannot decide ends with them",
      tempting: [
        {
          mine: texts.length,
          but: "that many are asked, and wrong answers end at the answer layer with or without a Judge",
        },
        {
          mine: details.filter(({ votePoints }) => votePoints !== null).length,
          but: "so many the Judge was shown, those among them that the rules could not decide",
        },
      ],
    },
    {
      question: "3. dropped answers that the looser rule takes",
      measured: takenByOriginal(details, texts),
      because: "scale, sign and unit are lost when only digits are compared",
      tempting: [{ mine: 0, but: "it knows fewer forms, but it also overlooks more" }],
    },
    {
      question: "4. kappa of a Judge that passes all",
      measured: 0,
      because: "it agrees in half of the cases, as a coin would: kappa counts what is beyond that",
      tempting: [
        { mine: 0.5, but: "that is its agreement, and kappa takes away what a coin would reach" },
        { mine: 1, but: "it never fails a good text, but never a bad one, either" },
      ],
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
      tempting: [
        { mine: 64, but: "that would be the square of 8, but r is only one side of each matrix" },
        { mine: 4, but: "both matrices shrink, but their counts are added and not multiplied" },
      ],
    },
    {
      question: "2. eight epochs: lowest at the end (yes, no)",
      measured: turn && (turn.kind === "none" ? "yes" : "no"),
      because: heldOut(run),
      tempting: [
        { mine: "no", but: "many passes overfit sooner or later; these have not come so far" },
        { mine: "yes", but: "the training loss falls to the end, and it is easily taken for the other" },
      ],
    },
    {
      question: "3. share of the tokens that is graded",
      measured: graded / (graded + read),
      because: "the response and the end of the turn, of everything that is read",
      tempting: [
        { mine: read / (graded + read), but: "that is the masked part" },
        { mine: 1, but: "the prompt is read as well, but not graded" },
      ],
    },
    {
      question: "4. probability at a loss of ln 2",
      measured: 0.5,
      because: "the loss is -log p: a coin's half has ln 2, a certain token 0",
      tempting: [
        { mine: Math.LN2, but: "that is the loss itself, and p is e to the power of minus the loss" },
        { mine: 1 - Math.LN2, but: "the loss is no share that could be taken from 1" },
      ],
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
      because: "the width goes with 1/√n, and the root of nine is three",
      tempting: [
        { mine: 9, but: "the questions are nine times as many, and the width goes with their root" },
        { mine: 81, but: "the root is taken, not the square" },
      ],
    },
    {
      question: "share of SFT + GRPO's wrong answers that the Judge passes",
      measured: verdicts.find(({ name }) => name === "sft_grpo")?.wrongPassed?.value ?? null,
      within: 0.25,
      because: "it checks the shape of a text, not its sums",
      tempting: [
        { mine: 0, but: "it reads every step, but a wrong sum in a tidy text looks like a right one" },
      ],
    },
    {
      question: "100 questions, 8 answers each: n",
      measured: 100,
      because: "answers to one question are alike; the interval is over questions",
      tempting: [
        { mine: 800, but: "so many answers there are, but a hard question is hard all eight times" },
        { mine: 8, but: "that is the number of answers to one question" },
      ],
    },
    {
      question: "strict share above its lenient one (sft, base, none)",
      measured: "none",
      because: "lenient accepts all that strict accepts, and more",
      tempting: [
        {
          mine: "sft",
          but: "its two shares are nearly equal, but the strict one is never the higher",
        },
        { mine: "base", but: "there the two differ most, the other way round" },
      ],
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
      because: "W x is as it was, and B (A x) counts four times",
      tempting: [
        {
          mine: 2 * (dot(W[0]!) + 2 * B[0]! * dot(A)),
          but: "the scale belongs to the adapter's part alone, W x stays",
        },
        { mine: dot(W[0]!) + 2 * B[0]! * dot(A), but: "that is the result at scale 2" },
      ],
    },
    {
      question: "best tokens per second, over those of one request",
      measured: each.length === 0 ? null : Math.max(...each) / each[0]!,
      within: 0.25,
      because: "a batch reads the weights once for all its texts, until arithmetic is the limit",
      tempting: [{ mine: 64, but: "all 64 are in flight, but they share one processor" }],
    },
    {
      question: "a million weights in float32: megabytes",
      measured: 4,
      because: "32 bits are four bytes for each weight",
      tempting: [
        { mine: 32, but: "32 are the bits of a weight, and a byte has eight" },
        { mine: 2, but: "that would be bfloat16, of 16 bits" },
        { mine: 1, but: "that would be a byte for each weight" },
      ],
    },
    {
      question: "two adapters merged: does the order matter? (yes, no)",
      measured: "no",
      because: "merging is an addition, and W + a + b is W + b + a, but for rounding",
      tempting: [
        { mine: "yes", but: "it matters in which order they are trained, not in which they are added" },
      ],
    },
  ]);
}

function ablation(mine: Mine): Prediction[] {
  return beside(mine, [
    {
      question: "3 lost, 13 won: is p below 0.01? (yes, no)",
      measured: mcnemar(3, 13) < 0.01 ? "yes" : "no",
      because: "a coin tossed 16 times falls 13 to 3 or more unevenly about twice in a hundred times",
      tempting: [{ mine: "yes", but: "13 to 3 looks like more than it is" }],
    },
    {
      question: "45 lost, 75 won: p",
      measured: mcnemar(45, 75),
      within: 0.5,
      because: "three times the gain, but out of 120 tosses",
      tempting: [
        {
          mine: mcnemar(3, 13),
          but: "the gain is three times as large, but the tosses are seven and a half times as many",
        },
        { mine: 0, but: "120 coins are rarely so uneven, but not never" },
      ],
    },
    {
      question: "40 comparisons, no effect: decided by chance",
      measured: 2,
      because: "one in twenty looks decided by chance, and there are forty",
      tempting: [
        {
          mine: 0,
          but: "no effect does not keep a test from looking decided: p < 0.05 is allowed to happen",
        },
        { mine: 1, but: "one in twenty is right, and there are forty" },
      ],
    },
    {
      question: "undecided: are both arms equally good? (yes, no)",
      measured: "no",
      because: "it shows that the questions were too few to tell; the interval says what is left",
      tempting: [
        { mine: "yes", but: "no difference was shown, but that none is there was not shown, either" },
      ],
    },
  ]);
}

/** @example await show(checkPredictions(quiz.distill([1, null, null, null], rows))); */
export const quiz = { prepare, distill, filter, sft, grpo, evaluate, deploy, ablation } as const;
