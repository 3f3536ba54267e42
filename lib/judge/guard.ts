/**
 * What a Judge is never asked about: texts that only try to look judged. Cheap rules, applied after format
 * and answer.
 */
import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { z } from "zod";
import { inertText } from "./prompt.ts";

/**
 * `prompts/guard.json`. `openers` carry no reasoning by themselves; `addresses` are patterns of text that
 * talks to a Judge.
 */
const Guard = z.strictObject({
  version: z.string(),
  source: z.string(),
  openers: z.array(z.string()).min(1),
  addresses: z.array(z.string()).min(1),
});

export type GuardReason = "no_reasoning" | "addresses_judge" | "padded";

/** Shorter reasoning than this cannot be told from padding by how well it compresses. */
const PADDING_MIN_CHARACTERS = 2000;
/** Deflate leaves 25–45 % of prose and worked sums; a sentence repeated to 20 kB goes below 3 %. */
const PADDING_MAX_RATIO = 0.1;
/** What is looked at, so that hostile megabytes cost no more than this. */
const MAX_CHARACTERS = 64_000;

let rules: { openers: string[]; addresses: RegExp[] } | null = null;

function guardRules() {
  if (rules) return rules;
  const guard = Guard.parse(
    JSON.parse(readFileSync(new URL("./prompts/guard.json", import.meta.url), "utf8")),
  );
  // Longest first: "step by step" must not leave the rest of "let's solve this step by step" standing.
  const openers = guard.openers.map((o) => o.toLowerCase()).sort((a, b) => b.length - a.length);
  rules = { openers, addresses: guard.addresses.map((pattern) => new RegExp(pattern, "iu")) };
  return rules;
}

/**
 * Why this completion is not shown to the Judge, or null when it may be.
 *
 * "no_reasoning": what stands before the answer block is nothing but a general opener (the one-token "master
 * keys" that make LLM judges pass: ":", "Thought process:", "解"); "addresses_judge": it gives the Judge
 * orders or writes its verdict; "padded": at least 2,000 characters that deflate to less than a tenth. Pure;
 * time linear in the first 64,000 characters.
 *
 * Source: Zhao et al. 2025, "One Token to Fool LLM-as-a-Judge", https://arxiv.org/abs/2507.08794.
 */
export function guardReason(completion: string): GuardReason | null {
  const { openers, addresses } = guardRules();
  const text = inertText(completion.slice(0, MAX_CHARACTERS)).normalize("NFKC");
  if (addresses.some((pattern) => pattern.test(text))) return "addresses_judge";
  const answer = text.lastIndexOf("<answer>");
  let reasoning = (answer === -1 ? text : text.slice(0, answer))
    .replace(/<\/?(?:think|answer)>/g, " ")
    .toLowerCase();
  if (reasoning.length >= PADDING_MIN_CHARACTERS) {
    const bytes = Buffer.from(reasoning);
    if (deflateRawSync(bytes).length / bytes.length < PADDING_MAX_RATIO) return "padded";
  }
  if (reasoning.length < 1000) for (const opener of openers) reasoning = reasoning.replaceAll(opener, " ");
  return /[\p{L}\p{N}]/u.test(reasoning) ? null : "no_reasoning";
}
