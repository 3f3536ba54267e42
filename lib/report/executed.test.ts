import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import { workspacePaths } from "../config/paths.ts";
import { PROFILES } from "../config/profiles.ts";
import { recordSettings, SETTINGS_MIME } from "../config/settings-record.ts";
import { aboutHtml } from "./about.ts";
import { executedNotebooks, savedFolders } from "./executed.ts";
import { exportReports, reportsHold } from "./report.ts";

const root = mkdtempSync(join(tmpdir(), "executed-"));
const paths = workspacePaths(join(root, "workspace"));
const copies = join(paths.reports, "notebooks");
const saved = join(root, "saved");
beforeEach(() => {
  for (const folder of [paths.reports, saved]) rmSync(folder, { recursive: true, force: true });
  for (const folder of [copies, saved]) mkdirSync(folder, { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));

interface Written {
  /** Minutes on the clock at which it was saved. */
  at: number;
  /** What stands under its cell. */
  shows: string;
  count?: number | null;
  overrides?: Record<string, unknown>;
  workspace?: string;
}

/** A notebook of two code cells; the second one nobody ran. */
function write(folder: string, { at, shows, count = 3, overrides = {}, workspace = paths.root }: Written) {
  const { config } = openLab(overrides, {});
  const data = { "text/plain": shows, [SETTINGS_MIME]: recordSettings(config, workspace) };
  const outputs = [{ output_type: "display_data", data, metadata: {} }];
  const cell = { cell_type: "code", execution_count: null, metadata: {}, outputs: [], source: "1;" };
  const cells = [
    { cell_type: "markdown", metadata: {}, source: "# SFT" },
    { ...cell, execution_count: count, outputs },
    cell,
  ];
  const file = join(folder, "04_sft.ipynb");
  writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  utimesSync(file, at * 60, at * 60);
}

describe("of the pipeline's copy and the reader's", () => {
  const from = () => executedNotebooks(paths, [saved]).map((notebook) => notebook.from);

  test("the newer one is taken", () => {
    write(copies, { at: 10, shows: "pipeline" });
    write(saved, { at: 11, shows: "mine" });
    expect(from()).toEqual(["reader"]);
    write(copies, { at: 12, shows: "pipeline" });
    expect(from()).toEqual(["pipeline"]);
  });

  test("the reader's is enough", () => {
    write(saved, { at: 11, shows: "mine" });
    expect(from()).toEqual(["reader"]);
  });

  test("what came with the repository is nobody's: none of its cells has a number", () => {
    write(copies, { at: 10, shows: "pipeline" });
    write(saved, { at: 11, shows: "committed", count: null });
    expect(from()).toEqual(["pipeline"]);
  });

  test("what was run in another workspace is not of this one", () => {
    write(saved, { at: 11, shows: "elsewhere", workspace: "/elsewhere" });
    expect(from()).toEqual([]);
  });
});

describe("the page", () => {
  test("shows the copy that was taken, whose it is, and the values that differ", async () => {
    write(copies, { at: 10, shows: "of the pipeline" });
    write(saved, { at: 11, shows: "of the reader", overrides: { "sft.loraRank": 4 } });
    const { pages, index } = await exportReports({ paths }, { pdf: false, saved: [saved] });
    const html = readFileSync(pages[0]!.html, "utf8");
    expect(html).toContain("of the reader");
    expect(html).not.toContain("of the pipeline");
    expect(html).toContain("As its reader saved it</b>, 1970-01-01 00:11 UTC.");
    expect(html).toContain("Run by hand: 1 of 2 code cells");
    expect(html).toMatch(/one value differs[^]*sft\.loraRank[^]*<b>4<\/b>/);
    expect(html).toContain(`<b>4</b></td><td>${PROFILES.tiny.sft.loraRank}</td>`);
    expect(readFileSync(index, "utf8")).toContain("<td>sft.loraRank 4</td>");
  });

  test("of the pipeline says so, and that no value differs", () => {
    write(copies, { at: 10, shows: "pipeline" });
    const html = aboutHtml(executedNotebooks(paths, [saved])[0]!);
    expect(html).toContain("Run by npm start</b>, 1970-01-01 00:10 UTC.");
    expect(html).toContain("every value at its default");
  });

  test("holds until a notebook is saved again", async () => {
    write(saved, { at: 11, shows: "mine" });
    expect(reportsHold({ paths }, [saved])).toBe(false);
    await exportReports({ paths }, { pdf: false, saved: [saved] });
    expect(reportsHold({ paths }, [saved])).toBe(true);
    write(saved, { at: Date.now() / 60_000 + 1, shows: "mine again" });
    expect(reportsHold({ paths }, [saved])).toBe(false);
  });
});

test("copies in work/ are looked for beside the notebooks of the repository", () => {
  mkdirSync(join(root, "work", "trial-1a2b3c"), { recursive: true });
  mkdirSync(join(root, "work", ".ipynb_checkpoints"));
  expect(savedFolders(root)).toEqual(["notebooks", "work", "work/trial-1a2b3c"].map((at) => join(root, at)));
  expect(savedFolders(join(root, "none"))).toHaveLength(2);
});

test("a record names no folder of this machine", () => {
  const { config } = openLab({ "prepare.sources": ["/home/me/mine.jsonl"] }, {});
  const record = recordSettings(config, "/home/me/work");
  expect(record.changed.map(({ name, value }) => [name, value])).toEqual([
    ["prepare.sources", ["mine.jsonl"]],
  ]);
  expect(JSON.stringify(record)).not.toContain("/home");
});
