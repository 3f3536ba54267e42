/** The script that draws a page's figures: in the reader's colours, and so that they fit a phone. */
import { FAINT, INK } from "../figures/theme.ts";

/** Colours of light paper → of the dark form; what is not here reads well on both. */
const DARK: Record<string, string> = {
  "#FFFFFF": "#0D1117",
  "#F6F8FA": "#1B222B", // boxes of diagrams
  "#F1F3F5": "#262C34",
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

/** Width of a printed page without its margins: 210 mm less twice 14, in CSS pixels. */
export const PAPER = Math.floor(((210 - 28) / 25.4) * 96);

/**
 * Of a plot's height on paper: it is read from nearer than a screen, and fewer pages end half empty. What is
 * low already, and boxes with words in them, stay as they are.
 */
const PAPER_HEIGHT = 0.85;
const LOW = 450;

/** Narrower than this, a figure gives its title to the caption. Pixels. */
const NARROW = 620;

/**
 * Runs in the page: waits until widgets can be used, for nobody types into a page that is busy; unpacks
 * plotly.js, draws every figure in the place of its picture, the nearest first, and
 * marks the page as drawn. Draws anew when the scheme changes, the width passes NARROW, or for paper.
 */
export const DRAW = `(async () => {
  while (document.querySelector("[data-widget='starting']"))
    await new Promise((later) => setTimeout(later, 20));
  const dark = matchMedia("(prefers-color-scheme: dark)"), paper = matchMedia("print");
  const colours = ${JSON.stringify(DARK)}, ink = ${JSON.stringify(INK)};
  const places = [...document.querySelectorAll("figure.plot")];

  const inColours = (json, isDark) => {
    if (!isDark) return JSON.parse(json);
    const other = (colour) => colours[colour.toUpperCase()] ?? colour;
    const changed = JSON.parse(json.replace(/#[0-9a-f]{6}\\b/gi, other));
    if (!changed.data.some((trace) => trace.type === "heatmap")) return changed;
    const { data, layout } = JSON.parse(json); // numbers in cells: as dark or light as the cells need
    const cells = data.map((trace) => ({ ...trace, textfont: { color: ink, ...trace.textfont } }));
    return { data: cells, layout: { ...changed.layout, annotations: layout.annotations } };
  };

  // Numbers in bars: black or white, whichever stands out. Plotly's own grey is too faint on most hues.
  const brightness = (colour) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const part = parseInt(colour.slice(1 + 2 * i, 3 + 2 * i), 16) / 255; // sRGB, by WCAG's relative luminance
    return sum + weight * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  }, 0);
  const inkOn = (colour) => (brightness(colour) > 0.179 ? "#000000" : "#FFFFFF");
  const legible = (trace) => {
    const { type, marker } = trace;
    const colours = [marker?.color].flat();
    if (type !== "bar" || !colours.every((one) => /^#[0-9a-f]{6}$/i.test(one))) return trace;
    const inks = colours.map(inkOn);
    return { ...trace, insidetextfont: { color: Array.isArray(marker.color) ? inks : inks[0] } };
  };
  // Single steps behind their mean: as faint as on paper they are not seen in the dark.
  const inTheDark = (trace) => (
    trace.opacity > 0 && trace.opacity < 0.5 ? { ...trace, opacity: 1.7 * trace.opacity } : trace
  );

  // A phone: the title stands above as a caption that wraps, a menu alone above the plot, the legend then
  // below it, notes in short lines.
  const inLines = (text) => text.split(/ |<br>/).reduce((lines, word) => {
    const last = lines.length - 1;
    if (last < 0 || (lines[last] + word).length > 40) lines.push(word);
    else lines[last] += " " + word;
    return lines;
  }, []).join("<br>");
  const narrowed = ({ data, layout }) => {
    const { title, margin = {}, annotations, legend = {}, ...rest } = layout;
    const menus = (rest.updatemenus ?? []).length > 0;
    const underneath = (menus || legend.x >= 1) && rest.showlegend !== false; // beside it there is no room
    const rows = Math.ceil(data.filter((trace) => trace.name && trace.showlegend !== false).length / 2);
    const map = data.some((trace) => trace.type === "heatmap"); // its numbers stand in its cells
    const diagram = rest.xaxis?.visible === false; // words in boxes: all of the width, and small ones
    const names = [...new Set(data.flatMap(({ orientation, x = [] }) => (orientation === "h" ? [] : x)))]
      .filter((name) => typeof name === "string");
    const longest = Math.max(0, ...names.flatMap((name) => name.split("<br>")).map(({ length }) => length));
    const upright = names.length * longest > 60; // letters, as many as fit side by side
    const small = (value, name) => ({
      ...value, automargin: true, title: { ...value.title, font: { size: 11 } },
      ...(map && { tickfont: { size: 9 } }), ...(upright && name[0] === "x" && { tickangle: -90 }),
    });
    const below = { orientation: "h", x: 0, xanchor: "left", yref: "container", y: 0.01, yanchor: "bottom" };
    const fine = (trace, size) => ({ ...trace, showscale: false, textfont: { ...trace.textfont, size } });
    const sizes = { heatmap: 9, sankey: 8 };
    const short = (note) => ({
      ...note, text: inLines(String(note.text)), align: "left", font: { ...note.font, size: 9 },
    });
    const inBox = (note) => ({ ...note, font: { ...note.font, size: 9 } });
    return {
      data: data.map((trace) => (sizes[trace.type] ? fine(trace, sizes[trace.type]) : trace)),
      layout: {
        ...Object.fromEntries(
          Object.entries(rest).map(
            ([name, value]) => [name, /^[xy]axis/.test(name) ? small(value, name) : value],
          ),
        ),
        font: { ...rest.font, size: 11 }, uniformtext: { minsize: 8, mode: "hide" },
        margin: {
          l: Math.min(margin.l ?? 80, diagram ? 2 : 48),
          r: Math.min(margin.r ?? 80, diagram ? 2 : 12),
          b: (margin.b ?? 56) + (underneath ? 20 * rows + 8 : 0),
          t: menus ? 48 : Math.max(16, (margin.t ?? 80) - 52),
        },
        legend: underneath ? { ...legend, ...below } : legend,
        annotations: annotations?.map(
          diagram ? inBox : (note) => (map || String(note.text).length > 40 ? short(note) : note),
        ),
      },
    };
  };

  // The form of a figure: its colours, its layout, its width where that is not the place's.
  const formOf = (place, onPaper) => ({
    isDark: dark.matches && !onPaper,
    isNarrow: place.clientWidth < ${NARROW} && !onPaper,
    ...(onPaper && { width: ${PAPER} }),
  });
  const draw = (place, form) => {
    const { isDark, isNarrow, ...size } = form;
    const coloured = inColours(place.querySelector("script").textContent, isDark);
    const seen = coloured.data.map(legible).map((trace) => (isDark ? inTheDark(trace) : trace));
    const figure = { data: seen, layout: coloured.layout };
    const { data, layout } = isNarrow ? narrowed(figure) : figure;
    const isPlot = layout.xaxis?.visible !== false && layout.height >= ${LOW};
    if (size.width && isPlot) size.height = Math.round(${PAPER_HEIGHT} * layout.height);
    const config = {
      responsive: true, displaylogo: false, displayModeBar: isNarrow ? false : "hover",
      modeBarButtonsToRemove: ["lasso2d", "select2d"],
    };
    let plot = place.querySelector(".drawing");
    if (!plot) {
      plot = document.createElement("div");
      plot.className = "drawing";
      place.append(plot);
    }
    place.classList.toggle("captioned", isNarrow);
    place.dataset.form = JSON.stringify(form);
    return Plotly.react(plot, data, { ...layout, ...size }, config);
  };

  if (places.length > 0) {
    const base64 = document.getElementById("plotly-js").textContent;
    const packed = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(unpacked).text();
    document.head.append(script);
  }
  const waiting = new Set(places);
  const away = (place) => Math.abs(place.getBoundingClientRect().top - innerHeight / 3);
  while (waiting.size > 0) {
    const place = [...waiting].reduce((nearest, other) => (away(other) < away(nearest) ? other : nearest));
    waiting.delete(place);
    await draw(place, formOf(place, paper.matches));
    for (const still of place.querySelectorAll(".still")) still.remove();
    await new Promise((next) => setTimeout(next));
  }
  document.documentElement.dataset.figures = "drawn";

  const again = (onPaper) => {
    for (const place of places) {
      const form = formOf(place, onPaper);
      if (place.dataset.form !== JSON.stringify(form)) draw(place, form);
    }
  };
  dark.addEventListener("change", () => again(paper.matches));
  addEventListener("resize", () => again(paper.matches));
  addEventListener("beforeprint", () => again(true));
  addEventListener("afterprint", () => again(false));
})();`;
