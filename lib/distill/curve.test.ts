import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { curveRecorder } from "../view/progress-curve.ts";
import { followDistillation } from "./curve.ts";
import type { DistillProgress } from "./progress.ts";
import { openLab } from "../config/lab.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { stubQuestions } from "../testing/questions.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";

let stub: StubServer | null = null;
afterEach(() => stub?.close());

const progress = (done: number, asked: number, failures: Record<string, number> = {}): DistillProgress => ({
  done,
  asked,
  total: 10,
  tokensPerSecond: asked > 0 ? 100 : null,
  etaSeconds: null,
  failures,
  byType: {},
});

test("a curve grows by a point whenever rows have come, and counts what was on disk before", () => {
  let ms = 0;
  const record = curveRecorder(() => ms);
  record(progress(4, 0));
  ms = 2000;
  record(progress(6, 2));
  record(progress(6, 2));
  ms = 5000;
  expect(record(progress(9, 5, { length: 1, http_500: 2 }))).toEqual({
    ...{
      total: 10,
      done: 9,
      failed: 3,
      resumed: 4,
      tokensPerSecond: 100,
      etaSeconds: null,
      failures: { length: 1, http_500: 2 },
    },
    history: [
      { seconds: 0, done: 4, tokensPerSecond: null },
      { seconds: 2, done: 6, tokensPerSecond: 100 },
      { seconds: 5, done: 9, tokensPerSecond: 100 },
    ],
  });
});

test("a run of hours keeps hundreds of points, from its first to its last", () => {
  let ms = 0;
  const record = curveRecorder(() => ms);
  let curve = record(progress(0, 0));
  for (ms = 1; ms <= 5000; ms++) curve = record(progress(ms, ms));
  expect(curve.history.length).toBeLessThanOrEqual(601);
  expect(curve.history[0]!.done).toBe(0);
  expect(curve.history.at(-1)!.done).toBe(5000);
});

test("a finished distillation shows its last call's curve; a damaged curve is only not drawn", async () => {
  const workspace = mkdtempSync(join(tmpdir(), "ftmodel-curve-"));
  try {
    fakeModel(join(workspace, "model"));
    stub = await startStub((_, response) =>
      sendChat(response, {
        content: "<think>\na\n</think>\n<answer>\n1\n</answer>",
        completion_tokens: 10,
      }),
    );
    const lab = openLab(
      { "models.teacher": join(workspace, "model"), "serving.url": stub.url },
      { FTMODEL_WORKSPACE: workspace },
    );
    const seen: number[] = [];
    const { curve, rows } = await followDistillation(lab, stubQuestions(12), {
      onCurve: ({ done }) => seen.push(done),
    });
    expect(rows).toHaveLength(12);
    expect([seen[0], seen.at(-1), curve.history.at(-1)!.done]).toEqual([0, 12, 12]);
    const again = await followDistillation(lab, stubQuestions(12));
    expect(again.progress.asked).toBe(0);
    expect(again.curve).toEqual(curve);
    // Other rules make other training texts; the Teacher wrote no other.
    const unassembled = openLab(
      { "models.teacher": join(workspace, "model"), "serving.url": stub.url, "distill.assemble": false },
      { FTMODEL_WORKSPACE: workspace },
    );
    expect((await followDistillation(unassembled, stubQuestions(12))).curve).toEqual(curve);
    expect(existsSync(join(lab.paths.reports, "distill_curve.json"))).toBe(true);
    writeFileSync(join(lab.paths.reports, "distill_curve.json"), "{");
    expect((await followDistillation(lab, stubQuestions(12))).curve).toMatchObject({
      done: 12,
      resumed: 12,
    });
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
});
