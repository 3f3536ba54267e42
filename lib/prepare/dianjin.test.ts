import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { dianjinUrl, downloadDianjin, readDianjin } from "./dianjin.ts";
import { downloadFile } from "./download.ts";
import { openLab } from "../config/lab.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-dianjin-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.closeAllConnections(), server.close();
  servers = [];
});

const rows = (n: number) =>
  Array.from({ length: n }, (_, i) => ({
    instruction: `本金 ${i} 元，利率 5%，利息？`,
    output: `<think>${"算".repeat(50)}</think><answer>\\boxed{${i / 20}}</answer>`,
  }));
const BODY = Buffer.from(JSON.stringify(rows(2000)));
const sha = (data: Buffer) => createHash("sha256").update(data).digest("hex");
const ETAG = `"${sha(BODY)}"`;

type Handler = (request: IncomingMessage, response: ServerResponse, n: number) => void;
/** A server that counts its requests; returns its address. */
async function serve(handler: Handler): Promise<{ url: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => handler(request, response, requests.push(request)));
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Answers Range and If-Range as a proper file server does. */
function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  body = BODY,
  { etag = ETAG, cutAfter = Infinity } = {},
): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const part = from > 0 && (request.headers["if-range"] ?? etag) === etag;
  const rest = part ? body.subarray(from) : body;
  response.writeHead(part ? 206 : 200, {
    "content-length": rest.length,
    etag,
    "content-type": "application/json",
    ...(part ? { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
  });
  if (rest.length <= cutAfter) response.end(rest);
  else response.write(rest.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 20));
}

let files = 0;
const target = () => join(root, "single", String(files++), "file.json");
const fast = { backoffMs: 5, idleTimeoutMs: 5000 };

