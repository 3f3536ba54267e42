/** A prompt around a question, for people. */
import { sampleList } from "../view/sample-view.ts";
import type { ShownText } from "../view/sample-view.ts";
import type { View } from "../view/table.ts";
import { promptOf, promptRequest } from "./prompt.ts";

/**
 * Every message that is sent for the question, in order, with what is begun for the model and the form that
 * is enforced; `prompt` as in the config.
 */
export function promptView(prompt: string, question: string): View {
  const told = promptOf(prompt);
  const { messages, begin, regex } = promptRequest(told, question);
  const said: ShownText[] = messages.map(({ role, content }) => ({ title: role, text: content }));
  if (begin !== undefined) said.push({ title: "assistant, begun for it", text: begin });
  if (regex !== undefined) said.push({ title: "form that the server enforces", text: regex });
  const name =
    told.version === "own" ? "of your own" : `"${prompt}", version ${told.version}: ${told.source}`;
  return sampleList(said, `Prompt ${name}`);
}
