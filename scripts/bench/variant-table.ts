/** Where a run of `npm run bench:variants` ended. Pure. */
import type { KeptSft } from "../../lib/compare/kept-result.ts";
import type { Run } from "../../lib/run/run.ts";
import { meanOf } from "../../lib/view/numbers.ts";

type Read = Pick<Run, "metrics">;

export interface End {
  kl: number | null;
  entropy: number | null;
  clipped: number | null;
  silent: number | null;
  /** Of all steps together. */
  seconds: number;
}

/** Means over the last fifth of the run's steps, of the clipped tokens over all of them. */
export function endOf({ metrics }: Read): End {
  const late = (name: string): number | null => {
    const column = metrics[name] ?? [];
    return meanOf(column.slice(-Math.max(1, Math.round(column.length / 5))));
  };
  return {
    kl: late("kl"),
    entropy: late("entropy"),
    clipped: meanOf(metrics["clip_ratio/region_mean"] ?? metrics.cispo_clip_ratio ?? []),
    silent: late("frac_reward_zero_std"),
    seconds: (metrics.secondsPerStep ?? []).reduce<number>((sum, value) => sum + (value ?? 0), 0),
  };
}

/** Held-out loss as it was measured, each with the training loss since the last time. */
export function curveOf({ metrics }: Read, epochs: number): KeptSft["curve"] {
  const steps = metrics.step;
  const total = steps.at(-1) ?? 1;
  const curve: KeptSft["curve"] = [];
  let from = 0;
  for (const [i, step] of steps.entries()) {
    const heldOut = metrics.heldOutLoss?.[i];
    const train = meanOf((metrics.loss ?? []).slice(from, i + 1));
    if (heldOut == null || train === null) continue;
    curve.push({
      epoch: Number(((epochs * step) / total).toFixed(2)),
      train: Number(train.toPrecision(4)),
      heldOut: Number(heldOut.toPrecision(4)),
    });
    from = i + 1;
  }
  return curve;
}
