import { expect, test } from "vitest";
import { installedVersions, isLocked, lockedVersions } from "./locked.mjs";
import { PYTHON } from "./python.mjs";

test("versions are read from the lock, also of packages that only a GPU needs", () => {
  expect(
    lockedVersions(
      '[[package]]\nname = "a-b"\nversion = "1.2.0"\nsource = 1\n\n[[package]]\nname = "c"\nversion = "3"\n',
    ),
  ).toEqual({ "a-b": "1.2.0", c: "3" });
  const locked = lockedVersions();
  // The set that ran together on an H100.
  expect(locked).toMatchObject({
    torch: "2.11.0",
    transformers: "5.17.0",
    trl: "1.16.0",
    peft: "0.21.0",
    bitsandbytes: "0.50.2",
    vllm: "0.25.1",
  });
});

test("what is installed is asked of the interpreter; what is not is null", () => {
  expect(installedVersions(PYTHON, ["pip-that-does-not-exist"])).toEqual({ "pip-that-does-not-exist": null });
  expect(installedVersions("/nowhere/python", ["torch"])).toEqual({ torch: null });
});

test("a build's label is no other version", () => {
  expect([isLocked("2.11.0+cu130", "2.11.0"), isLocked("2.12.0", "2.11.0")]).toEqual([true, false]);
});
