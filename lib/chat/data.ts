/** What the chat's page reads beside the weights. Types only. */
import type { Qwen2Config } from "../forward/qwen2.ts";
import type { TokenizerFile } from "../forward/tokenizer.ts";
import type { Language } from "../question/language.ts";

/** A model to choose: the Base, or an adapter on top of it. */
export interface ChatArm {
  label: string;
  colour: string;
  /** Its factors are the tensors of this prefix; null for the Base. */
  adapter: { prefix: string; rank: number; scale: number } | null;
  rounding: Rounding | null;
}

/** What int8 changes: along `tokens` tokens of greedy answers, the int8 weights beside those in float32. */
export interface Rounding {
  tokens: number;
  /** Of a logit, on average and at most. */
  mean: number;
  largest: number;
  /** Share of the tokens at which both find the same one most likely. */
  same: number;
}

export interface ChatQuestion {
  question: string;
  gold: string;
}

export interface ChatData {
  config: Qwen2Config;
  tokenizer: TokenizerFile;
  /** Tokens that end an answer. */
  ends: number[];
  maxTokens: number;
  arms: ChatArm[];
  /** What stands before and behind the question in the text that the model reads. */
  prompts: Record<Language, [string, string]>;
  questions: ChatQuestion[];
  temperature: number;
  topP: number;
}
