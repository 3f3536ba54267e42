/** `npm test`: sets up what `npm start` sets up, then runs every check. */
import { launch } from "./setup/launch.mjs";

launch("scripts/test.ts", process.argv.slice(2));
