/** The whole line of the eight notebooks as a diagram: what each makes, and what the next one takes. */
import { FAINT, FONT_STACK, type Figure, INK, makeFigure } from "./theme.ts";

interface Box {
  /** Left and right edge, 0 to 1, and the rows it takes, from the top. */
  x: [number, number];
  rows: [number, number];
  title: string;
  does: string;
}

const MAIN: [number, number] = [0, 0.62];
const BOXES: readonly Box[] = [
  { x: [0, 1], rows: [0, 0], title: "01 Prepare", does: "questions with a gold answer" },
  { x: MAIN, rows: [1, 1], title: "02 Distil", does: "the Teacher writes reasoning" },
  { x: MAIN, rows: [2, 2], title: "03 Filter", does: "rules and a Judge keep the good" },
  { x: MAIN, rows: [3, 3], title: "04 SFT", does: "the Base imitates the kept texts" },
  { x: MAIN, rows: [4, 4], title: "05 GRPO", does: "its own answers, paid by a rule" },
  { x: [0.7, 1], rows: [1, 4], title: "Test questions", does: "held out<br>of all training" },
  { x: [0, 1], rows: [5, 5], title: "06 Evaluate", does: "Base, SFT and GRPO on the same test questions" },
  { x: [0, 0.48], rows: [6, 6], title: "07 Deploy", does: "merge, serve, ask" },
  { x: [0.52, 1], rows: [6, 6], title: "08 Ablation", does: "which step bought what" },
];
/** Each from the bottom of one row to the top of the next; the file that goes along. */
const ARROWS: readonly { x: number; from: number; file: string }[] = [
  { x: 0.31, from: 0, file: "training questions" },
  { x: 0.85, from: 0, file: "the others" },
  { x: 0.31, from: 1, file: "distilled.jsonl" },
  { x: 0.31, from: 2, file: "sft.jsonl, rl.jsonl" },
  { x: 0.31, from: 3, file: "sft_lora" },
  { x: 0.31, from: 4, file: "grpo_lora" },
  { x: 0.85, from: 4, file: "" },
  { x: 0.24, from: 5, file: "the model" },
  { x: 0.76, from: 5, file: "the answers" },
];
const HALF = 0.3;

/** Eight boxes and the files between them; the test questions pass by all training. */
export function lineDiagram(): Figure {
  const box = ({ x: [x0, x1], rows: [first, last], title }: Box) => ({
    ...{ type: "rect", xref: "x", yref: "y", x0, x1, y0: first - HALF, y1: last + HALF },
    line: { color: title === "Test questions" ? FAINT : INK, width: 1.5 },
    fillcolor: title === "Test questions" ? "#F6F8FA" : "#FFFFFF",
  });
  const words = ({ x: [x0, x1], rows: [first, last], title, does }: Box) => ({
    ...{ xref: "x", yref: "y", x: (x0 + x1) / 2, y: (first + last) / 2, showarrow: false },
    text: `<b>${title}</b><br>${does}`,
    font: { size: 12, color: INK, family: FONT_STACK },
  });
  const arrow = ({ x, from }: (typeof ARROWS)[number]) => ({
    ...{ xref: "x", yref: "y", axref: "x", ayref: "y", x, ax: x, y: from + 1 - HALF, ay: from + HALF },
    ...{ text: "", showarrow: true, arrowhead: 2, arrowwidth: 1.5, arrowcolor: FAINT },
  });
  const file = ({ x, from, file: name }: (typeof ARROWS)[number]) => ({
    ...{ xref: "x", yref: "y", x, y: from + 0.5, xanchor: "left", xshift: 8, showarrow: false },
    text: name,
    font: { size: 11, color: FAINT },
  });
  return makeFigure({
    title: "Eight notebooks, one line",
    subtitle: "boxes: what a notebook does · arrows: what it hands on",
    data: [{ type: "scatter", x: [0, 1], y: [0, 6], mode: "markers", opacity: 0, hoverinfo: "skip" }],
    legend: "none",
    x: { visible: false, range: [-0.02, 1.02], fixedrange: true },
    y: { visible: false, range: [6.4, -0.4], fixedrange: true },
    height: 640,
    layout: {
      margin: { l: 8, r: 8, t: 72, b: 8 },
      shapes: BOXES.map(box),
      annotations: [...BOXES.map(words), ...ARROWS.map(arrow), ...ARROWS.filter((one) => one.file).map(file)],
    },
  });
}
