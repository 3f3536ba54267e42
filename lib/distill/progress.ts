/** What a distillation yields so far: failures by cause, texts by type. */
import { isUsable } from "./assemble.ts";
import { checkFormat } from "../answer/index.ts";
import type { Distilled, QuestionType } from "../records.ts";
import type { Progress } from "../view/progress-curve.ts";

export interface TypeYield {
  /** Texts wanted. */
  total: number;
  /** Answered or failed. */
  done: number;
  /** Whole texts. */
  texts: number;
  /** Whole texts of one think and one answer block as the Teacher wrote them. */
  wellFormed: number;
  /** Whole texts that can be trained on as far as their form goes, those put together included. */
  usable: number;
}

export interface DistillProgress extends Progress {
  byType: Partial<Record<QuestionType, TypeYield>>;
}

/** What rows are worth, counted as they come. */
export class YieldCounter {
  private readonly failures: Record<string, number> = {};
  private readonly byType: Partial<Record<QuestionType, TypeYield>> = {};

  constructor(types: readonly QuestionType[]) {
    for (const type of types) this.yieldOf(type).total++;
  }

  /** Texts so far that can be trained on as far as their form goes. */
  get usable(): number {
    return Object.values(this.byType).reduce((sum, { usable }) => sum + usable, 0);
  }

  add(row: Distilled): void {
    const ofType = this.yieldOf(row.type);
    ofType.done++;
    if (row.failure !== null) {
      this.failures[row.failure] = (this.failures[row.failure] ?? 0) + 1;
      return;
    }
    ofType.texts++;
    if (checkFormat(row.teacher_output!).ok) ofType.wellFormed++;
    if (isUsable(row)) ofType.usable++;
  }

  /** Beside how far it is; failures on disk count, too. */
  among(progress: Omit<Progress, "failures">): DistillProgress {
    return { ...progress, ...structuredClone({ failures: this.failures, byType: this.byType }) };
  }

  private yieldOf(type: QuestionType): TypeYield {
    return (this.byType[type] ??= { total: 0, done: 0, texts: 0, wellFormed: 0, usable: 0 });
  }
}
