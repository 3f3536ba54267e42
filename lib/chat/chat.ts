/**
 * The trained model inside the page: Base, SFT and SFT + GRPO to be asked where the notebook or its report is
 * read, without a server.
 */
import { existsSync } from "node:fs";
import { LabError } from "../errors.ts";
import { armAdapter } from "../completions/models.ts";
import type { Lab } from "../config/lab.ts";
import { packInt8, throughInt8 } from "../forward/int8.ts";
import type { Tensor } from "../forward/int8.ts";
import { adapterOf, readAdapterFiles, readModelFiles, valuesOf } from "../forward/load.ts";
import type { ModelFiles } from "../forward/load.ts";
import { assemble } from "../forward/qwen2.ts";
import { createTokenizer } from "../forward/tokenizer.ts";
import { checkAdapter } from "../model/adapter.ts";
import { renderPrompt } from "../model/chat.ts";
import { modelFolder, resolveModel } from "../model/ref.ts";
import { countParameters, readModelShape } from "../model/shape.ts";
import { ownPrompt, promptMessages } from "../prompt/prompt.ts";
import { languageOf } from "../question/language.ts";
import { RlRow } from "../records.ts";
import { readJsonl } from "../store/jsonl.ts";
import { ARM_STYLES } from "../view/arms.ts";
import { inertHtml } from "../view/text-view.ts";
import type { View } from "../view/table.ts";
import { pack } from "../widget/block.ts";
import type { Widget } from "../widget/widget.ts";
import type { ChatArm, ChatData, ChatQuestion } from "./data.ts";
import { measureRounding } from "./rounding.ts";

/** In one byte a parameter and base64, a page of 12 MB holds no more beside its figures. */
const MOST_PARAMETERS = 6_000_000;
const ARMS = ["base", "sft", "sft_grpo"] as const;
/** Questions that are offered, and those on which the rounding is measured. */
const OFFERED = 8;
const MEASURED = 4;

export interface ChatOptions {
  /** To choose from, beside one's own. Default: some of the test questions, in both languages. */
  questions?: readonly ChatQuestion[];
}

/**
 * The lab's models to talk to in the page itself: type a question, choose a model, see every token with its
 * probability and what else it might have been. It works in JupyterLab, in VS Code and in an exported report,
 * without a kernel and without a network. Arms that have not been trained are left out.
 *
 * The weights are in the block as int8, about 6 MB; how far that moves the logits is measured and said. For
 * models that are too large for a page the view is a sentence. Throws LabError when an adapter belongs to
 * another base or a file cannot be read.
 *
 * @example await show(await chat(lab));
 */
export async function chat(lab: Lab, options: ChatOptions = {}): Promise<View> {
  const { models, prompt, evaluate, seed } = lab.config;
  const shape = readModelShape(models.base);
  const size = shape === null ? null : countParameters(shape).total;
  if (size === null || size > MOST_PARAMETERS) return sentence(tooLarge(models.base, size));
  const ref = await resolveModel(models.base);
  const folder = modelFolder(ref);
  if (folder === null) return sentence(`${models.base} is not on this machine, so this page cannot hold it.`);

  const base = readModelFiles(folder);
  const { questions = testQuestions(lab, seed) } = options;
  const tokenizer = createTokenizer(base.tokenizerFile);
  const asked = ({ question }: ChatQuestion) =>
    renderPrompt(folder, promptMessages(ownPrompt(prompt.system), question));
  const prompts = questions.slice(0, MEASURED).map((one) => tokenizer.encode(asked(one) ?? one.question));
  const limits = { ends: base.ends, maxTokens: evaluate.maxTokens };

  const exact = valuesOf(base.tensors);
  const rounded = throughInt8(base.tensors);
  const tensors = new Map<string, Tensor>(base.tensors);
  const arms: ChatArm[] = [];
  for (const arm of ARMS) {
    const path = armAdapter(lab, arm);
    if (path !== null && !existsSync(path)) continue;
    const { label, colour } = ARM_STYLES[arm];
    if (path === null) {
      const rounding = measureRounding(
        assemble(base.config, exact),
        assemble(base.config, rounded),
        prompts,
        limits,
      );
      arms.push({ label, colour, adapter: null, rounding });
      continue;
    }
    await checkAdapter(path, ref);
    const adapter = readAdapterFiles(path);
    const prefix = `${arm}/`;
    for (const [name, tensor] of adapter.tensors) tensors.set(prefix + name, tensor);
    const rounding = measureRounding(
      assemble(base.config, exact, adapterOf(adapter)),
      assemble(base.config, rounded, { ...adapterOf(adapter), tensors: throughInt8(adapter.tensors) }),
      prompts,
      limits,
    );
    const { rank, scale } = adapter;
    arms.push({ label, colour, adapter: { prefix, rank, scale }, rounding });
  }
  const data: ChatData = {
    config: base.config,
    tokenizer: onlyUsed(base),
    ...limits,
    arms,
    prompts: { en: aroundQuestion(asked, "?", folder), zh: aroundQuestion(asked, "多少？", folder) },
    questions: questions.map(({ question, gold }) => ({ question, gold })),
    temperature: evaluate.temperature,
    topP: 1,
  };
  const named = arms.map(({ label }) => label).join(", ");
  const widget: Widget = {
    ...sentence(
      `Here one can talk to ${named} where scripts may run: in a trusted notebook, or in its HTML report.`,
    ),
    widget: "chat",
    packed: pack(packInt8(tensors, data)),
  };
  return widget;
}

function sentence(text: string): View {
  return { html: `<p><em>${inertHtml(text)}</em></p>`, text };
}

function tooLarge(model: string, size: number | null): string {
  const found = size === null ? "of another architecture" : `of ${Math.round(size / 1e6)} million parameters`;
  return (
    `A page can hold a Qwen2 model of up to ${MOST_PARAMETERS / 1e6} million parameters; ${model} is ` +
    `${found}. Ask it through the server instead.`
  );
}

/** Some of the test questions, of different types, Chinese and English in turn; none before notebook 03. */
function testQuestions({ paths }: Lab, seed: number): ChatQuestion[] {
  if (!existsSync(paths.test)) return [];
  const rows = readJsonl(paths.test, RlRow);
  const groups = Map.groupBy(rows, ({ prompt, type }) => `${type}/${languageOf(prompt)}`);
  return [...groups.values()]
    .map((group) => group[seed % group.length]!)
    .slice(0, OFFERED)
    .map(({ prompt, gold_answer }) => ({ question: prompt, gold: gold_answer }));
}

/** What the template puts before and behind a question of this language. */
function aroundQuestion(
  asked: (question: ChatQuestion) => string | null,
  question: string,
  folder: string,
): [string, string] {
  const mark = `⟦${question}⟧`;
  const parts = asked({ question: mark, gold: "" })?.split(mark);
  if (parts?.length === 2) return [parts[0]!, parts[1]!];
  throw new LabError({
    what: "The model's chat template does not hold the question as it is",
    where: folder,
    expected: "chat_template.jinja with the user's message in it, once",
    todo: "Ask the model through the server instead: askStreamed.",
  });
}

/** Of tokenizer.json what the page's tokenizer reads. */
function onlyUsed({ tokenizerFile: file }: ModelFiles): ChatData["tokenizer"] {
  const { type, vocab, merges } = file.model;
  return {
    added_tokens: file.added_tokens,
    normalizer: file.normalizer,
    pre_tokenizer: file.pre_tokenizer,
    model: { type, vocab, merges },
  };
}
