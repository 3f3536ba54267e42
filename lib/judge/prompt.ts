/** Judge prompts: the data of `prompts/`, and the one function that turns it into a user message. */
import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import { FAULT_KINDS } from "../world/fault-kind.ts";
import type { FaultKind } from "../world/fault-kind.ts";

export type RubricName = Config["filter"]["rubric"];
export type LayoutName = Config["filter"]["layout"];
export type PromptSize = Config["filter"]["judgePrompt"];

export const RUBRIC_NAMES = ["four-dimensions", "seven-criteria"] as const satisfies readonly RubricName[];
export const JUDGE_PROMPT_NAMES = ["full", "check", "short"] as const satisfies readonly PromptSize[];
export const LAYOUT_NAMES = [
  "rules-first",
  "inputs-first",
  "rules-first-question",
  "inputs-first-question",
  "rules-first-zh",
] as const satisfies readonly LayoutName[];

const Texts = z.strictObject({
  rules: z.string(),
  question: z.string(),
  gold: z.string(),
  fenced: z.string(),
  closing: z.string(),
});
const Languages = z.strictObject({ en: Texts, zh: Texts });
const Expected = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/**
 * `prompts/<rubric>.json`. `expected` holds what a perfect Judge writes for each planted fault ("none": a
 * clean text).
 */
export const Rubric = z.strictObject({
  name: z.enum(RUBRIC_NAMES),
  version: z.string(),
  source: z.string(),
  scale: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("points"), min: z.number().int(), max: z.number().int() }),
    z.strictObject({ kind: z.literal("all") }),
  ]),
  criteria: z.array(z.strictObject({ key: z.string(), en: z.string(), zh: z.string() })).min(1),
  texts: z.strictObject({ full: Languages, check: Languages, short: Languages }),
  expected: z.record(z.enum(["none", ...FAULT_KINDS]), Expected),
});
export type Rubric = z.infer<typeof Rubric>;

/**
 * One entry of `prompts/layouts.json`; `finR1` is the error its counterpart made against human labels
 * (Fin-R1, Qwen2.5-72B).
 */
export const Layout = z.strictObject({
  language: z.enum(["en", "zh"]),
  template: z.string(),
  finR1: z.strictObject({ name: z.string(), errorAgainstHumans: z.number() }),
  source: z.string(),
});
export type Layout = z.infer<typeof Layout>;

const promptFile = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./prompts/${name}.json`, import.meta.url), "utf8"));
const rubrics = new Map<RubricName, Rubric>();
let layouts: Record<string, Layout> | null = null;

/** The rubric of that name, read from `prompts/` once. Throws when the file does not fit its schema. */
export function rubricOf(name: RubricName): Rubric {
  const known = rubrics.get(name);
  if (known) return known;
  const rubric = Rubric.parse(promptFile(name));
  rubrics.set(name, rubric);
  return rubric;
}

/** The layout of that name, read from `prompts/layouts.json` once. */
export function layoutOf(name: LayoutName): Layout {
  layouts ??= z.record(z.string(), Layout).parse(promptFile("layouts"));
  const layout = layouts[name];
  if (!layout)
    throw new LabError({
      what: `layoutOf requires a known layout, got "${name}"`,
      expected: LAYOUT_NAMES.join(" | "),
    });
  return layout;
}

export interface JudgePrompt {
  layout: LayoutName;
  rubric: RubricName;
  question: string;
  gold: string;
  completion: string;
  /** Stands at both ends of the judged text and nowhere in it: see `nonceFor`. */
  nonce: string;
  /**
   * "short" for the tiny Judge (rules of about 20 tokens); "full" and "check" for an instruction-tuned one.
   */
  size: PromptSize;
}

/**
 * The user message that asks a Judge for a verdict. Question, gold answer and judged text are made inert
 * first and are filled in by a single pass, so a placeholder, a forged fence or a chat-template tag inside
 * them stays plain text. In every layout something of the rubric stands after the fenced text. Pure: same
 * arguments, same message. Throws LabError when the nonce occurs in a text: such a fence could be closed from
 * within.
 */
export function renderJudgePrompt(p: JudgePrompt): string {
  const rubric = rubricOf(p.rubric);
  const layout = layoutOf(p.layout);
  const texts = rubric.texts[p.size][layout.language];
  const [question, gold, completion] = [p.question, p.gold, p.completion].map(inertText) as [
    string,
    string,
    string,
  ];
  if (p.nonce === "" || [question, gold, completion].some((t) => t.includes(p.nonce)))
    throw new LabError({
      what: "renderJudgePrompt requires a nonce that occurs in no text",
      found: JSON.stringify(p.nonce),
      todo: "take it from nonceFor",
    });
  const values: Record<string, string> = {
    question,
    gold,
    completion,
    nonce: p.nonce,
    keys: rubric.criteria.map((c) => c.key).join(", "),
    criteria: rubric.criteria.map((c) => `- ${c.key}: ${c[layout.language]}`).join("\n"),
    shape: verdictShape(rubric),
  };
  return fill(layout.template, (part) =>
    fill(texts[part as keyof typeof texts] ?? "", (name) => values[name] ?? ""),
  );
}

const fill = (template: string, value: (name: string) => string): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => value(name));

function verdictShape(rubric: Rubric): string {
  const scale = rubric.scale;
  const value = scale.kind === "points" ? `${scale.min}-${scale.max}` : "true|false";
  return `{"reason": "...", ${rubric.criteria.map((c) => `"${c.key}": ${value}`).join(", ")}}`;
}

/**
 * Text that a chat template and a reader cannot mistake for structure: NFC, no control, zero-width,
 * direction-override or tag characters, no half surrogates, and `<|` and `|>` (the marks of special tokens)
 * broken by a space. Line breaks and tabs stay.
 */
export function inertText(text: string): string {
  return text
    .normalize("NFC")
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "")
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/gu, "")
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replaceAll("<|", "< |")
    .replaceAll("|>", "| >");
}

/**
 * Hex digits that occur in none of the texts: 4 for a short prompt, 16 for another. Drawn by HMAC from the
 * run's seed and the texts, so no text can name its own fence and yet a repeated run asks the same thing.
 */
export function nonceFor(texts: readonly string[], seed: number | string, size: PromptSize): string {
  const inert = texts.map(inertText);
  const length = size === "short" ? 4 : 16;
  for (let attempt = 0; ; attempt++) {
    const nonce = createHmac("sha256", `fence ${seed} ${attempt}`)
      .update(JSON.stringify(inert))
      .digest("hex")
      .slice(0, length + Math.floor(attempt / 64));
    if (!inert.some((t) => t.includes(nonce))) return nonce;
  }
}

/**
 * Names what a verdict was asked with: rubric, its version, layout, size and a hash of their texts, for cache
 * keys and reports.
 */
export function promptVersion(p: { rubric: RubricName; layout: LayoutName; size: PromptSize }): string {
  const rubric = rubricOf(p.rubric);
  const layout = layoutOf(p.layout);
  const asked = JSON.stringify([
    layout.template,
    rubric.texts[p.size][layout.language],
    rubric.criteria,
    rubric.scale,
  ]);
  const hash = createHash("sha256").update(asked).digest("hex").slice(0, 8);
  return `${p.rubric}@${rubric.version}/${p.layout}/${p.size}/${hash}`;
}

/**
 * The JSON a perfect Judge writes for a text with this planted fault, or for a clean one (null). It trains
 * the tiny Judge.
 */
export function expectedVerdict(p: { rubric: RubricName; fault: FaultKind | null }): string {
  return JSON.stringify(rubricOf(p.rubric).expected[p.fault ?? "none"]);
}
