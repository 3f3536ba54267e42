import { describe, expect, test } from "vitest";
import { around, BETTER, OPEN, result, WORSE } from "../testing/kept-results.ts";
import type { KeptSft } from "./kept-result.ts";
import { keptSft } from "./kept-sft.ts";

describe("kept SFT runs", () => {
  function sft(epochs: number, heldOut: number[], more: Partial<KeptSft> = {}): KeptSft {
    const curve = heldOut.map((value, i) => ({
      ...{ epoch: ((i + 1) * epochs) / heldOut.length, train: 0.4 / (i + 1), heldOut: value },
    }));
    return {
      ...{
        epochs,
        rows: 200,
        heldOutRows: 40,
        seed: 1,
        n: 1000,
        right: around(0.6),
        difference: null,
        curve,
      },
      ...{ trainLoss: curve.at(-1)!.train, heldOutLoss: heldOut.at(-1)!, ...more },
    };
  }
  const said = (runs: KeptSft[]) => keptSft(result([], { sft: runs })).reading;

  test("the held-out loss turns, hardly rises, or does not turn", () => {
    expect(said([sft(4, [0.4, 0.2, 0.15, 0.3])])).toContain(
      "In the run of 4 epochs the training loss is 0.400 after 1.0 epochs and 0.100 at the end, while the " +
        "held-out loss **turns**: it rises from 0.150 after 3.0 epochs to 0.300 at the end.",
    );
    expect(said([sft(4, [0.4, 0.1, 0.3, 0.2])])).toContain("climbs to 0.300 after 3.0 and ends at 0.200");
    expect(said([sft(4, [0.4, 0.2, 0.15, 0.16])])).toContain("**too little for overfitting**");
    expect(said([sft(4, [0.4, 0.2, 0.15, 0.14])])).toContain("**never turns**");
    expect(keptSft(result([])).reading).toBe("No run is kept.");
  });

  test("the test follows the held-out loss, or does not", () => {
    const first = sft(1, [0.4, 0.2]);
    const last = (heldOut: number, right: number, difference: KeptSft["difference"]) =>
      said([first, sft(16, [0.3, heldOut], { right: around(right), difference })]);
    expect(last(0.9, 0.7, BETTER)).toContain("**Right answers go on growing**");
    expect(last(0.9, 0.7, BETTER)).toContain("does not yet cost answers");
    expect(last(0.1, 0.5, WORSE)).toContain("**Right answers are lost**");
    expect(last(0.1, 0.5, WORSE)).toContain("before the loss would say so");
    expect(last(0.1, 0.61, OPEN)).toContain("cannot be told apart at the two ends");
    expect(last(0.1, 0.61, OPEN)).toContain("both say the same");
    const peak = sft(8, [0.3, 0.1], { right: around(0.8), difference: BETTER });
    expect(said([first, peak, sft(16, [0.3, 0.2], { right: around(0.7), difference: BETTER })])).toContain(
      "**Right answers grow, and not to the end:** 60.0 [58.0, 62.0] % after 1 epoch, 80.0",
    );
    expect(last(0.9, 0.61, OPEN)).toContain("to stop where the held-out loss is lowest is no mistake");
  });

  test("a row a number of epochs", () => {
    const { rows, caption } = keptSft(result([], { sft: [sft(1, [0.4, 0.2]), sft(2, [0.3, 0.1, 0.12])] }));
    expect(caption).toContain("SFT on 200 rows, a run for each number of epochs");
    expect(rows[1]).toMatchObject({
      epochs: "2",
      "held-out loss": "0.120",
      "lowest held-out loss": "0.100 (epoch 1.3)",
    });
  });
});
