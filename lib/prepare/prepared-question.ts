/** A question on its way through stage 1. */
import type { Question } from "../records.ts";
import type { Collected } from "./collect.ts";
import type { Place } from "./sources.ts";

/** A question with where it came from and what it weighs. */
export interface PreparedQuestion {
  question: Question;
  origin: Collected["origin"];
  rule: string;
  /** File and line; absent for a generated one. */
  place?: Place | undefined;
  /**
   * Tokens of the longer of the student's and the Teacher's prompt, chat template included; null for rows
   * that left before they were counted.
   */
  tokens: number | null;
}
