/**
 * A Python that has loaded torch and its kin: trainings on a CPU are forked from it, without the seconds that
 * this takes. Wanted where FTMODEL_WARM is 1, which the kernel of the notebooks says; it ends with this
 * process.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
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

/** Loads it in the next pause between trainings, if it is wanted here and not there yet. */
export function warmUp(): void {
  clearTimeout(pause);
  if (!warm && process.env.FTMODEL_WARM === "1" && existsSync(PYTHON))
    pause = setTimeout(load, PAUSE_MS).unref();
}

function load(): void {
  const script = join(REPO_ROOT, "scripts", "warm.py");
  const child = spawn(PYTHON, [script], {
    cwd: REPO_ROOT,
    detached: true, // the interrupt of a cell is not for it
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, PYTHONUNBUFFERED: "1", HF_HUB_CACHE: hubCache() },
  });
  const one: Warm = { child, ready: false, asked: [], running: new Map() };
  warm = one;
  child.once("error", () => forget(one));
  child.once("close", () => forget(one));
  child.stdin.on("error", () => forget(one));
  letGoLater(one);
  createInterface({ input: child.stdout }).on("line", (line) => hear(one, JSON.parse(line) as Told));
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) (pipe as unknown as { unref(): void }).unref();
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
  if (!one?.ready) return null;
  letGoLater(one);
  const { stdout } = one.child as unknown as { stdout: { ref(): void; unref(): void } };
  stdout.ref(); // nothing else keeps a script alive until the answer
  const pid = await new Promise<number | null>((resolve) => {
    one.asked.push((pid) => {
      if (pid !== null) one.running.set(pid, ended);
      resolve(pid);
    });
    one.child.stdin!.write(`${JSON.stringify(order)}\n`);
  });
  stdout.unref();
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
    one.child.stdin!.end();
  };
  idle = setTimeout(letGo, IDLE_MS).unref();
}

function forget(one: Warm): void {
  if (warm === one) warm = null;
  for (const resolve of one.asked.splice(0)) resolve(null);
}
