/** The unit tests of the library (vitest) and of the sidecar (pytest). */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { installBeside, PYTHON } from "../setup/python.mjs";
import { runProgram, scratchFolder } from "./suite.ts";
import type { Count, Suite } from "./suite.ts";

const VITEST = join(REPO_ROOT, "node_modules", "vitest", "vitest.mjs");
/** Tests that drive a real page of the product; they need what the notebooks suite leaves behind. */
const PAGES = "**/*.page.test.ts";

export const vitestUnits: Suite = {
  name: "library (vitest)",
  run: () => vitest("units", ["--exclude", PAGES]),
};

export function pageTests(environment: NodeJS.ProcessEnv): Suite {
  return {
    name: "JupyterLab and reports in Chromium (vitest)",
    run: () => vitest("pages", [".page.test.ts"], environment),
  };
}

export const pytestUnits: Suite = {
  name: "sidecar (pytest)",
  async run() {
    const file = join(scratchFolder("results"), "pytest.xml");
    const status = await runProgram(PYTHON, ["-m", "pytest", "-q", "-rs", "--junitxml", file, "scripts"]);
    return agree(
      status,
      status === 5 ? { passed: 0, failed: 0, skipped: 0 } : countJunit(readFileSync(file, "utf8")),
    ); // 5: there are no tests
  },
};

/**
 * bitsandbytes has slow kernels for a CPU, so the code of small GPUs can be run here; importing it takes
 * seconds, so nothing else has it.
 */
export const fourBit: Suite = {
  name: "4-bit weights on a CPU (pytest)",
  run: () => withPackages(["bitsandbytes"], "test_four_bit.py"),
};

/** Two machines are two of Ray's nodes on this one. */
export const onRay: Suite = {
  name: "a Ray cluster (pytest)",
  run: () => withPackages(["ray", "msgpack"], "test_on_ray.py"),
};

/** A test file that needs packages of the gpu profile, which the default environment leaves out. */
async function withPackages(packages: readonly string[], test: string): Promise<Count> {
  const skip = (why: string): Count => (console.log(`skipped: ${why}`), { passed: 0, failed: 0, skipped: 1 });
  const [name] = packages as [string];
  if (process.platform !== "linux") return skip(`${name} is locked for Linux only`);
  const folder = scratchFolder(name);
  try {
    for (const each of packages) installBeside(each, folder);
  } catch (error) {
    return skip(`${name} could not be installed: ${(error as Error).message.split("\n")[0]}`);
  }
  const file = join(scratchFolder("results"), `${name}.xml`);
  const status = await runProgram(
    PYTHON,
    ["-m", "pytest", "-q", "-rs", "--junitxml", file, join("scripts", "tests", test)],
    { PYTHONPATH: folder },
  );
  return agree(status, countJunit(readFileSync(file, "utf8")));
}

async function vitest(name: string, args: string[], environment: NodeJS.ProcessEnv = {}): Promise<Count> {
  const file = join(scratchFolder("results"), `${name}.json`);
  const status = await runProgram(
    process.execPath,
    [VITEST, "run", ...args, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
    environment,
  );
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(file, "utf8")) as VitestReport;
  const failures: string[] = [];
  for (const { name: test, message, assertionResults } of report.testResults) {
    const where = relative(REPO_ROOT, test);
    if (message) failures.push(`${where}: ${message}`);
    for (const { status: outcome, fullName, failureMessages } of assertionResults) {
      if (SKIPPED.has(outcome)) console.log(`skipped: ${where} ${fullName}`);
      if (outcome === "failed") failures.push(`${where} ${fullName}: ${failureMessages[0] ?? ""}`);
    }
  }
  return agree(status, {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
  });
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: {
    name: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}
const SKIPPED = new Set(["pending", "skipped", "todo"]);

/** Totals of pytest's JUnit file. */
function countJunit(xml: string): Count {
  const number = (name: string): number =>
    Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  return { passed: number("tests") - failed - number("skipped"), failed, skipped: number("skipped") };
}

/** A runner that fails without a failed test (an error while collecting, say) counts as one failure. */
function agree(status: number, count: Count): Count {
  return status !== 0 && status !== 5 && count.failed === 0 ? { ...count, failed: 1 } : count;
}
