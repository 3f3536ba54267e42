import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pageScript } from "./page-script.ts";
import { WIDGET_NAMES } from "./widget.ts";

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), "utf8");

test.each(WIDGET_NAMES)("fonts, focus ring and paper form of %s are those of all widgets", async (name) => {
  const own = read(`../${name}/page/style.css`);
  expect(own).not.toMatch(/system-ui|monospace|@media print|outline: \d/);
  const { style } = await pageScript(name);
  // its own rules come last, so that they win
  expect(style.indexOf(".ftmodel-widget{")).toBe(0);
  expect(style.lastIndexOf("}.")).toBeGreaterThan(style.indexOf("@media print"));
  const known = [...`${read("page/style.css")}${own}`.matchAll(/(--[\w-]+):/g)].map(
    ([, variable]) => variable,
  );
  for (const [, used] of own.matchAll(/var\((--[\w-]+)\)/g))
    if (!SET_BY_SCRIPT.includes(used!)) expect(known).toContain(used);
});

/** Widths of the explorer's columns, and how unsure a token was. */
const SET_BY_SCRIPT = ["--ftx-columns", "--ftx-width", "--doubt"];
