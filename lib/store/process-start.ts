/** Who a process id belongs to: ids are reused, an id with its start time is not. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/**
 * When the process with this id started, as a text that only compares for equality; null when there is none.
 *
 * Linux: clock ticks since boot and the boot's id (proc(5), field 22 of stat). Elsewhere: `ps -o lstart=`. A
 * zombie counts as ended.
 */
export function processStart(pid: number): string | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  return process.platform === "linux" ? linuxStart(pid) : psStart(pid);
}

function linuxStart(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null; // no such process
  }
  // The name in field 2 may hold spaces and brackets: count from its last bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return null;
  return `${bootId()}/${fields[19]}`;
}

let boot: string | undefined;
function bootId(): string {
  if (boot === undefined) {
    try {
      boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    } catch {
      boot = ""; // hidden in some containers; the ticks alone still tell most reuses apart
    }
  }
  return boot;
}

function psStart(pid: number): string | null {
  try {
    return (
      execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim() || null
    );
  } catch (error) {
    // ps exits 1 when there is no such process
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") return null;
  }
  try {
    process.kill(pid, 0); // no ps here: that it lives is all that can be said
    return "unknown";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "unknown" : null;
  }
}
