import { describe, expect, test } from "vitest";
import { LabError } from "../errors.ts";
import { markedHtml, sampleColumns, sampleList, sideBySide } from "./sample-view.ts";

const HOSTILE =
  "<think>\n<script>alert(1)</script>\u202E\u001B[31m</think><answer><img src=x onerror=alert(1)></answer>";
/** The tags this library writes itself. */
const OURS = /<(?!\/?(?:table|thead|tbody|caption|tr|th|td|b|br|small|span|code|mark|em|p)\b)/;

describe("texts of models", () => {
  test("stand side by side and cannot do anything", () => {
    const { html, text } = sideBySide(
      [
        { title: "Base", text: HOSTILE, ok: false },
        { title: "SFT", text: null },
      ],
      "What is <b>5 %</b> of $200?",
    );
    expect(html).not.toMatch(OURS);
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩␛[31m");
    expect(text).toContain("✗ Base");
    expect(text).not.toMatch(/[\u001B\u202E]/);
  });

  test("carry verdict, reason and numbers", () => {
    const { html, text } = sampleList(
      [
        {
          title: "q1",
          text: "12",
          ok: true,
          reason: "equal",
          message: "12 is 12",
          facts: { reward: 1, advantage: null },
        },
      ],
      "Completions",
    );
    expect(text).toContain("✓ q1 · reward 1 · advantage – · equal · 12 is 12");
    expect(html).toContain("<br>advantage –<");
  });

  test("a report before a question is a click away, wherever the question stands", () => {
    const long = `Context: ${"Sales rose in every segment. ".repeat(40)}\nQuestion: By how much?`;
    const views = [
      sideBySide([{ title: "Base", text: "2" }], long),
      sampleList([{ title: long, text: "2" }]),
      sampleList([{ title: "Base", text: "2" }], long),
    ];
    for (const { html, text } of views) {
      expect(html).toMatch(/<b>Context: [^<]* …<br>… Question: By how much\?<\/b>/);
      expect(html.match(/<details>.*?<\/details>/gs)).toHaveLength(1);
      expect(html).toMatch(/the whole question<[^]*(?:Sales rose in every segment\. ){40}/);
      expect(text).toContain(long.slice(0, 500));
    }
  });

  test("a text that repeats itself is folded in its middle, but not where a verdict marks a place", () => {
    const text = `<think>\n${"It is 500.\n".repeat(80)}</think>\n<answer>5</answer>`;
    const at = (start: number) => ({ start, end: start + 5, kind: "bad" as const });
    const show = (...starts: number[]) =>
      sampleList([{ title: "q", text, marks: starts.map(at) }]).html.split("<tr>")[1]!;
    expect(show()).toMatch(
      /more characters, and the end:<[^]*<\/details>[^]*<code[^>]*>&lt;\/answer&gt;<\/code>/,
    );
    expect(show().match(/It is 500/g)).toHaveLength(80);
    const last = text.length - 6;
    expect(show(0, last).match(/<mark/g)).toHaveLength(2);
    expect(show(0, last)).toMatch(/<\/details>[^]*<mark[^>]*>nswer<\/mark>/);
    expect(show(400)).not.toContain("<details>");
  });

  test("lists stand beside each other, a column each, and what is hostile stays inert", () => {
    const good = { title: "q1", text: "<answer>5</answer>", ok: true, reason: "kept" };
    const bad = {
      title: "q2",
      text: HOSTILE,
      ok: false,
      reason: "answer: value_differs",
      marks: [{ start: 0, end: 7, kind: "bad" as const, label: "another value" }],
    };
    const { html, text } = sampleColumns({ Accepted: [good], Rejected: [bad, { ...bad, title: "q3" }] });
    const rows = html.split("<tr>").slice(2);
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/q1[^]*q2[^]*<mark/);
    expect(rows[1]).toMatch(/<td[^>]*><\/td><td[^>]*>[^]*q3/);
    expect(html).not.toMatch(OURS);
    expect(text).toMatch(/^Accepted\n── ✓ q1 · kept[^]*Rejected\n── ✗ q2 · answer: value_differs/);
    expect(sampleColumns({ Accepted: [], Rejected: [bad] }).html).toContain("<em>no samples</em>");
  });

  test("no samples is said", () => expect(sampleList([], "Rejected").text).toBe("Rejected\nno samples"));
});

describe("marks", () => {
  test("highlight the stretch that a reason speaks of", () => {
    expect(markedHtml("a <b> c", [{ start: 2, end: 5, kind: "bad", label: 'tag "b"' }])).toBe(
      'a <mark style="background:#FBDCC8;color:inherit" title="tag &#34;b&#34;">&lt;b&gt;</mark> c',
    );
  });

  test("set the format's own tags apart", () => {
    expect(markedHtml("<answer>5</answer>", [])).toBe(
      '<code style="color:#0072B2;background:none">&lt;answer&gt;</code>5<code ' +
        'style="color:#0072B2;background:none">&lt;/answer&gt;</code>',
    );
  });

  test.each([
    [
      "overlap",
      [
        { start: 0, end: 3 },
        { start: 2, end: 4 },
      ],
    ],
    ["leave the text", [{ start: 3, end: 9 }]],
    ["are empty", [{ start: 2, end: 2 }]],
  ])("that %s are refused", (_, marks) => expect(() => markedHtml("abcde", marks)).toThrow(LabError));
});
