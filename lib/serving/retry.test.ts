import { expect, test } from "vitest";
import { isRetryableStatus, readRetryAfter, waitMs } from "./retry.ts";

const backoff = { firstMs: 500, maxMs: 30_000 };

test("waits double, stay within half and one and a half, and are capped", () => {
  expect([1, 2, 3, 4].map((attempt) => waitMs(attempt, backoff, () => 0.5))).toEqual([500, 1000, 2000, 4000]);
  expect(waitMs(1, backoff, () => 0)).toBe(250);
  expect(waitMs(1, backoff, () => 0.999)).toBeLessThan(750);
  expect(waitMs(500, backoff, () => 0.5)).toBe(30_000);
});

test("Retry-After replaces the back-off, never shorter, never longer than the cap", () => {
  expect(waitMs(5, backoff, () => 0, 2000)).toBe(2000);
  expect(waitMs(5, backoff, () => 1, 2000)).toBe(2200);
  expect(waitMs(1, backoff, () => 0, 86_400_000)).toBe(30_000);
  expect(waitMs(3, backoff, () => 0.7, 0)).toBe(0);
});

test("Retry-After is read as whole seconds or as an HTTP date", () => {
  const now = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");
  expect(readRetryAfter("120", now)).toBe(120_000);
  expect(readRetryAfter(" 0 ", now)).toBe(0);
  expect(readRetryAfter("Wed, 21 Oct 2026 07:28:30 GMT", now)).toBe(30_000);
  expect(readRetryAfter("Wed, 21 Oct 2026 07:00:00 GMT", now)).toBe(0);
});

test.each([null, undefined, "", "soon", "-5", "1.5", "NaN"])("%s is no Retry-After", (header) => {
  expect(readRetryAfter(header, 0)).toBeNull();
});

test("only 408, 429 and 5xx are worth another try", () => {
  const retried = [200, 301, 400, 401, 404, 408, 409, 422, 425, 429, 500, 501, 503, 529].filter(
    isRetryableStatus,
  );
  expect(retried).toEqual([408, 429, 500, 501, 503, 529]);
});
