/** What is planned, and what comes of it. Types alone. */
import type { Config } from "../config/config.ts";
import type { ModelRef } from "../model/ref.ts";
import type { LoraSlots } from "./memory.ts";

export type PlannedStage =
  | {
      stage: "SFT" | "GRPO" | "on-policy distillation" | "merge";
      model: ModelRef;
      judge?: ModelRef | undefined;
      teacher?: ModelRef | undefined;
    }
  | { stage: "serving"; model: ModelRef; mayQuantise: boolean; lora?: LoraSlots | null; cores?: number };

export interface StagePlan {
  /** The lab's, with what the plan chose. */
  config: Config;
  /** The table and the choice, for people; null where nothing was planned. */
  table: string | null;
  /** Whether nothing will be planned otherwise once the model is downloaded. */
  sizeKnown: boolean;
  /** As `Option.cacheBytes`. */
  cacheBytes?: number | undefined;
  /**
   * Throws LabError when the GPUs' memory is held by others, after waiting a moment for what is about to end.
   */
  assertFree: (releaseMs?: number) => Promise<void>;
}
