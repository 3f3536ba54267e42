import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { randomAdapter, randomModel } from "../testing/random-model.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { openStudent } from "./open-student.ts";

const workspace = temporaryWorkspace();
const { paths, root } = workspace;
afterAll(() => workspace.remove());

const config = structuredClone(PROFILES.tiny);
config.models.base = randomModel(join(root, "base"), { positions: 400 });
config.grpo.maxTokens = 12;
const labWith = (grpo: Partial<typeof config.grpo> = {}, seed = config.seed) => ({
  ...{ paths, force: false },
  config: { ...config, seed, grpo: { ...config.grpo, ...grpo } },
});
const firstOf = async (lab: ReturnType<typeof labWith>) => {
  const student = await openStudent(lab);
  return student!.answer("2 + 2?");
};

test("without its adapter there is no SFT model, but a Base", async () => {
  await expect(openStudent(labWith())).rejects.toThrow("The SFT model has not been trained");
  expect((await firstOf(labWith({ startFromSft: false }))).tokens.length).toBeGreaterThan(0);
});

test("answers as GRPO asks: with the adapter, at its temperature, length and seed", async () => {
  randomAdapter(paths.sftLora, config.models.base);
  const answer = await firstOf(labWith());
  expect(answer.tokens.length).toBeLessThanOrEqual(12);
  expect((await firstOf(labWith())).text).toBe(answer.text);
  expect((await firstOf(labWith({}, 7))).text).not.toBe(answer.text);
  const [sft, base, hot] = [
    answer,
    await firstOf(labWith({ startFromSft: false })),
    await firstOf(labWith({ temperature: 2 })),
  ].map(({ tokens }) => tokens[0]!.chances);
  expect(base).not.toEqual(sft);
  expect(Math.max(...hot!)).toBeLessThan(Math.max(...sft!));
});

test("a model that is not here, or is too large, is no student", async () => {
  const lab = labWith();
  lab.config.models = { ...config.models, base: "someone/not-here-7b" };
  expect(await openStudent(lab)).toBeNull();
});
