/** Rules 4–8 on two read numbers: which readings may be compared, and whether one of them fits. */
import type { Ask } from "./ask.ts";
import { absolute, equal, negate, shift } from "./exact.ts";
import { sameNumber } from "./rounding.ts";
import type { Quantity } from "./value.ts";

export type Agreement = { ok: true; reason: string } | { ok: false; reason: string } | { ok: null; reason: string };

const DOLLARS = new Set(["dollar", "USD", "HKD", "AUD", "CAD", "SGD"]);

export function sameCurrency(a: string, b: string): boolean {
  if (a === b) return true;
  if (a === "dollar") return DOLLARS.has(b) || b === "cent";
  if (b === "dollar") return DOLLARS.has(a) || a === "cent";
  if (a === "cent" || b === "cent") return DOLLARS.has(a) || DOLLARS.has(b) || a === "EUR" || b === "EUR";
  const yen = (x: string, y: string) => x === "yen" && (y === "CNY" || y === "JPY");
  return yen(a, b) || yen(b, a);
}

/** Does `answer` state what `gold` states? `null`: rules cannot decide (points against percent, "grew 2 times" against 200 %). */
export function agree(gold: Quantity, answer: Quantity, ask: Ask): Agreement {
  const unit = contradiction(gold, answer, ask);
  if (unit) return { ok: false, reason: unit };
  const doubt = undecidable(gold, answer, ask);
  if (doubt) return { ok: null, reason: doubt };
  for (const [g, a] of readings(gold, answer, ask)) {
    if (matches(gold, answer, g, a, ask)) return { ok: true, reason: g === 0 && a === 0 ? "equal" : "equal_as_stated" };
  }
  return { ok: false, reason: whyDifferent(gold, answer, ask) };
}

/** Rule 7: both name a currency, a unit or a "per", and not the same. */
function contradiction(gold: Quantity, answer: Quantity, ask: Ask): string | null {
  if (gold.currency && answer.currency && !sameCurrency(gold.currency, answer.currency)) return "currency_differs";
  if (gold.unit && answer.unit && gold.unit !== answer.unit) return "unit_differs";
  if ((gold.currency && answer.unit) || (answer.currency && gold.unit)) return "unit_differs";
  if ((isRate(gold) && isAmount(answer)) || (isRate(answer) && isAmount(gold))) return "unit_differs";
  if (gold.per && answer.per && gold.per !== answer.per) return "per_differs";
  const one = gold.per && !answer.per ? [gold, answer] : answer.per && !gold.per ? [answer, gold] : null;
  if (one && one[1]!.currency && one[1]!.dress === "plain" && !ask.per.includes(one[0]!.per!)) return "per_differs";
  return null;
}

const isRate = (q: Quantity) => q.dress !== "plain" && q.dress !== "fraction";
const isAmount = (q: Quantity) => q.dress === "plain" && (q.currency !== null || q.unit !== null);
const isPercentLike = (q: Quantity) => q.dress === "percent" || q.dress === "point" || q.dress === "bp";
const isBare = (q: Quantity) => q.dress === "plain" && !q.scaled && q.currency === null && q.unit === null;

/** Rule 5: points against percent; "grew 2 times" against a percentage or against "2 times". */
function undecidable(gold: Quantity, answer: Quantity, ask: Ask): string | null {
  const asked = (q: Quantity) => (ask.points && isBare(q) ? "point" : q.dress);
  const dresses = [asked(gold), asked(answer)];
  if (dresses.includes("point") && dresses.includes("percent")) return "points_against_percent";
  const grew = (q: Quantity) => q.dress === "multiple" && (q.sign === "up" || q.sign === "down");
  if (grew(gold) !== grew(answer)) {
    const other = grew(gold) ? answer : gold;
    if (isPercentLike(other) || other.dress === "multiple") return "grew_by_or_to";
  }
  return null;
}

/** Powers of ten by which [gold, answer] may be read, the plain reading first. */
function readings(gold: Quantity, answer: Quantity, ask: Ask): [number, number][] {
  const out: [number, number][] = [];
  // "360元" where 万元 are asked is complete as it stands; a bare gold is then in 万元.
  const complete = (q: Quantity, other: Quantity) => ask.scale !== null && q.spelled && !q.scaled && isBare(other);
  if (!complete(answer, gold) && !complete(gold, answer)) out.push([0, 0]);
  const bareGold = isBare(gold);
  const bareAnswer = isBare(answer);
  if (isPercentLike(gold) && bareAnswer) out.push([0, gold.dress === "bp" ? -4 : -2]);
  if (isPercentLike(answer) && bareGold && ask.percent) out.push([-2, 0]);
  if (isPercentLike(answer) && bareGold && ask.basisPoints) out.push([-4, 0]);
  if (bareGold && bareAnswer && ask.percent) out.push([0, -2], [-2, 0]);
  const unscaled = (q: Quantity) => q.dress === "plain" && !q.scaled && !q.spelled && q.unit === null;
  if (ask.scale !== null) {
    if (unscaled(gold) && answer.dress === "plain") out.push([ask.scale, 0]);
    if (unscaled(answer) && gold.dress === "plain") out.push([0, ask.scale]);
  } else if (ask.tableScale !== null && gold.scaled !== answer.scaled) {
    if (unscaled(gold)) out.push([ask.tableScale, 0]);
    if (unscaled(answer)) out.push([0, ask.tableScale]);
  }
  return out;
}

function matches(gold: Quantity, answer: Quantity, goldPower: number, answerPower: number, ask: Ask): boolean {
  const g = { value: shift(gold.value, goldPower), step: gold.step === null ? null : gold.step + goldPower, decimals: gold.decimals };
  const a = { value: shift(answer.value, answerPower), step: answer.step === null ? null : answer.step + answerPower, decimals: answer.decimals };
  // The question says that it fell: the sign may be dropped or repeated, but a rise is a rise.
  if (ask.fall && isRise(gold) !== isRise(answer)) return false;
  if (sameNumber(g, a, ask.decimals)) return true;
  if (!ask.fall || isRise(gold)) return false;
  g.value = absolute(g.value);
  a.value = absolute(a.value);
  return sameNumber(g, a, ask.decimals);
}

const isRise = (q: Quantity) => q.value.n !== 0n && (q.sign === "up" || q.sign === "plus");

function whyDifferent(gold: Quantity, answer: Quantity, ask: Ask): string {
  const g = gold.value;
  const a = answer.value;
  if (g.n === 0n || a.n === 0n) return "value_differs";
  if (equal(g, a)) return "sign_differs";
  if (sameNumber({ ...gold, value: negate(g) }, answer, ask.decimals)) return "sign_differs";
  for (const power of [-12, -9, -8, -6, -4, -3, -2, -1, 1, 2, 3, 4, 6, 8, 9, 12]) {
    if (equal(shift(g, power), a)) return "scale_differs";
  }
  const difference = absolute({ n: g.n * a.d - a.n * g.d, d: g.d * a.d });
  const size = absolute(g);
  return difference.n * size.d * 20n <= size.n * difference.d ? "rounding_differs" : "value_differs";
}
