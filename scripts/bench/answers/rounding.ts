/**
 * Rule 8: which differences are rounding. Expectations are computed here on integers, apart from the checker.
 */
import type { Random } from "../../../lib/stats/random.ts";
import type { Amount } from "./amount.ts";
import { plain, sameDecimals } from "./amount.ts";
import type { Family, Pair } from "./pair.ts";
import { right, wrong } from "./pair.ts";
import { wrapNumber } from "./wrapping.ts";

/** 5–9 significant digits, the last not 0, so that no two writings show the same digits by chance. */
function drawLong(random: Random): Amount {
  const digits = random.int(5, 9);
  const units = BigInt(random.int(10 ** (digits - 1), 10 ** digits - 1));
  return { units: units % 10n === 0n ? units + 1n : units, decimals: random.int(2, 4) };
}

/** Half up, to `decimals` places. */
function roundTo(a: Amount, decimals: number): Amount {
  const unit = 10n ** BigInt(a.decimals - decimals);
  return { units: (a.units + unit / 2n) / unit, decimals };
}

const difference = (a: Amount, b: Amount): [num: bigint, den: bigint] => {
  const decimals = Math.max(a.decimals, b.decimals);
  const x = a.units * 10n ** BigInt(decimals - a.decimals);
  const y = b.units * 10n ** BigInt(decimals - b.decimals);
  return [x > y ? x - y : y - x, x];
};

const coarser: Family = (random) => {
  const gold = drawLong(random);
  const rounded = roundTo(gold, random.int(0, gold.decimals - 1));
  if (rounded.units === 0n) return right("8 equal", plain(gold), plain(gold));
  const [num, den] = difference(gold, rounded);
  const make = num * 100n <= den ? right : wrong;
  return make("8 prediction is coarser", plain(gold), wrapNumber(sameDecimals(rounded, random), random));
};

const finer: Family = (random) => {
  const prediction = drawLong(random);
  const gold = roundTo(prediction, random.int(1, prediction.decimals - 1));
  if (gold.units === 0n) return right("8 equal", plain(prediction), plain(prediction));
  return right("8 prediction is finer", plain(gold), wrapNumber(sameDecimals(prediction, random), random));
};

const offByOne: Family = (random) => {
  const gold = drawLong(random);
  const decimals = random.int(0, gold.decimals);
  const shown = roundTo(gold, decimals);
  const prediction = { units: shown.units + random.pick([1n, -1n]), decimals };
  if (prediction.units <= 0n) return right("8 equal", plain(shown), plain(shown));
  return wrong(
    "8 off by one in the last place",
    plain(shown),
    wrapNumber(sameDecimals(prediction, random), random),
  );
};

/** Cut instead of rounded: wrong unless the cut digits round down, or the difference is within 1e-4. */
const truncated: Family = (random): Pair => {
  const gold = drawLong(random);
  const decimals = random.int(1, gold.decimals - 1);
  const unit = 10n ** BigInt(gold.decimals - decimals);
  const cut = { units: gold.units / unit, decimals };
  if (cut.units === 0n) return wrong("8 zero never matches", plain(gold), plain(cut));
  const [num, den] = difference(gold, cut);
  const roundsDown = (gold.units % unit) * 2n <= unit;
  const ok = (roundsDown && num * 100n <= den) || num * 10_000n <= den;
  // Exactly half: half even may keep the cut value; leave that to its own case.
  if ((gold.units % unit) * 2n === unit) return right("8 equal", plain(gold), plain(gold));
  return (ok ? right : wrong)("8 cut, not rounded", plain(gold), sameDecimals(cut, random));
};

const asked: Family = (random) => {
  const decimals = random.int(1, 3);
  const gold = {
    units: BigInt(random.int(10 ** decimals, 10 ** (decimals + 3))) * 10n + BigInt(random.int(1, 9)),
    decimals: decimals + random.int(1, 2),
  };
  const rounded = roundTo(gold, decimals);
  const question = random.pick([
    `Give ${["", "one", "two", "three"][decimals]} decimal${decimals > 1 ? "s" : ""}.`,
    `保留${["", "一", "两", "三"][decimals]}位小数。`,
    `Round to ${decimals} decimal place${decimals > 1 ? "s" : ""}.`,
    `结果保留${decimals}位小数`,
  ]);
  if (rounded.units === 0n) return right("8 equal", plain(gold), plain(gold));
  return right("8 the decimals the question asks for", plain(gold), plain(rounded), question);
};

const zero: Family = (random) => {
  const small = plain({ units: BigInt(random.int(1, 49)), decimals: random.int(3, 4) });
  const nothing = random.pick(["0", "0.00", "0%", "0.0"]);
  return random.next() < 0.3
    ? right("8 zero is zero", "0", nothing)
    : random.next() < 0.5
      ? wrong("8 zero never matches", small, nothing)
      : wrong("8 zero never matches", nothing, small);
};

export const ROUNDING_FAMILIES: Family[] = [coarser, finer, offByOne, offByOne, truncated, asked, zero];
