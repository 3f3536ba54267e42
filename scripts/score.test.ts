import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("./score.ts", import.meta.url));

async function score(input: string | Buffer): Promise<{ lines: any[]; status: number | null }> {
  const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "ignore"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (d) => (out += d));
  child.stdin.end(input);
  const status = await new Promise<number | null>((done) => child.on("close", done));
  return {
    lines: out
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
    status,
  };
}

describe("npm run score", () => {
  it("answers each line in order, with format and reward for a completion", async () => {
    const { lines, status } = await score(
      [
        { id: "a", question: "", gold: "5.2亿", prediction: "5.2万" },
        { id: "b", question: "", gold: "800", completion: "<think>a</think><answer>800</answer>" },
        { id: "c", question: "", gold: "800", completion: "800" },
        { id: "d", question: "", gold: "N/A", completion: "<think>a</think><answer>800</answer>" },
      ]
        .map((row) => JSON.stringify(row))
        .join("\n"),
    );
    expect(lines[0]).toEqual({
      id: "a",
      verdict: "wrong",
      reason: "scale_differs",
      message: "gold 5.2亿 = 520,000,000; answer 5.2万 = 52,000: scale differs by 10,000",
      format: null,
      reward: null,
    });
    expect(lines[1]).toMatchObject({
      id: "b",
      verdict: "right",
      format: true,
      reward: { format: 1, accuracy: 1, total: 1 },
    });
    expect(lines[2]).toMatchObject({
      id: "c",
      verdict: "unreadable",
      reason: "no_answer_block",
      format: false,
      reward: { format: 0, accuracy: 0, total: 0 },
    });
    expect(lines[3]).toMatchObject({
      id: "d",
      verdict: "unreadable",
      reason: "gold_says_nothing",
      format: true,
      reward: null,
    });
    expect(status).toBe(0);
  });

  it("names a bad line and goes on with the rest", async () => {
    const good = JSON.stringify({ id: 7, question: "", gold: "1", prediction: "1" });
    const bad = [
      "{",
      JSON.stringify({ id: "x", question: "", gold: "1" }),
      JSON.stringify({ id: "y", question: "", gold: 5, prediction: "5" }),
      JSON.stringify({ id: "z", question: "", gold: "1", prediction: "1", completion: "1" }),
      "",
      "null",
    ];
    const { lines, status } = await score(
      Buffer.concat([Buffer.from([...bad, ""].join("\n")), Buffer.from([0xff, 10]), Buffer.from(good)]),
    );
    expect(lines.map((l) => l.id)).toEqual([null, "x", "y", "z", null, null, null, 7]);
    expect(lines[1].error).toContain("either prediction or completion");
    expect(lines[2].error).toBe("gold: expected a text, found 5");
    expect(lines[6].error).toContain("UTF-8");
    expect(lines[7].verdict).toBe("right");
    expect(status).toBe(0);
  });

  it("names what a line lacks, passes over what is too much, takes a BOM and CRLF", async () => {
    const pair = { question: "", gold: "800", prediction: "800" };
    const rows = [
      { id: "extra", ...pair, note: 1 },
      pair,
      { id: null, ...pair },
      { id: "a", gold: "800", prediction: "800" },
      { id: "b", ...pair, prediction: null },
      [],
      "x",
    ];
    const { lines } = await score(`\ufeff${rows.map((row) => JSON.stringify(row)).join("\r\n")}\r\n   \n`);
    expect(lines.map((l) => l.verdict ?? l.error)).toEqual([
      "right",
      "right", // answers come in the order of the lines: an id is for the reader's own use
      "id: expected a text or a number, found null",
      "question: expected a text, found no such field; the row has id, gold, prediction",
      "prediction: expected a text, found null",
      "expected an object, found []",
      'expected an object, found "x"',
      expect.stringMatching(/^not JSON/),
    ]);
    expect(lines.map((l) => l.id)).toEqual(["extra", null, null, "a", "b", null, null, null]);
  });

  it("fails when no line can be scored", async () => {
    expect((await score("nonsense\n")).status).toBe(1);
    expect((await score("")).status).toBe(0);
  });

  it("keeps a line separator inside a string and a line of a megabyte", async () => {
    const separated = JSON.stringify({ id: "a", question: "", gold: "800", prediction: "800\u2028" });
    const long = JSON.stringify({ id: "b", question: "", gold: "1", prediction: "(".repeat(1_000_000) });
    const { lines } = await score(`${separated.replace("\\u2028", "\u2028")}\n${long}\n`);
    expect(lines.map((l) => l.verdict)).toEqual(["right", "unreadable"]);
  });
});
