/**
 * One headless Chromium for pictures and PDFs: started at the first need, kept while it is used, gone with
 * this process.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

/**
 * The part of Playwright's page that is used here (its own types cost a notebook two seconds of type
 * checking).
 */
export interface Page {
  evaluate<A, R>(run: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
  addScriptTag(script: { path: string }): Promise<unknown>;
  goto(url: string, options?: { waitUntil?: "load"; timeout?: number }): Promise<unknown>;
  locator(selector: string): { waitFor(options: { state: "attached"; timeout: number }): Promise<void> };
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  emulateMedia(options: { media: "print" | "screen" }): Promise<void>;
  pdf(options: Record<string, unknown>): Promise<Buffer>;
  isClosed(): boolean;
  close(): Promise<void>;
}
interface Context {
  newPage(): Promise<Page>;
}
interface Browser {
  newContext(options: { offline: boolean; viewport: { width: number; height: number } }): Promise<Context>;
  isConnected(): boolean;
  close(): Promise<void>;
}

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const ELSEWHERE = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
const START_TIMEOUT_MS = 30_000;
/** A browser holds 200 MB and keeps a script from ending. */
const IDLE_MS = 60_000;

/** The Chromium that `CHROME` names, else the first one on the PATH; null when there is none. */
export function findChromium(environment: Record<string, string | undefined> = process.env): string | null {
  if (environment.CHROME) return existsSync(environment.CHROME) ? environment.CHROME : null;
  const folders = (environment.PATH ?? "").split(delimiter).filter(Boolean);
  const candidates = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...ELSEWHERE];
  return candidates.find((path) => existsSync(path)) ?? null;
}

let starting: Promise<Browser> | null = null;
let context: Promise<Context> | null = null;
let idle: NodeJS.Timeout | undefined;
let inUse = 0;

/**
 * Runs `work` with a way to open pages that have no network; the browser stays for a minute after the last
 * work is done. Pages that `work` leaves open live as long as the browser does.
 *
 * @throws Error when no Chromium is found or it does not start within 30 s; whatever `work` throws.
 */
export async function withBrowser<T>(work: (openPage: () => Promise<Page>) => Promise<T>): Promise<T> {
  inUse++;
  clearTimeout(idle);
  try {
    const pages = await openContext();
    return await work(() => pages.newPage());
  } finally {
    inUse--;
    if (inUse === 0 && starting) idle = setTimeout(() => void closeBrowser(), IDLE_MS);
  }
}

/**
 * Closes the browser if one is open. Scripts call it at their end; a notebook's kernel takes its browser with
 * it.
 */
export async function closeBrowser(): Promise<void> {
  clearTimeout(idle);
  const open = starting;
  [starting, context] = [null, null];
  // it never started, or is gone already
  if (open) await open.then((browser) => browser.close()).catch(() => {});
}

async function openContext(): Promise<Context> {
  if (starting && !(await starting.then((browser) => browser.isConnected()).catch(() => false)))
    [starting, context] = [null, null];
  starting ??= launch();
  context ??= starting.then((browser) =>
    browser.newContext({ offline: true, viewport: { width: 1000, height: 800 } }),
  );
  return context;
}

async function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath)
    throw new Error("no Chromium found: set CHROME to one, or install the package chromium");
  const { chromium } = createRequire(import.meta.url)("playwright-core");
  // Commands reach it through a pipe, not a port: when this process dies, however it dies, the pipe closes
  // and the browser ends.
  const options = {
    executablePath,
    timeout: START_TIMEOUT_MS,
    args: ["--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none"],
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  };
  // it refuses to sandbox root
  if (process.getuid?.() === 0) return chromium.launch({ ...options, chromiumSandbox: false });
  return chromium
    .launch({ ...options, chromiumSandbox: true })
    .catch(() => chromium.launch({ ...options, chromiumSandbox: false }));
}
