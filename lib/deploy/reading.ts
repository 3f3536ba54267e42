/** What merging and serving have shown, in sentences that follow the numbers. Pure. */
import type { Parity } from "../run/merge.ts";
import type { Throughput } from "../serving/throughput.ts";
import { formatShare } from "../view/numbers.ts";
import type { WeightChange } from "./weight-change.ts";

/** "from 4 to 16 **×2.9**". */
const grown = ({ from, to, times }: { from: number; to: number; times: number }): string =>
  `from ${from} to ${to} **×${times.toFixed(1)}**`;

/** The last step's factor from which on a machine still has room, and from which on it has a little. */
const [ROOM, LITTLE] = [1.5, 1.15];

export const readDeployment = {
  /** Whether the merged model is the one that was trained. */
  parity(parity: Pick<Parity, "prompts" | "agree" | "topTokens" | "meanLogprobDifference"> | null): string {
    if (!parity) return "The run that merged is no longer there, and its check with it.";
    const { prompts, agree, topTokens, meanLogprobDifference: off } = parity;
    const rounding =
      off === null ? "" : ` Log-probabilities differ by ${off.toExponential(0)} nats on average.`;
    return (
      (topTokens === 1 && agree === prompts
        ? `**The same choice at every token**, in all ${prompts} answers: what notebook 6 ` +
          "measured holds for what is deployed."
        : `The same choice at ${(100 * topTokens).toFixed(1)} % of the tokens, and ${agree} of ` +
          `${prompts} answers ` +
          "the merged model would write itself: the rest is rounding, which a greedy text does not forget.") +
      rounding
    );
  },

  /** The check as the one row of a table; none where it is gone. */
  parityRows(parity: Parity | null): Record<string, unknown>[] {
    if (!parity) return [];
    const nats = (value: number | null) => value?.toExponential(1) ?? null;
    return [
      {
        answers: parity.prompts,
        "tokens in them": parity.tokens,
        "same most likely token (%)": 100 * parity.topTokens,
        "log-probability: mean difference": nats(parity.meanLogprobDifference),
        largest: nats(parity.maxLogprobDifference),
        "answers it would write itself": parity.agree,
      },
    ];
  },

  /** How large the change is, where it is largest, and what was left alone. */
  changes(changes: readonly WeightChange[] | null): string {
    if (!changes) return "The Base is not on this machine: there is nothing to compare with.";
    const touched = changes.filter(({ changed }) => changed > 0);
    const sizes = touched.flatMap(({ relative, name }) => (relative === null ? [] : [{ relative, name }]));
    if (sizes.length === 0) return "No weight differs from the Base.";
    const sorted = [...sizes].sort((a, b) => a.relative - b.relative);
    const [least, most] = [sorted[0]!, sorted.at(-1)!];
    const total = changes.reduce((sum, { weights }) => sum + weights, 0);
    const size = most.relative < 0.03 ? "a nudge" : most.relative < 0.3 ? "no small nudge" : "a rebuilding";
    return (
      `Between ${(100 * least.relative).toFixed(1)} and **${(100 * most.relative).toFixed(1)} % ` +
      "of the norm** of each " +
      `matrix, most in \`${most.name.replace(/^model\.|\.weight$/g, "")}\`: ${size}. ` +
      `${changes.length - touched.length} of ${changes.length} tensors, with ` +
      `${formatShare(total - touched.reduce((sum, { weights }) => sum + weights, 0), total)} of ` +
      "the weights, are equal in value."
    );
  },

  /** What more requests in flight bring, and what they cost. */
  throughput(rows: readonly Throughput[]): string {
    const [alone] = rows;
    const most = rows.reduce((a, b) => (b.tokensPerSecond > a.tokensPerSecond ? b : a), rows[0]!);
    if (!alone || rows.length < 2) return "One measurement alone shows no gain.";
    // of all of them: the few that were sent one after the other may hold one that went on and on
    const sum = (of: "tokens" | "requests") => rows.reduce((all, row) => all + row[of], 0);
    const answer = sum("tokens") / sum("requests");
    const minutes = (rate: number) => ((1000 * answer) / rate / 60).toFixed(1);
    const steps = rows.slice(1).map((row, i) => {
      const before = rows[i]!;
      const times = row.tokensPerSecond / before.tokensPerSecond;
      return { from: before.inFlight, to: row.inFlight, times };
    });
    // as they are printed: two factors that read alike do not fade
    const factors = steps.map(({ times }) => Math.round(10 * times));
    const fading =
      factors.length < 2
        ? ""
        : factors.every((factor, i) => i === 0 || factor < factors[i - 1]!)
          ? ": each step brings less than the one before"
          : factors.at(-1)! < factors[0]!
            ? ": the first step brings more than the last"
            : "";
    const last = rows.at(-1)!;
    const lastTimes = steps.at(-1)!.times;
    const bend =
      most !== last
        ? `Past ${most.inFlight} in flight it falls again: the machine is full.`
        : lastTimes < LITTLE
          ? `The last step brings next to nothing: at ${last.inFlight} the machine is full.`
          : lastTimes < ROOM
            ? `The last step brings little: at ${last.inFlight} the machine is nearly full.`
            : `It still grows at ${last.inFlight}: the machine is not full yet.`;
    return (
      `Tokens a second by requests in flight: ${steps.map(grown).join(", ")}${fading}. ${bend} ` +
      `The price: one answer takes ${(last.medianMs / alone.medianMs).toFixed(1)} times as long at ` +
      `${last.inFlight} as ` +
      "alone. A thousand answers take " +
      `**${minutes(alone.tokensPerSecond)} minutes** one after the other and ` +
      `**${minutes(most.tokensPerSecond)}** with ${most.inFlight} in flight.`
    );
  },
};
