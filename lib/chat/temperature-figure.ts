/** What temperature and top-p do to a real token: forward pass, figure and reading in one call. */
import type { Figure } from "../figures/theme.ts";
import { temperatureBars } from "../figures/temperature.ts";
import { unsureToken } from "../forward/unsure-token.ts";
import { topP } from "../reading/tokens.ts";

/**
 * The token at which a model was least sure in its text to a question: a figure of temperature, and what
 * top-p would cut there, in markdown. Throws LabError as unsureToken: for a folder that holds no Qwen2 model
 * of at most 200 million parameters.
 *
 * @example
 * const { figure, topP } = temperatureFigure("ckpts/tiny/teacher", question, text);
 * await show(figure);
 */
export function temperatureFigure(
  model: string,
  question: string,
  text: string,
): { figure: Figure; topP: string } {
  const place = unsureToken(model, question, text);
  return { figure: temperatureBars(place), topP: topP(place) };
}
