import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { distill } from "./distill.ts";
import { textsPath } from "./texts.ts";
import type { DistillProgress } from "./progress.ts";
import { readManifest } from "../store/manifest.ts";
import { distilleries, good, prompt, rowsOf } from "../testing/distill-fixture.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { stubQuestions } from "../testing/questions.ts";

const bench = distilleries();

test("every question gets its text, in the questions' order, with a manifest", async () => {
  const { lab, asked } = await bench(
    (request, response) => void setTimeout(() => good(request, response), Math.random() * 20),
  );
  const questions = stubQuestions(20);
  const { rows, progress } = await distill(lab(), questions);
  expect(rows.map((r) => r.id)).toEqual(questions.map((q) => q.id));
  expect(rows[3]).toMatchObject({ ...questions[3], sample: 0, failure: null, completion_tokens: 10 });
  expect(rows[3]!.teacher_output).toContain(questions[3]!.question);
  expect(rowsOf(lab())).toEqual(rows);
  expect(readManifest(lab().paths.distilled)).toMatchObject({ rows: 20 });
  expect(asked()).toHaveLength(20);
  expect(progress).toMatchObject({ done: 20, total: 20, asked: 20, failures: {}, etaSeconds: 0 });
  expect(progress.byType.financial_calculation).toEqual({
    total: 5,
    done: 5,
    texts: 5,
    wellFormed: 5,
    usable: 5,
  });
});

test("nothing changed makes no request, and needs no server", async () => {
  const { stub, lab, asked } = await bench();
  const first = await distill(lab(), stubQuestions(12));
  asked();
  await stub.close();
  const second = await distill(lab(), stubQuestions(12));
  expect(second.rows).toEqual(first.rows);
  expect(second.progress).toMatchObject({ done: 12, asked: 0 });
  expect(stub.requests).toHaveLength(13); // 12 and the first call's probe
});

test("a changed gold answer or type asks nothing and is in the rows", async () => {
  const { lab, asked } = await bench();
  await distill(lab(), stubQuestions(6));
  asked();
  const changed = stubQuestions(6).map((q) => ({ ...q, gold_answer: "7", source: "elsewhere" }));
  const { rows } = await distill(lab(), changed);
  expect(asked()).toHaveLength(0);
  expect(rows.every((r) => r.gold_answer === "7" && r.source === "elsewhere")).toBe(true);
  expect(rowsOf(lab())).toEqual(rows);
});

test.each([
  ["seed", { seed: 43 }],
  ["temperature", { "distill.temperature": 0.9 }],
  ["topP", { "distill.topP": 0.5 }],
  ["maxTokens", { "distill.maxTokens": 99 }],
  ["Teacher's prompt", { "prompt.teacher": "example" }],
])("a changed %s asks everything anew, and going back asks nothing", async (_, overrides) => {
  const { lab, asked } = await bench();
  const before = await distill(lab(), stubQuestions(6));
  asked();
  const after = await distill(lab(overrides), stubQuestions(6));
  expect(asked()).toHaveLength(6);
  expect(rowsOf(lab()).map((r) => r.key)).toEqual(after.rows.map((r) => r.key));
  expect(new Set([...before.rows, ...after.rows].map((r) => r.key)).size).toBe(12);
  const back = await distill(lab(), stubQuestions(6));
  expect(asked()).toHaveLength(0);
  expect(back.rows).toEqual(before.rows);
  expect(rowsOf(lab())).toEqual(before.rows);
});

test("other weights under the same name ask everything anew", async () => {
  const { workspace, lab, asked } = await bench();
  await distill(lab(), stubQuestions(4));
  asked();
  fakeModel(join(workspace, "model"), 8, "retrained");
  await distill(lab(), stubQuestions(4));
  expect(asked()).toHaveLength(4);
});

test("more questions and more samples ask only for what is new", async () => {
  const { lab, asked } = await bench();
  await distill(lab(), stubQuestions(6));
  asked();
  await distill(lab(), stubQuestions(9));
  expect(asked().map(prompt).sort()).toEqual(
    stubQuestions(9)
      .slice(6)
      .map((q) => q.question),
  );
  const { rows } = await distill(lab({ "distill.samplesPerQuestion": 3 }), stubQuestions(9));
  expect(asked()).toHaveLength(18);
  expect(rows.map((r) => `${r.id}/${r.sample}`).slice(0, 4)).toEqual(["q0/0", "q0/1", "q0/2", "q1/0"]);
  expect(new Set(rows.slice(0, 3).map((r) => r.teacher_output)).size).toBe(3); // a seed of its own for each
});

test("force asks for every text again", async () => {
  const { lab, asked } = await bench();
  await distill(lab(), stubQuestions(5));
  asked();
  const { rows, progress } = await distill(lab(), stubQuestions(5), { force: true });
  expect(asked()).toHaveLength(5);
  expect(progress.asked).toBe(5);
  expect(rowsOf(lab())).toEqual(rows);
});

test("no questions, and an id twice, are errors", async () => {
  const { lab } = await bench();
  await expect(distill(lab(), [])).rejects.toThrow("no questions");
  await expect(distill(lab(), [...stubQuestions(2), ...stubQuestions(1)])).rejects.toThrow(
    /ids of their own[^]*q0/,
  );
});

test("progress never runs ahead of the disk, counts the rate and the time left", async () => {
  const { lab } = await bench((request, response) => void setTimeout(() => good(request, response), 120));
  const seen: DistillProgress[] = [];
  await distill(lab(), stubQuestions(40), {
    onProgress(progress) {
      seen.push(progress);
      const texts = textsPath(lab().paths);
      const lines = existsSync(texts) ? readFileSync(texts, "utf8").split("\n").length - 1 : 0;
      expect(lines).toBeGreaterThanOrEqual(progress.done);
    },
  });
  expect(seen[0]).toMatchObject({ done: 0, total: 40, tokensPerSecond: null, etaSeconds: null });
  const middle = seen.find((p) => p.done > 8 && p.done < 40)!;
  expect(middle.tokensPerSecond).toBeGreaterThan(100);
  expect(middle.etaSeconds).toBeGreaterThan(0);
  expect(middle.etaSeconds).toBeLessThan(5);
  expect(seen.at(-1)).toMatchObject({ done: 40, etaSeconds: 0 });
});
