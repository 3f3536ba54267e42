import { afterAll, describe, expect, test } from "vitest";
import { closeBrowser, findChromium, withBrowser } from "../show/browser.ts";
import { PLOTLY_PATH } from "../show/png.ts";
import { toyGrpo } from "../toy/index.ts";
import { toyCurve, toyKnobs } from "./toy.ts";

const PAID = [1, 0.3, 0.3, 0];
const FROM = [0.2, 0.45, 0.2, 0.15];
const knobs = toyGrpo.knobs(PAID, FROM);
const figure = toyKnobs(knobs, ["right", "20%", "125%", "no tags"]);
const chromium = findChromium();
if (!chromium) console.log("skipped: no Chromium on the PATH, so no slider can be moved");

afterAll(closeBrowser);

test("what is right is dashed and green, the rest is neither", () => {
  const drawn = toyCurve(
    [
      { label: "paid", y: [0, 1] },
      { label: "right", y: [0, 0], dashed: true },
    ],
    { title: "Paid", subtitle: "n = 1 run", yTitle: "mean" },
  );
  expect(drawn.data.map(({ line }) => line)).toEqual([
    { color: "#E69F00", width: 3 },
    { color: "#009E73", width: 3, dash: "dash" },
  ]);
});

/** The part of the page's own types that is used in it (the suite is checked without the DOM's). */
interface Part {
  textContent: string;
  append(part: Part): void;
  dispatchEvent(event: object): void;
  querySelector(selector: string): Part | null;
  querySelectorAll(selector: string): Iterable<Part>;
  getBoundingClientRect(): { right: number; top: number };
}
interface Window {
  Plotly: { newPlot(place: Part, data: unknown, layout: unknown): Promise<unknown> };
  document: { createElement(name: string): Part; body: Part; dispatchEvent(event: object): void };
  MouseEvent: new (name: string, options?: object) => object;
}

interface Seen {
  /** Chance of the first answer at the end, in %. */
  end: number;
  subtitle: string;
  /** Texts beside the visible sliders. */
  sliders: string[];
}

describe.skipIf(!chromium)("in a real Chromium, without a kernel", { timeout: 300_000 }, () => {
  test("the menu chooses a knob and the slider turns it", async () => {
    const [start, chosen, turned, back] = await withBrowser(async (openPage) => {
      const page = await openPage();
      await page.addScriptTag({ path: PLOTLY_PATH });
      return page.evaluate(async (drawn) => {
        const { Plotly, document, MouseEvent } = globalThis as unknown as Window;
        const place = document.createElement("div");
        document.body.append(place);
        await Plotly.newPlot(place, drawn.data, { ...drawn.layout, width: 800 });
        const soon = () => new Promise((done) => setTimeout(done, 300));
        const seen = (): Seen => ({
          end: (place as unknown as { data: { y: number[] }[] }).data[0]!.y.at(-1)!,
          subtitle: place.querySelector(".gtitle")!.textContent!,
          sliders: [...place.querySelectorAll(".slider-label")]
            .map((text) => text.textContent!)
            .filter((text) => text.includes(": ")),
        });
        const choose = async (name: string) => {
          place.querySelector(".updatemenu-header")!.dispatchEvent(new MouseEvent("click"));
          await soon();
          const buttons = [...place.querySelectorAll(".updatemenu-dropdown-button")];
          buttons.find((button) => button.textContent === name)!.dispatchEvent(new MouseEvent("click"));
          await soon();
          return seen();
        };
        const toTheRight = async () => {
          const rail = place.querySelector(".slider-rail-touch-rect")!;
          const { right, top } = rail.getBoundingClientRect();
          rail.dispatchEvent(
            new MouseEvent("mousedown", { clientX: right - 4, clientY: top + 4, bubbles: true }),
          );
          document.dispatchEvent(new MouseEvent("mouseup", { bubbles: true }));
          place.dispatchEvent(new MouseEvent("mouseup", { bubbles: true }));
          await soon();
          return seen();
        };
        return [
          seen(),
          await choose("β, weight of the KL"),
          await toTheRight(),
          await choose("learning rate"),
        ] as const;
      }, figure);
    });
    const beta = knobs.knobs[1]!.positions;
    expect(start.sliders).toEqual(["G, answers a batch: 8"]);
    expect(chosen.sliders).toEqual(["β, weight of the KL: 0.02"]);
    expect(chosen.end).toBe(start.end);
    expect(turned.sliders).toEqual(["β, weight of the KL: 1"]);
    expect(turned.end).toBe(Math.round(100 * beta.at(-1)!.policies.at(-1)![0]!)); // drawn in whole percent
    expect(turned.subtitle).toContain(beta.at(-1)!.says);
    expect(back.sliders).toEqual(["learning rate: 0.2"]);
    expect(back.end).toBe(start.end);
  });
});
