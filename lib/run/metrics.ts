/** A run's events added up: columns for figures, completions by step, where it stands. */
import type { RunEvent } from "../records.ts";
import type { EndEvent, PlacedEvent, ProbeEvent, SamplesEvent, StartEvent, WarningEvent } from "./events.ts";

/**
 * Columns of equal length: `step` and one per metric, `null` where a step did not log it.
 * Names as the trainer logs them (loss, learning_rate, reward, kl, secondsPerStep …).
 */
export type Metrics = { step: number[] } & Record<string, (number | null)[]>;

/** Adds up events one by one; a resumed run overwrites the steps it does again. */
export class RunProgress {
  readonly events: RunEvent[] = [];
  readonly warnings: WarningEvent[] = [];
  /** Of the newest attempt. */
  start: StartEvent | null = null;
  /**
   * The last `end` and the byte it stands at: an end before the newest attempt began says nothing about it.
   */
  end: { event: EndEvent; offset: number } | null = null;
  step = 0;
  private readonly steps = new Map<number, Record<string, number | null>>();
  private readonly sampled = new Map<number, SamplesEvent>();
  private readonly probed = new Map<number, ProbeEvent>();

  add({ event, offset }: PlacedEvent): void {
    this.events.push(event);
    switch (event.event) {
      case "start":
        // Steps after the checkpoint are done again; their old values are no longer this run's.
        for (const steps of [this.steps, this.sampled, this.probed])
          for (const step of [...steps.keys()]) if (step > event.step) steps.delete(step);
        this.start = event;
        this.step = event.step;
        break;
      case "step":
        // A trainer may log twice at one step (metrics, then timing).
        this.steps.set(event.step, { ...this.steps.get(event.step), ...event.metrics });
        this.step = event.step;
        break;
      case "samples":
        this.sampled.set(event.step, event);
        break;
      case "probe":
        this.probed.set(event.step, event);
        break;
      case "warning":
        this.warnings.push(event);
        break;
      case "end":
        this.end = { event, offset };
        break;
    }
  }

  metrics(): Metrics {
    const step = [...this.steps.keys()].sort((a, b) => a - b);
    const names = new Set(step.flatMap((s) => Object.keys(this.steps.get(s)!)));
    names.delete("step");
    const columns: Record<string, (number | null)[]> = {};
    for (const name of names) columns[name] = step.map((s) => this.steps.get(s)![name] ?? null);
    return { ...columns, step };
  }

  /** All completions kept, in the order of steps. */
  samples(): SamplesEvent[] {
    return [...this.sampled.values()].sort((a, b) => a.step - b.step);
  }

  /** The held-out questions as the policy answered them, in the order of steps. */
  probes(): ProbeEvent[] {
    return [...this.probed.values()].sort((a, b) => a.step - b.step);
  }
}
