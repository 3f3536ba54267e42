import { describe, expect, test } from "vitest";
import type { FilterDetail } from "./record.ts";
import { filterSamples } from "./samples.ts";
import type { Distilled } from "../records.ts";
import { sampleList } from "../view/sample-view.ts";

const clean = "<think>\n100-80=20\n</think>\n<answer>\n20%\n</answer>";
const text = (i: number, teacher_output: string | null = clean): Distilled => ({
  id: `q${i}`,
  key: `k${i}`,
  sample: 0,
  question: "What is the margin?",
  gold_answer: "20%",
  type: "financial_calculation",
  source: "basics",
  teacher_output,
  teacher_reasoning: null,
  response: teacher_output,
  assembly: null,
  failure: null,
  completion_tokens: 20,
  model: "m",
});
const detail = (
  i: number,
  layer: FilterDetail["layer"],
  reason: string | null,
  points: number | null = null,
): FilterDetail => ({
  key: `k${i}`,
  id: `q${i}`,
  sample: 0,
  type: "financial_calculation",
  source: "basics",
  layer,
  reason,
  message: "because",
  assembly: null,
  language: { question: "en", response: "en" },
  tokens: 20,
  points,
  scores: null,
  votePoints: points === null ? null : [points],
});

describe("accepted and rejected samples", () => {
  const texts = [text(0), text(1), text(2, `${clean}\nSo it is 20%.`), text(3), text(4), text(5, null)];
  const details = [
    detail(0, "size", null, 20),
    detail(1, "answer", "wrong"),
    detail(2, "format", "text_after"),
    detail(3, "answer", "wrong"),
    detail(4, "split", "test"),
    detail(5, "teacher", "length"),
  ];

  test("show every reason once before any twice, and nothing that says nothing about the text", () => {
    const { accepted, rejected } = filterSamples(details, texts, 4);
    expect(accepted.map((s) => [s.ok, s.reason])).toEqual([[true, "kept"]]);
    expect(rejected).toHaveLength(4);
    expect(new Set(rejected.slice(0, 3).map((s) => s.reason))).toEqual(
      new Set(["answer: wrong", "format: text_after", "teacher: length"]),
    );
  });

  test("mark the place the reason speaks of", () => {
    const marked = (layer: string) =>
      filterSamples(details, texts, 9)
        .rejected.filter((s) => s.reason!.startsWith(layer))
        .map((s) => s.marks!.map((m) => s.text!.slice(m.start, m.end).trim()));
    expect(marked("answer")[0]).toEqual(["20%"]);
    expect(marked("format")[0]).toEqual(["So it is 20%."]);
    const judged = filterSamples([detail(0, "judge", "weak_logic", 8)], texts).rejected[0]!;
    expect(judged.text!.slice(judged.marks![0]!.start, judged.marks![0]!.end)).toBe("100-80=20");
  });

  test("show every layer before a second reason of one", () => {
    const many = [
      detail(0, "answer", "value_differs"),
      detail(1, "answer", "rounding_differs"),
      detail(2, "answer", "other_choice"),
      detail(3, "judge", "weak_logic", 9),
      detail(4, "format", "missing_think_close"),
    ];
    expect(new Set(filterSamples(many, texts, 3).rejected.map((s) => s.reason!.split(":")[0]))).toEqual(
      new Set(["answer", "judge", "format"]),
    );
  });

  test("mark the last line of a cut text, and the whole of one whose blocks are broken", () => {
    const cut = [text(0, "<think>\n1+1=2\n2+2"), text(1, "<think>\n1+1=2\n<answer>\n2\n</answer>")];
    const marked = filterSamples(
      [detail(0, "teacher", "length"), detail(1, "format", "missing_think_close")],
      cut,
      9,
    ).rejected;
    const stretch = (reason: string) =>
      marked
        .filter((s) => s.reason!.startsWith(reason))
        .map((s) => s.marks!.map((m) => s.text!.slice(m.start, m.end)))[0];
    expect(stretch("teacher")).toEqual(["2+2"]);
    expect(stretch("format")).toEqual([cut[1]!.teacher_output]);
  });

  test("can be drawn, the failed request too", () => {
    expect(sampleList(filterSamples(details, texts).rejected).html).toContain("<em>no text</em>");
  });

  test("of nothing are empty", () => {
    expect(filterSamples([], [])).toEqual({ accepted: [], rejected: [] });
  });

  test("with a gloss the title is the question, its English beside it", () => {
    const gloss = ({ id }: { id: string }) => (id === "q0" ? "in English" : undefined);
    const { accepted } = filterSamples([detail(0, "size", null)], [text(0)], 4, { gloss });
    expect(accepted).toMatchObject([{ title: "What is the margin?", gloss: "in English" }]);
  });
});
