/** What a normalised answer is made of. */
import type { Role } from "./lexicon.ts";

/**
 * One shape for all kinds, so that reading them stays fast; which fields mean something depends on `type`.
 */
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

export const roleToken = (role: Role, start: number, end: number): Token =>
  token("role", start, end, "", role);
export const otherToken = (type: "unknown" | "sign", text: string, start: number, end: number): Token =>
  token(type, start, end, text, null);

export function token(
  type: Token["type"],
  start: number,
  end: number,
  text: string,
  role: Role | null,
): Token {
  return {
    type,
    start,
    end,
    text,
    role,
    mantissa: 0,
    decimals: 0,
    exponent: 0,
    wellFormed: true,
    weak: false,
    chinese: false,
    fourDigits: false,
  };
}
