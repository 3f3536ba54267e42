/** What the words and signs of a clause do to the numbers in it. */
import { latinAt } from "./characters.ts";
import { isNegative, negate } from "./exact.ts";
import type { Before } from "./quantity.ts";
import { nothingBefore } from "./quantity.ts";
import { isSign, roleAt } from "./suffix.ts";
import type { Token } from "./token.ts";
import type { Found } from "./value.ts";

/** State of the clause that is being read. */
export interface Clause {
  before: Before;
  negated: boolean;
  /** What was denied before the last bracket: a denial inside it ends with it. */
  outside: boolean;
  inequality: string | null;
  between: boolean;
  /** Values that stood before this clause: an equals sign drops those after. */
  first: number;
}

export const newClause = (first: number): Clause => {
  return { before: nothingBefore(), negated: false, outside: false, inequality: null, between: false, first };
};

/** An unknown word: what stood right before the number must stand right before it. */
export function takeUnknown(clause: Clause): void {
  const { before } = clause;
  clause.inequality = null;
  before.currency = null;
  before.currencyPower = 0;
  before.minus = false;
  before.parts = null;
  before.bracket = false;
}

/** A sign; a stop or an equals sign begins a new clause, which is returned. */
export function takeSign(tokens: Token[], i: number, text: string, clause: Clause, found: Found[]): Clause {
  switch (tokens[i]!.text) {
    case ",":
    case ";":
    case "。":
    case "\n":
    case "、":
    case "!":
    case "?":
      return newClause(found.length);
    case ".": {
      const after = text[tokens[i]!.end] ?? " ";
      return after === " " || after === "\n" ? newClause(found.length) : clause;
    }
    case ":": {
      // "Decrease: 5.2%" falls; "No change: 0%" is not denied.
      const next = newClause(clause.first);
      next.before.direction = clause.before.direction;
      return next;
    }
    case "=":
    case "≈":
    case "≒":
    case "≅":
      if (found.length > clause.first) found.length = clause.first;
      return newClause(clause.first);
    case "-":
      clause.before.minus = isMinus(tokens, i, text);
      return clause;
    case "+":
      clause.before.plus = true;
      return clause;
    case "(":
      clause.before.bracket = !isRestatement(tokens, i, found);
      clause.outside = clause.negated;
      return clause;
    case ")":
      clause.negated = clause.outside;
      return clause;
    case "±":
    case "√":
      clause.inequality = "±";
      return clause;
    default:
      return clause;
  }
}

/** A hyphen is a sign unless it hangs on an unknown Latin word ("COVID-19"). */
function isMinus(tokens: Token[], i: number, text: string): boolean {
  if (tokens[i + 1] === undefined) return false;
  return !latinAt(text, tokens[i]!.start - 1) || tokens[i - 1]?.type === "role";
}

/** A bracket right after a value restates it ("12.5% (0.125)"); elsewhere it is an accounting negative. */
function isRestatement(tokens: Token[], i: number, found: Found[]): boolean {
  return found.length > 0 && i > 0 && found[found.length - 1]!.end === tokens[i - 1]!.end;
}

/** A known word that is not part of a number. */
export function takeRole(tokens: Token[], i: number, text: string, clause: Clause, found: Found[]): void {
  const role = tokens[i]!.role!;
  const { before } = clause;
  switch (role.role) {
    case "currency":
      before.currency = role.code;
      before.currencyPower = role.power;
      break;
    case "per":
      before.per = role.unit;
      break;
    case "partsOf":
      before.parts = role.power;
      break;
    case "negative":
      before.minus = true;
      break;
    case "negation":
      clause.negated = true;
      break;
    case "but":
      clause.negated = false;
      break;
    case "inequality":
      clause.inequality = role.op;
      break;
    case "between":
      clause.between = true;
      break;
    case "level":
      before.direction = 0;
      break;
    case "direction":
      takeDirection(tokens, i, role.sign, role.noun, clause, found);
      break;
    case "join": {
      const mark = text[tokens[i]!.start]!;
      if ((mark === "–" || mark === "—") && tokens[i + 1]?.start === tokens[i]!.end) before.minus = true;
      // "fell to 5%", "降至5%": the level, not the change.
      else if (mark !== "~") before.direction = 0;
      break;
    }
  }
}

/** Before its number (下降5.2%, decreased by 5.2%) or right after it (a 5.2% decrease). */
function takeDirection(
  tokens: Token[],
  i: number,
  sign: 1 | -1,
  noun: boolean,
  clause: Clause,
  found: Found[],
): void {
  const { before } = clause;
  const last = found.length > clause.first ? found[found.length - 1]! : null;
  const touches =
    last !== null &&
    (last.end === tokens[i - 1]?.end ||
      (roleAt(tokens, i - 1)?.role === "hedge" && last.end === tokens[i - 2]?.end));
  const next = roleAt(tokens, i + 1);
  const leads =
    tokens[i + 1]?.type === "number" ||
    next?.role === "hedge" ||
    next?.role === "currency" ||
    isSign(tokens[i + 1], "-");
  if (last !== null && touches && !leads && last.value.kind === "number") {
    const q = last.value.number;
    if (q.sign !== "none") return;
    q.sign = sign === 1 ? "up" : "down";
    if (sign === -1 && !isNegative(q.value)) q.value = negate(q.value);
  } else if (before.direction === -sign && "/()".includes(tokens[i - 1]?.text || "?"))
    before.direction = 0; // increase / (decrease)
  // "losses increased by 5%" is a rise, "a decline in growth of 5%" a fall: the noun gives way.
  else if (before.direction === 0 || (before.noun && !noun) || (sign === -1 && before.noun === noun)) {
    before.direction = sign;
    before.noun = noun;
  }
}
