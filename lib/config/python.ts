/** The locked Python environment, asked for before anything of it is started. */
import { existsSync } from "node:fs";
import { LabError } from "../errors.ts";
import { PYTHON } from "./paths.ts";

/** Throws LabError when its interpreter is not there. */
export function assertPython(): void {
  if (!existsSync(PYTHON))
    throw new LabError({
      what: "The Python environment is missing",
      where: PYTHON,
      todo: "Run `npm run doctor`; `npm start` installs it.",
    });
}
