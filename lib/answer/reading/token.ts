/** What a normalised answer is made of. */
import type { Role } from "./lexicon.ts";

/** Which fields mean something depends on `type`. */
export interface Token {
  type: "number" | "role" | "unknown" | "sign";
  start: number;
  end: number;
  /** Of an unknown word or a sign. */
  text: string;
  role: Role | null;
  /** Of a number: mantissa × 10^(exponent − decimals). */
  mantissa: number | bigint;
  decimals: number;
  exponent: number;
  wellFormed: boolean;
  /** One Chinese character, which may be part of a word. */
  weak: boolean;
  chinese: boolean;
  /** Exactly four ungrouped digits. */
  fourDigits: boolean;
}

type Numeral = Partial<Omit<Token, "type" | "start" | "end" | "text" | "role">>;

const token = (
  type: Token["type"],
  start: number,
  end: number,
  text: string,
  role: Role | null,
  n: Numeral,
) => ({
  type,
  start,
  end,
  text,
  role,
  mantissa: n.mantissa ?? 0,
  decimals: n.decimals ?? 0,
  exponent: n.exponent ?? 0,
  wellFormed: n.wellFormed ?? true,
  weak: n.weak ?? false,
  chinese: n.chinese ?? false,
  fourDigits: n.fourDigits ?? false,
});
const NONE: Numeral = {};

export const roleToken = (role: Role, start: number, end: number): Token =>
  token("role", start, end, "", role, NONE);
export const otherToken = (type: "unknown" | "sign", text: string, start: number, end: number): Token =>
  token(type, start, end, text, null, NONE);
/** `numeral` is what is known of it; a malformed one has a place only. */
export const numberToken = (start: number, end: number, numeral: Numeral): Token =>
  token("number", start, end, "", null, numeral);
