/** A question on its way through stage 1. */
import type { Question } from "../records.ts";
import type { Collected } from "./collect.ts";

/** A question with where it came from and what it weighs. */
export interface PreparedQuestion {
  question: Question;
  origin: Collected["origin"];
  /** The reader's file that holds it; null for what is not the reader's. */
  path: string | null;
  rule: string;
  /**
   * Tokens of the longer of the student's and the Teacher's prompt, chat template included; null for rows
   * that left before they were counted.
   */
  tokens: number | null;
}
