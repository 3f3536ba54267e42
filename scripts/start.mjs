/**
 * `npm start`: the packages first, then the rest on Node 24. Options are read before the long installs begin.
 */
import { packages } from "./setup/packages.mjs";
import { launch } from "./setup/launch.mjs";

launch("scripts/notebooks.ts", process.argv.slice(2), [packages]);
