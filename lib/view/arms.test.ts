import { describe, expect, test } from "vitest";
import { ARM_NAMES } from "../records.ts";
import { ARM_STYLES, styleOf } from "./arms.ts";
import { axisLabels, label, pretty } from "./labels.ts";

type Rgb = [number, number, number];

// Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB.
const BLINDNESS: Record<string, number[][]> = {
  none: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function linear(hex: string): Rgb {
  return [1, 3, 5].map((at) => {
    const v = parseInt(hex.slice(at, at + 2), 16) / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
}

/** CIE L*a*b* (D65) of a linear RGB colour. */
function lab([r, g, b]: Rgb): Rgb {
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function seen(hex: string, blindness: string): Rgb {
  const rgb = linear(hex);
  return lab(
    BLINDNESS[blindness]!.map((row) =>
      Math.min(
        1,
        Math.max(
          0,
          row.reduce((sum, m, i) => sum + m * rgb[i]!, 0),
        ),
      ),
    ) as Rgb,
  );
}

describe("the arms' colours", () => {
  test.each(Object.keys(BLINDNESS))("stay apart under colour vision %s", (blindness) => {
    for (const a of ARM_NAMES) {
      for (const b of ARM_NAMES) {
        if (a >= b) continue;
        const [p, q] = [seen(ARM_STYLES[a].colour, blindness), seen(ARM_STYLES[b].colour, blindness)];
        // ΔE*ab of 20 is told apart at a glance, also in thin lines.
        expect(Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]), `${a} and ${b}`).toBeGreaterThan(20);
      }
    }
  });

  test("an arm keeps its colour wherever it stands, another name takes the next one of the series", () => {
    expect(styleOf("sft", 3)).toEqual(styleOf("sft", 0));
    expect(styleOf("my run", 0).colour).not.toBe(styleOf("my run", 1).colour);
  });
});

describe("labels", () => {
  test("markup in a name is shown, not obeyed", () => {
    expect(label("<b>x</b> & <a href='javascript:1'>", 60)).toBe(
      "&lt;b&gt;x&lt;/b&gt; &amp; &lt;a href='javascript:1'&gt;",
    );
  });

  test("control characters and directions are visible", () => {
    expect(label("a\u202Eb\u001B[31m")).toBe("a⟨U+202E⟩b␛[31m");
  });

  test("names that read alike after the cut stay different categories", () => {
    const names = axisLabels(["report_2024_".repeat(9) + "a", "report_2024_".repeat(9) + "b"], 20);
    expect(new Set(names).size).toBe(2);
    expect(pretty("financial_calculation")).toBe("calculation");
  });
});
