import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { CompletionRequest } from "./completion.ts";
import { LabError } from "../errors.ts";
import { openLab } from "../config/lab.ts";
import type { Lab } from "../config/lab.ts";
import { PYTHON } from "../config/paths.ts";
import { identify, waitForExit } from "../store/process.ts";
import { openServer, withServer } from "./serving.ts";
import { fakeModel } from "../testing/model-fixture.ts";
import { randomModel } from "../testing/random-model.ts";
import { sendChat, sendJson, startStub } from "../testing/stub-server.ts";
import type { Answer, StubServer } from "../testing/stub-server.ts";

const workspace = mkdtempSync(join(tmpdir(), "ftmodel-serving-"));
const model = fakeModel(join(workspace, "model"));
const labWith = (overrides: Record<string, unknown> = {}): Lab =>
  openLab({ "models.teacher": model, ...overrides }, { FTMODEL_WORKSPACE: workspace });

let stub: StubServer | undefined;
afterEach(async () => {
  await stub?.close();
  stub = undefined;
});

async function stubbed(answer: Answer, overrides: Record<string, unknown> = {}): Promise<Lab> {
  stub = await startStub(answer);
  return labWith({ "serving.url": stub.url, ...overrides });
}

test("a server that the config names is asked and not stopped", async () => {
  const lab = await stubbed((_, response) => sendChat(response, { content: "hi" }));
  const text = await withServer(
    lab,
    "teacher",
    async (client) =>
      (await client.complete({ messages: [{ role: "user", content: "q" }], temperature: 0, maxTokens: 4 }))
        .text,
  );
  expect(text).toBe("hi");
  expect(stub!.requests.map((r) => r.body.model)).toEqual([model, model]); // the probe and the question
  expect(stub!.requests[0]!.body.max_tokens).toBe(1);
});

test("the version that people leave out of a URL is put in", async () => {
  const lab = await stubbed((_, response) => sendChat(response));
  lab.config.serving.url = `http://127.0.0.1:${stub!.port}/`;
  expect((await openServer(lab, "teacher")).url).toBe(stub!.url);
});

test("a server without the model, and no server at all, are errors that name the setting", async () => {
  const lab = await stubbed((_, response) =>
    sendJson(response, JSON.stringify({ error: { message: "The model `x` does not exist." } }), 404),
  );
  await expect(openServer(lab, "teacher")).rejects.toThrow(/serving\.url[^]*does not exist/);
  await stub!.close();
  await expect(openServer(labWith({ "serving.url": stub!.url }), "teacher")).rejects.toThrow(
    /serving\.url[^]*ECONNREFUSED/,
  );
});

test.each(["ftp://127.0.0.1/", "not a url", "http://me:secret@127.0.0.1:1/v1"])(
  "%s is no URL of a server",
  async (url) => {
    const error = await openServer(labWith({ "serving.url": url }), "teacher").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(LabError);
    expect((error as LabError).problem.where).toContain("serving.url");
  },
);

test("no folder, no model in it, another architecture: told before anything starts", async () => {
  const cases: [string, RegExp][] = [
    [join(workspace, "nowhere"), /missing/],
    [workspace, /holds no model/],
    ["../../etc", /missing|holds no model/],
    ["owner/../etc", /hub id/],
  ];
  const bert = fakeModel(join(workspace, "bert"));
  writeFileSync(join(bert, "config.json"), JSON.stringify({ architectures: ["BertForMaskedLM"] }));
  cases.push([bert, /another architecture[^]*BertForMaskedLM/]);
  for (const [name, message] of cases) await expect(openServer(labWith(), name)).rejects.toThrow(message);
});

