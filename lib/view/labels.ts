/** Names as labels of a figure, a table, a menu. */
import { visibleText } from "./text-view.ts";

/**
 * Plain text as Plotly may show it: its pseudo-HTML neutralised, control characters made visible, cut to
 * `max` characters.
 */
export function label(text: string, max = 40): string {
  const shown = visibleText(text).replace(/\s+/g, " ").trim();
  const characters = [...shown];
  const cut = characters.length > max ? characters.slice(0, max - 1).join("") + "…" : shown;
  return cut.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** "financial_calculation" → "calculation", "too_long" → "too long". */
export function pretty(name: string, max = 40): string {
  return label(name.replace(/^financial_/, "").replace(/_/g, " "), max);
}

/**
 * Labels for an axis, one a name: names that would read alike after the cut get a number. Plotly draws equal
 * categories as one bar.
 */
export function axisLabels(names: readonly string[], max = 40): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const text = pretty(name, max);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    return times === 1 ? text : `${text} (${times})`;
  });
}
