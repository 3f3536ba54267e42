/** The kinds of fault that are planted into a clean chain of thought, in equal shares, to measure a Judge. */
export const FAULT_KINDS = [
  "wrong_step",
  "missing_step",
  "shuffled_steps",
  "padding",
  "wrong_reasoning",
  "contradicting_answer",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
