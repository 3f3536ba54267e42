import { expect, it } from "vitest";
import { originalRule } from "./original-rule.ts";

it("the original rule accepts another scale, 1 % off, and 0 for 0.005, as described", () => {
  expect(originalRule("5.2亿", "5.2")).toBe(true);
  expect(originalRule("100", "100.9")).toBe(true);
  expect(originalRule("100", "101.1")).toBe(false);
  expect(originalRule("0.005", "0")).toBe(true);
  expect(originalRule("5%", "2019年增长5%")).toBe(false);
});

it("the original rule takes a substring or 60 % of the words for a text", () => {
  expect(originalRule("增强", "没有增强")).toBe(true);
  expect(originalRule("the rate of interest", "rate of the loan")).toBe(true);
  expect(originalRule("增强", "减弱")).toBe(false);
  expect(originalRule("", "x")).toBe(false);
});