describe("downloadFile", () => {
  test("a file comes over redirects, absolute and relative, and its hash is told", async () => {
    const { url } = await serve((request, response) => {
      if (request.url === "/a")
        return void response
          .writeHead(302, { location: "/b", "x-linked-etag": ETAG, "x-linked-size": BODY.length })
          .end();
      if (request.url === "/b")
        return void response.writeHead(307, { location: `http://${request.headers.host}/c` }).end();
      sendFile(request, response);
    });
    const path = target();
    const progress: number[] = [];
    expect(
      await downloadFile({ url: `${url}/a`, path, ...fast, onProgress: (done) => progress.push(done) }),
    ).toEqual({ path, bytes: BODY.length, sha256: sha(BODY), tries: 1, resumedFrom: 0 });
    expect(readFileSync(path).equals(BODY)).toBe(true);
    expect(progress.at(-1)).toBe(BODY.length);
    expect(existsSync(`${path}.part`) || existsSync(`${path}.part.json`)).toBe(false);
  });

  test("a connection cut in the middle is resumed where it broke, as often as needed", async () => {
    const { url, requests } = await serve((request, response) =>
      sendFile(request, response, BODY, { cutAfter: 150_000 }),
    );
    const path = target();
    const { tries } = await downloadFile({ url, path, ...fast, attempts: 2 });
    expect(readFileSync(path).equals(BODY)).toBe(true);
    expect(tries).toBe(Math.ceil(BODY.length / 150_000));
    expect(
      requests.slice(1).every((r) => /^bytes=\d+-$/.test(r.headers.range!) && r.headers["if-range"] === ETAG),
    ).toBe(true);
  });

  test("two calls for one file share a download; an interrupt ends it, what has come is kept", async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response));
    const path = target();
    const both = await Promise.all([
      downloadFile({ url, path, ...fast }),
      downloadFile({ url, path, ...fast }),
    ]);
    expect(both[0]).toEqual(both[1]);
    expect(requests).toHaveLength(1);
    expect(readFileSync(path).equals(BODY)).toBe(true);

    const endless = await serve((_, response) => {
      response.writeHead(200, { "content-length": BODY.length, etag: ETAG });
      response.write(BODY.subarray(0, 50_000)); // and then nothing
    });
    const cut = target();
    const run = downloadFile({
      url: endless.url,
      path: cut,
      ...fast,
      onProgress: (done) => void (done >= 50_000 && process.emit("SIGINT")),
    });
    await expect(run).rejects.toThrow("The cell was interrupted");
    expect(statSync(`${cut}.part`).size).toBe(50_000);
    const again = await serve((request, response) => sendFile(request, response));
    // the folder is free
    expect((await downloadFile({ url: again.url, path: cut, ...fast })).bytes).toBe(BODY.length);
  });

  test("a part that is longer than the file is started anew", async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response));
    const path = target();
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.part`, Buffer.concat([BODY, BODY.subarray(0, 20_000)]));
    writeFileSync(`${path}.part.json`, JSON.stringify({ url, etag: ETAG, size: BODY.length, sha256: null }));
    await downloadFile({ url, path, ...fast });
    expect(readFileSync(path).equals(BODY)).toBe(true);
    expect(requests.at(-1)!.headers.range).toBeUndefined();
  });

  test("a download given up is gone on with by the next call", async () => {
    let up = true;
    const { url, requests } = await serve((request, response) =>
      up ? sendFile(request, response, BODY, { cutAfter: 100_000 }) : void response.destroy(),
    );
    const path = target();
    const first = downloadFile({
      url,
      path,
      ...fast,
      attempts: 2,
      onProgress: (done) => void (up = done < 100_000),
    });
    await expect(first).rejects.toThrow(/did not come through[\s\S]*it goes on after the 100000 bytes/);
    up = true;
    const before = requests.length;
    expect((await downloadFile({ url, path, ...fast })).resumedFrom).toBe(100_000);
    expect(requests[before]!.headers.range).toBe("bytes=100000-");
    expect(readFileSync(path).equals(BODY)).toBe(true);
  });

  test("a file that changed in between starts anew", async () => {
    const other = Buffer.from(JSON.stringify(rows(1999)));
    const { url } = await serve((request, response, n) =>
      n === 1
        ? sendFile(request, response, BODY, { cutAfter: 100_000 })
        : sendFile(request, response, other, { etag: '"new"' }),
    );
    const path = target();
    await downloadFile({ url, path, ...fast });
    expect(readFileSync(path).equals(other)).toBe(true);
  });

  test("a server that knows no Range, and one that finds the range wrong, start anew", async () => {
    const plain = await serve((_, response, n) => {
      response.writeHead(200, { "content-length": BODY.length });
      if (n === 1) response.write(BODY.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
      else response.end(BODY);
    });
    const path = target();
    await downloadFile({ url: plain.url, path, ...fast });
    expect(readFileSync(path).equals(BODY)).toBe(true);
    const strict = await serve((request, response, n) =>
      n === 1
        ? sendFile(request, response, BODY, { cutAfter: 1000 })
        : request.headers.range
          ? void response.writeHead(416).end()
          : sendFile(request, response),
    );
    await downloadFile({ url: strict.url, path, ...fast });
    expect(readFileSync(path).equals(BODY)).toBe(true);
  });

  test("429 with Retry-After, 503 and silence are waited out", async () => {
    const { url, requests } = await serve((request, response, n) => {
      if (n === 1) response.writeHead(429, { "retry-after": "0" }).end();
      else if (n === 2) response.writeHead(503).end();
      else if (n === 3)
        response.writeHead(200, { "content-length": BODY.length }).flushHeaders(); // and then nothing
      else sendFile(request, response);
    });
    const path = target();
    await downloadFile({ url, path, backoffMs: 5, idleTimeoutMs: 200 });
    expect(requests).toHaveLength(4);
    expect(readFileSync(path).equals(BODY)).toBe(true);
  });

  test.each<[string, Handler, RegExp]>([
    [
      "an HTML page with 200",
      (_, r) =>
        void r.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>log in</html>"),
      /HTML page/,
    ],
    ["404", (_, r) => void r.writeHead(404).end(), /HTTP 404 Not Found: no such file, dataset or revision/],
    ["401", (_, r) => void r.writeHead(401).end(), /wants an account/],
    [
      "a wrong hash",
      (q, r) =>
        q.url === "/"
          ? void r.writeHead(302, { location: "/f", "x-linked-etag": `"${"0".repeat(64)}"` }).end()
          : sendFile(q, r),
      new RegExp(`sha256 is ${sha(BODY)}, not 0000`),
    ],
    [
      "a wrong length",
      (q, r) =>
        q.url === "/"
          ? void r.writeHead(302, { location: "/f", "x-linked-size": "7" }).end()
          : sendFile(q, r),
      /where 7 were announced/,
    ],
    [
      "redirects in a circle",
      (_, r) => void r.writeHead(302, { location: "/" }).end(),
      /more than 5 redirects/,
    ],
    [
      "a redirect to a file",
      (_, r) => void r.writeHead(302, { location: "file:///etc/passwd" }).end(),
      /redirect from http:\/\/ to file:\/\//,
    ],
  ])("%s is refused, and nothing takes the file's name", async (_, handler, message) => {
    const { url } = await serve(handler);
    const path = target();
    await expect(downloadFile({ url: `${url}/`, path, ...fast })).rejects.toThrow(message);
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.part`)).toBe(false);
  });

  test("parts of two files without ETags that met are noticed by the hash and loaded anew", async () => {
    const path = target();
    const broken = Buffer.from(BODY);
    broken.fill("x", 0, 1000);
    const { url } = await serve((request, response, n) =>
      sendFile(request, response, n === 1 ? broken : BODY, { cutAfter: n === 1 ? 50_000 : Infinity }),
    );
    const { tries } = await downloadFile({ url, path, ...fast, sha256: sha(BODY) });
    expect(tries).toBe(3);
    expect(readFileSync(path).equals(BODY)).toBe(true);
  });

  test("nobody listening: a few tries, then what to do; an abort ends it at once", async () => {
    const { url } = await serve(() => undefined);
    servers.pop()!.close();
    await expect(downloadFile({ url, path: target(), ...fast, attempts: 3 })).rejects.toThrow(
      /ECONNREFUSED\) \(3 tries\)[\s\S]*mirror/,
    );
    const silent = await serve(() => undefined);
    await expect(
      downloadFile({ url: silent.url, path: target(), signal: AbortSignal.timeout(50) }),
    ).rejects.toThrow(/aborted due to timeout/);
  });
});

