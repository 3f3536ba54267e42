import { expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import { findSources } from "./all-sources.ts";

test("two files of one name are told apart by the folders they are in, others by their names", async () => {
  const sources = ["/data/2023/mine.jsonl", "/data/2024/mine.jsonl", "/data/other.csv", "/other.csv"];
  const lab = openLab({ "prepare.sources": sources });
  const own = (await findSources(lab)).filter(({ origin }) => origin === "own");
  expect(own.map(({ name }) => name)).toEqual([
    ...["2023/mine.jsonl", "2024/mine.jsonl", "data/other.csv", "/other.csv"],
  ]);
});
