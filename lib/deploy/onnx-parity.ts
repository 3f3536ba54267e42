/** An exported ONNX model, asked by transformers.js what it makes of the answers of the model itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LabError } from "../errors.ts";
import { listTensors, readTensor } from "../model/tensor-data.ts";

/** How close an exported file is to the model, along the model's greedy answers in float32. */
export interface FileParity {
  prompts: number;
  /** Of all answers. */
  tokens: number;
  /** At which both have the same most likely token. */
  sameTokens: number;
  /** Answers that are the same to the last token when the file's own program writes them. */
  sameTexts: number;
  /** In nats, of any token at the first places of each answer. */
  maxLogprobDifference: number;
}

/** What scripts/export.py keeps in the run's folder. */
const Reference = z.object({
  ends: z.array(z.number()),
  texts: z
    .array(
      z.object({
        chat: z.array(z.object({ role: z.string(), content: z.string() })),
        rendered: z.string(),
        prompt: z.array(z.number()),
        answer: z.array(z.number()).min(1),
      }),
    )
    .min(1),
});
type Text = z.infer<typeof Reference>["texts"][number];

/**
 * Compares `folder` (as transformers.js reads it) with the reference of a run's folder: chat template,
 * tokens, log-probabilities in one pass over each answer, and the answer written token by token, which goes
 * through the cache. Throws LabError when the folder does not load, or reads another prompt than the model;
 * rejects with the signal's reason when that aborts.
 */
export async function compareOnnx(
  folder: string,
  runFolder: string,
  signal?: AbortSignal,
): Promise<FileParity> {
  const { texts, ends } = Reference.parse(
    JSON.parse(readFileSync(join(runFolder, "reference.json"), "utf8")),
  );
  const logits = listTensors(runFolder);
  const { AutoModelForCausalLM, AutoTokenizer, Tensor, env } = await import("@huggingface/transformers");
  env.allowRemoteModels = false;
  const loaded = { local_files_only: true };
  const tokenizer = await AutoTokenizer.from_pretrained(folder, loaded).catch(unloaded(folder));
  const model = await AutoModelForCausalLM.from_pretrained(folder, {
    ...loaded,
    ...{ dtype: "fp32", device: "cpu" },
  }).catch(unloaded(folder));
  const tensor = (values: readonly number[]) =>
    new Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
  const inputs = (tokens: readonly number[]) => ({
    input_ids: tensor(tokens),
    attention_mask: tensor(tokens.map(() => 1)),
  });
  const parity = { prompts: texts.length, tokens: 0, sameTokens: 0, sameTexts: 0, maxLogprobDifference: 0 };
  try {
    for (const [index, text] of texts.entries()) {
      signal?.throwIfAborted();
      const rendered = tokenizer.apply_chat_template(text.chat, {
        tokenize: false,
        add_generation_prompt: true,
      }) as string;
      assertSamePrompt(folder, text, rendered, tokenizer.encode(rendered, { add_special_tokens: false }));
      const { prompt, answer } = text;
      const passed = (await model(inputs([...prompt, ...answer]))) as {
        logits: { data: Float32Array; dims: number[] };
      };
      const vocabulary = passed.logits.dims[2]!;
      const at = (place: number) => passed.logits.data.subarray(place * vocabulary, (place + 1) * vocabulary);
      const expected = readTensor(logits.get(String(index))!);
      for (const [i, token] of answer.entries()) {
        const found = at(prompt.length - 1 + i);
        if (mostLikely(found) === token) parity.sameTokens += 1;
        const wanted = expected.subarray(i * vocabulary, (i + 1) * vocabulary);
        if (wanted.length > 0)
          parity.maxLogprobDifference = Math.max(parity.maxLogprobDifference, difference(found, wanted));
      }
      // Its generation settings may hold a penalty, which makes another text of the greedy one.
      const written = (await model.generate({
        ...inputs(prompt),
        ...{ max_new_tokens: answer.length, do_sample: false, repetition_penalty: 1, eos_token_id: ends },
      } as Parameters<typeof model.generate>[0])) as InstanceType<typeof Tensor>;
      const own = [...(written.data as BigInt64Array)].slice(prompt.length).map(Number);
      if (String(own) === String(answer)) parity.sameTexts += 1;
      parity.tokens += answer.length;
    }
  } finally {
    await model.dispose();
  }
  return parity;
}

function unloaded(folder: string): (cause: Error) => never {
  return (cause) => {
    throw new LabError(
      { what: "transformers.js does not load the exported model", where: folder, found: cause.message },
      { cause },
    );
  };
}

function assertSamePrompt(folder: string, { rendered, prompt }: Text, text: string, tokens: number[]): void {
  const isText = text !== rendered;
  if (!isText && String(tokens) === String(prompt)) return;
  throw new LabError({
    what: `The ${isText ? "chat template" : "tokenizer"} of the exported model is another one`,
    where: folder,
    expected: JSON.stringify(isText ? rendered : prompt).slice(0, 200),
    found: JSON.stringify(isText ? text : tokens).slice(0, 200),
    todo: "Nothing was published. See that tokenizer.json and chat_template.jinja of the Base are whole.",
  });
}

function mostLikely(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/** The largest difference of a log-probability; infinite where one is not a number. */
function difference(found: Float32Array, wanted: Float32Array): number {
  const [a, b] = [logSum(found), logSum(wanted)];
  let largest = 0;
  for (let i = 0; i < found.length; i++) {
    const apart = Math.abs(found[i]! - a - (wanted[i]! - b));
    if (!(apart <= largest)) largest = Number.isNaN(apart) ? Infinity : apart;
  }
  return largest;
}

/** log Σ e^logit */
function logSum(logits: Float32Array): number {
  let largest = -Infinity;
  for (const logit of logits) largest = Math.max(largest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - largest);
  return largest + Math.log(sum);
}
