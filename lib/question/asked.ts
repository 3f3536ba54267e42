/** Where a question is asked, when a report or a table stands before it. */

/** What a text before its question is parted from it by, as TAT-QA's and FinQA's rows are prepared. */
const ASKS = /\n\s*Question: *(?=\S)/g;

/** The question itself, without the report that may stand before it; any other text as it is. */
export function withoutContext(question: string): string {
  const last = [...question.matchAll(ASKS)].at(-1);
  return last ? question.slice(last.index).trim() : question;
}
