import { describe, expect, test } from "vitest";
import type { Parity } from "../run/merge.ts";
import type { Throughput } from "../serving/throughput.ts";
import { readDeployment } from "./reading.ts";
import type { WeightChange } from "./weight-change.ts";

describe("what merging and serving have shown", () => {
  test("parity is exact, or rounding, or gone", () => {
    const of = (agree: number, topTokens: number) =>
      readDeployment.parity({ prompts: 8, agree, topTokens, meanLogprobDifference: 5e-8 });
    expect(of(8, 1)).toMatch(/same choice at every token.*5e-8 nats/);
    expect(of(6, 0.995)).toMatch(/99\.5 % of the tokens, and 6 of 8.*rounding/);
    expect(readDeployment.parity(null)).toContain("no longer there");
  });

  test("the check is one row, or none; a difference that was not measured stays open", () => {
    const parity = { prompts: 8, tokens: 90, topTokens: 0.995, agree: 6, meanLogprobDifference: 5e-8 };
    const [row] = readDeployment.parityRows({ ...parity, maxLogprobDifference: null } as Parity);
    expect(row).toMatchObject({ answers: 8, "same most likely token (%)": 99.5, largest: null });
    expect(row!["log-probability: mean difference"]).toBe("5.0e-8");
    expect(readDeployment.parityRows(null)).toEqual([]);
  });

  test("a change is a nudge, no small nudge, or a rebuilding", () => {
    const tensor = (name: string, relative: number): WeightChange => ({
      ...{ name, layer: 0, part: name, weights: 100, changed: relative > 0 ? 100 : 0, relative },
    });
    const of = (relative: number) =>
      readDeployment.changes([tensor("model.layers.0.a.weight", relative), tensor("embed", 0)]);
    expect(of(0.01)).toMatch(/1\.0 % of the norm.*`layers\.0\.a`: a nudge.*1 of 2 tensors, with 50\.0 %/);
    expect(of(0.1)).toContain("no small nudge");
    expect(of(0.5)).toContain("a rebuilding");
    expect(of(0)).toContain("No weight differs");
    expect(readDeployment.changes(null)).toContain("not on this machine");
  });

  test("throughput fades, falls, or goes on growing", () => {
    const rows = (...rates: number[]): Throughput[] =>
      rates.map((tokensPerSecond, i) => ({
        ...{ inFlight: 4 ** i, requests: 10, failed: 0, tokens: 500, seconds: 1 },
        ...{ tokensPerSecond, medianMs: 100 * (i + 1) },
      }));
    expect(readDeployment.throughput(rows(100, 300, 600))).toMatch(
      /from 1 to 4 \*\*×3\.0\*\*, from 4 to 16 \*\*×2\.0\*\*: each .*less than the one.*still grows at 16/,
    );
    expect(readDeployment.throughput(rows(100, 200, 500))).not.toContain("brings");
    // ×2.4, ×1.62, ×1.61: the last two are printed alike
    expect(readDeployment.throughput(rows(100, 240, 389, 626))).toMatch(
      /×1\.6.*×1\.6.*the first step brings more than the last\./,
    );
    expect(readDeployment.throughput(rows(100, 240))).not.toContain("than the one before");
    expect(readDeployment.throughput(rows(100, 300, 200))).toContain("Past 4 in flight it falls");
    expect(readDeployment.throughput(rows(100, 300, 310))).toContain("next to nothing");
    expect(readDeployment.throughput(rows(100, 300, 380))).toContain("at 16 the machine is nearly full");
    expect(readDeployment.throughput(rows(100))).toContain("One measurement");
    // two answers of 300 tokens among 198 of 100: a thousand are 102,000 tokens, not 300,000
    const uneven = [
      { ...rows(100)[0]!, requests: 2, tokens: 600 },
      { ...rows(100, 400)[1]!, requests: 198, tokens: 19_800 },
    ];
    expect(readDeployment.throughput(uneven)).toContain("**17.0 minutes** one after the other and **4.3**");
  });
});
