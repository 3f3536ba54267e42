/** How a distillation is getting on: rate, time left, failures by cause, yield by type. */
import { isUsable } from "./assemble-row.ts";
import { checkFormat } from "../answer/index.ts";
import type { Distilled, QuestionType } from "../records.ts";

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

export interface DistillProgress {
  done: number;
  total: number;
  /** Of `done`: asked for by this call; the others were on disk. */
  asked: number;
  /** Of this call; null before the first answer. */
  tokensPerSecond: number | null;
  etaSeconds: number | null;
  /** Texts that did not come whole, by cause. */
  failures: Record<string, number>;
  byType: Partial<Record<QuestionType, TypeYield>>;
}

/** Counts rows as they come. `now` is in ms and may start anywhere. */
export class ProgressCounter {
  private readonly progress: DistillProgress;
  private tokens = 0;
  private started: number | null = null;

  constructor(types: readonly QuestionType[]) {
    this.progress = {
      done: 0,
      total: types.length,
      asked: 0,
      tokensPerSecond: null,
      etaSeconds: types.length === 0 ? 0 : null,
      failures: {},
      byType: {},
    };
    for (const type of types) this.yieldOf(type).total++;
  }

  /** The first request is about to be sent. */
  start(now: number): void {
    this.started = now;
  }

  /** Texts so far that can be trained on as far as their form goes. */
  get usable(): number {
    return Object.values(this.progress.byType).reduce((sum, { usable }) => sum + usable, 0);
  }

  /** A row from disk, or (`now` given) one just answered. */
  add(row: Distilled, now?: number): void {
    const { progress } = this;
    const ofType = this.yieldOf(row.type);
    progress.done++;
    ofType.done++;
    if (row.failure !== null) progress.failures[row.failure] = (progress.failures[row.failure] ?? 0) + 1;
    else {
      ofType.texts++;
      if (checkFormat(row.teacher_output!).ok) ofType.wellFormed++;
      if (isUsable(row)) ofType.usable++;
    }
    if (now === undefined) return;
    progress.asked++;
    this.tokens += row.completion_tokens ?? 0;
    const seconds = Math.max(1e-3, (now - (this.started ?? now)) / 1000);
    progress.tokensPerSecond = this.tokens / seconds;
    progress.etaSeconds = ((progress.total - progress.done) * seconds) / progress.asked;
  }

  snapshot(): DistillProgress {
    return structuredClone(this.progress);
  }

  private yieldOf(type: QuestionType): TypeYield {
    return (this.progress.byType[type] ??= { total: 0, done: 0, texts: 0, wellFormed: 0, usable: 0 });
  }
}
