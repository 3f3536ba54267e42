/**
 * Processes that end with this one, however it ends: kept by scripts/supervise.py, which watches the pipe to
 * this process.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Socket } from "node:net";
import { GPU_ORDER } from "../gpu/gpus.ts";
import { LabError } from "../errors.ts";
import { PYTHON, REPO_ROOT, assertPython } from "../config/paths.ts";

export interface ProcessSpec {
  /**
   * Arguments of scripts/serve.py (forked, so that as a rule the second start costs no imports), or any
   * program with its arguments. No shell reads them.
   */
  run: { serve: string[] } | { command: string[] };
  /** stdout and stderr are appended to it. */
  log: string;
  /** Beside the allowed part of this process's environment. */
  env?: Record<string, string>;
}

export interface SupervisedProcess {
  readonly pid: number;
  /** Exit code, or minus the signal's number; null when the supervisor was lost with it. Never rejects. */
  readonly exited: Promise<number | null>;
  /** SIGTERM to the whole process group, SIGKILL after `graceSeconds`; resolves when it is gone. */
  stop(graceSeconds?: number): Promise<void>;
}

interface Entry {
  started: (pid: number) => void;
  failed: (error: LabError) => void;
  ended: (status: number | null) => void;
}

interface Host {
  process: ChildProcess;
  entries: Map<string, Entry>;
}

let host: Host | null = null;
let count = 0;

/** Starts a process under supervision. Throws LabError when Python or the program cannot be started. */
export async function startProcess({ run, log, env = {} }: ProcessSpec): Promise<SupervisedProcess> {
  host ??= startHost();
  const { process: supervisor, entries } = host;
  const id = String(++count);
  let ended: (status: number | null) => void;
  const exited = new Promise<number | null>((resolve) => (ended = resolve));
  const pid = await new Promise<number>((started, failed) => {
    entries.set(id, { started, failed, ended });
    hold(supervisor, true);
    send(supervisor, { id, start: { ...run, log, env } });
  });
  return {
    pid,
    exited,
    async stop(graceSeconds = 10) {
      if (entries.has(id)) send(supervisor, { id, stop: graceSeconds });
      await exited;
    },
  };
}

function startHost(): Host {
  assertPython();
  const process = spawn(PYTHON, [join(REPO_ROOT, "scripts", "supervise.py")], {
    cwd: REPO_ROOT,
    detached: true, // Ctrl-C in a terminal must reach this process, which stops its servers in order
    stdio: ["pipe", "pipe", "pipe"],
    env: serverEnvironment(),
  });
  const started: Host = { process, entries: new Map() };
  let words = "";
  process.stderr!.on("data", (part: Buffer) => (words = (words + part.toString()).slice(-2000)));
  process.stdin!.on("error", () => undefined); // it ended; "exit" tells
  createInterface({ input: process.stdout! }).on("line", (line) =>
    receive(started, JSON.parse(line) as Message),
  );
  const lost = (how: string) => {
    if (host === started) host = null;
    for (const { failed, ended } of started.entries.values()) {
      failed(
        new LabError({
          what: "The server's supervisor could not start it",
          where: PYTHON,
          found: words.trim() || how,
          todo: "Run `npm run doctor`.",
        }),
      );
      ended(null);
    }
    started.entries.clear();
  };
  process.on("error", (error) => lost(error.message));
  process.on("exit", (code, signal) => lost(`it ended with ${signal ?? `status ${code}`}`));
  return started;
}

interface Message {
  id: string;
  pid?: number;
  exit?: number;
  error?: string;
}

function receive({ process, entries }: Host, { id, pid, exit, error }: Message): void {
  const entry = entries.get(id);
  if (!entry) return;
  if (pid !== undefined) entry.started(pid);
  if (error !== undefined)
    entry.failed(
      new LabError({
        what: "A server could not be started",
        where: "scripts/supervise.py",
        found: error,
        todo: "Run `npm run doctor`.",
      }),
    );
  if (exit !== undefined) entry.ended(exit);
  if (exit !== undefined || error !== undefined) entries.delete(id);
  if (entries.size === 0) hold(process, false);
}

function send(process: ChildProcess, message: object): void {
  process.stdin!.write(`${JSON.stringify(message)}\n`);
}

/** Only a running server keeps this process from ending; an idle supervisor notices the end and goes, too. */
function hold(process: ChildProcess, keep: boolean): void {
  for (const handle of [
    process,
    process.stdin as Socket,
    process.stdout as unknown as Socket,
    process.stderr as unknown as Socket,
  ])
    keep ? handle.ref() : handle.unref();
}

/**
 * Names a model server may need. The rest of the environment, keys and tokens of other programs, stays here.
 */
const ALLOWED = new RegExp(
  `^(${[
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|XDG_.*|LD_LIBRARY_PATH|DYLD_.*",
    "PYTHON(PATH|HOME|DONTWRITEBYTECODE)|VIRTUAL_ENV",
    "HF_.*|HUGGING.*|TRANSFORMERS_.*|TOKENIZERS_.*|VLLM_.*",
    "CUDA.*|NVIDIA_.*|NVSHMEM_.*|NCCL_.*|TORCH.*|PYTORCH.*|TRITON_.*|OMP_.*|MKL_.*|OPENBLAS_.*",
    "SSL_CERT.*|REQUESTS_CA_BUNDLE|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy",
  ].join("|")})$`,
);

/**
 * The environment of model servers: the allowed part of this one, no usage reports, threads that sleep while
 * they wait.
 */
export function serverEnvironment(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const allowed = Object.entries(environment).filter(
    ([name, value]) => value !== undefined && ALLOWED.test(name),
  ) as [string, string][];
  return {
    // Threads of torch that spin while they wait cost five times the processor time as soon as anything else
    // runs.
    OMP_WAIT_POLICY: "passive",
    CUDA_DEVICE_ORDER: GPU_ORDER,
    DO_NOT_TRACK: "1",
    HF_HUB_DISABLE_TELEMETRY: "1",
    VLLM_NO_USAGE_STATS: "1",
    PYTHONUNBUFFERED: "1",
    ...Object.fromEntries(allowed),
  };
}
