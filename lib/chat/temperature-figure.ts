/** What temperature does to one real token: the forward pass and its figure in one call. */
import type { Figure } from "../figures/theme.ts";
import { temperatureBars } from "../figures/temperature.ts";
import { unsureToken } from "../forward/unsure-token.ts";

/**
 * The figure of the token at which a model was least sure in its text to a question. Throws LabError as
 * unsureToken: for a folder that holds no Qwen2 model of at most 200 million parameters.
 *
 * @example await show(temperatureFigure("ckpts/tiny/teacher", question, text));
 */
export function temperatureFigure(model: string, question: string, text: string): Figure {
  return temperatureBars(unsureToken(model, question, text));
}
