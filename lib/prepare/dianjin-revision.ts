/**
 * Which commit of the data set a branch means: asked once, then kept, so that a workspace never mixes two
 * versions.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../store/atomic.ts";

const Pin = z.object({ endpoint: z.string(), asked: z.string(), commit: z.string(), created: z.string() });

const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);
/** The header comes at once or not at all; the download itself has its own patience. */
const ANSWER_MS = 20_000;

/**
 * The commit behind `revision`: itself when it is one; the one that this workspace was given before; else
 * what the hub says of `url` (header X-Repo-Commit), which is kept in `folder`/revision.json. A server that
 * does not say leaves the revision as it is. Deleting the file asks again. Never throws: a hub that cannot be
 * reached is told by the download.
 */
export async function pinnedRevision(
  folder: string,
  endpoint: string,
  revision: string,
  url: string,
): Promise<string> {
  if (isCommit(revision)) return revision;
  const file = join(folder, "revision.json");
  const kept = readPin(file);
  if (kept?.endpoint === endpoint && kept.asked === revision) return kept.commit;
  const commit = await askCommit(url);
  if (commit === null) return revision;
  mkdirSync(dirname(file), { recursive: true });
  const pin: z.infer<typeof Pin> = { endpoint, asked: revision, commit, created: new Date().toISOString() };
  writeFileAtomic(file, `${JSON.stringify(pin, null, 1)}\n`);
  return commit;
}

async function askCommit(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: "HEAD",
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const commit = response.headers.get("x-repo-commit") ?? "";
    return isCommit(commit) ? commit : null;
  } catch {
    return null;
  }
}

function readPin(file: string): z.infer<typeof Pin> | null {
  if (!existsSync(file)) return null;
  try {
    return Pin.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null; // damaged: asked again
  }
}
