/** Rules 4–8 on two read numbers: which readings may be compared, and whether one of them fits. */
import type { Hints } from "./hints/hints.ts";
import { absolute, approximately, equal, isNegative, isZero, negate, shift } from "./reading/exact.ts";
import { sameNumber } from "./rounding.ts";
import type { Quantity } from "./reading/value.ts";

/** `ok: null`: rules cannot decide. */
export interface Agreement {
  ok: boolean | null;
  reason: string;
}

const EQUAL: Agreement = { ok: true, reason: "equal" };
const AS_STATED: Agreement = { ok: true, reason: "equal_as_stated" };

/** Does `answer` state what `gold` states? `null`: points against percent, "grew 2 times" against 200 %. */
export function agree(gold: Quantity, answer: Quantity, hints: Hints): Agreement {
  const unit = contradiction(gold, answer, hints);
  if (unit !== null) return { ok: false, reason: unit };
  const doubt = undecidable(gold, answer, hints);
  if (doubt !== null) return { ok: null, reason: doubt };
  if (!isIncomplete(gold, answer, hints) && matches(gold, answer, 0, 0, hints)) return EQUAL;
  if (readings(gold, answer, hints, (g, a) => matches(gold, answer, g, a, hints))) return AS_STATED;
  return { ok: false, reason: whyDifferent(gold, answer, hints) };
}

const DOLLARS = new Set(["dollar", "USD", "HKD", "AUD", "CAD", "SGD"]);

/** "$" may be any dollar, "¥" yuan or yen, "cent" of a dollar or a euro. */
function sameCurrency(a: string, b: string): boolean {
  if (a === b) return true;
  const fits = (x: string, y: string) => {
    if (x === "dollar") return DOLLARS.has(y) || y === "cent";
    if (x === "cent") return DOLLARS.has(y) || y === "EUR";
    return x === "yen" && (y === "CNY" || y === "JPY");
  };
  return fits(a, b) || fits(b, a);
}

/** Rule 7: both name a currency, a unit or a "per", and not the same. */
function contradiction(gold: Quantity, answer: Quantity, hints: Hints): string | null {
  if (gold.currency !== null && answer.currency !== null && !sameCurrency(gold.currency, answer.currency))
    return "currency_differs";
  if (gold.unit !== null && answer.unit !== null && gold.unit !== answer.unit) return "unit_differs";
  if (isMoney(gold) ? isMeasure(answer) : isMeasure(gold) && isMoney(answer)) return "unit_differs";
  if ((isRate(gold) && isAmount(answer)) || (isRate(answer) && isAmount(gold))) return "unit_differs";
  if (gold.per === answer.per) return null;
  if (gold.per !== null && answer.per !== null) return "per_differs";
  const total = gold.per === null ? gold : answer;
  const per = (gold.per ?? answer.per)!;
  return total.currency !== null && total.dress === "plain" && !hints.per.includes(per)
    ? "per_differs"
    : null;
}

const isMoney = (q: Quantity) => q.currency !== null && q.unit === null;
const isMeasure = (q: Quantity) => q.unit !== null && q.currency === null;
const isRate = (q: Quantity) => q.dress !== "plain" && q.dress !== "fraction";
const isAmount = (q: Quantity) => q.dress === "plain" && (q.currency !== null || q.unit !== null);
const isPercentLike = (q: Quantity) => q.dress === "percent" || q.dress === "point" || q.dress === "bp";
const isBare = (q: Quantity) => q.dress === "plain" && !q.scaled && q.currency === null && q.unit === null;
const isUnscaled = (q: Quantity) => q.dress === "plain" && !q.scaled && !q.spelled && q.unit === null;
const isRise = (q: Quantity) => (q.sign === "up" || q.sign === "plus") && !isZero(q.value);
const grew = (q: Quantity) => q.dress === "multiple" && (q.sign === "up" || q.sign === "down");

