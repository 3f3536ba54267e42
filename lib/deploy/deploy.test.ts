import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createClient } from "../serving/client.ts";
import { askByCurl, askStreamed, deploy, mergeForDeployment, withDeployment } from "./deploy.ts";
import { PROFILES } from "../config/profiles.ts";
import { randomModel } from "../testing/random-model.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { chunkEvent, sendChat, sendJson, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";

const workspace = temporaryWorkspace();
const config = structuredClone(PROFILES.tiny);
const lab = { config, paths: workspace.paths, force: false };
Object.assign(config.serving, { maxModelLength: 128, concurrency: 4 });
Object.assign(config.evaluate, { maxTokens: 8 });
Object.assign(config.deploy, { port: 0 });
const hasCurl = (() => {
  try {
    return execFileSync("curl", ["--version"]).length > 0;
  } catch {
    console.log("skipped: tests that run curl, which is not installed");
    return false;
  }
})();

let stub: StubServer;
beforeAll(async () => {
  stub = await startStub(({ body, headers }, response) => {
    if (headers.authorization === "Bearer wrong")
      return sendJson(response, '{"error":{"message":"Unauthorized"}}', 401);
    if (body.stream !== true) return sendChat(response, { content: `你说 ${body.messages.at(-1)!.content}` });
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const piece of ["<think>\n", "2", "\n</think>"]) response.write(chunkEvent({ content: piece }));
    response.end(`${chunkEvent({}, "stop")}data: [DONE]\n\n`);
  });
});
afterAll(async () => {
  await stub.close();
  await workspace.remove();
});
const deployment = (apiKey: string | null = null) => ({
  client: createClient({ baseURL: stub.url, model: "m", engine: "transformers" }),
  url: stub.url,
  apiKey,
});

describe("asking a deployed model", () => {
  test("a streamed answer comes in pieces through the openai client", async () => {
    const pieces: string[] = [];
    const result = await askStreamed(lab, deployment(), "1 + 1?", (piece) => pieces.push(piece));
    expect(pieces).toEqual(["<think>\n", "2", "\n</think>"]);
    expect(result).toMatchObject({ ok: true, text: "<think>\n2\n</think>" });
  });

  test.runIf(hasCurl)(
    "curl prints the same answer, and the command shown is the one that a shell runs",
    async () => {
      const question = `It's "50 %" of $HOME \`date\`; 多少?`;
      const { command, output, text } = await askByCurl(lab, deployment("ftmodel-local"), question);
      expect(text).toBe(`你说 ${question}`);
      expect(command).toContain("Authorization: Bearer ftmodel-local");
      expect((await promisify(execFile)("sh", ["-c", command])).stdout).toBe(output);
    },
  );

  test.runIf(hasCurl)(
    "a proxy that the environment names is not asked: the server is on this machine",
    async () => {
      vi.stubEnv("http_proxy", "http://127.0.0.1:9");
      try {
        expect((await askByCurl(lab, deployment("ftmodel-local"), "x")).text).toBe("你说 x");
      } finally {
        vi.unstubAllEnvs();
      }
    },
  );

  test.runIf(hasCurl)("a key of your own is sent but not shown", async () => {
    process.env.FTMODEL_API_KEY = "canary-77aa";
    try {
      const { command } = await askByCurl(lab, deployment("canary-77aa"), "x");
      expect(stub.requests.at(-1)!.headers.authorization).toBe("Bearer canary-77aa");
      expect(command).not.toContain("canary");
      expect(command).toContain('"Authorization: Bearer $FTMODEL_API_KEY"');
    } finally {
      delete process.env.FTMODEL_API_KEY;
    }
  });

  test("a key never stands on curl's command line, which everybody on the machine can read", async () => {
    const [bin, seen, before] = [
      join(workspace.root, "bin"),
      join(workspace.root, "curl-arguments"),
      process.env.PATH,
    ];
    mkdirSync(bin);
    writeFileSync(
      join(bin, "curl"),
      `#!/bin/sh\nprintf '%s\\n' "$@" > ${seen}\ncat > ${seen}.stdin\necho ` +
        `'{"choices":[{"message":{"content":"hi"}}]}'\n`,
    );
    chmodSync(join(bin, "curl"), 0o755);
    process.env.PATH = `${bin}:${before}`;
    try {
      expect((await askByCurl(lab, deployment("canary-77aa"), "x")).text).toBe("hi");
      expect(readFileSync(seen, "utf8")).not.toContain("canary");
      expect(readFileSync(`${seen}.stdin`, "utf8")).toBe("Authorization: Bearer canary-77aa\n");
    } finally {
      process.env.PATH = before;
    }
  });

  test.runIf(hasCurl)("a server that refuses or is not there is an error with what it said", async () => {
    await expect(askByCurl(lab, deployment("wrong"), "x")).rejects.toThrow("Unauthorized");
    await expect(askByCurl(lab, { ...deployment(), url: "http://127.0.0.1:9/v1" }, "x")).rejects.toThrow(
      /curl got no answer[^]*127\.0\.0\.1/,
    );
  });
});

describe("deploying", () => {
  test("nothing merged, an arm that is not trained, a port in use: named before the start", async () => {
    await expect(deploy(lab)).rejects.toThrow(/no merged model[^]*mergeForDeployment/);
    config.models.base = randomModel(join(workspace.root, "base"));
    await expect(mergeForDeployment(lab)).rejects.toThrow("There is no adapter");
    const busy = createServer();
    await new Promise<void>((ready) => busy.listen(0, "127.0.0.1", ready));
    const { port } = busy.address() as AddressInfo;
    const taken = { ...lab, config: { ...config, deploy: { ...config.deploy, port } } };
    await expect(deploy(taken, { model: config.models.base })).rejects.toThrow(
      `port is in use (127.0.0.1:${port})`,
    );
    await new Promise((closed) => busy.close(closed));
  });

  test("a real model is served, streams, answers the printed curl line alike, and is gone afterwards", {
    timeout: 300_000,
  }, async () => {
    const model = randomModel(join(workspace.root, "served"));
    let url = "";
    const texts = await withDeployment(
      lab,
      async (served) => {
        url = served.url;
        const streamed = await askStreamed(lab, served, "1 + 1?");
        const listed = (await (await fetch(`${url}/models`)).json()) as { data: { id: string }[] };
        expect(listed.data.map(({ id }) => id)).toContain("served");
        if (!hasCurl) return [streamed.text, streamed.text];
        const { command, text } = await askByCurl(lab, served, "1 + 1?");
        const shell = await promisify(execFile)("sh", ["-c", command]);
        expect(JSON.parse(shell.stdout)).toMatchObject({ choices: [{ message: { content: text } }] });
        expect(command).toContain('"model":"served"');
        return [streamed.text, text!];
      },
      { model, simple: true },
    );
    // Random weights write bytes that are no characters; a stream leaves half a character at its end out.
    expect(texts[1]!.length).toBeGreaterThan(0);
    expect(texts[1]!.startsWith(texts[0]!)).toBe(true);
    await expect(fetch(`${url}/models`)).rejects.toThrow();
  });

  test("an interrupted deployment is gone, whatever it was doing", { timeout: 300_000 }, async () => {
    let url = "";
    const run = withDeployment(
      lab,
      async (served) => {
        url = served.url;
        setTimeout(() => process.emit("SIGINT"), 50);
        return new Promise<never>(() => undefined); // hears of no signal
      },
      { model: randomModel(join(workspace.root, "interrupted")), simple: true },
    );
    await expect(run).rejects.toThrow("The cell was interrupted");
    await expect(fetch(`${url}/models`)).rejects.toThrow();
  });
});
