/** How an arm is called and coloured, in all notebooks alike. */
import type { ArmName } from "../records.ts";
import { label } from "./labels.ts";

/**
 * One colour and one marker an arm, in all notebooks: greys for the Base, Okabe–Ito hues and a brown for what
 * was trained, far apart for every kind of colour blindness (see the test).
 */
export const ARM_STYLES: Record<ArmName, { label: string; colour: string; symbol: string }> = {
  base: { label: "Base", colour: "#595959", symbol: "circle" },
  base_prompted: { label: "Base, prompted", colour: "#222222", symbol: "circle-open" },
  base_majority: { label: "Base, majority", colour: "#D0D0D0", symbol: "circle-dot" },
  sft_gold: { label: "SFT, golds alone", colour: "#56B4E9", symbol: "square-open" },
  sft: { label: "SFT", colour: "#0072B2", symbol: "square" },
  sft_grpo: { label: "SFT + GRPO", colour: "#D55E00", symbol: "diamond" },
  sft_on_policy: { label: "SFT + on-policy", colour: "#663300", symbol: "diamond-open" },
  grpo_only: { label: "GRPO only", colour: "#CC79A7", symbol: "triangle-up" },
};

/** What trains an arm. */
export const TRAINING_NAMES = { sft: "SFT", grpo: "GRPO", on_policy: "on-policy distillation" } as const;

/**
 * For series that are not arms. Okabe–Ito (https://jfly.uni-koeln.de/color/), yellow darkened to be read on
 * white.
 */
export const SERIES = [
  "#0072B2",
  "#E69F00",
  "#009E73",
  "#CC79A7",
  "#56B4E9",
  "#D55E00",
  "#8A7B00",
  "#595959",
] as const;

function isArm(name: string): name is ArmName {
  return Object.hasOwn(ARM_STYLES, name);
}

/** Colour, label and marker of an arm; another name gets a colour of the series by its position. */
export function styleOf(name: string, index: number): { label: string; colour: string; symbol: string } {
  if (isArm(name)) return ARM_STYLES[name];
  return { label: label(name), colour: SERIES[index % SERIES.length]!, symbol: "circle" };
}

/**
 * One style each for runs drawn over each other: the first of an arm has the arm's, a second one of the same
 * arm the next free colour.
 */
export function stylesOf(names: readonly string[]): { label: string; colour: string; symbol: string }[] {
  const taken = new Set(names.filter(isArm).map((name) => ARM_STYLES[name].colour));
  const seen = new Set<string>();
  return names.map((name) => {
    if (isArm(name) && !seen.has(name)) {
      seen.add(name);
      return ARM_STYLES[name];
    }
    const colour = SERIES.find((candidate) => !taken.has(candidate)) ?? SERIES[0];
    taken.add(colour);
    return { ...styleOf(name, 0), colour };
  });
}
