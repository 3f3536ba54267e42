/** LaTeX and markdown out of an answer, in one pass. */
import { codeAt } from "./characters.ts";
import { TextBuffer } from "./text-buffer.ts";

/**
 * Stands for a narrow or no-break space (or LaTeX's `\\,`) between two digits: a thousands separator, where a
 * plain space is not. A control character, because those are taken out of the input first.
 */
export const GROUP_SPACE = "\u0002";
const DOLLAR = "\u0001";

const DROPPED = new Set([
  "boxed",
  "text",
  "textbf",
  "textit",
  "mathrm",
  "mathbf",
  "mathit",
  "mathsf",
  "operatorname",
  "mbox",
  "fbox",
  "rm",
  "bf",
  "left",
  "right",
  "displaystyle",
  "big",
  "Big",
  "bigl",
  "bigr",
  "quad",
  "qquad",
  "rmb",
]);
const SIGNS = new Map(
  Object.entries({
    times: "×",
    cdot: "×",
    approx: "≈",
    sim: "~",
    simeq: "≈",
    geq: "≥",
    ge: "≥",
    geqslant: "≥",
    leq: "≤",
    le: "≤",
    leqslant: "≤",
    gt: ">",
    lt: "<",
    neq: "≠",
    ne: "≠",
    pm: "±",
    div: "/",
    percent: "%",
    yen: "¥",
    euro: "€",
    pounds: "£",
    to: " to ",
  }),
);

/** What follows them is not the answer but what to work out: one sign stands for all. */
const FUNCTIONS = new Set(["sqrt", "log", "ln", "exp", "sum", "prod", "int", "lim", "binom"]);

/** \ { } * ` # _ < and DOLLAR; all else is copied. */
const MARKED = new Uint8Array(128);
for (const sign of "\\{}*`#_<\u0001") MARKED[sign.charCodeAt(0)] = 1;
const isMarked = (c: number): boolean => c < 128 && MARKED[c] === 1;

const out = new TextBuffer();
const isLetter = (c: string | undefined) =>
  c !== undefined && ((c >= "a" && c <= "z") || (c >= "A" && c <= "Z"));
const isDigit = (c: string | undefined) => c !== undefined && c >= "0" && c <= "9";

/**
 * `\boxed{12.5\%}` → `12.5%`, `\frac{1}{3}` → `1/3`, `**B**` → `B`, `$1.2\times10^{6}$` → `1.2×10^6`; a
 * currency's `$` stays.
 */
export function stripMarkup(text: string): string {
  const source = dropMathDelimiters(text);
  out.clear();
  // For each open brace: what its close writes. A fraction's first close writes "/".
  const closes: string[] = [];
  let fraction = 0;
  for (let i = 0; i < source.length; i++) {
    const from = i;
    while (i < source.length && !isMarked(codeAt(source, i))) i++;
    out.write(source, from, i);
    if (i === source.length) break;
    const c = source[i]!;
    if (c === "\\") {
      let end = i + 1;
      while (isLetter(source[end])) end++;
      const name = source.slice(i + 1, end);
      if (name === "") {
        const sign = source[i + 1] ?? "";
        i++;
        if (sign === ",") out.write(isDigit(source[i - 2]) && isDigit(source[i + 1]) ? GROUP_SPACE : " ");
        else if (sign === "\\" || sign === ";" || sign === ":" || sign === " ") out.write(" ");
        else if (!"!()[]".includes(sign)) out.write(sign);
        continue;
      }
      i = end - 1;
      if (name === "frac" || name === "dfrac" || name === "tfrac") {
        if (out.last >= 48 && out.last <= 57) out.write(" ");
        // \frac12 is one half
        if (isDigit(source[end]) && isDigit(source[end + 1])) {
          out.write(`${source[end]}/${source[end + 1]}`);
          i = end + 1;
        } else {
          fraction++;
          closes.push("fraction");
        }
      } else if (FUNCTIONS.has(name)) out.write("√");
      else if (!DROPPED.has(name)) out.write(SIGNS.get(name) ?? " ");
    } else if (c === "{") {
      if (closes.at(-1) === "fraction") closes[closes.length - 1] = "numerator";
      else if (source[i + 1] === "," && source[i + 2] === "}") {
        out.write(",");
        i += 2;
      } else closes.push("");
    } else if (c === "}") {
      const close = closes.pop();
      if (close === "numerator" && fraction-- > 0) {
        out.write("/");
        closes.push("");
        if (source[i + 1] === "{") i++;
        else closes.pop();
      }
    } else if (c === "*" || c === "`" || c === "#") {
      if (c === "*" && source[i + 1] === "*" && isDigit(source[i - 1]) && isDigit(source[i + 2])) {
        out.write("^");
        i++;
      } else if (c === "*" && source[i + 1] !== "*" && source[i - 1] !== "*" && between(source, i))
        out.write("×");
    } else if (c === "_") {
      if (isDigit(source[i - 1]) && isDigit(source[i + 1])) out.write("_");
      else if (isLetter(source[i - 1]) && isLetter(source[i + 1])) out.write(" ");
    } else if (c === DOLLAR) out.write("$");
    else if (c === "<" && tagEnd(source, i) > 0) i = tagEnd(source, i);
    else out.write(c);
  }
  return out.toString();
}

/** Where an HTML tag (<b>, </strong>, <br/>) ends; 0 when "<" is only "less than". */
function tagEnd(s: string, i: number): number {
  const at = s[i + 1] === "/" ? i + 2 : i + 1;
  if (!isLetter(s[at])) return 0;
  for (let end = at + 1; end < at + 12; end++) {
    if (s[end] === ">") return end;
    if (!isLetter(s[end]) && s[end] !== "/" && s[end] !== " ") return 0;
  }
  return 0;
}

/** A star between two operands multiplies. */
function between(s: string, i: number): boolean {
  const before = s[i - 1] === " " ? s[i - 2] : s[i - 1];
  const after = s[i + 1] === " " ? s[i + 2] : s[i + 1];
  return isDigit(before) && isDigit(after);
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
    const next = text[i + 1] === " " ? text[i + 2] : text[i + 1];
    const opensAmount = isDigit(next) || next === "." || next === "(" || next === "-" || next === "\\";
    // "…10^{0}$." closes: it hangs on what it closes, and no amount follows at once.
    const hangs = i > 0 && !" \n-–—~/,(".includes(text[i - 1]!) && !isDigit(text[i + 1]);
    if (opensAmount && isLetter(text[i - 1]) && !(open >= 0 && hangs)) continue; // US$5
    if (open >= 0 && (hangs || !opensAmount)) {
      drop.add(open).add(i);
      open = -1;
    } else open = i;
  }
  out.clear();
  for (let i = 0; i < text.length; i++) {
    if (drop.has(i)) continue;
    if (text[i] === "\\" && text[i + 1] === "$") {
      out.write(DOLLAR);
      i++;
    } else out.push(codeAt(text, i));
  }
  return out.toString();
}
