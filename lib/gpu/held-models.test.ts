import { expect, test } from "vitest";
import { countLoraParameters, countParameters, PUBLISHED_SHAPES } from "../model/shape.ts";
import { heldModels, memoryRows } from "./held-models.ts";

const shape = PUBLISHED_SHAPES["Qwen/Qwen2.5-7B-Instruct"]!;
const { total } = countParameters(shape);
const bytes = (rank: number | null, algorithm: "grpo" | "ppo") =>
  heldModels(shape, rank, algorithm).reduce((sum, { bytes }) => sum + bytes, 0);

test("all weights trained: GRPO holds 18 bytes a parameter, PPO a second trained model more", () => {
  expect(bytes(null, "grpo")).toBe(18 * total);
  expect(bytes(null, "ppo")).toBe(34 * total + 16 * shape.hidden_size);
});

test("with LoRA the reference shares the base, and PPO still doubles it", () => {
  const adapter = countLoraParameters(shape, 16);
  expect(bytes(16, "grpo")).toBe(2 * total + 18 * adapter);
  expect(bytes(16, "ppo") - bytes(16, "grpo")).toBe(2 * total + 16 * (adapter + shape.hidden_size));
});

test("GRPO has no value model, and nothing but the policy is trained", () => {
  expect(heldModels(shape, 16, "grpo").map((held) => held.model)).toEqual(["policy", "reference"]);
  expect(
    heldModels(shape, null, "ppo")
      .filter((held) => held.trained > 0)
      .map((held) => held.model),
  ).toEqual(["policy", "value model"]);
});

test("PPO holds a second model the size of the first: nearly twice the memory, whatever the model", () => {
  const rows = memoryRows("nowhere/unknown", 16);
  expect(rows.length).toBeGreaterThan(2);
  for (const row of rows)
    expect(Number.parseFloat(String(row["PPO needs, all weights"]))).toBeGreaterThan(1.7);
});
