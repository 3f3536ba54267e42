import { expect, test } from "vitest";
import { mapPool } from "./pool.ts";

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("no items need no work", async () => {
  expect(await mapPool([], { concurrency: 4 }, () => Promise.reject(new Error("called")))).toEqual([]);
});

test("results stand in the items' order, and no more than the allowed number run", async () => {
  let running = 0;
  let most = 0;
  const results = await mapPool([30, 1, 20, 1, 10, 1], { concurrency: 3 }, async (ms, index) => {
    most = Math.max(most, ++running);
    await sleep(ms);
    running--;
    return index;
  });
  expect(results).toEqual([0, 1, 2, 3, 4, 5]);
  expect(most).toBe(3);
});

test("items are taken only when their turn comes", async () => {
  let taken = 0;
  function* items() {
    for (;;) yield taken++;
  }
  await expect(
    mapPool(items(), { concurrency: 4 }, async (n) => {
      await sleep(1);
      if (n === 20) throw new Error("stop");
    }),
  ).rejects.toThrow("stop");
  expect(taken).toBeLessThan(30);
});

test("after an error those in flight end before it is thrown", async () => {
  let ended = 0;
  await expect(
    mapPool([5, 40, 40], { concurrency: 3 }, async (ms) => {
      await sleep(ms);
      ended++;
      if (ms === 5) throw new Error("first");
    }),
  ).rejects.toThrow("first");
  expect(ended).toBe(3);
});

test("an aborted signal starts nothing", async () => {
  let started = 0;
  await expect(
    mapPool(
      [1, 2],
      { concurrency: 1, signal: AbortSignal.abort(new Error("stopped")) },
      async () => void started++,
    ),
  ).rejects.toThrow("stopped");
  expect(started).toBe(0);
});

test("a concurrency below one is refused", async () => {
  await expect(mapPool([1], { concurrency: 0 }, async () => 1)).rejects.toThrow(RangeError);
  await expect(mapPool([1], { concurrency: Number.NaN }, async () => 1)).rejects.toThrow(RangeError);
});
