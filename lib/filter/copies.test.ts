import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { filter } from "./filter.ts";
import { distilled, labWith, question, right } from "../testing/filter-fixture.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "copies-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("copies of test questions", () => {
  const wide = (text: string) => text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
  const digit = (n: string) => "零一二三四五六七八九"[Number(n)];
  const chinese = (text: string) =>
    text.replace(/\d+/g, (n) =>
      n.length === 2 ? `${digit(n[0]!)}十${n[1] === "0" ? "" : digit(n[1]!)}` : n,
    );
  const stem = (n: number) => `某公司本金${n}万元，年利率5%，一年利息是多少？`;
  const choice = (n: number, order: readonly number[], label: (i: number) => string) =>
    `第${n}年末下列哪项是流动资产？\n` +
    order.map((o, i) => `${label(i)}${["现金", "厂房", "商誉", "专利"][o]}`).join("\n");
  const letters = (i: number) => `${"ABCD"[i]}. `;
  const dresses: [string, (n: number) => string, (n: number) => string][] = [
    ["white space", stem, (n) => stem(n).replace(/(.{4})/g, "$1 \n ")],
    ["width", stem, (n) => wide(stem(n))],
    ["punctuation", stem, (n) => stem(n).replace(/，/g, "; ").replace("？", "?!")],
    ["item numbers", stem, (n) => `${n % 7}. ${stem(n)}`],
    ["item numbers with a head", stem, (n) => `【例${n}】${stem(n)}`],
    ["Chinese digits", stem, (n) => chinese(stem(n)).replace("5%", "百分之五")],
    [
      "option labels",
      (n) => choice(n, [0, 1, 2, 3], letters),
      (n) => choice(n, [0, 1, 2, 3], (i) => `（${i + 1}）`),
    ],
    ["option order", (n) => choice(n, [0, 1, 2, 3], letters), (n) => choice(n, [2, 0, 3, 1], letters)],
    [
      "option labels and order",
      (n) => choice(n, [0, 1, 2, 3], letters),
      (n) => choice(n, [3, 2, 1, 0], (i) => `${"①②③④"[i]} `),
    ],
    [
      "all at once",
      (n) => choice(n, [0, 1, 2, 3], letters),
      (n) => `第3题、${wide(chinese(choice(n, [1, 0, 2, 3], letters)))}`,
    ],
  ];

  test.each(dresses)(
    "in other %s never stand on the other side, in sft, rl or test; the same template with other values does",
    async (_, plain, dressed) => {
      const planted = Array.from({ length: 24 }, (_, i) => i + 11).flatMap((n) => [
        { ...question(n), id: `a${n}`, question: plain(n) },
        { ...question(n), id: `b${n}`, question: dressed(n) },
      ]);
      for (const seed of [1, 2]) {
        const {
          sft,
          rl,
          test: held,
          overlap,
        } = await filter(
          labWith(
            folder,
            planted,
            planted.map((q) => distilled(q, right(q))),
            { seed, "filter.useJudge": false },
          ),
        );
        const side = new Map([
          ...[...sft, ...rl].map((row) => [row.id, "train"] as const),
          ...held.map((row) => [row.id, "test"] as const),
        ]);
        expect(side.size).toBe(48);
        for (let n = 11; n < 35; n++) expect([n, side.get(`b${n}`)]).toEqual([n, side.get(`a${n}`)]);
        expect(overlap.copies).toEqual([]);
        // Both sides hold the template: that is information, no copy.
        expect(new Set(side.values())).toEqual(new Set(["train", "test"]));
        expect(overlap.ngram.meanShare).toBeGreaterThan(0);
        expect(overlap.copiesWithin).toEqual({ train: rl.length / 2, test: held.length / 2 });
      }
    },
  );
});
