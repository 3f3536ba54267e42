/** A Ray cluster of this machine alone, for as long as a measurement takes. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PYTHON } from "../../lib/config/paths.ts";
import { LabError } from "../../lib/errors.ts";
import { freePort } from "../../lib/serving/port.ts";

const START_S = 120;

/** One that answers to a token of its own. Throws LabError when it does not start. */
export async function withRay<T>(
  places: { gpus: number } | { cpus: number },
  use: (address: string) => Promise<T>,
): Promise<T> {
  Object.assign(process.env, { RAY_AUTH_MODE: "token", RAY_AUTH_TOKEN: randomBytes(32).toString("hex") });
  const port = await freePort();
  const folder = mkdtempSync(join("/tmp", "ray-")); // its sockets' paths may have 107 characters
  const head = spawn(
    PYTHON,
    [
      ...["-m", "ray.scripts.scripts", "start", "--head", "--block", "--include-dashboard=false"],
      ...["--node-ip-address=127.0.0.1", `--port=${port}`, `--temp-dir=${folder}`],
      ...[
        "--disable-usage-stats",
        ...Object.entries(places).map(([kind, count]) => `--num-${kind}=${count}`),
      ],
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let words = "";
  head.stderr.on("data", (part: Buffer) => (words = (words + part.toString()).slice(-2000)));
  const ended = once(head, "exit");
  try {
    for (let waited = 0; !(await answers(port)); waited++) {
      if (waited < START_S && head.exitCode === null) await sleep(1000);
      else throw new LabError({ what: "No Ray cluster could be started here", where: PYTHON, found: words });
    }
    return await use(`127.0.0.1:${port}`);
  } finally {
    head.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
    for (const name of ["RAY_AUTH_MODE", "RAY_AUTH_TOKEN"]) delete process.env[name];
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = createConnection(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
