/** The sidecar's process: started so that it outlives this one, found again, ended. */
import { spawn } from "node:child_process";
import { appendFileSync, closeSync, existsSync, globSync, openSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileError } from "../store/atomic.ts";
import { LabError } from "../errors.ts";
import { GPU_ORDER } from "../gpu/gpus.ts";
import { PYTHON, REPO_ROOT, assertPython } from "../config/paths.ts";
import { identify } from "../store/process.ts";
import { cutTornTail } from "./events.ts";
import { fileSize } from "./folder.ts";
import type { Attempt, RunFolder } from "./folder.ts";
import type { Stage } from "./key.ts";
import { forkTraining, trainerEnvironment, warmUp } from "./warm.ts";

/**
 * `.venv/bin/python scripts/<stage>.py`, where a training on a CPU is shared by `cores` processes of one
 * thread each. Throws LabError when either is missing.
 */
export function coresCommand(stage: Stage, cores: number): string[] {
  const [python, script] = sidecarCommand(stage) as [string, string];
  return cores > 1
    ? [python, join(REPO_ROOT, "scripts", "on_cores.py"), String(cores), script]
    : [python, script];
}

/**
 * `.venv/bin/python scripts/<stage>.py`, under `accelerate launch` for several GPUs of this machine, under
 * Ray Train for those of the cluster at `ray`; the path of run.json is appended. Throws LabError when either
 * is missing.
 */
export function sidecarCommand(stage: Stage, processes = 1, ray = ""): string[] {
  const script = join(REPO_ROOT, "scripts", `${stage}.py`);
  assertPython();
  if (!existsSync(script)) throw new LabError({ what: "The sidecar's script is missing", where: script });
  if (ray !== "") return [PYTHON, join(REPO_ROOT, "scripts", "on_ray.py"), ray, String(processes), script];
  return processes > 1 ? [PYTHON, ...acrossGpus(processes), script] : [PYTHON, script];
}

/**
 * All that `accelerate launch` would otherwise ask its own configuration file for; a free port of this
 * machine for the processes to meet.
 */
function acrossGpus(processes: number): string[] {
  const options = {
    num_processes: String(processes),
    num_machines: "1",
    max_restarts: "0",
    machine_rank: "0",
    gpu_ids: "all",
    main_process_port: "0",
    mixed_precision: "bf16",
    dynamo_backend: "no",
  };
  return [
    "-m",
    "accelerate.commands.launch",
    "--multi_gpu",
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
  ];
}

/**
 * Starts `command run.json` in a session of its own, its output appended to log.txt, and writes who it is to
 * pid.json.
 *
 * `environment` goes before this process's own. With `warm` it is forked from a Python that has loaded torch
 * already, where there is any; with "keep" there is to be one for the next, too. No shell reads the
 * arguments. A tail that a crash tore off events.jsonl is cut first.
 * Throws LabError when the program cannot start.
 */
