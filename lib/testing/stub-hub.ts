/**
 * A real HTTP server that plays the Hugging Face hub with one commit of one model, which is a folder here.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface StubHub {
  /** HF_ENDPOINT */
  url: string;
  /** "GET config.json", one entry a request for a file. */
  requests: string[];
  /** Weights end after so many bytes, with the connection; null: they come whole. */
  cutAt: number | null;
  close(): Promise<void>;
}

export async function startHub(folder: string, id: string, commit: string): Promise<StubHub> {
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  const oid = (name: string) => createHash("sha1").update(files.get(name)!).digest("hex");
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, "http://hub");
    if (pathname === `/api/models/${id}/tree/${commit}`) {
      response.setHeader("content-type", "application/json");
      return void response.end(
        JSON.stringify(
          [...files].map(([path, { length }]) => ({ type: "file", path, size: length, oid: oid(path) })),
        ),
      );
    }
    const name = pathname.split(`/${id}/resolve/${commit}/`)[1] ?? "";
    const content = files.get(name);
    if (!content) return void response.writeHead(404, { "x-error-code": "RepoNotFound" }).end();
    hub.requests.push(`${request.method} ${name}`);
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      etag: `"${oid(name)}"`,
      "x-repo-commit": commit,
      "content-length": content.length - from,
      "accept-ranges": "bytes",
      ...(from > 0 && { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }),
    });
    if (request.method === "HEAD") return void response.end();
    if (hub.cutAt === null || !name.endsWith(".safetensors"))
      return void response.end(content.subarray(from));
    response.write(content.subarray(from, from + hub.cutAt), () => response.destroy());
  });
  const hub: StubHub = {
    url: "",
    requests: [],
    cutAt: null,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  hub.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return hub;
}