test("an error in the work passes through, and the work's signal aborts with the caller's", async () => {
  const lab = await stubbed((_, response) => sendChat(response));
  await expect(withServer(lab, "teacher", () => Promise.reject(new Error("mine")))).rejects.toThrow("mine");
  const abort = new AbortController();
  const seen = withServer(
    lab,
    "teacher",
    (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    { signal: abort.signal },
  );
  setTimeout(() => abort.abort(new Error("enough")), 50);
  await expect(seen).rejects.toThrow("enough");
});

test("an interrupted cell ends the work", async () => {
  const lab = await stubbed((_, response) => sendChat(response));
  const run = withServer(lab, "teacher", (client, signal) =>
    client.completeAll(forever(), { concurrency: 2, signal }),
  );
  setTimeout(() => process.emit("SIGINT"), 200);
  await expect(run).rejects.toThrow("The cell was interrupted");
});

function* forever(): Generator<CompletionRequest> {
  for (;;) yield { messages: [{ role: "user", content: "q" }], temperature: 0, maxTokens: 4 };
}

const python = existsSync(PYTHON);
if (!python) console.warn(`skipped: the tests of a real server, because there is no ${PYTHON}`);

describe.skipIf(!python)("a real server of a small random model", () => {
  const folder = join(workspace, "random");
  const lab = openLab(
    { "serving.concurrency": 16, "serving.maxModelLength": 200 },
    { FTMODEL_WORKSPACE: workspace },
  );
  const question = (content: string, more: Partial<CompletionRequest> = {}): CompletionRequest => ({
    messages: [{ role: "user", content }],
    temperature: 0.8,
    maxTokens: 24,
    ...more,
  });
  beforeAll(() => void randomModel(folder));

  test("answers by each request's own sampling and seed, alone and in company; refuses what is too " +
    "long; streams; starts again quickly; ends", {
    timeout: 300_000,
  }, async () => {
    const first = await openServer(lab, folder);
    const { client } = first;
    const identity = identify(first.pid!)!;

    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === "IPv4" && !address.internal);
    if (outside) await expect(fetch(first.url.replace("127.0.0.1", outside.address))).rejects.toThrow();

    const greedy = await client.complete(question("12 + 30", { temperature: 0 }));
    const seeded = await client.complete(question("12 + 30", { seed: 5 }));
    expect(greedy.text).not.toBe("");
    expect(seeded.text).not.toBe(greedy.text);

    // 40 requests of mixed sampling at once: each as it would be alone.
    const crowd = Array.from({ length: 40 }, (_, i) =>
      question("12 + 30", i % 2 === 0 ? { temperature: 0 } : { seed: i }),
    );
    const answers = await client.completeAll(crowd);
    const again = await client.completeAll(crowd.slice(0, 6));
    expect(new Set(answers.filter((_, i) => i % 2 === 0).map((a) => a.text))).toEqual(new Set([greedy.text]));
    expect(answers[5]!.text).toBe(seeded.text);
    expect(again.map((a) => a.text)).toEqual(answers.slice(0, 6).map((a) => a.text));
    expect(new Set(answers.filter((_, i) => i % 2 === 1).map((a) => a.text)).size).toBeGreaterThan(15);

    const long = await client.complete(question("1".repeat(300)));
    expect(long).toMatchObject({ ok: false, cause: "context_overflow", permanent: true, attempts: 1 });
    // A request without sampling of its own would end the batch of all, and another model be loaded at any
    // web page's word.
    for (const route of ["/v1/completions", "/v1/responses", "/load_model", "/reset"])
      expect(
        (
          await fetch(new URL(route, first.url), {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ model: folder, prompt: "2+3", input: "2+3", max_tokens: 8 }),
          })
        ).status,
      ).toBe(404);
    expect(await client.complete(question("q", { temperature: -1 }))).toMatchObject({
      ok: false,
      cause: "http_400",
    });

    let streamed = "";
    const stream = await client.streamComplete(
      question("12 + 30", { temperature: 0 }),
      (piece) => (streamed += piece),
    );
    expect(streamed).toBe(greedy.text);
    expect(stream.firstTextMs).toBeGreaterThan(0);

    await first.stop();
    expect(await waitForExit(identity, 0)).toBe(true);
    await expect(fetch(first.url)).rejects.toThrow();

    // Forked from the same parent: no imports again.
    const started = performance.now();
    const second = await withServer(
      lab,
      folder,
      async (again) => (await again.complete(question("12 + 30", { seed: 5 }))).text,
    );
    expect(second).toBe(seeded.text);
    console.log(`second start, request and stop: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    expect(readFileSync(join(lab.paths.reports, "servers", `random-${process.pid}.log`), "utf8")).toContain(
      "http://127.0.0.1:",
    );
  });
});
