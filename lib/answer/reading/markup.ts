/** LaTeX and markdown out of an answer, in one pass. */
import { digitAt, latinAt, wordsOf } from "./characters.ts";

/**
 * Stands for a narrow or no-break space (or LaTeX's `\\,`) between two digits: a thousands separator, where a
 * plain space is not. A control character, because those are taken out of the input first.
 */
export const GROUP_SPACE = "\u0002";
const DOLLAR = "\u0001";

const DROPPED = new Set(
  wordsOf(
    "boxed|text|textbf|textit|mathrm|mathbf|mathit|mathsf|operatorname|mbox|fbox|rm|bf|left|right" +
      "|displaystyle|big|Big|bigl|bigr|quad|qquad|rmb",
  ),
);
const SIGNS = new Map(
  wordsOf(
    "times ×|cdot ×|approx ≈|simeq ≈|sim ~|geq ≥|ge ≥|" +
      "geqslant ≥|leq ≤|le ≤|leqslant ≤|gt >|lt <|neq ≠|ne ≠" +
      "|pm ±|div /|percent %|yen ¥|euro €|pounds £",
  ).map((pair) => pair.split(" ") as [string, string]),
).set("to", " to ");

/** What follows them is not the answer but what to work out: one sign stands for all. */
const FUNCTIONS = new Set(wordsOf("sqrt|log|ln|exp|sum|prod|int|lim|binom"));

/**
 * `\boxed{12.5\%}` → `12.5%`, `\frac{1}{3}` → `1/3`, `**B**` → `B`, `$1.2\times10^{6}$` → `1.2×10^6`; a
 * currency's `$` stays.
 */
export function stripMarkup(text: string): string {
  const source = dropMathDelimiters(text);
  let out = "";
  // For each open brace: what its close writes. A fraction's first close writes "/".
  const closes: string[] = [];
  let fraction = 0;
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    if (c === "\\") {
      let end = i + 1;
      while (latinAt(source, end)) end++;
      const name = source.slice(i + 1, end);
      if (name === "") {
        const sign = source[i + 1] ?? "";
        i++;
        if (sign === ",") out += digitAt(source, i - 2) && digitAt(source, i + 1) ? GROUP_SPACE : " ";
        else if (sign === "\\" || sign === ";" || sign === ":" || sign === " ") out += " ";
        else if (!"!()[]".includes(sign)) out += sign;
        continue;
      }
      i = end - 1;
      if (name === "frac" || name === "dfrac" || name === "tfrac") {
        if (digitAt(out, out.length - 1)) out += " ";
        // \frac12 is one half
        if (digitAt(source, end) && digitAt(source, end + 1)) {
          out += `${source[end]}/${source[end + 1]}`;
          i = end + 1;
        } else {
          fraction++;
          closes.push("fraction");
        }
      } else if (FUNCTIONS.has(name)) out += "√";
      else if (!DROPPED.has(name)) out += SIGNS.get(name) ?? " ";
    } else if (c === "{") {
      if (closes.at(-1) === "fraction") closes[closes.length - 1] = "numerator";
      else if (source[i + 1] === "," && source[i + 2] === "}") {
        out += ",";
        i += 2;
      } else closes.push("");
    } else if (c === "}") {
      const close = closes.pop();
      if (close === "numerator" && fraction-- > 0) {
        out += "/";
        closes.push("");
        if (source[i + 1] === "{") i++;
        else closes.pop();
      }
    } else if (c === "*" || c === "`" || c === "#") {
      if (c === "*" && source[i + 1] === "*" && digitAt(source, i - 1) && digitAt(source, i + 2)) {
        out += "^";
        i++;
      } else if (c === "*" && source[i + 1] !== "*" && source[i - 1] !== "*" && between(source, i))
        out += "×";
    } else if (c === "_") {
      if (digitAt(source, i - 1) && digitAt(source, i + 1)) out += "_";
      else if (latinAt(source, i - 1) && latinAt(source, i + 1)) out += " ";
    } else if (c === DOLLAR) out += "$";
    else if (c === "<" && tagEnd(source, i) > 0) i = tagEnd(source, i);
    else out += c;
  }
  return out;
}

/** Where an HTML tag (<b>, </strong>, <br/>) ends; 0 when "<" is only "less than". */
function tagEnd(s: string, i: number): number {
  const at = s[i + 1] === "/" ? i + 2 : i + 1;
  if (!latinAt(s, at)) return 0;
  for (let end = at + 1; end < at + 12; end++) {
    if (s[end] === ">") return end;
    if (!latinAt(s, end) && s[end] !== "/" && s[end] !== " ") return 0;
  }
  return 0;
}

/** A star between two operands multiplies. */
function between(s: string, i: number): boolean {
  const before = s[i - 1] === " " ? i - 2 : i - 1;
  const after = s[i + 1] === " " ? i + 2 : i + 1;
  return digitAt(s, before) && digitAt(s, after);
}

/**
 * `$…$` and `$$…$$` around mathematics go; a `$` that stands before an amount and has no partner stays. `\$`
 * is always a currency.
 */
function dropMathDelimiters(text: string): string {
  const first = text.indexOf("$");
  if (first < 0 || (text.lastIndexOf("$") === first && text[first - 1] !== "\\")) return text;
  const drop = new Set<number>();
  let open = -1;
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "$") continue;
    if (text[i - 1] === "\\") continue;
    if (text[i + 1] === "$") {
      drop.add(i).add(i + 1);
      i++;
      continue;
    }
    const next = text[i + 1] === " " ? i + 2 : i + 1;
    const opensAmount = digitAt(text, next) || ".(-\\".includes(text[next] ?? "?");
    // "…10^{0}$." closes: it hangs on what it closes, and no amount follows at once.
    const hangs = i > 0 && !" \n-–—~/,(".includes(text[i - 1]!) && !digitAt(text, i + 1);
    if (opensAmount && latinAt(text, i - 1) && !(open >= 0 && hangs)) continue; // US$5
    if (open >= 0 && (hangs || !opensAmount)) {
      drop.add(open).add(i);
      open = -1;
    } else open = i;
  }
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (drop.has(i)) continue;
    if (text[i] === "\\" && text[i + 1] === "$") {
      out += DOLLAR;
      i++;
    } else out += text[i];
  }
  return out;
}
