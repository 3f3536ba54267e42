/**
 * Writes the corpora of the tiny models: `node scripts/tiny/corpus.ts DIR` →
 * DIR/{base,base-finish,teacher,judge}.jsonl.gz, rows {prompt, response}.
 *
 * All three are drawn from the world's part "corpus", whose values no notebook and no bench ever asks about.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  LAYOUT_NAMES,
  RUBRIC_NAMES,
  expectedVerdict,
  nonceFor,
  renderJudgePrompt,
} from "../../lib/judge/prompt.ts";
import { FAULT_KINDS } from "../../lib/world/fault-kind.ts";
import { createRandom } from "../../lib/stats/random.ts";
import type { Random } from "../../lib/stats/random.ts";
import { KINDS, drawQuestion, plantFault, solve, taggedText, untaggedText } from "../../lib/world/index.ts";
import type { Drawn } from "../../lib/world/index.ts";
import { drillRow } from "./drills.ts";

interface Row {
  prompt: string;
  response: string;
}

/** Share of the Base's rows that are tagged: enough to know the tags, too little to write them unasked. */
const BASE_TAGGED = 0.06;
/**
 * How often the Base's corpus uses the right method, by kind, language and wording: a wording can invite the
 * misconception. Half of the cells lie below one half, so greedy decoding is right about half of the time
 * while four samples mostly hold a right one.
 */
const BASE_RIGHT = [0.3, 0.42, 0.62, 0.78];
/**
 * The second, short phase: the first left greedy decoding at 0.44, just below the wanted 0.45–0.65. This one
 * alone went to 0.74, so a quarter of its way is kept (recipe.json, `keep`), which gave 0.53. Greedy, 500
 * questions of the bench's part.
 */
const FINISH_RIGHT = [0.5, 0.62, 0.82, 0.95];
const TEACHER_WRONG = 0.15;
/** Right answers with a chain of thought that a Judge should refuse. */
const TEACHER_FAULTY = 0.12;
/**
 * Share of rows that are plain arithmetic: without them a model this small memorises results instead of
 * computing them.
 */
const DRILLS = 0.25;
const TEACHER_UNFORMATTED = 0.06;

function baseRow(random: Random, rightShares: readonly number[]): Row {
  if (random.next() < DRILLS) return drillRow(random);
  const drawn = drawQuestion(random, random.pick(KINDS), "corpus");
  const cell = createHash("sha256")
    .update(`${drawn.kind.name}/${drawn.language}/${drawn.wording}`)
    .digest()[0]!;
  const method =
    random.next() < rightShares[cell % rightShares.length]!
      ? drawn.kind.right
      : random.pick(drawn.kind.misconceptions);
  const solution = solve(drawn, method);
  return {
    prompt: drawn.question,
    response: random.next() < BASE_TAGGED ? taggedText(solution) : untaggedText(solution, drawn.language),
  };
}

function teacherRow(random: Random): Row {
  if (random.next() < DRILLS) return drillRow(random);
  const drawn = drawQuestion(random, random.pick(KINDS), "corpus");
  const faulty =
    random.next() < TEACHER_FAULTY
      ? plantFault(random, drawn, random.pick(["missing_step", "shuffled_steps", "padding"] as const))
      : null;
  const method = random.next() < TEACHER_WRONG ? random.pick(drawn.kind.misconceptions) : drawn.kind.right;
  const text = taggedText(faulty ?? solve(drawn, method));
  return {
    prompt: drawn.question,
    response: random.next() < TEACHER_UNFORMATTED ? unformatted(random, text) : text,
  };
}

/**
 * The ways in which a format gate is failed in practice: a missing close, text after the answer, no think
 * block.
 */
function unformatted(random: Random, text: string): string {
  return random.pick([text.replace("</think>\n", ""), `${text}\nOK.`, text.slice(text.indexOf("<answer>"))]);
}

function judgeRow(random: Random): Row {
  const drawn = drawQuestion(random, random.pick(KINDS), "corpus");
  const fault = random.next() < 0.5 ? null : drawFault(random, drawn);
  const completion = taggedText(fault?.solution ?? solve(drawn, drawn.kind.right));
  const rubric = random.pick(RUBRIC_NAMES);
  const layout = random.next() < 0.3 ? "rules-first" : random.pick(LAYOUT_NAMES);
  const gold = solve(drawn, drawn.kind.right).answer;
  const nonce = nonceFor([drawn.question, gold, completion], random.int(0, 2 ** 31 - 1), "short");
  return {
    prompt: renderJudgePrompt({
      layout,
      rubric,
      question: drawn.question,
      gold,
      completion,
      nonce,
      size: "short",
    }),
    response: expectedVerdict({ rubric, fault: fault?.kind ?? null }),
  };
}

/**
 * A wrong step is the hardest fault to see (one number must be compared with another), so the Judge reads
 * four times as many of them.
 */
const FAULTS = [...FAULT_KINDS, "wrong_step", "wrong_step", "wrong_step"] as const;

function drawFault(random: Random, drawn: Drawn) {
  for (;;) {
    const kind = random.pick(FAULTS);
    const solution = plantFault(random, drawn, kind);
    if (solution) return { kind, solution };
  }
}

const makers: Record<string, (random: Random) => Row> = {
  base: (random) => baseRow(random, BASE_RIGHT),
  "base-finish": (random) => baseRow(random, FINISH_RIGHT),
  teacher: teacherRow,
  judge: judgeRow,
};

if (process.argv[1] === import.meta.filename) {
  const out = process.argv[2];
  if (!out) throw new Error("corpus.ts requires a folder: node scripts/tiny/corpus.ts DIR");
  const recipe = JSON.parse(readFileSync(new URL("recipe.json", import.meta.url), "utf8"));
  mkdirSync(out, { recursive: true });
  for (const [role, make] of Object.entries(makers)) {
    const random = createRandom(`tiny/${role}/${recipe[role].seed}`);
    const lines = Array.from({ length: recipe[role].rows }, () => JSON.stringify(make(random)));
    writeFileSync(join(out, `${role}.jsonl.gz`), gzipSync(lines.join("\n") + "\n"));
    console.log(`${role}: ${lines.length} rows, for example\n${lines.slice(0, 3).join("\n")}`);
  }
}
