import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sampleList, sideBySide } from "../view/sample-view.ts";
import { table } from "../view/table.ts";
import { codeHtml } from "./code.ts";
import { markdownWriter, type Place } from "./markdown.ts";
import { embedJson, figureHtml, outputsHtml as outputsOf } from "./outputs.ts";
import { sanitiseHtml } from "./sanitise.ts";

/** A file beside which every notebook's report lies. */
const beside: Place = {
  prefix: "",
  addressOf: (name, heading) => `${name}.html${heading ? `#${heading}` : ""}`,
};
const markdownHtml = (markdown: string) => markdownWriter(beside).write(markdown);
const outputsHtml = (outputs: Parameters<typeof outputsOf>[0]) => outputsOf(outputs, markdownWriter(beside));

describe("sanitised HTML", () => {
  const view = sideBySide(
    [
      {
        title: "Base $5",
        text: "<think>\n  a & b\n</think><answer>5</answer>",
        ok: true,
        facts: { reward: 1 },
      },
    ],
    "Q?",
  );
  const list = sampleList(
    [{ title: "q", text: "12345", ok: false, marks: [{ start: 1, end: 2, kind: "bad", label: 'x "y"' }] }],
    "Rejected",
  );

  test.each([
    ["tables", table([{ a: 1, b: "<x>" }], undefined, { caption: "c" }).html],
    ["texts side by side", view.html],
    ["marked texts", list.html],
  ])("leaves our own %s as they are", (_, html) => expect(sanitiseHtml(html)).toBe(html));

  test.each([
    ["<script>alert(1)</script>"],
    ["<img src=x onerror=alert(1)>"],
    ['<a href="javascript:alert(1)">x</a>'],
    ["<svg onload=alert(1)>"],
    ["<style>*{}</style>"],
    ["<!-- x -->"],
    ["<iframe src='//x'>"],
    ["<b\nonclick=alert(1)>"],
    ["<TABLE>"],
    ["</script >"],
  ])("%s becomes text", (attack) => expect(sanitiseHtml(attack)).not.toMatch(/<(?!b>|\/b>)/));

  test("handlers and dangerous styles are dropped from tags that stay", () => {
    expect(
      sanitiseHtml('<td onclick="x" style="background:url(http://x)" align="right" class="c">1</td>'),
    ).toBe('<td align="right" class="c">1</td>');
  });

  test("nothing outside the allow-list comes through", () => {
    const piece = fc.constantFrom(
      "<",
      ">",
      "script",
      "img",
      "td",
      "b",
      "/",
      " ",
      '"',
      "=",
      "onerror",
      "style",
      "color:red",
      "title",
      "a",
      "&lt;",
      "\n",
    );
    const allowed = /<\/?(?:td|b)(?: (?:style|title)="[^"<>]*")*>/g;
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        (pieces) => !/[<>]/.test(sanitiseHtml(pieces.join("")).replace(allowed, "")),
      ),
    );
  });

  test("1 MB of open brackets takes no time", () => {
    const started = performance.now();
    sanitiseHtml('<td style="'.repeat(100_000));
    sanitiseHtml(`<td ${' a="b"'.repeat(200_000)}`);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("markdown", () => {
  test("formulas become MathML, money stays money", () => {
    const html = markdownHtml("It costs $5 or $6. The mean is $\\bar r$.\n\n$$\\frac{1}{2}$$\n");
    expect(html).toContain("It costs $5 or $6.");
    expect(html.match(/<math/g)!.length).toBe(2);
    expect(html).toContain("<mfrac>");
  });

  test("a formula with a mistake is shown, it does not stop the report", () =>
    expect(markdownHtml("$\\frac{1}$")).toContain("frac"));

  test("a dollar in code is code", () =>
    expect(markdownHtml("`$a$ and $b$`")).toContain("<code>$a$ and $b$</code>"));

  test.each([
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "\u0001javascript:alert(1)",
    "data:text/html,x",
    "//evil.example",
  ])("the link %j loses its target", (target) => {
    expect(markdownHtml(`[x](<${target}>)`)).not.toMatch(/href/);
  });

  test("a notebook's link leads to its report", () =>
    expect(markdownHtml("[next](04_sft.ipynb#loss)")).toContain('href="04_sft.html#loss"'));

  test("a link to what does not travel with the report is its words", () => {
    const alone: Place = { prefix: "03-", addressOf: () => null };
    const html = markdownWriter(alone).write("[next](04_sft.ipynb) [card](../ckpts/card.md) [below](#loss)");
    expect(html).toBe('<p>next card <a href="#03-loss">below</a></p>\n');
  });

  test("two headings of the same words are two places", () => {
    const { write, headings } = markdownWriter({ ...beside, prefix: "03-" });
    write("## Train");
    write("## Train\n\n## [A](https://a.org) `b`");
    expect(headings.map(({ id, html }) => [id, html])).toEqual([
      ["03-train", "Train"],
      ["03-train-2", "Train"],
      ["03-a-https-a-org-b", "A <code>b</code>"],
    ]);
  });

  test("scripts in markdown, links and pictures do nothing", () => {
    const html = markdownHtml(
      "<script>alert(1)</script>\n\n[x](javascript:alert(1)) ![y](http://example.org/t.png) <img " +
        "src=x onerror=alert(1)>",
    );
    expect(html).not.toMatch(/<script|javascript:|<img|example\.org/);
  });

  test("tables and headings get anchors and cells", () => {
    expect(markdownHtml("## Why *two* filters?")).toBe(
      '<h2 id="why-two-filters">Why <em>two</em> filters?</h2>\n',
    );
    expect(markdownHtml("| a | n |\n|---|--:|\n| x | 1 |")).toContain('<td align="right">1</td>');
  });
});

describe("code", () => {
  test("words are coloured by the compiler's scanner and the text is unchanged", () => {
    const source = "const a: string = `x ${b}\n<b>`; // 注释 <script>\nlet n = 1e-4;";
    const html = codeHtml(source);
    expect(html).toContain('<span class="keyword">const</span>');
    expect(html).toContain('<span class="comment">// 注释 &lt;script&gt;</span>');
    expect(
      html
        .replace(/<[^>]*>/g, "")
        .replace(/&lt;/g, "<")
        .replace(/&gt;/g, ">")
        .replace(/&quot;/g, '"'),
    ).toBe(source);
  });
});

describe("outputs", () => {
  test("a figure's JSON cannot end its script element", () => {
    const html = figureHtml(
      { data: [{ type: "bar", name: "</script><script>alert(1)</script><!--" }], layout: {} },
      null,
      "t",
    );
    expect(html.match(/<\/script/g)!.length).toBe(1);
    expect(JSON.parse(embedJson({ a: "</script>\u2028&" }))).toEqual({ a: "</script>\u2028&" });
  });

  test("printed colours are dropped, other control codes are seen, streams are joined", () => {
    const stream = (text: string) => ({ output_type: "stream" as const, name: "stdout", text });
    expect(outputsHtml([stream("\u001B[32mok\u001B[0m "), stream("\u001B]0;x\u0007<b>")])).toBe(
      '<div class="output"><pre class="stream ">ok ␛]0;x␇&lt;b&gt;</pre></div>',
    );
  });

  test("of an error only its message is shown: no stack, no object behind it", () => {
    const text = [
      "LabError: no rows (data/sft.jsonl)",
      "  expected: some",
      "    at trainSft (/repo/lib/train/train.ts:12:9)",
      "    at async <anonymous>",
      "    at async main.js:4:2 {",
      "  problem: { what: 'no rows' }",
      "}",
      "Stopped watching run sft-1; it is at home",
    ].join("\n");
    expect(outputsHtml([{ output_type: "stream", name: "stderr", text }])).toBe(
      '<div class="output"><pre class="stream stderr">LabError: no rows (data/sft.jsonl)\n' +
        "  expected: some\nStopped watching run sft-1; it is at home</pre></div>",
    );
  });

  test("the richest form is taken, and a picture only if it is one", () => {
    const data = { "text/plain": "x", "image/png": 'aaaa" onerror="alert(1)' };
    expect(outputsHtml([{ output_type: "display_data", data }])).toBe("");
    expect(
      outputsHtml([{ output_type: "display_data", data: { ...data, "text/html": "<b>1</b>" } }]),
    ).toContain("<b>1</b>");
  });
});
