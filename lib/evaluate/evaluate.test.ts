import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { isOpen } from "../completions/cache.ts";
import { armAdapter } from "../completions/models.ts";
import { createClient } from "../serving/client.ts";
import type { Config } from "../config/config.ts";
import { listReports } from "./eval-report.ts";
import { evaluate } from "./evaluate.ts";
import { judgeThrough } from "../judge/server.ts";
import { EvalDetail, EvalReport } from "../records.ts";
import { writeByteTokenizer } from "../testing/byte-tokenizer.ts";
import { fakeAdapter, fakeModel } from "../testing/model-fixture.ts";
import { labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { perfectVerdict, startStubJudge } from "../testing/stub-judge.ts";
import { sendChat, sendJson, startStub } from "../testing/stub-server.ts";
import type { Answer, StubServer } from "../testing/stub-server.ts";

/** Ten questions "What is 2 × n?"; one more whose gold no rule can read. */
const QUESTIONS = Array.from({ length: 10 }, (_, n) => ({
  id: `q${n}`,
  prompt: `What is 2 × ${n + 1}?`,
  gold_answer: String(2 * (n + 1)),
  type: n < 6 ? "financial_calculation" : "financial_concept",
  source: "test",
}));
const UNREADABLE = { id: "u", prompt: "What is it?", gold_answer: "N/A", type: "financial_concept" };

/** Greedy: right for n ≤ 6, for n = 7 right without tags, else wrong. Sampled: right for every other seed. */
const model: Answer = ({ body }, response) => {
  const n = Number(/× (\d+)/.exec(body.messages.at(-1)!.content)?.[1]); // NaN for the probe
  const right = body.temperature === 0 ? n <= 7 : Number(body.seed) % 2 === 0;
  const answer = String(right ? 2 * n : 2 * n + 1);
  sendChat(response, {
    content:
      body.temperature === 0 && n === 7
        ? `The answer is ${answer}`
        : `<think>\n2 × ${n}\n</think>\n<answer>\n${answer}\n</answer>`,
    completion_tokens: 10 + n,
  });
};

const workspace = temporaryWorkspace();
const { paths, root } = workspace;
let behave: Answer = model;
let stub: StubServer;
const lab = (change?: (config: Config) => unknown) =>
  labOnFakeBase(workspace, (config) => {
    config.evaluate.useJudge = false;
    change?.(config);
  });
const client = (concurrency = 4) =>
  createClient({
    baseURL: stub.url,
    model: "stub",
    engine: "transformers",
    concurrency,
    maxAttempts: 1,
    timeoutMs: 60_000,
  });
const reports = () => readdirSync(paths.reports).filter((name) => name.startsWith("eval_"));

beforeAll(async () => {
  mkdirSync(dirname(paths.test), { recursive: true });
  writeFileSync(paths.test, [...QUESTIONS, UNREADABLE].map((row) => `${JSON.stringify(row)}\n`).join(""));
  stub = await startStub((request, response) => behave(request, response));
});
beforeEach(() => void ((behave = model), stub.requests.splice(0)));
afterAll(async () => {
  await stub.close();
  await workspace.remove();
});

test(
  "every number is the answers' own: format, strict and lenient, sampled, by type, tokens, and " +
    "what was set aside",
  async () => {
    const result = await evaluate(lab(), { arm: "base", client: client() });
    const { report, details, setAside } = result;
    expect(report.format.value).toBe(0.9);
    expect(report.accuracy.value).toBe(0.6);
    expect(report.accuracyLenient.value).toBe(0.7);
    expect(report.byType.financial_calculation).toMatchObject({ n: 6, accuracy: { value: 1, high: 1 } });
    expect(report.byType.financial_concept).toMatchObject({ n: 4, accuracyLenient: { value: 0.25 } });
    expect(report.tokensPerAnswer).toBe(15.5);
    expect(report).toMatchObject({
      name: "base",
      n: 10,
      profile: "tiny",
      judge: null,
      settings: { seed: 42, samples: 4, setAside: 1, undecided: 0, failures: {} },
    });
    const sampled = details.filter((d) => d.mode === "sampled");
    expect(sampled).toHaveLength(40);
    expect(report.accuracySampled!.value).toBe(sampled.filter((d) => d.strict).length / 40);
    expect(setAside).toEqual([{ id: "u", reason: expect.any(String) }]);
    expect(EvalReport.parse(JSON.parse(readFileSync(result.reportPath, "utf8")))).toEqual(report);
    expect(
      readFileSync(result.detailsPath, "utf8")
        .trim()
        .split("\n")
        .map((line) => EvalDetail.parse(JSON.parse(line))),
    ).toEqual(details);
  },
);

test(
  "an unchanged evaluation asks nothing and returns the report that is there; another seed asks " +
    "for sampled answers alone",
  async () => {
    const before = reports();
    const again = await evaluate(lab(), { arm: "base", client: client() });
    expect(again).toMatchObject({ asked: 0, reused: true });
    expect(stub.requests).toHaveLength(0);
    expect(reports()).toEqual(before);

    const other = await evaluate(
      lab((c) => (c.seed = 43)),
      { arm: "base", client: client() },
    );
    expect(other).toMatchObject({ asked: 40, reused: false });
    expect(stub.requests.every(({ body }) => body.temperature === 0.7)).toBe(true);
  },
);

test("the server that the config names is asked for the model by its path", async () => {
  const path = fakeModel(join(root, "served"), 8, "served");
  const { report } = await evaluate(
    lab((c) => Object.assign(c.serving, { url: stub.url })),
    { model: path },
  );
  expect(report.accuracy.value).toBe(0.6);
  expect(stub.requests.every(({ body }) => body.model === path)).toBe(true);
});

test("an adapter is asked by its arm's name at a server that the config names, and not merged", async () => {
  const folder = armAdapter(lab(), "sft")!;
  fakeAdapter(folder, lab().config.models.base);
  const { report } = await evaluate(
    lab((c) => Object.assign(c.serving, { url: stub.url })),
    { arm: "sft" },
  );
  expect(report).toMatchObject({ name: "sft", model: folder, accuracy: { value: 0.6 } });
  expect(new Set(stub.requests.map(({ body }) => body.model))).toEqual(new Set(["sft"]));
  expect(existsSync(join(paths.ckpts, "merged"))).toBe(false);
  rmSync(folder, { recursive: true });
});

test("a context too small for the Base's prompt is named before anything is asked", async () => {
  const small = lab((c) => (c.prompt.base = "example"));
  writeByteTokenizer(small.config.models.base);
  await expect(evaluate(small, { arm: "base_prompted" })).rejects.toThrow(
    /context is too small for the prompt[^]*prompt\.base "example"[^]*Set serving\.maxModelLength/,
  );
});

test(
  "the config's Teacher is asked where it is served, under whatever name that server knows, not a " +
    "folder of the same name here",
  async () => {
    for (const name of ["deepseek-r1:7b", fakeModel(join(root, "local-teacher"), 8, "local-teacher")]) {
      const taught = lab(
        (c) => (Object.assign(c.serving, { teacherUrl: stub.url }), (c.models.teacher = name)),
      );
      stub.requests.splice(0);
      expect(await evaluate(taught, { model: name, name: "Teacher" })).toMatchObject({
        asked: 50,
        report: { name: "Teacher", accuracy: { value: 0.6 } },
      });
      expect(stub.requests.every(({ body }) => body.model === name)).toBe(true);
      expect(await evaluate(taught, { model: name, name: "Teacher" })).toMatchObject({
        asked: 0,
        reused: true,
      });
    }
  },
);

test(
  "the Judge's points stand beside: for greedy answers the rules let through, null for the others, " +
    "and asked for once",
  async () => {
    const judge = await startStubJudge(({ prompt }) => perfectVerdict(prompt));
    const server = judgeThrough(
      createClient({ baseURL: judge.url, model: "stub", engine: "transformers" }),
      "stub",
    );
    try {
      const judged = lab((c) => (c.evaluate.useJudge = true));
      const { report, details } = await evaluate(judged, { arm: "base", client: client(), judge: server });
      expect(details.filter((d) => d.judge !== null).map((d) => d.id)).toEqual([
        "q0",
        "q1",
        "q2",
        "q3",
        "q4",
        "q5",
      ]);
      expect(report.judge!.value).toBeGreaterThanOrEqual(12);
      expect(report.accuracy.value).toBe(0.6);
      expect(report.settings.judge).toMatchObject({ rubric: "four-dimensions" });
      const asked = judge.requests.length;
      expect(await evaluate(judged, { arm: "base", client: client(), judge: server })).toMatchObject({
        asked: 0,
        reused: true,
        report,
      });
      expect(judge.requests.length).toBe(asked);
    } finally {
      await judge.close();
    }
  },
);

test("cut at half it keeps what came, and the rest gives the report of an uninterrupted one", async () => {
  const [cut, whole] = [fakeModel(join(root, "cut"), 8, "cut"), fakeModel(join(root, "whole"), 8, "whole")];
  behave = (request, response) => (request.n < 25 ? model(request, response) : void response.destroy());
  await expect(evaluate(lab(), { model: cut, name: "m", client: client() })).rejects.toThrow(
    /gone|could not be had/,
  );
  behave = model;
  stub.requests.splice(0);
  const resumed = await evaluate(lab(), { model: cut, name: "m", client: client() });
  expect(resumed.asked).toBe(25);
  const uninterrupted = await evaluate(lab(), { model: whole, name: "m", client: client() });
  const plain = ({ created, model, settings: { modelId, ...settings }, ...rest }: EvalReport) => ({
    ...rest,
    settings,
  });
  expect(plain(resumed.report)).toEqual(plain(uninterrupted.report));
});

test("the same seed gives the same report in any order of answers", async () => {
  const path = fakeModel(join(root, "orderly"), 8, "orderly");
  behave = async (request, response) => {
    await new Promise((wake) => setTimeout(wake, (request.n * 7) % 11));
    await model(request, response);
  };
  const first = await evaluate(lab(), { model: path, client: client(16) });
  behave = model;
  const second = await evaluate(lab(), { model: path, client: client(1), force: true });
  expect(second).toMatchObject({ asked: 50, reused: true, report: first.report });
});

test("other texts with equal totals are another report, with details of its own", async () => {
  const path = fakeModel(join(root, "wordy"), 8, "wordy");
  const first = await evaluate(lab(), { model: path, client: client() });
  behave = async (request, response) => {
    const end = response.end.bind(response);
    response.end = ((text: string) =>
      end(text.replace("<think>", "<think>\\nAgain:"))) as typeof response.end;
    await model(request, response);
  };
  const second = await evaluate(lab(), { model: path, client: client(), force: true });
  expect(second.reused).toBe(false);
  expect(second.report.accuracy).toEqual(first.report.accuracy);
  expect(readFileSync(second.detailsPath, "utf8")).toContain("Again:");
});

test(
  "a prompt too long and a text cut at the limit are answers: counted by cause, scored as they " +
    "are; only the first is asked for again",
  async () => {
    const path = fakeModel(join(root, "short"), 8, "short");
    behave = (request, response) => {
      const n = Number(/× (\d+)/.exec(request.body.messages.at(-1)!.content)![1]);
      if (n === 1)
        return sendJson(
          response,
          JSON.stringify({
            error: { message: "maximum context length is 512 tokens", code: "context_length_exceeded" },
          }),
          400,
        );
      if (n === 2) return sendChat(response, { content: "<think>\nover and over", finish_reason: "length" });
      return model(request, response);
    };
    const greedyOnly = lab((c) => (c.evaluate.samples = 0));
    const { report, details } = await evaluate(greedyOnly, { model: path, client: client() });
    expect(report.accuracy.value).toBe(0.4);
    expect(report.accuracySampled).toBeNull();
    expect(report.settings.failures).toEqual({ context_overflow: 1, length: 1 });
    expect(details[0]).toMatchObject({
      completion: "",
      strict: false,
      lenient: false,
      reason: "context_overflow",
    });
    expect(details[1]).toMatchObject({ completion: "<think>\nover and over", format: false });
    expect(await evaluate(greedyOnly, { model: path, client: client() })).toMatchObject({
      asked: 1,
      reused: true,
    });
    behave = model; // a longer context
    const longer = await evaluate(greedyOnly, { model: path, client: client() });
    expect(longer).toMatchObject({
      asked: 1,
      report: { accuracy: { value: 0.5 }, settings: { failures: { length: 1 } } },
    });
    expect(await evaluate(greedyOnly, { model: path, client: client() })).toMatchObject({
      asked: 0,
      reused: true,
    });
  },
);

test(
  "what a server refuses says nothing about the model: an error with its words, no report; mended, " +
    "only that is asked for",
  async () => {
    const path = fakeModel(join(root, "refused"), 8, "refused");
    behave = (request, response) =>
      request.n < 20
        ? model(request, response)
        : sendJson(response, JSON.stringify({ error: { message: "max_tokens is not a known field" } }), 422);
    const before = reports();
    await expect(evaluate(lab(), { model: path, client: client() })).rejects.toThrow(
      /answers could not be had[^]*30 of 50, most \(30\) because: [^]*max_tokens is not a known field/,
    );
    expect(reports()).toEqual(before);
    behave = model;
    expect(await evaluate(lab(), { model: path, client: client() })).toMatchObject({
      asked: 30,
      report: { accuracy: { value: 0.6 } },
    });
    behave = (_, response) => sendJson(response, "{}", 422);
    await expect(evaluate(lab(), { model: path, client: client(), force: true })).rejects.toThrow(
      "could not be had",
    );
    expect(await evaluate(lab(), { model: path, client: client() })).toMatchObject({
      asked: 0,
      report: { accuracy: { value: 0.6 } },
    });
  },
);

test(
  "a context too short for every prompt is an error; for some it is said, and asked again when the " +
    "context is another",
  async () => {
    const path = fakeModel(join(root, "narrow"), 8, "narrow");
    const tooLong: Answer = (_, response) =>
      sendJson(
        response,
        JSON.stringify({
          error: { message: "maximum context length is 512 tokens", code: "context_length_exceeded" },
        }),
        400,
      );
    behave = tooLong;
    await expect(evaluate(lab(), { model: path, client: client() })).rejects.toThrow(
      /Every prompt is too long[^]*serving\.maxModelLength/,
    );
    const [answer] = [
      { key: "k", id: "q", completion: "", failure: "context_overflow", tokens: null, context: 512 },
    ];
    expect([isOpen(answer, 512), isOpen(answer, 1024), isOpen(answer, null)]).toEqual([false, true, true]);
  },
);

test("tokens that the server does not count are not 0", async () => {
  const path = fakeModel(join(root, "uncounted"), 8, "uncounted");
  behave = (request, response) => {
    const end = response.end.bind(response);
    response.end = ((text: string) =>
      end(JSON.stringify({ ...JSON.parse(text), usage: null }))) as typeof response.end;
    return model(request, response);
  };
  const { report, details } = await evaluate(lab(), { model: path, client: client() });
  expect(report).toMatchObject({ tokensPerAnswer: null, accuracy: { value: 0.6 } });
  expect(details.every((detail) => detail.tokens === null)).toBe(true);
});

test("arms that are not trained, no test questions, and two models at once are named", async () => {
  await expect(evaluate(lab(), { arm: "sft", client: client() })).rejects.toThrow(
    /arm sft has not been trained[^]*04_sft/,
  );
  await expect(evaluate(lab(), { client: client() })).rejects.toThrow("either an arm or a model");
  await expect(
    evaluate({ ...lab(), paths: { ...paths, test: join(root, "absent.jsonl") } }, { arm: "base" }),
  ).rejects.toThrow("03_filter");
  const unreadable = join(root, "unreadable.jsonl");
  writeFileSync(unreadable, `${JSON.stringify(UNREADABLE)}\n`);
  await expect(
    evaluate({ ...lab(), paths: { ...paths, test: unreadable } }, { arm: "base" }),
  ).rejects.toThrow("No test question can be checked");
  expect(stub.requests).toHaveLength(0);
});

test("an adapter of another base is named before anything is asked", async () => {
  const adapter = fakeAdapter(join(root, "wide"), lab().config.models.base, 16);
  await expect(evaluate(lab(), { model: adapter, client: client() })).rejects.toThrow("another base");
});

test("reports are listed newest first; a damaged one is left out", async () => {
  const names = listReports(paths.reports).map((r) => r.report.created);
  expect(names).toEqual([...names].sort().reverse());
  writeFileSync(join(paths.reports, "eval_x_20990101T000000000Z.json"), "{");
  expect(listReports(paths.reports)).toHaveLength(names.length);
});
