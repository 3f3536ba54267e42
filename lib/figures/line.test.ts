import { globSync } from "node:fs";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../config/paths.ts";
import { lineDiagram } from "./line.ts";

test("the diagram names every notebook that is there, by its number", () => {
  const { shapes, annotations } = lineDiagram().layout as {
    shapes: object[];
    annotations: { text: string }[];
  };
  const titles = annotations.flatMap(({ text }) => /<b>(\d\d) \w+<\/b>/.exec(text)?.[1] ?? []);
  const numbers = globSync("notebooks/*.ipynb", { cwd: REPO_ROOT }).map((file) => /(\d\d)_/.exec(file)![1]);
  expect(titles.sort()).toEqual(numbers.sort());
  expect(shapes).toHaveLength(numbers.length + 1); // and the test questions, which pass by
});

test("a file goes from box to box: no arrow starts or ends in the open", () => {
  const { shapes, annotations } = lineDiagram().layout as {
    shapes: { x0: number; x1: number; y0: number; y1: number }[];
    annotations: { showarrow: boolean; x: number; y: number; ay: number }[];
  };
  const edge = (x: number, y: number) =>
    shapes.some(
      (box) => box.x0 <= x && x <= box.x1 && [box.y0, box.y1].some((at) => Math.abs(at - y) < 1e-9),
    );
  const arrows = annotations.filter(({ showarrow }) => showarrow);
  expect(arrows.length).toBeGreaterThan(7);
  for (const { x, y, ay } of arrows) expect([edge(x, ay), edge(x, y)]).toEqual([true, true]);
});
