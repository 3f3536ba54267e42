import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { byteLines } from "../store/byte-lines.ts";

const server = fileURLToPath(new URL("./server.ts", import.meta.url));
const standard = fileURLToPath(new URL("./default-reward.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "reward-"));
afterAll(() => rmSync(folder, { recursive: true }));

function moduleWith(source: string): string {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.ts`);
  writeFileSync(path, source);
  return path;
}

/** Starts the process, sends the requests one by one, each after the answer to the one before. */
async function ask(
  args: string[],
  requests: unknown[],
): Promise<{ answers: any[]; status: number | null; stderr: string }> {
  const child = spawn(process.execPath, [server, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (d) => (stderr += d));
  const ended = new Promise<number | null>((done) => child.on("close", done));
  const answers: any[] = [];
  child.stdin.on("error", () => undefined);
  const lines = byteLines(child.stdout);
  for (const request of requests) {
    child.stdin.write(typeof request === "string" ? request : `${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done || !("text" in value)) break;
    answers.push(JSON.parse(value.text));
  }
  child.stdin.end();
  return { answers, status: await ended, stderr };
}

const row = (id: string, gold: string, completion: string) => ({
  id,
  question: "",
  gold,
  completion,
  tokens: 9,
});
const good = "<think>a</think><answer>800</answer>";

describe("the reward process", () => {
  it("pays format and accuracy in the order asked, batch after batch", async () => {
    const { answers, status } = await ask(
      [standard],
      [
        { batch: 1, rows: [row("a", "800", good), row("b", "900", good), row("c", "800", "800")] },
        { batch: 2, rows: [row("d", "因为利率\u2028上升", good)] },
        { batch: 3, rows: [] },
      ],
    );
    expect(answers[0]).toEqual({
      batch: 1,
      rows: [
        { format: 1, accuracy: 1, total: 1 },
        { format: 1, accuracy: 0, total: 0.3 },
        { format: 0, accuracy: 0, total: 0 },
      ],
    });
    expect(answers[1]).toEqual({ batch: 2, rows: [{ format: 1, accuracy: null, total: 0.3 }] });
    expect(answers[2]).toEqual({ batch: 3, rows: [] });
    expect(status).toBe(0);
  });

  it("takes the weights it is given", async () => {
    const { answers } = await ask(
      [standard, JSON.stringify({ format: 1, accuracy: 1 })],
      [{ batch: 1, rows: [row("a", "800", good)] }],
    );
    expect(answers[0].rows[0].total).toBe(2);
  });

  it("runs a reward of the reader's own, sums its parts, keeps its prints out of the answers", async () => {
    const path = moduleWith(`import type { RewardRow } from "./nowhere.ts";
      export const reward = async (row: RewardRow) => {
        console.log("seen", row.id);
        return { short: -row.tokens / 12, right: row.score.accuracy ?? 0 };
      };`);
    const { answers, stderr } = await ask([path], [{ batch: 7, rows: [row("a", "800", good)] }]);
    expect(answers[0].rows[0]).toEqual({ total: 0.25, short: -0.75, right: 1 });
    expect(stderr).toContain("seen a");
  });

  it("names the row and the error when a reward throws, and ends", async () => {
    const path = moduleWith(`export const reward = (row) => row.nothing.there;`);
    const { answers, status } = await ask(
      [path],
      [
        { batch: 4, rows: [row("a", "800", good)] },
        { batch: 5, rows: [] },
      ],
    );
    expect(answers).toHaveLength(1);
    expect(answers[0].batch).toBe(4);
    expect(answers[0].error).toMatch(
      /The reward threw an error \(row a\)[^]*Cannot read properties of undefined/,
    );
    expect(status).toBe(1);
  });

  it("refuses parts that are no numbers, as JSON would make them null in silence", async () => {
    for (const [body, found] of [
      ["({ total: NaN })", "NaN"],
      ["({ bonus: Infinity })", "Infinity"],
      ["3", "3"],
      ["({ total: null })", "null"],
      ["({})", "no parts"],
      ["undefined", "undefined"],
    ] as const) {
      const { answers, status } = await ask(
        [moduleWith(`export const reward = () => ${body};`)],
        [{ batch: 1, rows: [row("a", "800", good)] }],
      );
      expect(answers[0].error, body).toContain("must return named numbers (row a");
      expect(answers[0].error, body).toContain(found);
      expect(status).toBe(1);
    }
  }, 300_000);

  it("refuses a gold that cannot be read instead of paying nothing for it", async () => {
    const { answers } = await ask([standard], [{ batch: 1, rows: [row("q9", "N/A", good)] }]);
    expect(answers[0].error).toMatch(/gold answer cannot be read \(row q9\)/);
  });

  it("says what is wrong with a request", async () => {
    const { answers } = await ask(
      [standard],
      [{ batch: 1, rows: [{ id: "a", gold: "1", question: "", completion: 5, tokens: 1 }] }],
    );
    expect(answers[0].error).toBe(
      "The trainer's request is not valid (rows.0.completion): expected a text, found 5",
    );
    expect((await ask([standard], ["{half a li\n"])).answers[0].error).toMatch(/JSON/);
  });

  it("dies with words when its module does not load or holds no reward", async () => {
    for (const [args, words] of [
      [[join(folder, "absent.ts")], "absent.ts"],
      [[moduleWith("export const other = 1;")], "expected an exported function named reward"],
      [[], "usage:"],
    ] as const) {
      const { answers, status, stderr } = await ask([...args], [{ batch: 1, rows: [] }]);
      expect(answers).toEqual([]);
      expect(status).toBe(1);
      expect(stderr).toContain(words);
    }
  });
});
