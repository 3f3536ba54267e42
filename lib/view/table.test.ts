import { describe, expect, test } from "vitest";
import { LabError } from "../errors.ts";
import { table } from "./table.ts";

describe("table", () => {
  const rows = [
    { arm: "Base", n: 200, accuracy: { value: 0.82, low: 0.7641, high: 0.8712 }, judge: null },
    { arm: "SFT", n: 1200, accuracy: { value: 1, low: 0.98, high: 1 }, judge: 15.25 },
  ];

  test("plain text is aligned: names left, numbers right, intervals in brackets, null is not judged", () => {
    expect(table(rows, undefined, { caption: "Arms" }).text).toBe(
      [
        "Arms",
        "arm       n           accuracy  judge",
        "----  -----  -----------------  -----",
        "Base    200  0.82 [0.76, 0.87]      –",
        "SFT   1,200  1.00 [0.98, 1.00]  15.25",
      ].join("\n"),
    );
  });

  test("an optional column is there when a row has a value for it, and no column of nothing", () => {
    const columns = ["arm", { key: "kind", optional: true }];
    expect(table([{ arm: "Base" }, { arm: "SFT", kind: null }], columns).text).toBe("arm\n----\nBase\nSFT");
    expect(table([{ arm: "Base", kind: "bond" }, { arm: "SFT" }], columns).text).toMatch(/^arm +kind\n/);
    expect(() => table([{ arm: "Base" }], ["arm", "kind"])).toThrow(/column "kind"/);
  });

  test("numbers stand right in HTML", () => {
    expect(table(rows, ["arm", "n"]).html).toMatch(
      /<th align="left"[^>]*>arm<\/th><th align="right"[^>]*>n<\/th>/,
    );
  });

  test("cells stand at the top of their row where one of them is long, and need not say so elsewhere", () => {
    expect(table(rows, ["arm", "n"]).html).toContain(
      '<tr><td style="text-align:left">Base</td><td align="right">200</td></tr>',
    );
    const long = [{ n: 1, why: "a sentence that a narrow column breaks into lines" }];
    expect(table(long).html).toContain('<td align="right" style="vertical-align:top">1</td>');
    expect(table([{ n: 1, why: "two\nlines" }]).html).toContain(
      '<td align="right" style="vertical-align:top">',
    );
  });

  test("an interval is not broken over two lines, a sentence is", () => {
    const { html, text } = table([{ gain: "+4.0 [0.0, +8.0]", why: "so [it seems] to be, says one" }]);
    expect(html).toContain(">+4.0\u00A0[0.0,\u00A0+8.0]<");
    expect(html).toContain(">so [it seems] to be, says one<");
    expect(text).toContain("+4.0 [0.0, +8.0]");
  });

  test("cells, headings and captions are escaped", () => {
    const { html } = table([{ "<b>key</b>": "<script>alert(1)</script>" }], undefined, {
      caption: "<img onerror=x>",
    });
    expect(html).not.toMatch(/<script|<img|<b>key/);
    expect(html).toContain("&lt;script&gt;");
  });

  test("a heading is the key in words", () => {
    const row = { gold_answer: 1, tooLong: 2, "Fin-R1": 3, "A, GRPO": 4 };
    expect(table([row]).text.split("\n")[0]!.split(/ {2,}/)).toEqual([
      "gold answer",
      "too long",
      "Fin-R1",
      "A, GRPO",
    ]);
  });

  test("a format's result is text, too", () => {
    expect(table([{ a: 1 }], [{ key: "a", format: (value) => `<i>${value}</i>` }]).html).toContain(
      "&lt;i&gt;1&lt;/i&gt;",
    );
  });

  test("NaN and missing values are not 0", () => {
    expect(
      table([{ a: Number.NaN }, { b: 1 }])
        .text.split("\n")
        .slice(2),
    ).toEqual(["–  –", "–  1"]);
  });

  test("a wide character takes two places", () => {
    const [head, , cjk, latin] = table([
      { q: "营收", n: 1 },
      { q: "abcd", n: 2 },
    ]).text.split("\n");
    expect([head, cjk, latin]).toEqual(["q     n", "营收  1", "abcd  2"]);
  });

  test("a column may be shorter than the others", () => {
    const long = { said: "x".repeat(50), why: "y".repeat(50) };
    const { html } = table([long], [{ key: "said", maxChars: 8 }, "why"], { maxChars: 20 });
    expect(html).toContain(`>${"x".repeat(7)}…<`);
    expect(html).toContain(`>${"y".repeat(19)}…<`);
    expect(html.match(/overflow-wrap:anywhere/g)).toHaveLength(1);
  });

  test("a narrow column breaks long words alone, and a short answer stays beside its mark", () => {
    const rows = ["✓ 15%", "✗ 7,800 to 8,000", `✗ ${"x".repeat(20)}`].map((answer) => ({ answer }));
    const cells = table(rows, [{ key: "answer", maxChars: 24 }]).html.match(/<td[^]*?<\/td>/g)!;
    expect(cells.map((cell) => cell.includes("overflow-wrap:anywhere"))).toEqual([false, false, true]);
    expect(cells[0]).toContain("✓\u00A015%");
    expect(cells[1]).toContain("✗ 7,800 to");
  });

  test("long tables say how many rows are not shown", () => {
    const { html, text } = table(Array.from({ length: 60 }, (_, i) => ({ i })));
    expect(text).toContain("… and 10 more rows");
    expect(html.match(/<tr>/g)!.length).toBe(51);
  });

  describe("rows that stand open", () => {
    const values = [
      { name: "sft.epochs", value: 2, changed: false },
      { name: "sft.loraRank", value: 4, changed: true },
      { name: "sft.batchSize", value: 8, changed: false },
      { name: "sft.learningRate", value: 0.002, changed: false },
    ];
    const columns = ["name", "value"];

    test("come first, in the order they are named in, then what was changed; the rest is folded", () => {
      const { html, text } = table(values, columns, { open: ["sft.learningRate"], caption: "Values" });
      const [before, folded] = html.split("<details><summary>2 more values, with their reasons</summary>");
      expect(before).toMatch(/Values.*learningRate.*loraRank/s);
      expect(folded).toMatch(/epochs.*batchSize/s);
      expect(folded).not.toContain("loraRank");
      expect(text.split("\n")).toEqual([
        ...["Values", "name              value", "----------------  -----"],
        ...["sft.learningRate  0.002", "sft.loraRank          4"],
        "▸ 2 more values, with their reasons",
        ...["name           value", "-------------  -----", "sft.epochs         2", "sft.batchSize      8"],
      ]);
    });

    test("one is left, or none", () => {
      const named = (count: number) => values.slice(0, count).map(({ name }) => name);
      expect(table(values, columns, { open: named(3) }).text).toContain("▸ One more value, with");
      expect(table(values, columns, { open: named(4) }).html).not.toContain("<details>");
    });

    test("a row that nobody has is a mistake", () =>
      expect(() => table(values, columns, { open: ["sft.rank"] })).toThrow(LabError));
  });

  test("no rows is said, not drawn", () =>
    expect(table([], undefined, { caption: "Failures" }).text).toBe("Failures: no rows"));

  test("a column nobody has is a mistake", () =>
    expect(() => table(rows, ["arm", "acuracy"])).toThrow(LabError));
});
