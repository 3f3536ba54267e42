/**
 * `npm run doctor`: what is here, what is missing, what to do. Exit status 1 when something is missing that
 * `npm start` needs or installs.
 *
 *     npm run doctor -- --profile gpu      what the profile gpu needs, too, and what fits into which GPU's
 *                                          memory
 */
import { existsSync } from "node:fs";
import { describeRows, examine } from "./setup/health.mjs";
import { NODE } from "./setup/packages.mjs";

const asked = process.argv.slice(2).join(" ");
if (asked !== "" && !/^--profile[ =](tiny|small|gpu)$/.test(asked)) {
  console.error(`npm run doctor takes --profile tiny, small or gpu, found ${asked}`);
  process.exit(2);
}
const profile = /[ =](\w+)$/.exec(asked)?.[1] ?? (process.env.FTMODEL_PROFILE || "tiny");
const gpu = profile !== "tiny";
const lab = gpu && existsSync(NODE) ? await openGpuLab() : null;
const rows = await examine({ gpu });
console.log(describeRows(rows));
if (lab) await printMemory(lab);
const missing = rows.filter((row) => row.state === "missing");
console.log(
  missing.length === 0
    ? "\nEverything that is required is here."
    : `\nMissing: ${missing.map((row) => row.what).join(", ")}`,
);
process.exit(missing.length === 0 ? 0 : 1);

/**
 * The lib needs Node 24 and the packages. FTMODEL_SET is heard; a bad one ends the program with what is wrong
 * in it.
 */
async function openGpuLab() {
  const { openLab } = await import("../lib/config/lab.ts");
  try {
    return openLab({}, { ...process.env, FTMODEL_PROFILE: profile });
  } catch (error) {
    return endWith(error);
  }
}

/** @param {import("../lib/config/lab.ts").Lab} lab */
async function printMemory(lab) {
  const [{ listGpus }, { memoryTable }, { table }] = await Promise.all([
    import("../lib/gpu/gpus.ts"),
    import("../lib/gpu/table.ts"),
    import("../lib/view/table.ts"),
  ]);
  try {
    const text = table(memoryTable(lab, await listGpus()), undefined, {
      caption: "Memory by plan, GiB a GPU: what each stage takes and the setting it picks",
    }).text;
    console.log(
      `\n${text}\n--set KEY=VALUE overrides a choice. The plan is within 3 % of six training ` +
        "runs measured on an H100; servers' parts are assumed.",
    );
  } catch (error) {
    endWith(error); // such as more GPUs in FTMODEL_SET than there are
  }
}

/** A LabError is told without its stack. @param {unknown} error @returns {never} */
function endWith(error) {
  if (!(error instanceof Error) || error.name !== "LabError") throw error;
  console.error(error.message);
  process.exit(1);
}