describe("downloadDianjin", () => {
  const lab = (endpoint: string, name: string) =>
    openLab(
      { "prepare.dianjinEndpoint": endpoint, "prepare.dianjinRevision": "v1" },
      { FTMODEL_WORKSPACE: join(root, name) },
    );

  test("three files and their hashes: a second call asks nobody, a damaged file comes again", async () => {
    const { url, requests } = await serve((request, response) => sendFile(request, response));
    const first = await downloadDianjin(lab(url, "w1"), fast);
    expect(requests.filter((r) => r.method === "GET").map((r) => r.url)).toEqual(
      ["cflue_mcq", "cflue_oe", "fin_qa"].map(
        (f) => `/datasets/DianJin/DianJin-R1-Data/resolve/v1/train/${f}.json`,
      ),
    );
    expect(first.map(({ rows, sha256, downloaded }) => [rows, sha256, downloaded])).toEqual(
      Array(3).fill([2000, sha(BODY), true]),
    );
    expect((await downloadDianjin(lab(url, "w1"), fast)).every((f) => !f.downloaded)).toBe(true);
    expect(requests).toHaveLength(4); // a look at the commit, which this server does not tell
    writeFileSync(first[1]!.path, readFileSync(first[1]!.path).subarray(1));
    expect((await downloadDianjin(lab(url, "w1"), fast)).map((f) => f.downloaded)).toEqual([
      false,
      true,
      false,
    ]);
    const reading = readDianjin(first[0]!.path);
    expect(reading.questions[20]).toMatchObject({
      id: "dianjin_cflue_mcq_20",
      gold_answer: "1",
      source: "dianjin-r1-data",
      type: "financial_calculation",
      reasoning: "算".repeat(50),
    });
  });

  test("a branch means the commit that it meant at the first download here, for good", async () => {
    let commit = "a".repeat(40);
    const { url, requests } = await serve((request, response) => {
      response.setHeader("x-repo-commit", commit);
      if (request.method === "HEAD") return void response.writeHead(302, { location: "/elsewhere" }).end();
      sendFile(request, response);
    });
    const at = (n: number) =>
      requests.slice(n).map((r) => `${r.method} ${/resolve\/(.+?)\//.exec(r.url!)?.[1]}`);
    await downloadDianjin(lab(url, "pinned"), fast);
    expect(at(0)).toEqual(["HEAD v1", ...Array(3).fill(`GET ${commit}`)]);
    rmSync(join(root, "pinned", "data", "raw", "dianjin", commit), { recursive: true });
    [commit] = ["b".repeat(40)];
    await downloadDianjin(lab(url, "pinned"), fast);
    expect(at(4)).toEqual(Array(3).fill(`GET ${"a".repeat(40)}`));
  });

  test("a wrong file with the right status is refused: a JSON error, a list of something else", async () => {
    for (const wrong of [
      '{"Code":10010205001,"Message":"not found"}',
      '[{"question":"x"}]',
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    ]) {
      const { url } = await serve(
        (_, response) => void response.writeHead(200, { "content-type": "text/plain" }).end(wrong),
      );
      await expect(downloadDianjin(lab(url, `w-${wrong.length}`), fast)).rejects.toThrow(
        /refused[\s\S]*(instruction and output|list of rows)/,
      );
    }
  });

  test("the addresses of Hugging Face, a mirror and ModelScope; a revision that is a path is refused", () => {
    expect(dianjinUrl("https://huggingface.co", "main", "fin_qa.json")).toBe(
      "https://huggingface.co/datasets/DianJin/DianJin-R1-Data/resolve/main/train/fin_qa.json",
    );
    expect(dianjinUrl("https://mirror.example/hf/", "refs/pr/1", "fin_qa.json")).toBe(
      "https://mirror.example/hf/datasets/DianJin/DianJin-R1-Data/resolve/refs%2Fpr%2F1/train/fin_qa.json",
    );
    expect(dianjinUrl("https://modelscope.cn", "main", "fin_qa.json")).toBe(
      "https://modelscope.cn/datasets/tongyi_dianjin/DianJin-R1-Data/resolve/master/train/fin_qa.json",
    );
    expect(() => dianjinUrl("https://huggingface.co", "../../x", "f")).toThrow("prepare.dianjinRevision");
  });
});
