import { expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import { givenServer } from "./given.ts";

const config = (overrides: Record<string, unknown>) => openLab(overrides, {}).config;
const [a, b, c] = ["http://127.0.0.1:1", "http://127.0.0.1:2/v1", "https://models.example/api/"] as const;
const keys = { FTMODEL_TEACHER_API_KEY: "t", FTMODEL_JUDGE_API_KEY: "j", FTMODEL_API_KEY: "all" };

test("without a URL a server is started", () => {
  for (const role of ["teacher", "judge", "base", "/models/mine"]) expect(givenServer(config({}), role)).toBeNull();
});

test("a role's own server goes before the one for all, each with its own key", () => {
  const three = config({ "serving.url": a, "serving.teacherUrl": b, "serving.judgeUrl": c });
  expect(givenServer(three, "teacher", keys)).toEqual({ url: b, setting: "serving.teacherUrl", apiKey: "t" });
  expect(givenServer(three, "judge", keys)).toEqual({ url: "https://models.example/api", setting: "serving.judgeUrl", apiKey: "j" });
  expect(givenServer(three, "base", keys)).toEqual({ url: `${a}/v1`, setting: "serving.url", apiKey: "all" });
  expect(givenServer(three, three.models.teacher, keys)?.setting).toBe("serving.teacherUrl");
  expect(givenServer(three, "teacher", { FTMODEL_API_KEY: "all" })?.apiKey).toBeUndefined();
});

test("one model that is Teacher and Judge is asked where its role says", () => {
  const both = config({ "models.teacher": "owner/one", "models.judge": "owner/one", "serving.judgeUrl": c });
  expect([givenServer(both, "teacher"), givenServer(both, "judge")?.setting]).toEqual([null, "serving.judgeUrl"]);
});

test.each(["ftp://127.0.0.1/", "not a url", "http://me:secret@127.0.0.1:1/v1"])("%s is refused with the setting's name", (url) => {
  expect(() => givenServer(config({ "serving.judgeUrl": url }), "judge")).toThrow(/key serving\.judgeUrl/);
});
