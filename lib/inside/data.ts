/** What the page of an opened step reads. Types only. */
import type { StepTotals } from "./measures.ts";
import type { StepFile } from "./step-record.ts";

export interface InsideData extends StepFile {
  reading: string;
  totals: StepTotals;
  /** Questions that the block leaves out for its size. */
  left: number;
}
