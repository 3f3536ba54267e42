import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { StoredCompletion } from "../completions/cache.ts";
import { readJsonl } from "../store/jsonl.ts";
import { distilled, labWith, question, right } from "../testing/filter-fixture.ts";
import { judgedText, perfectVerdict, startStubJudge } from "../testing/stub-judge.ts";
import type { StubJudge } from "../testing/stub-judge.ts";

const CHILD = fileURLToPath(new URL("../testing/filter-child.ts", import.meta.url));
let root: string;
let stub: StubJudge;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "filter-resume-"));
  stub = await startStubJudge(
    async ({ prompt }) => (await new Promise((wake) => setTimeout(wake, 80)), perfectVerdict(prompt)),
  );
});
afterEach(async () => {
  await stub.close();
  rmSync(root, { recursive: true, force: true });
});

const questions = Array.from({ length: 60 }, (_, i) => question(i + 1));
const texts = questions.map((q, i) =>
  distilled(q, i % 7 === 0 ? "42" : right(q, i % 5 === 0 ? `${q.question} fault: padding` : q.question)),
);

/** Runs the filter in `folder`; killed after `killAt` verdicts. */
async function run(folder: string, killAt = Infinity): Promise<number | null> {
  const child = spawn(process.execPath, [CHILD, folder, stub.url], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (text.split("\n").some((line) => Number(line) >= killAt)) child.kill("SIGKILL");
  });
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}

test("a filter killed three times ends as one that was not, and asks for no verdict twice", async () => {
  const [killed, whole] = [
    labWith(join(root, "killed"), questions, texts),
    labWith(join(root, "whole"), questions, texts),
  ];
  expect(await run(whole.paths.root)).toBe(0);
  const votes = join(killed.paths.processed, "judge", "votes.jsonl");
  for (const killAt of [1, 9, 17]) {
    expect(await run(killed.paths.root, killAt)).toBeNull();
    expect(existsSync(killed.paths.sft)).toBe(false);
  }
  const kept = readFileSync(votes, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => StoredCompletion.parse(JSON.parse(line)));
  expect(kept.length).toBeGreaterThanOrEqual(17);

  const before = stub.requests.length;
  expect(await run(killed.paths.root)).toBe(0);
  const done = new Set(kept.map((vote) => vote.id));
  const asked = stub.requests
    .slice(before)
    .map(({ prompt }) => texts.find((row) => row.teacher_output === judgedText(prompt))!.key);
  expect(asked.filter((key) => done.has(key))).toEqual([]);
  expect(new Set(asked).size).toBe(asked.length);

  const all = readJsonl(votes, StoredCompletion);
  expect(new Set(all.map((vote) => vote.key)).size).toBe(all.length); // no verdict twice on disk
  for (const file of ["sft", "rl", "test"] as const)
    expect(readFileSync(killed.paths[file], "utf8")).toBe(readFileSync(whole.paths[file], "utf8"));
}, 300_000);