export async function launch(
  folder: RunFolder,
  command: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  warm: "use" | "keep" | null = null,
): Promise<Attempt> {
  const [program, ...args] = command;
  if (!program) throw new LabError({ what: "A run needs a command", where: folder.runFile });
  cutTornTail(folder.events);
  const offsets = { eventsOffset: fileSize(folder.events), logOffset: fileSize(folder.log) };
  // What an earlier attempt left: how it ended, and which of its processes failed.
  for (const name of ["exit.json", ...globSync("failure-*.json", { cwd: folder.path })])
    rmSync(join(folder.path, name), { force: true });
  let log: number;
  try {
    log = openSync(folder.log, "a");
  } catch (cause) {
    throw fileError("The run's log could not be opened", folder.log, cause);
  }
  const env = {
    CUDA_DEVICE_ORDER: GPU_ORDER,
    ...process.env,
    ...trainerEnvironment(),
    ...environment,
  };
  try {
    const next = (): void => void (warm === "keep" && warmUp());
    const forked = warm ? await forkFromWarm(folder, command, env, next) : null;
    if (forked !== null) return note(folder, forked, offsets);
    const child = spawn(program, [...args, folder.runFile], {
      cwd: REPO_ROOT,
      detached: true, // setsid: signals to the kernel's group do not reach it
      stdio: ["ignore", log, log],
      env,
    });
    await new Promise<void>((started, failed) => {
      child.once("spawn", started);
      child.once("error", (cause) =>
        failed(
          new LabError(
            {
              what: "The trainer could not be started",
              where: program,
              found: cause.message,
              todo: "Run `npm run doctor`.",
            },
            { cause },
          ),
        ),
      );
    });
    const pid = child.pid!;
    const ended = new Promise<void>((noted) => {
      child.on("exit", (code, signal) => {
        noteExit(folder, pid, code, signal);
        noted();
        next();
      });
    });
    ours.set(pid, ended);
    child.unref();
    return note(folder, pid, offsets);
  } finally {
    closeSync(log);
  }
}

/** The process that a warm Python has forked for a training; null without one. */
async function forkFromWarm(
  folder: RunFolder,
  [program, ...script]: readonly string[],
  environment: NodeJS.ProcessEnv,
  next: () => void,
): Promise<number | null> {
  if (program !== PYTHON || !script[0]?.endsWith(".py")) return null;
  const end = Promise.withResolvers<[number | null, string | null]>();
  const order = { command: [...script, folder.runFile], log: folder.log, environment };
  const pid = await forkTraining(order, (code, signal) => end.resolve([code, signal]));
  if (pid === null) return null;
  const noted = end.promise.then(([code, signal]) => {
    noteExit(folder, pid, code, signal);
    next();
  });
  ours.set(pid, noted);
  return pid;
}

function note(folder: RunFolder, pid: number, offsets: Omit<Attempt, "pid" | "startTime">): Attempt {
  // A process that ended at once has no start time any more; its exit is noted, and nobody is alive under
  // this identity.
  const attempt: Attempt = { pid, startTime: identify(pid)?.startTime ?? "ended at once", ...offsets };
  folder.writeAttempt(attempt);
  return attempt;
}

/** Processes that this one started: it hears how they end, a moment after they are gone. */
const ours = new Map<number, Promise<void>>();

/**
 * Waits until the exit of a process that is gone has been noted, if this process started it; at most two
 * seconds.
 */
export async function exitNoted(attempt: Attempt | null): Promise<void> {
  const ended = attempt && ours.get(attempt.pid);
  if (!ended) return;
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([ended, new Promise((over) => (timer = setTimeout(over, 2000)))]);
  clearTimeout(timer);
}

function noteExit(folder: RunFolder, pid: number, code: number | null, signal: string | null): void {
  try {
    folder.writeExit({ pid, code, signal });
  } catch (error) {
    // An exception in an event handler would end the kernel over a note; the log of the run still gets it.
    if (existsSync(folder.log))
      appendFileSync(folder.log, `exit ${code ?? signal} could not be noted: ${(error as Error).message}\n`);
  }
}

/**
 * In words, why a process that left no `end` event is gone: its exit status if known, then its last words.
 */
export function describeDeath(folder: RunFolder, attempt: Attempt): string {
  const exit = folder.readExit();
  const known = exit?.pid === attempt.pid;
  const how = !known
    ? "the trainer's process is gone and nobody saw it end (killed, out of memory, or the machine restarted)"
    : exit.signal
      ? "the trainer's process was ended by " +
        `${exit.signal}${exit.signal === "SIGKILL" ? " (by hand, or by the system when memory ran out)" : ""}`
      : `the trainer's process exited with status ${exit.code} without saying why`;
  const words = folder.lastWords(attempt.logOffset);
  return words ? `${how}; its last words (${basename(folder.log)}):\n${words}` : `${how}; its log is empty`;
}
