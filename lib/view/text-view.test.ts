import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeHtml, inertHtml, visibleText } from "./text-view.ts";

describe("visible text", () => {
  test.each([
    ["terminal colours", "\u001B[31mred\u001B[0m", "␛[31mred␛[0m"],
    ["a bell and a backspace", "a\u0007b\u0008", "a␇b␈"],
    ["right-to-left override", "abc\u202Etxt.exe", "abc⟨U+202E⟩txt.exe"],
    ["isolates and marks", "\u2066x\u2069\u200F", "⟨U+2066⟩x⟨U+2069⟩⟨U+200F⟩"],
    ["zero width", "pass\u200Bword\uFEFF", "pass⟨U+200B⟩word⟨U+FEFF⟩"],
    ["C1 controls", "\u009B31m", "⟨U+009B⟩31m"],
    ["invisible tags", "a\u{E0041}", "a⟨U+E0041⟩"],
    ["half a character", "\uD83D", "\uFFFD"],
    ["old line ends", "a\r\nb\rc", "a\nb␍c"],
  ])("%s", (_, text, shown) => expect(visibleText(text)).toBe(shown));

  test("Chinese, emoji and line breaks stay as they are", () => {
    expect(visibleText("营业收入：5.2亿元\n\t📈")).toBe("营业收入：5.2亿元\n\t📈");
  });

  test("a long text says how much is missing", () => {
    expect(visibleText("x".repeat(25_000))).toMatch(/^x{20000}… \(5,000 more characters\)$/);
  });

  test("10 MB of controls take no time", () => {
    const started = performance.now();
    inertHtml("\u202E\u001B".repeat(5_000_000));
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("inert HTML", () => {
  test.each([
    ["<script>alert(1)</script>"],
    ['<img src=x onerror="alert(1)">'],
    ["</td></table><style>*{display:none}</style>"],
    ["<!--"],
    ["&lt;script&gt;"],
  ])("%s is text", (attack) => {
    const html = inertHtml(attack);
    expect(html).not.toMatch(/<(?!br>|span>|\/span>)/);
    expect(
      html
        .replace(/<[^>]*>/g, "")
        .replace(/&lt;/g, "<")
        .replace(/&gt;/g, ">")
        .replace(/&quot;/g, '"')
        .replace(/&#39;/g, "'")
        .replace(/&amp;/g, "&"),
    ).toBe(attack);
  });

  test("a quote cannot leave an attribute", () =>
    expect(escapeHtml(`"' onload=x`)).toBe("&quot;&#39; onload=x"));

  test("dollars and backslashes do not become a formula", () => {
    expect(inertHtml("$5 and $6 \\(x\\)")).toBe(
      "<span>$</span>5 and <span>$</span>6 <span>\\</span>(x<span>\\</span>)",
    );
  });

  test("indentation and line breaks stay", () => expect(inertHtml("a\n  b")).toBe("a<br>&nbsp;&nbsp;b"));

  test("no text at all makes any other tag than br and span", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            "<",
            ">",
            "&",
            '"',
            "'",
            "$",
            "\\",
            "a",
            "\n",
            " ",
            "script",
            "!--",
            "\u202E",
          ),
        }),
        (text) => !/<(?!br>|span>|\/span>)/.test(inertHtml(text)),
      ),
    );
  });
});
