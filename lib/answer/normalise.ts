/** Rule 2: one spelling for everything that looks the same. Input is capped first, so that nothing here grows with it. */
import { GROUP_SPACE, stripMarkup } from "./markup.ts";

/** Characters of an answer that are looked at; a longer answer is not an answer. */
export const MAX_ANSWER = 4096;

export { GROUP_SPACE };

const VULGAR: Record<string, string> = {
  "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5", "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
};
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Plain printable ASCII without LaTeX or markdown signs needs no work. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x20 || c > 0x7e || c === 0x5c || c === 0x2a || c === 0x60 || c === 0x5f || c === 0x7b || c === 0x24 || c === 0x23) return false;
  }
  return true;
}

/** The answer in one spelling, trimmed; `text` must not be longer than MAX_ANSWER. */
export function normalise(text: string): string {
  if (isPlain(text)) return text.trim();
  const ascii = foldCharacters(text);
  return stripMarkup(ascii).trim();
}

const isDigit = (c: string | undefined) => c !== undefined && ((c >= "0" && c <= "9") || (c >= "０" && c <= "９"));

/** NFKC with the exceptions that keep numbers whole; control and zero-width characters are left out. */
export function foldCharacters(text: string): string {
  let out = "";
  let inPower = false;
  for (let i = 0; i < text.length; i++) {
    const ch = text[i]!;
    const c = text.charCodeAt(i);
    const power = SUPERSCRIPTS.indexOf(ch);
    if (power >= 0 || ch === "⁻") {
      out += (inPower ? "" : "^") + (ch === "⁻" ? "-" : String(power));
      inPower = true;
      continue;
    }
    inPower = false;
    if (c >= 0x20 && c < 0x7f) out += ch;
    else if (ch === "\n" || ch === "\r" || c === 0x2028 || c === 0x2029 || c === 0x85) out += "\n";
    else if (ch === "\t") out += " ";
    else if (isInvisible(c)) continue;
    else if (c === 0xa0 || c === 0x202f || c === 0x2009 || c === 0x2007) out += isDigit(text[i - 1]) && isDigit(text[i + 1]) ? GROUP_SPACE : " ";
    // A full-width comma groups full-width digits; between others it separates.
    else if (ch === "，") out += text[i - 1]! >= "０" && text[i - 1]! <= "９" && text[i + 1]! >= "０" && text[i + 1]! <= "９" ? "," : ", ";
    else if (ch === "−" || ch === "﹣" || ch === "‐" || ch === "‑" || ch === "‒") out += "-";
    else if (VULGAR[ch]) out += (isDigit(text[i - 1]) ? " " : "") + VULGAR[ch];
    else if (ch === "。") out += "。";
    else out += ch;
  }
  return out.normalize("NFKC").replaceAll("\u2044", "/");
}

function isInvisible(c: number): boolean {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c === 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c === 0xfeff || c === 0x180e || c === 0x034f;
}
