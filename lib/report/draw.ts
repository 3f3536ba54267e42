/** The script that draws a page's figures: in the reader's colours, and so that they fit a phone. */
import { FAINT, INK } from "../figures/theme.ts";

/** Colours of light paper → of the dark form; what is not here reads well on both. */
const DARK: Record<string, string> = {
  "#FFFFFF": "#0D1117",
  [INK]: "#E6EDF3",
  [FAINT]: "#9AA4AE",
  "#57606A": "#B1BAC4",
  "#E7EAEE": "#262C34", // grid
  "#AFB8C1": "#545D68", // axes
  "#D3D6DB": "#4B535D", // dropped
  "#595959": "#9C9C9C", // the Base: the greys keep their order from the paper
  "#222222": "#E4E4E4",
  "#D0D0D0": "#5C5C5C",
  "#0072B2": "#3D9BD9",
  "#56B4E9": "#8FD0F7",
  "#8A7B00": "#BFAE2E",
};

/** Narrower than this, a figure gives its title to the caption. Pixels. */
const NARROW = 620;

/**
 * Runs in the page: unpacks plotly.js, draws every figure in the place of its picture, the nearest first, and
 * marks the page as drawn. Draws anew when the scheme changes, the width passes NARROW, or the page is printed.
 */
export const DRAW = `(async () => {
  const dark = matchMedia("(prefers-color-scheme: dark)"), paper = matchMedia("print");
  const colours = ${JSON.stringify(DARK)};
  const places = [...document.querySelectorAll("figure.plot")];

  const inColours = (json, isDark) =>
    isDark ? json.replace(/#[0-9a-f]{6}\\b/gi, (colour) => colours[colour.toUpperCase()] ?? colour) : json;

  // A phone: the title stands above as a caption that wraps, labels that cannot be read are left out.
  const narrowed = ({ data, layout }) => {
    const { title, margin = {}, ...rest } = layout;
    const top = Math.max(16, (margin.t ?? 80) - 52);
    const axis = ([name, value]) => [name, /^[xy]axis/.test(name) ? { ...value, automargin: true, nticks: 6, title: { ...value.title, font: { size: 11 } } } : value];
    return { data, layout: {
      ...Object.fromEntries(Object.entries(rest).map(axis)),
      font: { ...rest.font, size: 11 }, uniformtext: { minsize: 8, mode: "hide" },
      margin: { ...margin, t: top, l: Math.min(margin.l ?? 80, 48), r: Math.min(margin.r ?? 80, 12) },
    } };
  };

  const draw = (place, isDark) => {
    const figure = JSON.parse(inColours(place.querySelector("script").textContent, isDark));
    const isNarrow = place.clientWidth < ${NARROW} && !paper.matches;
    const { data, layout } = isNarrow ? narrowed(figure) : figure;
    const config = { responsive: true, displaylogo: false, displayModeBar: isNarrow ? false : "hover", modeBarButtonsToRemove: ["lasso2d", "select2d"] };
    let plot = place.querySelector(".drawing");
    if (!plot) {
      plot = document.createElement("div");
      plot.className = "drawing";
      place.append(plot);
    }
    place.classList.toggle("captioned", isNarrow);
    place.dataset.form = isNarrow + " " + isDark;
    return Plotly.react(plot, data, layout, config);
  };

  if (places.length > 0) {
    const packed = Uint8Array.from(atob(document.getElementById("plotly-js").textContent), (c) => c.charCodeAt(0));
    const script = document.createElement("script");
    script.textContent = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
    document.head.append(script);
  }
  const waiting = new Set(places);
  const away = (place) => Math.abs(place.getBoundingClientRect().top - innerHeight / 3);
  while (waiting.size > 0) {
    const place = [...waiting].reduce((nearest, other) => (away(other) < away(nearest) ? other : nearest));
    waiting.delete(place);
    await draw(place, dark.matches && !paper.matches);
    for (const still of place.querySelectorAll(".still")) still.remove();
    await new Promise((next) => setTimeout(next));
  }
  document.documentElement.dataset.figures = "drawn";

  const again = (isDark) => {
    for (const place of places) {
      const isNarrow = place.clientWidth < ${NARROW} && !paper.matches;
      if (place.dataset.form !== isNarrow + " " + isDark) draw(place, isDark);
    }
  };
  dark.addEventListener("change", () => again(dark.matches && !paper.matches));
  addEventListener("resize", () => again(dark.matches && !paper.matches));
  addEventListener("beforeprint", () => again(false));
  addEventListener("afterprint", () => again(dark.matches));
})();`;
