import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openLab } from "../../lib/config/lab.ts";
import type { Lab } from "../../lib/config/lab.ts";
import {
  ledgerFile,
  commonKey,
  difference,
  notebookKey,
  ownedBy,
  readLedger,
  reasonToRun,
  takeSnapshot,
  writeLedger,
} from "./kept.ts";
import type { Executed, Ledger } from "./kept.ts";

let lab: Lab;
let root: string;
const put = (file: string, text: string): void => {
  mkdirSync(join(root, file, ".."), { recursive: true });
  writeFileSync(join(root, file), text);
};
const run = (number: string, finished: string, work: () => void): Executed => {
  const before = takeSnapshot(lab);
  work();
  return { key: `key${number}`, finished, seconds: 1, wrote: difference(before, takeSnapshot(lab)) };
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kept-"));
  lab = openLab({}, { FTMODEL_WORKSPACE: root });
});

test("a notebook whose key and files are as it left them is kept", () => {
  const ledger: Ledger = { "01": run("01", "2026-01-01", () => put("data/raw/raw.jsonl", "a")) };
  expect(reasonToRun("01", "key01", ledger, takeSnapshot(lab))).toBeNull();
  expect(reasonToRun("02", "key02", ledger, takeSnapshot(lab))).toBe("not executed yet");
  expect(reasonToRun("01", "other", ledger, takeSnapshot(lab))).toMatch(/depends on/);
});

test.each([
  ["removed", () => rmSync(join(root, "data/raw/raw.jsonl"))],
  ["rewritten", () => put("data/raw/raw.jsonl", "abc")],
])("an output that was %s makes its notebook run again", (_, spoil) => {
  const ledger: Ledger = { "01": run("01", "2026-01-01", () => put("data/raw/raw.jsonl", "a")) };
  spoil();
  expect(reasonToRun("01", "key01", ledger, takeSnapshot(lab))).toBe("data/raw/raw.jsonl changed or is gone");
});

test("exported reports are no notebook's to answer for", () => {
  put("reports/ablation_summary_1.json", "{}");
  const ledger: Ledger = { "08": run("08", "2026-01-01", () => put("reports/index.html", "of seven")) };
  put("reports/index.html", "of eight");
  expect(reasonToRun("08", "key08", ledger, takeSnapshot(lab))).toBeNull();
});

test("a file that a later notebook rewrote or removed is that one's to answer for", () => {
  const ledger: Ledger = {};
  ledger["01"] = run("01", "2026-01-01", () => {
    put("data/raw/raw.jsonl", "one");
    put("reports/index.txt", "one");
    put("reports/lock", "held");
  });
  ledger["02"] = run("02", "2026-01-02", () => {
    put("data/processed/distilled.jsonl", "two");
    put("reports/index.txt", "one, two");
    rmSync(join(root, "reports/lock"));
  });
  const now = takeSnapshot(lab);
  expect([reasonToRun("01", "key01", ledger, now), reasonToRun("02", "key02", ledger, now)]).toEqual([
    null,
    null,
  ]);
});

test("an execution that found everything done still answers for it", () => {
  const first = run("01", "2026-01-01", () => put("data/raw/raw.jsonl", "a"));
  const before = takeSnapshot(lab);
  const second: Executed = {
    ...first,
    finished: "2026-01-02",
    wrote: ownedBy(before, takeSnapshot(lab), first),
  };
  expect(reasonToRun("01", "key01", { "01": second }, takeSnapshot(lab))).toBeNull();
  put("data/raw/raw.jsonl", "spoilt");
  expect(reasonToRun("01", "key01", { "01": second }, takeSnapshot(lab))).toMatch(/raw\.jsonl changed/);
});

test("a result that is missing makes its notebook run, whoever wrote it", () => {
  const executed: Executed = { key: "key03", finished: "2026-01-01", seconds: 1, wrote: {} };
  for (const name of ["sft.jsonl", "rl.jsonl", "test.jsonl"]) put(`data/processed/${name}`, "x");
  expect(reasonToRun("03", "key03", { "03": executed }, takeSnapshot(lab))).toBe(
    "its result is missing: data/processed/filter_stats.json",
  );
  put("data/processed/filter_stats.json", "{}");
  expect(reasonToRun("03", "key03", { "03": executed }, takeSnapshot(lab))).toBeNull();
});

test(
  "a notebook's key follows its text, the config, the user's files and the execution before it, " +
    "not its outputs",
  () => {
    const source = join(root, "own.jsonl");
    const cell = (text: string, outputs: unknown[] = []) =>
      JSON.stringify({ cells: [{ cell_type: "code", source: [text], outputs }] });
    const notebook = join(root, "01_x.ipynb");
    writeFileSync(notebook, cell("1"));
    writeFileSync(source, "a");
    const key = (set: string[], before?: string) => {
      const common = commonKey(
        openLab({}, { FTMODEL_SET: JSON.stringify(set), FTMODEL_SOURCES: JSON.stringify([source]) }),
      );
      return notebookKey(
        notebook,
        common,
        before === undefined ? undefined : { key: before, finished: "", seconds: 0, wrote: {} },
      );
    };
    const first = key([]);
    expect(key([])).toBe(first);
    expect(key(["seed=5"])).not.toBe(first);
    // the default, but from now on no plan's to change
    expect(key(["models.loadIn4bit=false"])).not.toBe(first);
    expect(key([], "before")).not.toBe(first);
    writeFileSync(notebook, cell("1", [{ text: "shown" }]));
    expect(key([])).toBe(first);
    writeFileSync(notebook, cell("2"));
    expect(key([])).not.toBe(first);
    writeFileSync(notebook, cell("1"));
    writeFileSync(source, "b");
    expect(key([])).not.toBe(first);
  },
);

test("the ledger is read back as it was written and is no output itself", () => {
  expect(readLedger(lab)).toEqual({});
  const ledger: Ledger = {
    "03": { key: "k", finished: "2026-01-01", seconds: 2, wrote: { "data/a": "1 2", "data/b": null } },
  };
  writeLedger(lab, ledger);
  expect(readLedger(lab)).toEqual(ledger);
  expect(takeSnapshot(lab)).toEqual({});
});

test("a damaged ledger is as good as none", () => {
  writeLedger(lab, { "03": { key: "k", finished: "2026-01-01", seconds: 2, wrote: {} } });
  writeFileSync(ledgerFile(lab), '{"03": {"key');
  expect(readLedger(lab)).toEqual({});
});
