/** One batch of the toy, term by term: what becomes of each answer between its reward and its new chance. */
import { groupAdvantages } from "../reward/advantage.ts";
import { batchLoss, softmax } from "./grpo.ts";
import { type Batch, TOY_DEFAULTS, type ToySettings } from "./settings.ts";

export interface WalkedAnswer {
  /** Counted from 1. */
  answer: number;
  reward: number;
  advantage: number;
  /** Natural logarithm of the chance before this update. */
  "log p": number;
  /** Chance before this update over the chance when the batch was drawn. */
  ratio: number;
  clipped: boolean;
  /** The smaller of ratio × advantage and bounded ratio × advantage. */
  gain: number;
  k3: number;
  loss: number;
  /** Which way the gradient of this term pushes the answer's own log p. */
  push: "up" | "down" | "not at all";
  "p before": number;
  "p after": number;
}

export interface Walk {
  rows: WalkedAnswer[];
  /** Mean loss of the batch at this update. */
  loss: number;
  /** Euclidean length of the gradient by the logits. */
  gradient: number;
  /** What the rows come to, in a sentence or two of markdown. */
  reading: string;
}

/**
 * The `update`-th update (from 1) with one batch in which every answer was drawn once. Those before it are
 * made and not shown.
 */
export function walkToy(
  rewards: readonly number[],
  from: readonly number[],
  settings: Partial<ToySettings> = {},
  update = 1,
): Walk {
  const set = { ...TOY_DEFAULTS, ...settings };
  let logits = from.map(Math.log);
  const start = softmax(logits, set.temperature);
  const advantages = groupAdvantages(rewards, { scale: set.scale });
  const batch: Batch = { group: rewards.map((_, i) => i), advantages, old: start, start };
  const learn = () => {
    const learnt = batchLoss(logits, batch, set);
    logits = logits.map((logit, k) => logit - set.learningRate * learnt.gradient[k]!);
    return learnt;
  };
  for (let made = 1; made < update; made++) learn();
  const { p, terms, loss, gradient } = learn();
  const after = softmax(logits, set.temperature);
  const rows = terms.map(
    ({ ratio, clipped, gain, k3, loss, slope }, i): WalkedAnswer => ({
      answer: i + 1,
      reward: rewards[i]!,
      advantage: advantages[i]!,
      "log p": Math.log(p[i]!),
      ratio,
      clipped,
      gain,
      k3,
      loss,
      push: slope < 0 ? "up" : slope > 0 ? "down" : "not at all",
      "p before": p[i]!,
      "p after": after[i]!,
    }),
  );
  const length = Math.hypot(...gradient);
  return { rows, loss, gradient: length, reading: readWalk(rows, loss, length) };
}

function readWalk(
  rows: readonly Pick<WalkedAnswer, "answer" | "clipped" | "push" | "p before" | "p after">[],
  loss: number,
  gradient: number,
): string {
  if (gradient < 1e-9)
    return "The gradient is **0**: all answers are paid alike, and the step leaves every chance as it was.";
  const value = Math.abs(loss) < 1e-9 ? "**0**" : `**${loss.toFixed(3)}**`;
  const moves = rows.map(
    (row) => `answer ${row.answer} from ${percent(row["p before"])} to ${percent(row["p after"])}`,
  );
  const clipped = rows.filter((row) => row.clipped).map(({ answer }) => answer);
  const bound =
    clipped.length === 0
      ? "No answer is clipped."
      : `Clipped: **answer${clipped.length > 1 ? "s" : ""} ${clipped.join(" and ")}**, on which only the ` +
        "KL still acts.";
  const length = `its gradient has length **${gradient.toFixed(3)}**`;
  return `The loss is ${value}, ${length}. The step takes ${moves.join(", ")}. ${bound}${carried(rows)}`;
}

/** Whose own push is down, and who rises all the same. */
function carried(rows: readonly Pick<WalkedAnswer, "answer" | "push" | "p before" | "p after">[]): string {
  const risen = rows.filter((row) => row.push === "down" && row["p after"] - row["p before"] > 5e-4);
  if (risen.length === 0) return "";
  const names = risen.map(({ answer }) => answer).join(" and ");
  const one = risen.length === 1;
  return (
    ` Answer${one ? "" : "s"} ${names} rise${one ? "s" : ""} although ${one ? "its" : "their"} own push is ` +
    "down: the others give up more."
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
