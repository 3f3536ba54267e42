import { describe, expect, test } from "vitest";
import { funnel, funnelByReason } from "./filter.ts";
import { judgeHeatmap, judgeThreshold } from "./judge.ts";
import { funnelOf } from "../filter/funnel.ts";
import { menu, title } from "../testing/figure-parts.ts";

describe("filter", () => {
  const fates = [
    { layer: "format", reason: "two_answers", type: "financial_concept", source: "a" },
    { layer: "judge", reason: null, type: "financial_concept", source: "a" },
    { layer: "judge", reason: "low_score", type: "financial_analysis", source: "b" },
    { layer: "judge", reason: null, type: "financial_analysis", source: "b" },
  ];

  test("what one layer lets through is what comes into the next", () => {
    const [kept, dropped] = funnel(funnelOf(fates, ["format", "judge"])).data;
    expect(kept!.x).toEqual([3, 2]);
    expect(dropped!.x).toEqual([1, 1]);
    expect(title(funnel(funnelOf(fates, ["format", "judge"])))).toContain("2 left after 2 layers (50.0 %)");
  });

  test.each([
    [4, "dropped: r1 5 · r2 4 · r3 3 · r4 2"],
    [5, "dropped: r1 5 · r2 4 · r3 3 · 2 other reasons 3"],
  ])("of %i reasons the note names those it has room for", (reasons, text) => {
    const dropped = Object.fromEntries(Array.from({ length: reasons }, (_, i) => [`r${i + 1}`, 5 - i]));
    const layer = { ...funnelOf(fates, ["format", "judge"])[0]!, in: 20, out: 1, reasons: dropped };
    const [note] = funnel([layer]).layout.annotations as { text: string }[];
    expect(note!.text).toBe(text);
  });

  test("a layer that the config skips says so", () => {
    const notes = funnel(funnelOf(fates.slice(1, 2), ["format", "judge"], ["judge"])).layout.annotations as {
      text: string;
    }[];
    expect(notes[1]!.text).toBe("skipped by the config");
  });

  test("what was put together has a part of its own, and the rules that did it are named", () => {
    const layers = funnelOf(
      [...fates, { layer: "assemble", reason: "no_answer", type: "t", source: "a" }],
      ["assemble", "format", "judge"],
    );
    const figure = funnel([
      { ...layers[0]!, made: { as_written: 1, boxed: 2, closing_line: 1 } },
      ...layers.slice(1),
    ]);
    expect(figure.data.map(({ name, x }) => [name, x])).toEqual([
      ["kept", [1, 3, 2]],
      ["put together", [3, 0, 0]],
      ["dropped", [1, 1, 1]],
    ]);
    const notes = figure.layout.annotations as { text: string }[];
    expect(notes[0]!.text).toBe(
      "as written 1 · put together 3 (boxed 2, closing line 1) · dropped: no answer 1",
    );
    expect(
      funnel([{ ...layers[0]!, made: { as_written: 4 } }, ...layers.slice(1)]).data.map(({ name }) => name),
    ).toEqual(["kept", "dropped"]);
  });

  test("slicing by source leaves the other source's drops out", () => {
    const figure = funnelByReason(fates);
    const slice = menu(figure).find((button) => button.label === "source: a")!;
    expect(slice.args[0].x!.flat().reduce((a, b) => Number(a) + Number(b), 0)).toBe(1);
    expect(slice.args[1]["title.text"]).toContain("n = 2 rows");
  });
});

describe("judge", () => {
  test("the mark itself passes, an unreadable verdict never does", () => {
    const figure = judgeThreshold(
      [
        { points: 12, good: true },
        { points: 11, good: false },
        { points: null, good: true },
      ],
      { pass: 12 },
    );
    expect(title(figure)).toContain("1 kept (33.3 %)");
    expect(title(figure)).toContain("1 unreadable");
    expect(title(figure)).toContain("precision 100 %");
  });

  test("a criterion nobody judged is a gap in the heat map, not a 0", () => {
    const figure = judgeHeatmap([{ criterion: "logic", label: "none", value: null, n: 0 }]);
    expect(figure.data[0]!.z).toEqual([[null]]);
    expect((figure.layout.annotations as { text: string }[])[0]!.text).toBe("–");
  });
});
