import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { closeBrowser, findChromium, withBrowser } from "./browser.ts";
import type { Figure } from "../figures/theme.ts";
import { drawFigure, figurePng, PLOTLY_PATH, withPalette } from "./png.ts";
import { EXAMPLES } from "../testing/example-figures.ts";

const chromium = findChromium();
if (!chromium)
  console.log(
    "skipped: no Chromium on the PATH, so no figure can be drawn (set CHROME, or install the " +
      "package chromium)",
  );

afterAll(closeBrowser);

test("a Chromium is taken from CHROME first, and a wrong CHROME is not replaced in silence", () => {
  expect(findChromium({ CHROME: process.execPath, PATH: "" })).toBe(process.execPath);
  expect(findChromium({ CHROME: "/nowhere/chrome", PATH: process.env.PATH })).toBeNull();
});

test("a picture that cannot be made smaller stays as it is", async () => {
  const png = Buffer.from("no picture");
  expect(await withPalette(png)).toBe(png);
});

describe.skipIf(!chromium)("plotly.js in a real Chromium", { timeout: 300_000 }, () => {
  test("knows every attribute that the figures use", async () => {
    const problems = await withBrowser(async (openPage) => {
      const page = await openPage();
      await page.addScriptTag({ path: PLOTLY_PATH });
      const figures = Object.entries(EXAMPLES).flatMap(([name, [full, empty]]): [string, Figure][] => [
        [name, full],
        [`${name} (empty)`, empty],
      ]);
      // Plotly also tells of values that it leaves unused (a marker on a line): those are no mistakes.
      return page.evaluate((all) => {
        const { Plotly } = globalThis as unknown as {
          Plotly: { validate(data: unknown, layout: unknown): { code: string; msg: string }[] | undefined };
        };
        return all.flatMap(([name, { data, layout }]) =>
          (Plotly.validate(data, layout) ?? [])
            .filter(({ code }) => !["unused", "dynamic"].includes(code))
            .map(({ msg }) => `${name}: ${msg}`),
        );
      }, figures);
    });
    expect(problems).toEqual([]);
  });

  test("draws a figure as a PNG of the size asked for", async () => {
    const png = await drawFigure(EXAMPLES.funnel![0], { width: 400, height: 300, scale: 2 });
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([800, 600]);
    expect(png[25]).toBe(3); // colours of a palette
  });

  test("has no network", async () => {
    const reached = await withBrowser(async (openPage) => {
      const page = await openPage();
      return page.evaluate(
        () =>
          fetch("http://127.0.0.1:1/").then(
            () => "reached",
            (error: Error) => error.message,
          ),
        null,
      );
    });
    expect(reached).toBe("Failed to fetch");
  });

  test("a figure that cannot be drawn costs the picture, not the notebook", async () => {
    const broken = {
      data: [{ type: "bar", x: [1] }],
      layout: {
        get title(): never {
          throw new Error("broken");
        },
      },
    } as unknown as Figure;
    expect(await figurePng(broken)).toBeNull();
  });

  test("ends with a process that is killed", async () => {
    const module = fileURLToPath(new URL("./browser.ts", import.meta.url));
    const script =
      `const { withBrowser } = await import(${JSON.stringify(module)}); await withBrowser(async ` +
      `(open) => { await open(); console.log("open"); await new Promise((done) => setTimeout(done, ` +
      "60_000)); });";
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve, reject) => {
      child.stdout.once("data", resolve);
      child.once("exit", () => reject(new Error("the child ended before its browser was open")));
    });
    const browsers = descendants(child.pid!);
    expect(browsers.length).toBeGreaterThan(0);
    child.kill("SIGKILL");
    await expect.poll(() => browsers.filter(isAlive), { timeout: 8000 }).toEqual([]);
  });
});

/** Processes below `pid`, from /proc. */
function descendants(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, parent] = readFileSync(`/proc/${name}/stat`, "utf8")
          .replace(/^.*\) /s, "")
          .split(" ");
        return [[Number(name), Number(parent)] as const];
      } catch {
        return []; // ended meanwhile
      }
    });
  const children = parents.filter(([, parent]) => parent === pid).map(([child]) => child);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
