import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { canonicalJson, hashFile, hashFolder, hashJson, sha256 } from "./hash.ts";

const dir = mkdtempSync(join(tmpdir(), "ftmodel-hash-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("sha256", () => {
  test("it is FIPS 180-4's: the digests of the empty text and of abc", () => {
    expect(sha256("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(sha256("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});

describe("canonicalJson", () => {
  test("the order of keys does not matter, the order of elements does", () => {
    expect(canonicalJson({ b: [1, 2], a: { d: null, c: "x" } })).toBe('{"a":{"c":"x","d":null},"b":[1,2]}');
    expect(hashJson({ a: 1, b: 2 })).toBe(hashJson({ b: 2, a: 1 }));
    expect(hashJson([1, 2])).not.toBe(hashJson([2, 1]));
  });

  test("any JSON value survives the way through it", () => {
    // JSON itself has no negative zero.
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("what JSON would change silently is refused by its place", () => {
    expect(() => canonicalJson({ a: [1, Number.NaN] })).toThrow("$.a[1]");
    expect(() => canonicalJson({ f: () => 1 })).toThrow("function");
  });
});

describe("hashFile and hashFolder", () => {
  test("a file's hash is that of its bytes and follows a change", async () => {
    const path = join(dir, "file");
    writeFileSync(path, "abc");
    expect(await hashFile(path)).toBe(sha256("abc"));
    writeFileSync(path, "abcd");
    expect(await hashFile(path)).toBe(sha256("abcd"));
    await expect(hashFile(join(dir, "absent"))).rejects.toThrow("absent");
  });

  test("cards, provenance and hidden files do not count; names and contents do", async () => {
    const make = (name: string, files: Record<string, string>) => {
      const folder = join(dir, name);
      mkdirSync(join(folder, "sub"), { recursive: true });
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
      return hashFolder(folder);
    };
    const plain = await make("plain", { "a.safetensors": "1", "sub/b.json": "2" });
    expect(
      await make("carded", {
        "a.safetensors": "1",
        "sub/b.json": "2",
        "README.md": "card",
        "origin.json": "{}",
        ".cache": "",
      }),
    ).toBe(plain);
    expect(await make("renamed", { "a2.safetensors": "1", "sub/b.json": "2" })).not.toBe(plain);
    expect(await make("changed", { "a.safetensors": "1", "sub/b.json": "3" })).not.toBe(plain);
  });

  test("an empty folder is no model", async () => {
    mkdirSync(join(dir, "empty"));
    await expect(hashFolder(join(dir, "empty"))).rejects.toThrow("holds no files");
  });
});
