/** A sample in which every source keeps its share. Pure. */
import { inDrawnOrder } from "../prepare/sample.ts";
import { largestRemainder } from "../prepare/split.ts";
import type { Question } from "../records.ts";

/**
 * `count` questions, every source in its share of all (largest remainder), drawn by rank (seed, id); all of
 * them where there are no more.
 */
export function drawBySource<T extends Pick<Question, "id" | "source">>(
  questions: readonly T[],
  count: number,
  seed: number,
): T[] {
  const drawn = inDrawnOrder(questions, seed);
  if (count >= drawn.length) return drawn;
  const sizes = new Map<string, number>();
  for (const { source } of questions) sizes.set(source, (sizes.get(source) ?? 0) + 1);
  const left = largestRemainder(
    new Map([...sizes].map(([source, n]) => [source, (n * count) / questions.length])),
    count,
  );
  return drawn.filter(({ source }) => {
    const open = left.get(source)!;
    left.set(source, open - 1);
    return open > 0;
  });
}
