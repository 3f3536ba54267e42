/** Stage 5: what GRPO pays, part by part. */
import { formatCount, formatNumber, meanOf, movingAverage, smoothingWindow } from "../view/numbers.ts";
import { notYet } from "./curves.ts";
import { type Figure, INK, KEPT, makeFigure, MONO_STACK, stepAxis } from "./theme.ts";
import { describeProgress } from "../run/progress.ts";
import type { Underway } from "../run/progress.ts";
import type { WatchedRun } from "../train/watched.ts";
import { probePanel, referenceBand } from "./probe.ts";
import { label, pretty } from "../view/labels.ts";
import { wrapText } from "../view/text-view.ts";

/** All completions kept of one step, as the run's `samples` hold them. */
export interface StepSamples {
  step: number;
  samples: readonly PaidAnswer[];
}

export interface PaidAnswer {
  group: number;
  reward: number;
  rewards: Record<string, number>;
  /** Of the question. */
  id?: string;
  completion?: string;
}

export interface RewardOptions {
  /** The run that is paid. While it goes on, the figure says how far it is and shows one of its answers. */
  run?: Underway;
  /** `readGrpo.watch(run)`: held-out questions and the verdict stand below, the reference runs behind. */
  watched?: WatchedRun;
  /** Whose text stands above that answer. */
  questions?: readonly { id: string; prompt: string }[];
}

const COMPONENT_COLOURS: Record<string, string> = {
  format: "#56B4E9",
  accuracy: KEPT,
  judge: "#E69F00",
  total: INK,
};

/**
 * Mean of every part of the reward per step; `total` (what trains) in ink. Single steps are dots, the line is
 * their moving mean.
 */
export function rewardByComponent(
  steps: readonly StepSamples[],
  { run, questions = [], watched }: RewardOptions = {},
): Figure {
  const title = "Reward by component";
  const filled = steps.filter((step) => step.samples.length > 0);
  const progress = run ? describeProgress(run) : null;
  if (filled.length === 0) return notYet(title, run ? [run] : [], "No step with completions yet.");
  const parts = [
    ...new Set(filled.flatMap((step) => step.samples.flatMap((s) => Object.keys(s.rewards)))),
  ].filter((part) => part !== "total");
  const window = smoothingWindow(filled.length);
  const smooth = filled.length > 2 * window;
  const x = filled.map((step) => step.step);
  const others = parts.filter((part) => COMPONENT_COLOURS[part] === undefined);
  const data = [...parts, "total"].flatMap((part) => {
    const values = filled.map((step) =>
      meanOf(step.samples.map((s) => (part === "total" ? s.reward : s.rewards[part]))),
    );
    const color =
      COMPONENT_COLOURS[part] ?? ["#CC79A7", "#8A7B00", "#D55E00", "#0072B2"][others.indexOf(part) % 4]!;
    const line = {
      type: "scatter",
      mode: filled.length === 1 ? "markers" : "lines",
      x,
      name: pretty(part),
      legendgroup: part,
    };
    const strong = {
      ...line,
      y: smooth ? movingAverage(values, window) : values,
      line: { color, width: part === "total" ? 3.5 : 2.5 },
      marker: { color, size: 8 },
      hovertemplate: "step %{x}: %{y:.3f}<extra>%{fullData.name}</extra>",
    };
    return smooth && part === "total"
      ? [
          {
            ...line,
            mode: "markers",
            y: values,
            marker: { color, size: 4 },
            opacity: 0.28,
            showlegend: false,
            hoverinfo: "skip",
          },
          strong,
        ]
      : [strong];
  });
  const n = filled.reduce((sum, step) => sum + step.samples.length, 0);
  const groups = filled.flatMap(({ samples }) => [...Map.groupBy(samples, ({ group }) => group).values()]);
  const fifth = Math.max(1, Math.floor(groups.length / 5)); // as the sentence below has it: of all groups
  const paid = (some: readonly PaidAnswer[][]) =>
    meanOf(some.flatMap((answers) => answers.map(({ reward }) => reward)))!.toFixed(2);
  const panel = watched ? probePanel(watched, progress !== null) : null;
  const band = watched ? referenceBand(watched, run?.totalSteps ?? 0) : [];
  const answer = progress ? answerBeside(filled.at(-1)!, questions) : [];
  return makeFigure({
    title,
    subtitle:
      `${progress ?? `n = ${formatCount(n)} completions in ${formatCount(filled.length)} steps`} · total ` +
      `${paid(groups.slice(0, fifth))} in the first fifth, ${paid(groups.slice(-fifth))} in the last`,
    data: [...band, ...data, ...(panel?.data ?? [])],
    x: {
      ...stepAxis(data, run?.totalSteps),
      ...(progress && { domain: [0, CURVE_SHARE] }),
      ...(panel && { anchor: "y2" }),
    },
    y: { title: { text: "mean reward" }, rangemode: "tozero", ...(panel && { domain: panel.above }) },
    ...(panel && { height: panel.height }),
    layout: {
      ...panel?.layout,
      ...(answer.length + (panel?.notes.length ?? 0) > 0 && {
        annotations: [...answer, ...(panel?.notes ?? [])],
      }),
    },
  });
}

/** Of the width; what is left is the newest answer's. */
const CURVE_SHARE = 0.56;
const ANSWER_COLUMNS = 44;
const ANSWER_LINES = 17;

/** One answer of a step, the first one, as text: its question, what it was paid, what it says. */
function answerBeside(
  { step, samples }: StepSamples,
  questions: RewardOptions["questions"] = [],
): Record<string, unknown>[] {
  const [answer] = samples;
  if (answer?.completion === undefined) return [];
  const question = questions.find(({ id }) => id === answer.id)?.prompt ?? "";
  const asked = question === "" ? [] : wrapText(question, ANSWER_COLUMNS, 4);
  const paid = `step ${step}, an answer paid ${formatNumber(Math.round(100 * answer.reward) / 100)}`;
  const written = wrapText(answer.completion, ANSWER_COLUMNS, ANSWER_LINES - asked.length);
  const lines = (texts: readonly string[]): string => texts.map((line) => label(line, 200)).join("<br>");
  return [
    {
      text:
        `<b>${label(paid, 80)}</b>` +
        `${asked.length > 0 ? `<br><i>${lines(asked)}</i>` : ""}<br>${lines(written)}`,
      ...{ showarrow: false, align: "left", font: { size: 11, family: MONO_STACK, color: INK } },
      ...{ xref: "paper", x: CURVE_SHARE + 0.04, xanchor: "left", yref: "paper", y: 1, yanchor: "top" },
    },
  ];
}
