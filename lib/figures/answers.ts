/** Stage 6: an evaluation under way, and what several tries bring. */
import { curveRecorder } from "../view/progress-curve.ts";
import type { CollectProgress } from "../completions/ask-models.ts";
import { passAtKOf } from "../evaluate/eval-summary.ts";
import { countBy } from "../stats/stats.ts";
import { distillProgress } from "./distill.ts";
import type { ArmDetails } from "./evaluate.ts";
import { formatCount, formatEstimate } from "../view/numbers.ts";
import { errorBars } from "./bars.ts";
import { emptyFigure, type Figure, makeFigure } from "./theme.ts";
import { styleOf } from "../view/arms.ts";

/**
 * Draws an evaluation while it runs: a function from progress to figure that remembers the curve of the arms
 * being asked. `now` in ms.
 *
 * @example
 * const draw = answerProgress();
 * await evaluateArms(lab, arms, { onProgress: (progress) => live.update(draw(progress)) });
 */
export function answerProgress(
  now: () => number = () => performance.now(),
): (progress: CollectProgress) => Figure {
  let asked = "";
  let record = curveRecorder(now);
  return ({ names, ...progress }) => {
    const title = `Answers of ${names.map((name) => styleOf(name, 0).label).join(" · ")}`;
    if (title !== asked) record = curveRecorder(now);
    asked = title;
    return distillProgress(record({ ...progress, failures: {} }), {
      title,
      unit: "answers",
    });
  };
}

/**
 * pass@k of each arm: the chance that at least one of k sampled answers is right, k from 1 to the number of
 * samples, read leniently so that an untrained Base is measured fairly.
 */
export function passAtKCurve(arms: readonly ArmDetails[], reading: "strict" | "lenient" = "lenient"): Figure {
  const title = "pass@k: right at least once in k tries";
  const drawn = arms
    .map((arm, i) => ({ ...arm, style: styleOf(arm.name, i), samples: samplesOf(arm) }))
    .filter((arm) => arm.samples > 0);
  if (drawn.length === 0) return emptyFigure(title, "No answers were sampled: evaluate.samples is 0.");
  const questions = new Set(drawn.flatMap((arm) => sampledOf(arm).map((row) => row.id))).size;
  const data = drawn.map(({ details, style, samples }) => {
    const k = Array.from({ length: samples }, (_, i) => i + 1);
    const estimates = k.map((tries) => passAtKOf(details, tries, reading)!);
    return {
      type: "scatter",
      mode: "lines+markers",
      name: style.label,
      x: k,
      y: estimates.map((e) => e.value),
      customdata: estimates.map(formatEstimate),
      line: { color: style.colour, width: 3 },
      marker: { symbol: style.symbol, size: 9 },
      error_y: errorBars(estimates, { color: style.colour, thickness: 1 }),
      hovertemplate: "k = %{x}: %{customdata}<extra>%{fullData.name}</extra>",
    };
  });
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(questions)} questions · sampled, read ` +
      `${reading === "strict" ? "strictly" : "leniently"} · whiskers: 95 % intervals over questions`,
    data,
    x: {
      title: { text: "k (answers a question)" },
      dtick: 1,
      range: [0.7, Math.max(...drawn.map((arm) => arm.samples)) + 0.3],
    },
    y: { title: { text: "share of questions" }, range: [0, 1.02], tickformat: ".1f" },
  });
}

/** Sampled answers that every question has of those that were answered sampled at all. */
function samplesOf(arm: ArmDetails): number {
  const counts = countBy(sampledOf(arm), ({ id }) => id);
  return counts.size === 0 ? 0 : Math.min(...counts.values());
}

function sampledOf({ details }: ArmDetails): ArmDetails["details"] {
  return details.filter(({ mode }) => mode === "sampled");
}
