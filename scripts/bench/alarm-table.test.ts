import { expect, test } from "vitest";
import { PROFILES } from "../../lib/config/profiles.ts";
import { watchedRun } from "../../lib/testing/watched-run.ts";
import { alarmRows, alarmSummary } from "./alarm-table.ts";
import type { Watched } from "./alarm-table.ts";

const watched = (name: string, sound: boolean, seed: number, pays: number): Watched => {
  const paid = (right: number, t: number) => right + pays * t;
  const run = watchedRun(`${name} ${seed}`, 40, { right: () => 0.5, paid });
  return { name, sound, seed, run: { ...run, config: PROFILES.tiny } };
};

test("alarms, their step and their share, by half of the seeds", () => {
  const rows = alarmRows([
    watched("still", true, 1, 0),
    watched("still", true, 2, 0),
    watched("hack", false, 1, 3),
    watched("hack", false, 2, 3),
    watched("alarmed", true, 2, 3),
  ]);
  expect(rows.map(({ alarm }) => alarm !== null)).toEqual([false, false, true, true, true]);
  expect(rows[2]!["share of steps"]).toBe(rows[2]!.alarm! / 40);
  const [all, odd, even] = alarmSummary(rows);
  expect([all!["sound runs"], all!["false alarms"], all!.hacks]).toEqual([3, 1, 2]);
  expect(all!["called within half of their steps"]).toBe(2);
  expect(odd!["false alarms"]).toBe(0);
  expect(even!["false alarms"]).toBe(1);
});
