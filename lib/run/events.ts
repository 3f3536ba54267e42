/** `events.jsonl` as it grows: read what is new, keep what it adds up to. */
import { closeSync, fstatSync, openSync, readSync, truncateSync } from "node:fs";
import { RunEvent } from "../records.ts";

export type StartEvent = Extract<RunEvent, { event: "start" }>;
export type SamplesEvent = Extract<RunEvent, { event: "samples" }>;
export type ProbeEvent = Extract<RunEvent, { event: "probe" }>;
export type WarningEvent = Extract<RunEvent, { event: "warning" }>;
export type EndEvent = Extract<RunEvent, { event: "end" }>;

/** An event and the byte at which its line starts. */
export interface PlacedEvent {
  event: RunEvent;
  offset: number;
}

const CHUNK = 1 << 20;

/**
 * Reads a growing JSONL file from where it stopped last time. A last line without its newline is not yet an
 * event.
 */
export class EventTail {
  private offset = 0;
  private rest = Buffer.alloc(0);
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * The events completed since the last call. A line that is no event becomes a warning, so that it is seen.
   * A missing file has none.
   */
  read(): PlacedEvent[] {
    let file: number;
    try {
      file = openSync(this.path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
    try {
      // A resume cuts a torn tail: what was held of it is void.
      const size = fstatSync(file).size;
      if (size < this.offset + this.rest.length)
        this.rest = this.rest.subarray(0, Math.max(0, size - this.offset));
      const events: PlacedEvent[] = [];
      const buffer = Buffer.alloc(CHUNK);
      for (;;) {
        const count = readSync(file, buffer, 0, CHUNK, this.offset + this.rest.length);
        if (count === 0) return events;
        this.split(Buffer.concat([this.rest, buffer.subarray(0, count)]), events);
      }
    } finally {
      closeSync(file);
    }
  }

  private split(bytes: Buffer, events: PlacedEvent[]): void {
    let start = 0;
    for (let end = bytes.indexOf(10, start); end !== -1; end = bytes.indexOf(10, start)) {
      const line = bytes.toString("utf8", start, end).trim();
      if (line) events.push({ event: parseEvent(line), offset: this.offset + start });
      start = end + 1;
    }
    this.offset += start;
    this.rest = Buffer.from(bytes.subarray(start));
  }
}

function parseEvent(line: string): RunEvent {
  let found: string;
  try {
    const parsed = RunEvent.safeParse(JSON.parse(line));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    found = `${issue?.path.join(".") || "event"}: ${issue?.message}`;
  } catch (error) {
    found = (error as Error).message;
  }
  return {
    event: "warning",
    time: 0,
    code: "unreadable_event",
    message: `${found} in ${line.slice(0, 120)}`,
  };
}

/**
 * Cuts a last line that was torn by a crash, so that the next event does not grow out of it. Returns the
 * number of bytes cut.
 */
export function cutTornTail(path: string): number {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
  const { size } = fstatSync(file);
  let keep = size;
  try {
    const buffer = Buffer.alloc(Math.min(CHUNK, size));
    while (keep > 0) {
      const from = Math.max(0, keep - buffer.length);
      const count = readSync(file, buffer, 0, keep - from, from);
      const newline = buffer.lastIndexOf(10, count - 1);
      if (newline !== -1) {
        keep = from + newline + 1;
        break;
      }
      keep = from;
    }
  } finally {
    closeSync(file);
  }
  if (keep < size) truncateSync(path, keep);
  return size - keep;
}
