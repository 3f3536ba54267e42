/** What temperature does to the choice of one token. */
import type { UnsureToken } from "../forward/unsure-token.ts";
import { label } from "../view/labels.ts";
import { emptyFigure, type Figure, makeFigure } from "./theme.ts";

/** From cold to hot. */
const COLOURS = ["#0072B2", "#56B4E9", "#E69F00", "#D55E00"];
const SHOWN = 7;

/**
 * The most likely tokens of one place, a bar for each temperature, and all the others together.
 *
 * @param place of `unsureToken`; null where there is no text yet.
 * @param temperatures above 0, at most four.
 */
export function temperatureBars(
  place: Pick<UnsureToken, "before" | "sharesAt" | "entropy" | "textOf"> | null,
  temperatures: readonly number[] = [0.3, 0.6, 1, 1.5],
): Figure {
  const title = "What temperature does to one token";
  if (place === null) return emptyFigure(title, "No text of a model to look into yet.");
  const own = place.sharesAt(1);
  const tokens = [...own.keys()].sort((a, b) => own[b]! - own[a]! || a - b).slice(0, SHOWN);
  const names = tokens.map((token, i) => `${i + 1}. ${label(visible(place.textOf(token)), 14)}`);
  const others = own.length - tokens.length;
  const data = temperatures.map((temperature, i) => {
    const shares = place.sharesAt(temperature);
    const shown = tokens.map((token) => shares[token]!);
    const rest = Math.max(0, 1 - shown.reduce((sum, share) => sum + share, 0));
    return {
      type: "bar",
      name: `temperature ${temperature}`,
      x: [...names, `${others.toLocaleString("en-US")} others`],
      y: [...shown, rest],
      marker: { color: COLOURS[i % COLOURS.length] },
      hovertemplate: "%{x}: %{y:.2%}<extra>%{fullData.name}</extra>",
    };
  });
  const text = visible(place.before.slice(-24));
  const before = text.length < place.before.length ? `… ${text}` : text;
  return makeFigure({
    title,
    subtitle:
      `n = ${own.length.toLocaleString("en-US")} tokens that may follow “${before}”; ` +
      `${place.entropy.toFixed(1)} bits at temperature 1`,
    data,
    x: { title: { text: "token" }, type: "category" },
    y: { title: { text: "probability to be drawn" }, tickformat: ".0%", rangemode: "tozero" },
    layout: { barmode: "group" },
  });
}

/** Spaces and line ends as signs. */
function visible(text: string): string {
  return text.replace(/ /g, "␣").replace(/\n/g, "⏎");
}
