/** Counting what a sequence of layers lets through: every row that came in is in exactly one bucket. Pure. */
import { z } from "zod";

/**
 * A row and where it ended: the layer that took it out and why, or the last layer and `reason` null when all
 * let it through.
 */
export interface Fate {
  layer: string;
  reason: string | null;
  type: string;
  source: string;
}

const count = z.number().int().min(0);
/** in = out + Σ reasons. */
export const Bucket = z.object({ in: count, out: count, reasons: z.record(z.string(), count) });
export type Bucket = z.infer<typeof Bucket>;

export const FunnelCounts = Bucket.extend({
  layer: z.string(),
  /** True when the config switched the layer off: it lets everything through. */
  skipped: z.boolean(),
  /** Of a layer that makes something of its rows: `out` by how it was made. */
  made: z.record(z.string(), count).optional(),
  byType: z.record(z.string(), Bucket),
  bySource: z.record(z.string(), Bucket),
});
export type FunnelCounts = z.infer<typeof FunnelCounts>;

/**
 * How many rows came into each layer and went out of it, in total, by type and by source; what stayed behind
 * by reason.
 *
 * `layers` in their order. What goes out of one comes into the next. No rows give layers of zeros; shares are
 * left to the reader of the numbers, so nothing here divides by zero. Throws RangeError when a row names a
 * layer that is not listed.
 */
export function funnelOf(
  fates: readonly Fate[],
  layers: readonly string[],
  skipped: readonly string[] = [],
): FunnelCounts[] {
  for (const { layer } of fates)
    if (!layers.includes(layer))
      throw new RangeError(`funnelOf requires known layers (${layers.join(", ")}), got ${layer}`);
  let arriving = fates;
  return layers.map((name) => {
    const here = arriving;
    arriving = here.filter((fate) => !stays(fate, name));
    return {
      layer: name,
      skipped: skipped.includes(name),
      ...bucketOf(here, name),
      byType: grouped(here, name, (fate) => fate.type),
      bySource: grouped(here, name, (fate) => fate.source),
    };
  });
}

const stays = (fate: Fate, layer: string): boolean => fate.layer === layer && fate.reason !== null;

function bucketOf(fates: readonly Fate[], name: string): Bucket {
  const reasons = new Map<string, number>();
  for (const fate of fates)
    if (stays(fate, name)) reasons.set(fate.reason!, (reasons.get(fate.reason!) ?? 0) + 1);
  const stayed = [...reasons.values()].reduce((a, b) => a + b, 0);
  return {
    in: fates.length,
    out: fates.length - stayed,
    reasons: Object.fromEntries([...reasons].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))),
  };
}

function grouped(fates: readonly Fate[], name: string, by: (fate: Fate) => string): Record<string, Bucket> {
  const groups = new Map<string, Fate[]>();
  for (const fate of fates) {
    const group = groups.get(by(fate));
    if (group) group.push(fate);
    else groups.set(by(fate), [fate]);
  }
  return Object.fromEntries(
    [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, some]) => [key, bucketOf(some, name)]),
  );
}
