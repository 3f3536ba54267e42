/**
 * An OpenAI-compatible server of models that we did not train: Teacher, Judge, Base and arms behind one URL.
 */
import type { ServerResponse } from "node:http";
import { createRandom } from "../stats/random.ts";
import { foreignText, foreignVerdict, wrongAnswer } from "./foreign-answers.ts";
import type { ForeignStyle, ForeignText } from "./foreign-answers.ts";
import type { OwnQuestion } from "./foreign-questions.ts";
import { judgedText, rubricAsked } from "./stub-judge.ts";
import { chunkEvent, sendChat, startStub } from "./stub-server.ts";
import type { StubServer } from "./stub-server.ts";

/** Share of right answers by what the model's name holds; another one is an arm that was trained. */
const RIGHT = [
  ["teacher", 0.75],
  ["base", 0.3],
] as const;
const ARM_RIGHT = 0.45;
/**
 * How far a question's own difficulty moves its share up or down: some are right nearly always, some rarely.
 */
const SPREAD = 0.25;
/** Share of texts that a Judge calls good: with the gold in them, and without. */
const JUDGED_GOOD = { right: 0.9, wrong: 0.5 };
const CHARACTERS_A_TOKEN = 4;
const UNKNOWN: ForeignText = { content: "I am sorry, I do not know that question.", reasoning: null };

/**
 * Knows the golds of `questions` and answers any model name. Models called teacher or base write in `style`,
 * all others with our tags.
 *
 * Right or wrong is drawn from model, question and seed: a repeated request gives the same text. A prompt
 * that fences a text for judging gets a verdict as plain JSON; a question it does not know gets an apology.
 * Texts are cut at `max_tokens` (four characters a token).
 */
export function startForeign(
  questions: readonly OwnQuestion[],
  style: ForeignStyle,
  port = 0,
): Promise<StubServer> {
  const golds = new Map(questions.map((row) => [row.question, row.gold_answer]));
  return startStub(({ body }, response) => {
    const prompt = body.messages.at(-1)?.content ?? "";
    const random = createRandom(`${body.model}/${prompt}/${body.seed ?? 0}/${body.temperature ?? 0}`);
    const gold = golds.get(prompt);
    if (/<<[0-9a-f]{4,32}\n/.test(prompt)) return send(response, body, prompt, verdictOn(prompt, golds));
    if (gold === undefined) return send(response, body, prompt, UNKNOWN);
    const known = RIGHT.find(([name]) => body.model.toLowerCase().includes(name));
    const ease = SPREAD * (2 * createRandom(`ease/${prompt}`).next() - 1);
    const right = random.next() < (known?.[1] ?? ARM_RIGHT) + ease;
    const answer = right ? gold : wrongAnswer(gold, random);
    send(response, body, prompt, foreignText(known ? style : "tags", prompt, answer));
  }, port);
}

function verdictOn(prompt: string, golds: ReadonlyMap<string, string>): ForeignText {
  const judged = judgedText(prompt);
  const random = createRandom(`verdict/${judged}`);
  const asked = [...golds.keys()].find((question) => prompt.includes(question));
  const isRight = asked === undefined || judged.includes(golds.get(asked)!);
  const isGood = random.next() < JUDGED_GOOD[isRight ? "right" : "wrong"];
  return { content: foreignVerdict(rubricAsked(prompt), isGood, random), reasoning: null };
}

type Body = Record<string, unknown>;

function send(response: ServerResponse, body: Body, prompt: string, written: ForeignText): void {
  const { content, reasoning } = written;
  const limit = Number(body.max_tokens ?? body.max_completion_tokens ?? 4096) * CHARACTERS_A_TOKEN;
  const thoughts = reasoning?.slice(0, limit) ?? "";
  const text = content.slice(0, limit - thoughts.length);
  const finish_reason = (reasoning ?? "").length + content.length > limit ? "length" : "stop";
  const tokens = (characters: number) => Math.ceil(characters / CHARACTERS_A_TOKEN);
  const shown = thoughts.length + text.length;
  const usage = { prompt_tokens: tokens(prompt.length), completion_tokens: tokens(shown) };
  const message = thoughts === "" ? {} : { reasoning_content: thoughts };
  if (body.stream !== true) return sendChat(response, { content: text, finish_reason, ...usage, message });
  response.writeHead(200, { "content-type": "text/event-stream" });
  const pieces = (all: string) => all.match(/[^]{1,12}/g) ?? [];
  for (const piece of pieces(thoughts)) response.write(chunkEvent({ reasoning_content: piece }));
  for (const piece of pieces(text)) response.write(chunkEvent({ content: piece }));
  response.end(`${chunkEvent({}, finish_reason, usage)}data: [DONE]\n\n`);
}
