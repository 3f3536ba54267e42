/**
 * A writer for the tests to kill: appends row-0 … row-(n−1) that are missing, prints each id once it is
 * acknowledged.
 */
import { writeSync } from "node:fs";
import { z } from "zod";
import { openStore } from "../store/store.ts";

const [path, count, pauseMs] = process.argv.slice(2);

try {
  const store = openStore(path!, {
    schema: z.object({ id: z.string(), text: z.string() }),
    key: (row) => row.id,
  });
  writeSync(1, "open\n");
  for (let i = 0; i < Number(count); i++) {
    const id = `row-${i}`;
    if (store.has(id)) continue;
    await store.append({ id, text: `第 ${i} 行 ${"x".repeat((i * 37) % 200)}` });
    writeSync(1, `${id}\n`);
    if (Number(pauseMs) > 0) await new Promise((done) => setTimeout(done, Number(pauseMs)));
  }
  await store.close();
  writeSync(1, "closed\n");
} catch (error) {
  writeSync(2, `${(error as Error).message}\n`);
  process.exitCode = 1;
}
