import { expect, test } from "vitest";
import { lineDiagram } from "../figures/line.ts";
import { drawToy } from "../figures/toy.ts";
import { EXAMPLES } from "../testing/example-figures.ts";
import { DRAW } from "./draw.ts";

test("every box of a figure that is light as paper has a dark form", () => {
  const figures = [lineDiagram(), drawToy.step(), ...Object.values(EXAMPLES).flat()];
  const fills = figures
    .flatMap(({ layout }) => (layout.shapes ?? []) as { fillcolor?: string }[])
    .flatMap(({ fillcolor }) => fillcolor?.toUpperCase() ?? [])
    .filter((colour) => colour.startsWith("#F"));
  expect(new Set(fills).size).toBe(3);
  for (const fill of new Set(fills)) expect(DRAW).toContain(`"${fill}":"#`);
});
