/** What the sections are made of: a value has a schema, a unit and a reason. */
import { z } from "zod";

/** What the config table shows beside a value. */
export interface Meta {
  unit: string;
  why: string;
}

export const meta = (unit: string, why: string) => ({ unit, why });
export const int = (min: number, max: number) => z.number().int().min(min).max(max);
export const real = (min: number, max: number) => z.number().min(min).max(max);
export const flag = () => z.boolean();

export const Lora = {
  loraRank: int(1, 512).meta(meta("", "rank of the update")),
  loraAlpha: int(1, 1024).meta(meta("", "the update is scaled by alpha / rank")),
  loraDropout: real(0, 0.9).meta(meta("share", "regularises small data")),
};
