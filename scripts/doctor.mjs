/** `npm run doctor`: what is here, what is missing, what to do. Exit status 1 when something is missing that `npm start` needs or installs. */
import { describeRows, examine } from "./setup/health.mjs";

const rows = await examine();
console.log(describeRows(rows));
const missing = rows.filter((row) => row.state === "missing");
console.log(missing.length === 0 ? "\nEverything that is required is here." : `\nMissing: ${missing.map((row) => row.what).join(", ")}`);
process.exit(missing.length === 0 ? 0 : 1);
