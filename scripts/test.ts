/** `npm test` behind the set-up: every check, one after another; the last line sums them up. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "../lib/show/browser.ts";
import { REPO_ROOT } from "../lib/config/paths.ts";
import { course } from "./checks/course.ts";
import { notebookSuites, realQuestions } from "./checks/notebooks.ts";
import { ownQuestions } from "./checks/own-questions.ts";
import { style } from "./checks/style.ts";
import { describeCount, runSuites, SCRATCH } from "./checks/suite.ts";
import { libraryTypes, notebookTypes } from "./checks/types.ts";
import { fourBit, onRay, pageTests, pytestUnits, vitestUnits } from "./checks/units.ts";

const fixtures = join(REPO_ROOT, "..", "shared", "data");
if (!process.env.FTMODEL_FIXTURES && existsSync(fixtures)) process.env.FTMODEL_FIXTURES = fixtures;
if (!process.env.FTMODEL_FIXTURES)
  console.log("FTMODEL_FIXTURES names no folder: tests on real questions are skipped");
if (!findChromium())
  console.log(
    "no Chromium found (set CHROME to one): tests that need a browser " +
      (process.env.CI ? "fail, this being CI" : "are skipped"),
  );
// Options that a person has set for notebooks are not for the tests.
for (const name of [
  "FTMODEL_PROFILE",
  "FTMODEL_SET",
  "FTMODEL_SOURCES",
  "FTMODEL_WORKSPACE",
  "FTMODEL_FORCE",
])
  delete process.env[name];

const workspace = join(SCRATCH, "workspace");
const suites = [
  style,
  libraryTypes,
  notebookTypes,
  course,
  vitestUnits,
  pytestUnits,
  fourBit,
  onRay,
  ...notebookSuites(workspace),
  realQuestions(join(SCRATCH, "real"), process.env.FTMODEL_FIXTURES),
  ...ownQuestions(join(SCRATCH, "own")),
  pageTests({ FTMODEL_TEST_WORKSPACE: workspace }),
];
const total = await runSuites(suites);
console.log(`\n${describeCount(total)}`);
process.exit(total.failed > 0 ? 1 : 0);
