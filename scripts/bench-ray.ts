/**
 * `npm run bench:ray`: what a second machine brings to distilling. The machines of the Ray cluster are cores
 * of this one, with one copy of the Teacher's server each.
 *     --copies 1,2     copies, one after the other (1,2)
 *     --questions N    of each round (400)
 *     --rounds N       of each number of copies; the first one is not counted (4)
 *
 * The same questions at the same temperature and seeds each time. Every copy answers before the first round.
 */
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withRay } from "./bench/ray-cluster.ts";
import { openLab } from "../lib/config/lab.ts";
import type { Lab } from "../lib/config/lab.ts";
import { prepare } from "../lib/prepare/prepare.ts";
import { promptOf, promptRequest } from "../lib/prompt/prompt.ts";
import { Question } from "../lib/records.ts";
import { openServer } from "../lib/serving/serving.ts";
import { quantile } from "../lib/stats/stats.ts";
import { readJsonl } from "../lib/store/jsonl.ts";
import { table } from "../lib/view/table.ts";
import { parsed } from "./command-line.ts";

const { values } = parsed({
  options: {
    copies: { type: "string", default: "1,2" },
    questions: { type: "string", default: "400" },
    rounds: { type: "string", default: "4" },
  },
});
const counts = values.copies.split(",").map(Number);
const workspace = mkdtempSync(join(tmpdir(), "bench-ray-"));

/** Texts a second of each counted round. */
async function rates(lab: Lab, copies: number): Promise<number[]> {
  const { temperature, maxTokens } = lab.config.distill;
  const prompt = promptOf(lab.config.prompt.teacher);
  const requests = readJsonl(lab.paths.raw, Question)
    .slice(0, Number(values.questions))
    .map(({ question }, seed) => ({ ...promptRequest(prompt, question), temperature, maxTokens, seed }));
  const server = await openServer(lab, "teacher");
  try {
    while (answering(lab) < copies) await sleep(300);
    const measured: number[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const began = performance.now();
      const answers = await server.client.completeAll(requests);
      const failed = answers.find((answer) => !answer.ok);
      if (failed) throw new Error(`a request failed: ${JSON.stringify(failed)}`);
      measured.push((1000 * answers.length) / (performance.now() - began));
    }
    return measured.slice(1);
  } finally {
    await server.stop();
  }
}

/** Copies that answer at the moment. */
function answering(lab: Lab): number {
  const [list] = globSync(join(lab.paths.reports, "servers", "*-replicas", "replicas.json"));
  return list ? (JSON.parse(readFileSync(list, "utf8")) as string[]).length : 0;
}

type Rates = { copies: number; measured: number[] };

async function measureAll(address: string): Promise<Rates[]> {
  const all: Rates[] = [];
  for (const copies of counts) {
    const environment = { FTMODEL_WORKSPACE: join(workspace, String(copies)) };
    const lab = openLab({ "gpu.ray": address, "gpu.replicas": copies }, environment);
    await prepare(lab);
    all.push({ copies, measured: await rates(lab, copies) });
  }
  return all;
}

try {
  const found = await withRay({ cpus: Math.max(...counts) }, measureAll);
  const [first] = found;
  const rows = found.map(({ copies, measured }) => ({
    copies,
    "texts/s": quantile(measured, 0.5).toFixed(1),
    rounds: measured.map((rate) => rate.toFixed(1)).join(" "),
    "against the first": `${(quantile(measured, 0.5) / quantile(first!.measured, 0.5)).toFixed(2)} ×`,
  }));
  const caption = `Distilling on Ray, ${values.questions} questions a round, profile tiny, one core a copy`;
  console.log(table(rows, undefined, { caption }).text);
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
process.exit(0);
