import { join } from "node:path";
import type { EngineCommand } from "../serving/engine.ts";
import { REPO_ROOT } from "../config/paths.ts";

/** The command of fake-model-server.ts in a mode: ok, crash, taken, silent, healthy, stubborn. */
export function fakeCommand(mode: string): (port: number) => EngineCommand {
  return (port) => ({
    run: {
      command: [
        process.execPath,
        join(REPO_ROOT, "lib", "testing", "fake-model-server.ts"),
        String(port),
        mode,
      ],
    },
    servedName: "fake",
  });
}