/** Rule 5: points against percent; "grew 2 times" against a percentage or against "2 times". */
function undecidable(gold: Quantity, answer: Quantity, hints: Hints): string | null {
  if (gold.dress === "plain" && answer.dress === "plain") return null;
  const g = hints.points && isBare(gold) ? "point" : gold.dress;
  const a = hints.points && isBare(answer) ? "point" : answer.dress;
  if ((g === "point" && a === "percent") || (a === "point" && g === "percent"))
    return "points_against_percent";
  // "2 times" against "grew by 200 %"
  if (
    (g === "multiple" && isPercentLike(answer) && answer.sign === "up") ||
    (a === "multiple" && isPercentLike(gold) && gold.sign === "up")
  )
    return "grew_by_or_to";
  if (grew(gold) === grew(answer)) return null;
  const other = grew(gold) ? answer : gold;
  return isPercentLike(other) || other.dress === "multiple" ? "grew_by_or_to" : null;
}

/**
 * "360元" where 万元 are asked is complete as it stands, and a bare gold is then in 万元: they cannot be
 * compared as they are.
 */
function isIncomplete(gold: Quantity, answer: Quantity, hints: Hints): boolean {
  const complete = (q: Quantity, other: Quantity) => q.spelled && !q.scaled && isBare(other);
  return hints.scale !== null && (complete(answer, gold) || complete(gold, answer));
}

/** Tries the powers of ten by which gold and answer may be read beside their plain reading. */
function readings(
  gold: Quantity,
  answer: Quantity,
  hints: Hints,
  fits: (goldPower: number, answerPower: number) => boolean,
): boolean {
  const bareGold = isBare(gold);
  const bareAnswer = isBare(answer);
  if (bareAnswer && isPercentLike(gold) && fits(0, gold.dress === "bp" ? -4 : -2)) return true;
  if (
    bareGold &&
    isPercentLike(answer) &&
    ((hints.percent && fits(-2, 0)) || (hints.basisPoints && fits(-4, 0)))
  )
    return true;
  if (bareGold && bareAnswer && hints.percent && (fits(0, -2) || fits(-2, 0))) return true;
  if (hints.scale !== null) {
    if (isUnscaled(gold) && answer.dress === "plain" && fits(hints.scale, 0)) return true;
    return isUnscaled(answer) && gold.dress === "plain" && fits(0, hints.scale);
  }
  if (hints.tableScale === null || gold.scaled === answer.scaled) return false;
  return (isUnscaled(gold) && fits(hints.tableScale, 0)) || (isUnscaled(answer) && fits(0, hints.tableScale));
}

function matches(
  gold: Quantity,
  answer: Quantity,
  goldPower: number,
  answerPower: number,
  hints: Hints,
): boolean {
  // The question says that it fell: the sign may be dropped or repeated, but a rise is a rise.
  if (hints.fall && isRise(gold) !== isRise(answer)) return false;
  const g = goldPower === 0 ? gold : moved(gold, goldPower);
  const a = answerPower === 0 ? answer : moved(answer, answerPower);
  if (sameNumber(g, a, hints.decimals)) return true;
  if (!hints.fall || isRise(gold)) return false;
  return sameNumber({ ...g, value: absolute(g.value) }, { ...a, value: absolute(a.value) }, hints.decimals);
}

const moved = (q: Quantity, power: number): Quantity => ({
  ...q,
  value: shift(q.value, power),
  step: q.step === null ? null : q.step + power,
});

function whyDifferent(gold: Quantity, answer: Quantity, hints: Hints): string {
  const g = gold.value;
  const a = answer.value;
  if (isZero(g) || isZero(a)) return "value_differs";
  if (isNegative(g) !== isNegative(a) && sameNumber({ ...gold, value: negate(g) }, answer, hints.decimals))
    return "sign_differs";
  const ratio = approximately(a) / approximately(g);
  if (Math.abs(ratio - 1) < 0.05) return equal(g, a) ? "sign_differs" : "rounding_differs";
  const power = Math.round(Math.log10(Math.abs(ratio)));
  return ratio > 0 && power !== 0 && Math.abs(power) <= 16 && equal(shift(g, power), a)
    ? "scale_differs"
    : "value_differs";
}
