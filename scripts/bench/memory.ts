/** The memory of a process and of everything it started, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessRow {
  pid: number;
  parent: number;
  /** Clock ticks since boot: with the pid it names one process. */
  start: string;
}

/**
 * `root` and all below it, and what was below it before: a process whose parent has ended belongs to the
 * family still. `known` holds pid → start of those seen so far.
 */
export function familyOf(
  root: number,
  processes: readonly ProcessRow[],
  known: ReadonlyMap<number, string> = new Map(),
): ProcessRow[] {
  const children = Map.groupBy(processes, (row) => row.parent);
  const family = new Map<number, ProcessRow>();
  const open = processes.filter((row) => row.pid === root || known.get(row.pid) === row.start);
  for (let row = open.pop(); row; row = open.pop()) {
    if (family.has(row.pid)) continue;
    family.set(row.pid, row);
    open.push(...(children.get(row.pid) ?? []));
  }
  return [...family.values()];
}

/**
 * Watches a process tree until `stop`, which returns the peak of its summed memory in bytes; null where there
 * is no /proc.
 *
 * Memory is PSS (pages that processes share are counted once in the sum), RSS where the kernel does not tell
 * it. Peaks shorter than `intervalMs` can be missed.
 */
export function watchMemory(root: number, intervalMs = 500): { stop(): number | null } {
  const known = new Map<number, string>();
  let peak: number | null = null;
  const sample = (): void => {
    const family = familyOf(root, listProcesses(), known);
    for (const { pid, start } of family) known.set(pid, start);
    const sum = family.reduce((bytes, { pid }) => bytes + memoryOf(pid), 0);
    if (sum > 0) peak = Math.max(peak ?? 0, sum);
  };
  sample();
  const timer = setInterval(sample, intervalMs);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

function listProcesses(): ProcessRow[] {
  const names = textOf(() => readdirSync("/proc").join("\n")).split("\n");
  return names
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const stat = textOf(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
      // The name in field 2 may hold spaces and brackets: count from its last bracket.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields.length < 20 ? [] : [{ pid: Number(pid), parent: Number(fields[1]), start: fields[19]! }];
    });
}

/** Bytes; 0 for a process that has ended. */
function memoryOf(pid: number): number {
  const pss = /^Pss:\s+(\d+) kB/m.exec(textOf(() => readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")));
  const kilobytes =
    pss ?? /^VmRSS:\s+(\d+) kB/m.exec(textOf(() => readFileSync(`/proc/${pid}/status`, "utf8")));
  return kilobytes ? Number(kilobytes[1]) * 1024 : 0;
}

/** A process may end between the listing and the reading. */
function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
