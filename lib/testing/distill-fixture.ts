/** A Teacher that answers as a test says, and labs that ask it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { openLab } from "../config/lab.ts";
import type { Lab } from "../config/lab.ts";
import { Distilled } from "../records.ts";
import { readJsonl } from "../store/jsonl.ts";
import { fakeModel } from "./model-fixture.ts";
import { sendChat, startStub } from "./stub-server.ts";
import type { Answer, StubRequest, StubServer } from "./stub-server.ts";

export const prompt = (request: StubRequest): string => request.body.messages.at(-1)!.content;
const reply = (request: StubRequest) =>
  `<think>\n${prompt(request)} seed ` +
  `${String(request.body.seed)}\n</think>\n<answer>\n${prompt(request).length}\n</answer>`;

/** A well-formed text that depends on question and seed. */
export const good: Answer = (request, response) =>
  sendChat(response, { content: reply(request), completion_tokens: 10 });

export const rowsOf = (lab: Lab): Distilled[] => readJsonl(lab.paths.distilled, Distilled);

export interface Distillery {
  stub: StubServer;
  workspace: string;
  lab: (overrides?: Record<string, unknown>) => Lab;
  /** Requests since the last call, the server's probes left out. */
  asked: () => StubRequest[];
  /** A server of the test's own, closed after it. */
  keep: (stub: StubServer) => void;
}

/**
 * To be called once in a test file: the function that opens a workspace with a Teacher; both are gone after
 * the test.
 */
export function distilleries(): (answer?: Answer) => Promise<Distillery> {
  const open: StubServer[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    for (const stub of open.splice(0)) await stub.close();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return async (answer = good) => {
    const workspace = mkdtempSync(join(tmpdir(), "ftmodel-distill-"));
    folders.push(workspace);
    fakeModel(join(workspace, "model"));
    const stub = await startStub((request, response) =>
      request.body.max_tokens === 1 ? sendChat(response) : answer(request, response),
    );
    open.push(stub);
    let seen = 0;
    return {
      ...{ stub, workspace },
      lab: (overrides = {}) =>
        openLab(
          {
            "models.teacher": join(workspace, "model"),
            "serving.url": stub.url,
            "serving.concurrency": 8,
            "serving.requestTimeoutMs": 5000,
            ...overrides,
          },
          { FTMODEL_WORKSPACE: workspace },
        ),
      asked() {
        const fresh = stub.requests.slice(seen).filter(({ body }) => body.max_tokens !== 1);
        seen = stub.requests.length;
        return fresh;
      },
      keep: (stub) => void open.push(stub),
    };
  };
}
