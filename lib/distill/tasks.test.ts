import { expect, test } from "vitest";
import { resolveConfig } from "../config/settings.ts";
import { PROMPT_NAMES, promptOf } from "../prompt/prompt.ts";
import { sampleSeed } from "../store/hash.ts";
import { stubQuestions } from "../testing/questions.ts";
import { distillTasks } from "./tasks.ts";

const [first, second] = stubQuestions(2);
const tasks = (overrides = {}) =>
  distillTasks([first!, second!], "model", resolveConfig({ profile: "tiny", overrides }));

test("profile tiny's Teacher reads the question and nothing else", () => {
  const { temperature, topP, maxTokens } = resolveConfig({ profile: "tiny" }).distill;
  const messages = [{ role: "user", content: first!.question }];
  const seed = sampleSeed(42, 0, first!.question);
  expect(tasks()[0]!.request).toEqual({ messages, temperature, topP, maxTokens, seed });
});

test("the Teacher is told prompt.teacher, whatever the student is told", () => {
  const [task] = tasks({ "prompt.teacher": "begun", "prompt.system": "Be brief." });
  const { system, begin } = promptOf("begun");
  const messages = [{ role: "system", content: system.en }, { role: "user" }];
  expect(task!.request).toMatchObject({ messages, begin });
});

test("a key stands for the prompt's texts, and for nothing that the student is told", () => {
  const keys = (overrides: Record<string, unknown>) => tasks(overrides).map(({ key }) => key);
  expect(keys({ "prompt.system": "Be brief." })).toEqual(keys({}));
  expect(keys({ "prompt.teacher": promptOf("tags").system.en })).toEqual(keys({ "prompt.teacher": "tags" }));
  const all = PROMPT_NAMES.flatMap((name) => keys({ "prompt.teacher": name }));
  expect(new Set(all).size).toBe(2 * PROMPT_NAMES.length);
});
