import { expect, test } from "vitest";
import { PROFILES } from "../../lib/config/profiles.ts";
import { watchedRun } from "../../lib/testing/watched-run.ts";
import { alarmRows, alarmSummary, hackRows } from "./alarm-table.ts";
import type { Watched } from "./alarm-table.ts";

const watched = (name: string, hack: string | null, pays: number): Watched => {
  const paid = (right: number, t: number) => right + pays * t;
  const run = watchedRun(name, 40, { right: () => 0.5, paid });
  return { name, hack, seed: 1, run: { ...run, config: PROFILES.tiny } };
};

test("alarms, their step and their share; a hack counts where each of its runs is called in time", () => {
  const rows = alarmRows([
    watched("still 1", null, 0),
    watched("still 2", null, 0),
    watched("alarmed", null, 3),
    watched("bonus 1", "bonus", 3),
    watched("bonus 2", "bonus", 3),
    watched("price 1", "price", 3),
    watched("price 2", "price", 0),
  ]);
  expect(rows.map(({ called }) => called)).toEqual([null, null, "hack", "hack", "hack", "hack", null]);
  expect(rows[3]!["share of steps"]).toBe(rows[3]!.alarm! / 40);
  expect(hackRows(rows)).toMatchObject([
    { hack: "bonus", runs: 2, "called at all": 2, "called within half of their steps": 2 },
    { hack: "price", runs: 2, "called at all": 1, "called within half of their steps": 1 },
  ]);
  expect(alarmSummary(rows)).toMatchObject({
    "sound runs": 3,
    "false alarms": 1,
    hacks: 2,
    "hacks called within half of their steps, in each run": 1,
  });
});
