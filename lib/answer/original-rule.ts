/**
 * The original project's filter rule, rebuilt from its description, to be compared with and never to be used:
 * it strips every character but digits, points and minus signs, so that 5.2亿 equals 5.2 and "2019年增长5%"
 * becomes 20195.
 */

/** Digits, points and minus signs as one number; null when they make none. */
function strippedNumber(text: string): number | null {
  let kept = "";
  for (const c of text) if ((c >= "0" && c <= "9") || c === "." || c === "-") kept += c;
  if (kept === "") return null;
  const value = Number(kept);
  return Number.isNaN(value) ? null : value;
}

/**
 * Right when both strip to numbers with a relative error below 1 % (|gold| > 1) or an absolute error below
 * 0.01, else when the gold is a substring of the answer or more than 60 % of the gold's words stand in it.
 */
export function originalRule(gold: string, prediction: string): boolean {
  const g = strippedNumber(gold);
  const p = strippedNumber(prediction);
  if (g !== null && p !== null)
    return Math.abs(g) > 1 ? Math.abs(p - g) / Math.abs(g) < 0.01 : Math.abs(p - g) < 0.01;
  const a = gold.toLowerCase().trim();
  const b = prediction.toLowerCase();
  if (a === "") return false;
  if (b.includes(a)) return true;
  const words = a.split(/\s+/).filter(Boolean);
  return words.filter((word) => b.includes(word)).length / words.length > 0.6;
}
