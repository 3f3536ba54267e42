/**
 * Readings: sentences about a run that are computed from it, for `showMarkdown`. Each has its branches: what
 * the numbers do not carry is not said. By stage, under one name.
 */
import * as distill from "./distill.ts";
import * as filter from "./filter.ts";
import * as prepare from "./prepare.ts";
import * as sft from "./sft.ts";

/** @example await showMarkdown(readings.distill.teacherYield(rows)); */
export const readings = { prepare, distill, filter, sft } as const;
