import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { REPO_ROOT, workspacePaths } from "../../lib/config/paths.ts";
import { bringWorkingCopies, describeCopies } from "./working-copies.ts";

let notebook: string;
let folder: string;
const copy = (): string => join(folder, "01_x.ipynb");
const bring = (): string[] => bringWorkingCopies(folder, [notebook]).map(({ state }) => state);

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), "copies-"));
  notebook = join(root, "01_x.ipynb");
  folder = join(root, "work of a trial");
  writeFileSync(notebook, "first");
});

test("a copy that nobody changed follows the notebook, and comes back when it is removed", () => {
  expect([bring(), bring()]).toEqual([["new"], ["kept"]]);
  writeFileSync(notebook, "second");
  expect(bring()).toEqual(["renewed"]);
  expect(readFileSync(copy(), "utf8")).toBe("second");
  rmSync(copy());
  expect(bring()).toEqual(["new"]);
});

test("a copy that JupyterLab only opened and saved is not work; an output that came is", () => {
  const saved = (outputs: unknown[], metadata: object) =>
    JSON.stringify({
      cells: [{ cell_type: "code", source: ["a\n", "b"], outputs, metadata: {} }],
      metadata,
      nbformat: 4,
    });
  writeFileSync(notebook, saved([], {}));
  bring();
  writeFileSync(copy(), saved([], { language_info: { codemirror_mode: "typescript" } }));
  writeFileSync(notebook, saved([{ output_type: "stream", text: "renewed" }], {}));
  expect(bring()).toEqual(["renewed"]);
  writeFileSync(copy(), saved([{ output_type: "stream", text: "mine" }], {}));
  writeFileSync(notebook, saved([], {}));
  expect(bring()).toEqual(["outdated"]);
});

test("a copy that holds work is never written over, but outdated once the notebook is newer", () => {
  bring();
  writeFileSync(copy(), "my work");
  expect(bring()).toEqual(["kept"]);
  writeFileSync(notebook, "second");
  expect([bring(), bring()]).toEqual([["outdated"], ["outdated"]]);
  expect(readFileSync(copy(), "utf8")).toBe("my work");
  rmSync(join(folder, ".copied.json"));
  expect(bring()).toEqual(["outdated"]); // nothing is remembered: what differs may be work
  rmSync(folder, { recursive: true });
  expect(bring()).toEqual(["new"]);
});

test("what a notebook links to lies beside its copy, too", () => {
  const links = bringWorkingCopies(folder).flatMap(({ file }) =>
    [...readFileSync(file, "utf8").matchAll(/\]\(([\w./]+)(?:#[\w-]+)?\)/g)].map(([, link]) => link!),
  );
  expect(links).toContain("README.md");
  expect(links.filter((link) => !existsSync(join(folder, link)))).toEqual([]);
});

test("only what is new is said; an outdated copy's command keeps its work, brings the notebook", () => {
  expect(describeCopies(bringWorkingCopies(folder, [notebook]))).toEqual([
    expect.stringContaining("01_x.ipynb copied"),
  ]);
  expect(describeCopies(bringWorkingCopies(folder, [notebook]))).toEqual([]);
  writeFileSync(copy(), "my work");
  writeFileSync(notebook, "second");
  const [said] = describeCopies(bringWorkingCopies(folder, [notebook]));
  const [, line] = /: (mv .+), then/.exec(said!)!;
  execFileSync("sh", ["-c", line!], { cwd: REPO_ROOT });
  expect(bring()).toEqual(["new"]);
  expect(readFileSync(copy(), "utf8")).toBe("second");
  expect(readFileSync(join(folder, "01_x_mine.ipynb"), "utf8")).toBe("my work");
});

test("copies lie in the repository, ignored by git, one place a workspace: there ftmodel is found", () => {
  const places = [REPO_ROOT, "/tmp/try", "/home/me/try"].map((root) => workspacePaths(root).notebooks);
  expect(new Set(places).size).toBe(3);
  for (const place of places) {
    expect(relative(REPO_ROOT, place)).not.toMatch(/^\.\./);
    const ignored = ["-C", REPO_ROOT, "check-ignore", join(place, "01_prepare.ipynb")];
    if (existsSync(join(REPO_ROOT, ".git")))
      expect(execFileSync("git", ignored, { encoding: "utf8" })).toContain("01_prepare.ipynb");
  }
});
