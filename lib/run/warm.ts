/**
 * A Python that has loaded torch and its kin: trainings on a CPU are forked from it, without the seconds that
 * this takes. One that comes while it still loads is done by that very process, a copy of which waits for the
 * next. Wanted where FTMODEL_WARM is 1, which the kernel of the notebooks says; it ends with this process.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { PYTHON, REPO_ROOT } from "../config/paths.ts";
import { hubCache } from "../model/hub.ts";

/** What `scripts/warm.py` is asked for. */
export interface ForkOrder {
  /** A script of the sidecar, and its arguments. */
  command: string[];
  log: string;
  environment: NodeJS.ProcessEnv;
}

type Ended = (code: number | null, signal: string | null) => void;
type Told = { ready: true } | { pid: number; status?: number; signal?: number | null };

interface Warm {
  child: ChildProcess;
  /** Orders go there, and what becomes of them comes back. Not stdin: Node closes that with the process. */
  line: Socket;
  ready: boolean;
  /** Who waits for a process, in the order of the orders. */
  asked: ((pid: number | null) => void)[];
  running: Map<number, Ended>;
}

let warm: Warm | null = null;
let pause: NodeJS.Timeout | undefined;

/** Loading takes seconds of a core: not from a run that starts right after another. */
const PAUSE_MS = 3000;

/** It holds up to 800 MB, most of them pages of libraries. */
const IDLE_MS = 10 * 60_000;
let idle: NodeJS.Timeout | undefined;

/** What a trainer is told by its environment. */
export function trainerEnvironment(): NodeJS.ProcessEnv {
  return {
    PYTHONUNBUFFERED: "1",
    PYTHONHASHSEED: "0", // PEFT writes a set of names: else equal adapters had unequal files, and hashes
    HF_HUB_CACHE: hubCache(),
  };
}

/** Whether this process wants one. */
export function wantsWarm(): boolean {
  return process.env.FTMODEL_WARM === "1" && existsSync(PYTHON);
}

/**
 * Loads it in the next pause between trainings, or in `afterMs`, if it is wanted here and not there yet.
 */
export function warmUp(afterMs = PAUSE_MS): void {
  clearTimeout(pause);
  if (!warm && wantsWarm()) pause = setTimeout(load, afterMs).unref();
}

function load(): void {
  const script = join(REPO_ROOT, "scripts", "warm.py");
  const child = spawn(PYTHON, [script, "3"], {
    cwd: REPO_ROOT,
    detached: true, // the interrupt of a cell is not for it
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    env: { ...process.env, ...trainerEnvironment() },
  });
  const line = child.stdio[3] as Socket;
  const one: Warm = { child, line, ready: false, asked: [], running: new Map() };
  warm = one;
  child.once("error", () => forget(one));
  child.once("exit", (code, signal) => {
    const ended = one.running.get(child.pid!);
    if (!ended) return forget(one);
    one.running.delete(child.pid!);
    ended(code, signal);
  });
  line.on("error", () => forget(one));
  line.once("close", () => forget(one));
  letGoLater(one);
  createInterface({ input: line }).on("line", (told) => hear(one, JSON.parse(told) as Told));
  process.once("exit", () => {
    if (!one.ready && one.running.size === 0) child.kill(); // it would load to the end
  });
  child.unref();
  line.unref();
}

/** Whether the next training on a CPU will be forked. */
export function isWarm(): boolean {
  return warm?.ready ?? false;
}

/**
 * Has a training forked; `ended` hears how it ends. null when there is no Python that has loaded, or it has
 * just gone: start one the usual way.
 */
export async function forkTraining(order: ForkOrder, ended: Ended): Promise<number | null> {
  clearTimeout(pause);
  const one = warm;
  if (!one || (!one.ready && one.running.size > 0)) return null;
  letGoLater(one);
  const send = (itself: boolean): void => void one.line.write(`${JSON.stringify({ ...order, itself })}\n`);
  if (!one.ready) {
    const pid = one.child.pid!;
    one.running.set(pid, ended);
    send(true);
    return pid;
  }
  one.line.ref(); // nothing else keeps a script alive until the answer
  const pid = await new Promise<number | null>((resolve) => {
    one.asked.push((pid) => {
      if (pid !== null) one.running.set(pid, ended);
      resolve(pid);
    });
    send(false);
  });
  one.line.unref();
  return pid;
}

function hear(one: Warm, told: Told): void {
  if ("ready" in told) return void (one.ready = true);
  const { pid, status, signal } = told;
  if (status === undefined) return one.asked.shift()?.(pid);
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? null;
  one.running.get(pid)?.(signal ? null : status, name);
  one.running.delete(pid);
}

/** Not while it hears how a training ends; after the next training another one is loaded. */
function letGoLater(one: Warm): void {
  clearTimeout(idle);
  const letGo = (): void => {
    if (one.running.size > 0) return letGoLater(one);
    forget(one);
    one.line.end();
  };
  idle = setTimeout(letGo, IDLE_MS).unref();
}

function forget(one: Warm): void {
  if (warm === one) warm = null;
  for (const resolve of one.asked.splice(0)) resolve(null);
}
