import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { textsPath } from "./texts.ts";
import { distill } from "./distill.ts";
import type { Lab } from "../config/lab.ts";
import { readManifest } from "../store/manifest.ts";
import type { Distilled } from "../records.ts";
import { distilleries, good, prompt, rowsOf } from "../testing/distill-fixture.ts";
import { stubQuestions } from "../testing/questions.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { Answer } from "../testing/stub-server.ts";

const bench = distilleries();

test("an abort keeps what came; the next call asks for the rest only", async () => {
  const abort = new AbortController();
  const { lab, asked } = await bench((request, response) => {
    if (request.n === 20)
      abort.abort(new Error("enough")); // and is never answered
    else setTimeout(() => good(request, response), 5);
  });
  await expect(distill(lab(), stubQuestions(60), { signal: abort.signal })).rejects.toThrow("enough");
  const kept = rowsOf(lab()).length;
  expect(kept).toBeGreaterThan(8);
  expect(kept).toBeLessThan(60);
  expect(readManifest(lab().paths.distilled)).toBeNull();
  await sleep(200); // a request that was on its way when the abort came is the first call's
  asked();
  await distill(lab(), stubQuestions(60));
  expect(asked()).toHaveLength(60 - kept);
  expect(rowsOf(lab())).toHaveLength(60);
});

test("killed at random moments and started again, it ends with what an undisturbed run has: no row " +
  "lost, none twice", {
  timeout: 300_000,
}, async () => {
  const { stub, workspace, lab } = await bench(
    (request, response) => void setTimeout(() => good(request, response), 5 + Math.random() * 40),
  );
  const n = 150;
  for (const killAfter of [1, 20, 37]) {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "..", "testing", "distill-child.ts"), workspace, stub.url, String(n)],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let acknowledged = 0;
    child.stdout.on(
      "data",
      (part: Buffer) => (acknowledged = Number(part.toString().trim().split("\n").at(-1))),
    );
    const before = stub.requests.length;
    while (stub.requests.length < before + 1 + killAfter) await sleep(2);
    await sleep(Math.random() * 60);
    child.kill("SIGKILL");
    await once(child, "exit");
    const texts = textsPath(lab().paths);
    const rows = existsSync(texts) ? readFileSync(texts, "utf8").split("\n").length - 1 : 0;
    expect(rows).toBeGreaterThanOrEqual(acknowledged);
    expect(rows).toBeLessThan(n);
  }
  const resumed = await distill(lab(), stubQuestions(n));
  const calm = await bench();
  const { rows } = await distill(calm.lab(), stubQuestions(n));
  const content = (row: Distilled) => ({ ...row, model: "" });
  expect(resumed.rows.map(content)).toEqual(rows.map(content));
  expect(rowsOf(lab())).toEqual(resumed.rows);
});

/** Damages the cache of texts, which then stands alone. */
function damage(lab: Lab, change: (bytes: Buffer) => Buffer): void {
  const texts = textsPath(lab.paths);
  writeFileSync(texts, change(readFileSync(texts)));
  rmSync(lab.paths.distilled);
}

test("a torn last line is cut, told, and asked for again", async () => {
  const { lab, asked } = await bench();
  await distill(lab(), stubQuestions(5));
  const last = asked().map(prompt).at(-1);
  damage(lab(), (bytes) => bytes.subarray(0, -20));
  const { repaired, rows } = await distill(lab(), stubQuestions(5));
  expect(repaired).toMatch(/cut an unfinished last line/);
  expect(asked().map(prompt)).toEqual([last]);
  expect(rowsOf(lab())).toEqual(rows);
});

test("a bit that flips in a text is noticed: set aside, told, asked again", async () => {
  const { lab, asked } = await bench();
  const first = await distill(lab(), stubQuestions(5));
  asked();
  damage(lab(), (bytes) => {
    bytes[bytes.indexOf("What is 2 + 2?") + 8]! ^= 1; // 2 → 3
    return bytes;
  });
  const { repaired, rows } = await distill(lab(), stubQuestions(5));
  expect(repaired).toMatch(/line \d[^]*another checksum/);
  expect(asked().map(prompt)).toEqual(["What is 2 + 2?"]);
  expect(rows).toEqual(first.rows);
});

test("a finished file, damaged or gone, is made again of what is kept, and nothing is asked", async () => {
  const { lab, asked } = await bench();
  const first = await distill(lab(), stubQuestions(5));
  const { distilled } = lab().paths;
  const whole = readFileSync(distilled, "utf8");
  asked();
  for (const damaged of [whole.replace("What is 2 + 2?", "What is 3 + 2?"), whole.slice(0, -20), ""]) {
    writeFileSync(distilled, damaged);
    expect((await distill(lab(), stubQuestions(5))).rows).toEqual(first.rows);
    expect(readFileSync(distilled, "utf8")).toBe(whole);
  }
  expect(asked()).toEqual([]);
});

test("a workspace without a cache keeps the texts of distilled.jsonl and its archive", async () => {
  const { lab, asked } = await bench();
  const { paths } = lab();
  const archive = join(paths.processed, "distilled.archive.jsonl");
  const older = await distill(lab({ seed: 1 }), stubQuestions(4));
  const archived = `${readFileSync(paths.distilled, "utf8")}{half\n`;
  const newer = await distill(lab(), stubQuestions(4));
  writeFileSync(archive, archived);
  asked();
  rmSync(join(paths.processed, "teacher"), { recursive: true });
  expect((await distill(lab({ seed: 1 }), stubQuestions(4))).rows).toEqual(older.rows);
  expect((await distill(lab(), stubQuestions(4))).rows).toEqual(newer.rows);
  expect([asked(), existsSync(archive)]).toEqual([[], false]);
});

test("a server restarted in mid-run loses no row and repeats none", async () => {
  const answer: Answer = (request, response) =>
    void setTimeout(() => (request.body.max_tokens === 1 ? sendChat(response) : good(request, response)), 25);
  const { stub, lab, keep } = await bench(answer);
  const run = distill(lab({ "serving.requestTimeoutMs": 20_000 }), stubQuestions(100));
  while (stub.requests.length < 30) await sleep(5);
  await stub.close();
  await sleep(400);
  keep(await startStub(answer, stub.port));
  const { rows, progress } = await run;
  expect(progress.failures).toEqual({});
  expect(rowsOf(lab())).toEqual(rows);
  expect(rows).toHaveLength(100);
});
