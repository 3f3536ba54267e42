import { join } from "node:path";
import { expect, test } from "vitest";
import { openLab, sideLab } from "./lab.ts";

const lab = openLab(
  { "distill.temperature": 0.9 },
  { FTMODEL_WORKSPACE: "/tmp/somewhere", FTMODEL_SET: '["seed=7"]' },
);

test("an experiment has its own values and folder, and leaves the lab as it was", () => {
  const side = sideLab(lab, "four_texts", { "distill.samplesPerQuestion": 4, seed: 8 });
  expect(side.config).toMatchObject({ seed: 8, distill: { temperature: 0.9, samplesPerQuestion: 4 } });
  expect(side.paths.distilled).toBe(
    join("/tmp/somewhere", "reports", "side", "four_texts", "data", "processed", "distilled.jsonl"),
  );
  expect(lab.config).toMatchObject({ seed: 7, distill: { samplesPerQuestion: 1 } });
});

test("its values are checked like all others, and its name stays inside the folder", () => {
  // @ts-expect-error a slip is an error of types, too: what Tab completes in a cell is all there is
  expect(() => sideLab(lab, "x", { "distill.samples": 4 })).toThrow(/did you mean/);
  expect(() => sideLab(lab, "x", { "distill.temperature": 9 })).toThrow(/from 0 to 2/);
  expect(() => sideLab(lab, "../x", {})).toThrow(RangeError);
});
