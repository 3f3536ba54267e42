/** Ports of 127.0.0.1. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { LabError } from "../errors.ts";

/** A port that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return listen(0);
}

/** The port itself. Throws LabError when it cannot be had. */
export async function assertPortFree(port: number): Promise<number> {
  try {
    return await listen(port);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const found =
      code === "EADDRINUSE"
        ? "another program listens there"
        : code === "EACCES"
          ? "this user may not bind it"
          : (cause as Error).message;
    throw new LabError(
      {
        what: "The port is in use",
        where: `127.0.0.1:${port}`,
        found,
        todo:
          "Stop that program, or set another port: deploy.port for a deployment, serving.port for " +
          "the stages' servers (0 picks a free one).",
      },
      { cause },
    );
  }
}

/** Whether a server could be started there now. 0 always can. */
export async function isPortFree(port: number): Promise<boolean> {
  return listen(port).then(
    () => true,
    () => false,
  );
}

/** Binds the port for a moment; its number when that works. */
function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const { port: bound } = server.address() as AddressInfo;
      server.close(() => resolve(bound));
    });
  });
}
