/** SFT that goes on for too long, as `npm run bench:variants` has kept it: rows and what they say. Pure. */
import { differenceVerdict } from "../evaluate/comparison-text.ts";
import { counted } from "../reading/words.ts";
import { formatCount } from "../view/numbers.ts";
import type { KeptResult, KeptSft } from "./kept-result.ts";
import { measured, percent, pointsOf } from "./kept-text.ts";
import type { KeptRuns } from "./kept-text.ts";

/** A row a number of epochs, each held against the shortest run. */
export function keptSft({ sft, ...result }: KeptResult): KeptRuns {
  const [first] = sft;
  return {
    caption:
      `SFT on ${formatCount(first?.rows ?? 0)} rows, a run for each number of epochs; loss in nats a ` +
      `token, held out: ${formatCount(first?.heldOutRows ?? 0)} rows; ${formatCount(first?.n ?? 0)} test ` +
      `questions, greedy, read leniently, 95 % intervals. ${measured(result)}`,
    rows: sft.map((one) => ({
      epochs: String(one.epochs),
      "training loss": one.trainLoss.toPrecision(3),
      "held-out loss": one.heldOutLoss.toPrecision(3),
      "lowest held-out loss": lowestText(lowestOf(one)),
      "right (%)": percent(one.right),
      "points to the shortest": one.difference ? pointsOf(one.difference) : "",
    })),
    reading: first ? [turn(sft), answersOf(sft)].map((line) => `- ${line}`).join("\n") : "No run is kept.",
  };
}

const lowestText = ({ heldOut, epoch }: KeptSft["curve"][number]): string =>
  `${heldOut.toPrecision(3)} (epoch ${epoch.toFixed(1)})`;

const lowestOf = ({ curve }: KeptSft) => curve.reduce((a, b) => (b.heldOut < a.heldOut ? b : a));

/** When the held-out loss of the longest run turned; as `readings.sft.heldOut` counts it. */
function turn(sft: readonly KeptSft[]): string {
  const { epochs, curve } = sft.at(-1)!;
  const [start, end, lowest] = [curve[0]!, curve.at(-1)!, lowestOf(sft.at(-1)!)];
  const train =
    `the training loss is ${start.train.toPrecision(3)} after ${start.epoch.toFixed(1)} epochs and ` +
    `${end.train.toPrecision(3)} at the end`;
  const lead = `In the run of ${counted(epochs, "epoch")} ${train}`;
  const at = `${lowest.heldOut.toPrecision(3)} after ${lowest.epoch.toFixed(1)} epochs`;
  if (end.heldOut <= 1.02 * lowest.heldOut)
    return (
      `${lead}, and the held-out loss **never turns**: at the end it is within 2 % of its ` + `lowest, ${at}.`
    );
  const rise = `from ${at} to ${end.heldOut.toPrecision(3)} at the end`;
  if (end.heldOut <= 1.1 * lowest.heldOut)
    return `${lead}; the held-out loss hardly rises any more, ${rise}: **too little for overfitting**.`;
  const peak = curve
    .filter(({ epoch }) => epoch >= lowest.epoch)
    .reduce((a, b) => (b.heldOut > a.heldOut ? b : a));
  const climbs =
    peak === end
      ? `it rises ${rise}`
      : `it is lowest at ${at}, climbs to ${peak.heldOut.toPrecision(3)} after ` +
        `${peak.epoch.toFixed(1)} and ends at ${end.heldOut.toPrecision(3)}`;
  return (
    `${lead}, while the held-out loss **turns**: ${climbs}. What is learned last are the rows ` +
    "themselves."
  );
}

/** Whether the test follows the held-out loss. */
function answersOf(sft: readonly KeptSft[]): string {
  const [first, last] = [sft[0]!, sft.at(-1)!];
  const best = sft.reduce((a, b) => (b.right.value > a.right.value ? b : a));
  const gentle = sft.reduce((a, b) => (b.heldOutLoss < a.heldOutLoss ? b : a));
  const ends =
    `${percent(first.right)} % right after ${counted(first.epochs, "epoch")}, ` +
    `${percent(last.right)} after ${counted(last.epochs, "epoch")}`;
  const verdict = last.difference ? differenceVerdict(last.difference) : "undecided";
  const change =
    verdict === "better" && best !== last
      ? `**Right answers grow, and not to the end:** ${percent(first.right)} % after ` +
        `${counted(first.epochs, "epoch")}, ${percent(best.right)} after ${best.epochs}, ` +
        `${percent(last.right)} after ${last.epochs}` +
        (best.right.low <= last.right.high
          ? ": whether the last are fewer, these intervals leave open."
          : ".")
      : verdict === "better"
        ? `**Right answers go on growing** with the epochs: ${ends} (${pointsOf(last.difference!)} points).`
        : verdict === "worse"
          ? `**Right answers are lost** with the epochs: ${ends} (${pointsOf(last.difference!)} points).`
          : `Right answers cannot be told apart at the two ends: ${ends}.`;
  return (
    `${change} Most are right after ${counted(best.epochs, "epoch")}; the held-out loss ends lowest after ` +
    `${counted(gentle.epochs, "epoch")}. ` +
    whereToStop(best, gentle)
  );
}

function whereToStop(best: KeptSft, gentle: KeptSft): string {
  if (best === gentle) return "Here both say the same.";
  if (best.right.low <= gentle.right.high)
    return "Their intervals overlap: to stop where the held-out loss is lowest is no mistake here.";
  return best.epochs > gentle.epochs
    ? "So a loss that rises does not yet cost answers: it counts most where the model is sure and wrong, " +
        "and a greedy answer asks only for the likeliest token."
    : "So here answers are lost before the loss would say so.";
}
