/** The models of a block: unpacked once, each arm put together when it is first asked. */
import { generate } from "../../forward/generate.ts";
import type { Step } from "../../forward/generate.ts";
import { unpackInt8 } from "../../forward/int8.ts";
import { assemble } from "../../forward/qwen2.ts";
import type { Qwen2, Tensors } from "../../forward/qwen2.ts";
import type { Sampling } from "../../forward/sampling.ts";
import { createTokenizer } from "../../forward/tokenizer.ts";
import type { BpeTokenizer } from "../../forward/tokenizer.ts";
import { languageOf } from "../../question/language.ts";
import { createRandom } from "../../stats/random.ts";
import { unpack } from "../../widget/page/dom.ts";
import type { ChatArm, ChatData } from "../data.ts";

export interface Ask extends Sampling {
  arm: number;
  question: string;
  seed: number;
  /** Tokens with which the answer has to begin. */
  begin: readonly number[];
}

export interface Models {
  data: ChatData;
  tokenizer: BpeTokenizer;
  /** The answer, token by token. Throws a RangeError for a question that is too long. */
  answer(ask: Ask): Generator<Step>;
}

/** The models that a block holds: base64, gzip, safetensors. */
export async function openModels(packed: string): Promise<Models> {
  const { tensors, about } = unpackInt8(await unpack(packed));
  const data = about as ChatData;
  const tokenizer = createTokenizer(data.tokenizer);
  const models = data.arms.map(() => null as Qwen2 | null);
  return {
    data,
    tokenizer,
    *answer({ arm, question, seed, begin, ...sampling }) {
      const model = (models[arm] ??= assemble(data.config, tensors, adapterOf(data.arms[arm]!, tensors)));
      const [before, behind] = data.prompts[languageOf(question)];
      const prompt = tokenizer.encode(before + question + behind);
      const { next } = createRandom(seed);
      const { ends, maxTokens } = data;
      yield* generate(model, prompt, { ends, maxTokens, next, begin, ...sampling });
    },
  };
}

function adapterOf({ adapter }: ChatArm, tensors: Tensors) {
  if (adapter === null) return null;
  const { prefix, rank, scale } = adapter;
  const own = [...tensors].filter(([name]) => name.startsWith(prefix));
  return { rank, scale, tensors: new Map(own.map(([name, values]) => [name.slice(prefix.length), values])) };
}
