import { createServer } from "node:net";
import { expect, test } from "vitest";
import { assertPortFree, freePort, isPortFree } from "./port.ts";

test("a port is free until somebody listens there, and free again afterwards", async () => {
  const port = await freePort();
  expect(await isPortFree(port)).toBe(true);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  expect(await isPortFree(port)).toBe(false);
  await expect(assertPortFree(port)).rejects.toThrow(
    new RegExp(`127\\.0\\.0\\.1:${port}[^]*deploy\\.port[^]*serving\\.port`),
  );
  await new Promise((resolve) => server.close(resolve));
  expect(await assertPortFree(port)).toBe(port);
});

test("0 can always be had", async () => {
  expect(await isPortFree(0)).toBe(true);
});
