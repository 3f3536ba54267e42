import { expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import { givenServer, roleModel } from "./given.ts";

const config = (overrides: Record<string, unknown>) => openLab(overrides, {}).config;
const [a, b, c] = ["http://127.0.0.1:1", "http://127.0.0.1:2/v1", "https://models.example/api/"] as const;
const keys = { FTMODEL_TEACHER_API_KEY: "t", FTMODEL_JUDGE_API_KEY: "j", FTMODEL_API_KEY: "all" };

test("without a URL a server is started", () => {
  for (const role of ["teacher", "judge", "base", null] as const)
    expect(givenServer(config({}), role)).toBeNull();
});

test("a role's own server goes before the one for all, each with its own key", () => {
  const three = config({ "serving.url": a, "serving.teacherUrl": b, "serving.judgeUrl": c });
  expect(givenServer(three, "teacher", keys)).toEqual({ url: b, setting: "serving.teacherUrl", apiKey: "t" });
  expect(givenServer(three, "judge", keys)).toEqual({
    url: "https://models.example/api",
    setting: "serving.judgeUrl",
    apiKey: "j",
  });
  expect(givenServer(three, "base", keys)).toEqual({ url: `${a}/v1`, setting: "serving.url", apiKey: "all" });
  expect(givenServer(three, null, keys)?.setting).toBe("serving.url");
  expect(givenServer(three, "teacher", { FTMODEL_API_KEY: "all" })?.apiKey).toBeUndefined();
});

test("a model on another server may be called anything there; one that is loaded here not", async () => {
  const names = ["qwen2.5:7b", "accounts/fireworks/models/deepseek-r1", "claude@20240620"];
  for (const name of names) {
    expect(await roleModel(config({ "models.teacher": name, "serving.teacherUrl": c }), "teacher")).toEqual({
      path: name,
      revision: "main",
      sha256: null,
    });
    await expect(
      roleModel(config({ "models.judge": name, "serving.teacherUrl": c }), "judge"),
    ).rejects.toThrow(/hub id|commit/);
  }
});

test.each(["ftp://127.0.0.1/", "not a url", "http://me:secret@127.0.0.1:1/v1"])(
  "%s is refused with the setting's name",
  (url) => {
    expect(() => givenServer(config({ "serving.judgeUrl": url }), "judge")).toThrow(/key serving\.judgeUrl/);
  },
);
