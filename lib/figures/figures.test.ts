import { describe, expect, test } from "vitest";
import { toyStep } from "./toy.ts";
import { EXAMPLES } from "../testing/example-figures.ts";
import type { Figure } from "./theme.ts";

const title = (figure: Figure) => (figure.layout.title as { text: string }).text;
const axis = (figure: Figure, name: string) =>
  (figure.layout[name] as { title?: { text?: string } } | undefined)?.title?.text;

/** Paths of numbers that JSON cannot hold: they would reach Plotly as null and read as 0 in some traces. */
function notFinite(value: unknown, path = ""): string[] {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => notFinite(inner, `${path}.${key}`));
}

describe.each(Object.entries(EXAMPLES))("%s", (_, [full, empty]) => {
  test("is plain JSON without NaN", () => {
    expect(notFinite(full)).toEqual([]);
    expect(JSON.parse(JSON.stringify(full))).toEqual(full);
    expect(JSON.stringify(full).length).toBeLessThan(60_000);
  });

  test("says its title, n or the runs' steps, and what its axes measure", () => {
    expect(title(full)).toMatch(/<b>.+<\/b><br>.*(n = [\d,]+|\d+ steps)/s);
    expect(axis(full, "xaxis") || axis(full, "yaxis")).toBeTruthy();
    expect(full.data.length).toBeGreaterThan(0);
  });

  test("explains itself when there is nothing to draw", () => {
    expect(empty.data).toEqual([]);
    const [note] = empty.layout.annotations as { text: string }[];
    expect(note!.text).toMatch(/^[A-Z].*\.$/);
    expect(notFinite(empty)).toEqual([]);
  });

  test("a menu or slider starts with what the figure shows", () => {
    const menus = [
      ...(
        (full.layout.updatemenus ?? []) as {
          buttons: { args: [Record<string, unknown[]>, Record<string, unknown>] }[];
        }[]
      ).map((m) => m.buttons[0]!),
    ];
    const sliders = (
      (full.layout.sliders ?? []) as {
        active: number;
        steps: { args: [Record<string, unknown[]>, Record<string, unknown>] }[];
      }[]
    ).map((s) => s.steps[s.active]!);
    for (const {
      args: [traces, layout],
    } of [...menus, ...sliders]) {
      expect(layout["title.text"]).toBe(title(full));
      for (const [attribute, values] of Object.entries(traces)) {
        expect(values.length).toBe(full.data.length);
        values.forEach((value, i) =>
          expect(
            attribute
              .split(".")
              .reduce((at, key) => (at as Record<string, unknown>)[key], full.data[i] as unknown),
          ).toEqual(value),
        );
      }
    }
  });
});

test("the diagram of a step is a circle: an arrow out of each box, the last one's back to the group", () => {
  const { shapes, annotations } = toyStep().layout as {
    shapes: object[];
    annotations: { showarrow: boolean; text: string }[];
  };
  expect(shapes).toHaveLength(7);
  expect(annotations.filter(({ showarrow }) => showarrow)).toHaveLength(7);
  expect(annotations.map(({ text }) => text).join()).toContain("advantage");
});
