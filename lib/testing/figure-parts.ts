/** What tests look at in a figure. */
import type { Figure } from "../figures/theme.ts";

export const title = (figure: Figure): string => (figure.layout.title as { text: string }).text;

/** The buttons of a figure's first menu. */
export const menu = (
  figure: Figure,
): { label: string; args: [Record<string, unknown[][]>, Record<string, string>] }[] =>
  (figure.layout.updatemenus as { buttons: ReturnType<typeof menu> }[])[0]!.buttons;
