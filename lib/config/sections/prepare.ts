/** `prepare.…`: stage 1, which questions. */
import { z } from "zod";
import { flag, int, meta, real } from "./values.ts";

export const Prepare = z.strictObject({
  generated: int(0, 200_000).meta(meta("questions", "how many finance basics to generate")),
  generatedTest: int(0, 100_000).meta(
    meta(
      "questions",
      "further ones for the test alone, of values that nothing else has; with generated only",
    ),
  ),
  handwritten: flag().meta(meta("", "take the hand-written questions of data/handwritten")),
  sources: z.array(z.string()).meta(meta("files", "your own questions; all their rows are kept")),
  dianjin: flag().meta(meta("", "download DianJin-R1-Data")),
  dianjinEndpoint: z.url().meta(meta("URL", "Hugging Face, ModelScope or a mirror of either")),
  dianjinRevision: z
    .string()
    .meta(
      meta(
        "git revision",
        "a branch is resolved to its commit once and kept, in data/raw/dianjin/revision.json",
      ),
    ),
  sampleSize: int(1, 1_000_000).meta(meta("rows", "stratified sample of everything but your own files")),
  mixCalculation: real(0, 1).meta(meta("share", "of financial_calculation in the sample")),
  mixReasoning: real(0, 1).meta(meta("share", "of financial_reasoning in the sample")),
  mixConcept: real(0, 1).meta(meta("share", "of financial_concept in the sample")),
  mixAnalysis: real(0, 1).meta(meta("share", "of financial_analysis in the sample")),
  maxPromptTokens: int(16, 131_072).meta(
    meta("tokens", "longer questions are set aside: they would not leave room for an answer"),
  ),
  testShare: real(0.01, 0.9).meta(
    meta("share", "of the questions of each type kept for the test, split before anything is filtered"),
  ),
});
