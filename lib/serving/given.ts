/** Servers that are there already: the config names one for a role, or one for all. */
import type { Config } from "../config/config.ts";
import { localModelPath } from "../config/paths.ts";
import { LabError } from "../errors.ts";
import { UNPINNED } from "../model/hub.ts";
import { resolveModel } from "../model/ref.ts";
import type { ModelRef } from "../model/ref.ts";

export interface GivenServer {
  /** With `/v1`. */
  url: string;
  /** The config's key that names it. */
  setting: string;
  /** From the environment; each server has a variable of its own, so that no key reaches another's server. */
  apiKey: string | undefined;
}

export type ModelRole = "teacher" | "judge" | "base";

/**
 * The server that answers for a role; null when one has to be started.
 *
 * `serving.teacherUrl` (its key: FTMODEL_TEACHER_API_KEY) and `serving.judgeUrl` (FTMODEL_JUDGE_API_KEY) go
 * before `serving.url` (FTMODEL_API_KEY), which answers for every model. Throws LabError on what is no
 * http(s) URL, or holds a password.
 */
export function givenServer(
  { serving }: Pick<Config, "serving">,
  role: ModelRole | null,
  environment: NodeJS.ProcessEnv = process.env,
): GivenServer | null {
  const given = (url: string, setting: string, key: string): GivenServer | null =>
    url === "" ? null : { url: apiUrl(url, setting, key), setting, apiKey: environment[key] || undefined };
  const own =
    role === "teacher"
      ? given(serving.teacherUrl, "serving.teacherUrl", "FTMODEL_TEACHER_API_KEY")
      : role === "judge"
        ? given(serving.judgeUrl, "serving.judgeUrl", "FTMODEL_JUDGE_API_KEY")
        : null;
  return own ?? given(serving.url, "serving.url", "FTMODEL_API_KEY");
}

/**
 * The model of a role. Where a server is given for it, its name is that server's to understand. Throws
 * LabError as resolveModel.
 */
export async function roleModel(
  config: Pick<Config, "serving" | "models">,
  role: ModelRole,
): Promise<ModelRef> {
  const name = config.models[role];
  return givenServer(config, role) !== null && localModelPath(name) === null
    ? { path: name, revision: UNPINNED, sha256: null }
    : await resolveModel(name);
}

/** With `/v1` behind it, which people leave out. */
function apiUrl(text: string, setting: string, key: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new LabError({
      what: "The server's URL cannot be read",
      where: `key ${setting}`,
      expected: "such as http://127.0.0.1:8000/v1",
      found: text,
    });
  if (url.username || url.password)
    throw new LabError({
      what: "The server's URL must not hold a password",
      where: `key ${setting}`,
      todo: `Set the key in ${key}.`,
    });
  const path = url.pathname.replace(/\/+$/, "");
  return `${url.origin}${path === "" ? "/v1" : path}`;
}
