/** A view that one can work with in the page: what it is before a script runs, and what its script reads. */
import type { View } from "../view/table.ts";

/**
 * The TypeScript of each runs from `lib/<name>/page/main.ts`, in the look that all share (`page/style.css`)
 * and of the `style.css` beside it.
 */
export const WIDGET_NAMES = ["explore", "chat", "inside"] as const;
export type WidgetName = (typeof WIDGET_NAMES)[number];

/** Its `html` stands where no script may run. */
export interface Widget extends View {
  widget: WidgetName;
  /** What the script reads: gzip in base64, so nothing in it could be taken for markup. */
  packed: string;
}

export function isWidget(view: object): view is Widget {
  return "widget" in view;
}
