/** `models.…`: which model plays which role. */
import { z } from "zod";
import { flag, meta } from "./values.ts";

const modelName = z
  .string()
  .min(1)
  .refine((s) => !s.startsWith("-"), "must not start with '-'");

export const Models = z.strictObject({
  teacher: modelName.meta(meta("hub id or folder", "writes the chains of thought that are distilled")),
  judge: modelName.meta(meta("hub id or folder", "scores what the rules let through")),
  base: modelName.meta(meta("hub id or folder", "the model that is trained")),
  loadIn4bit: flag().meta(
    meta("", "train on NF4 weights with double quantisation: a quarter of the memory, some speed"),
  ),
});
