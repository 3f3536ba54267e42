import type { JudgeServer } from "./judge-ask.ts";
import type { Lab } from "./lab.ts";
export async function openJudge(lab: Lab): Promise<JudgeServer> {
  throw new Error(`no client yet for ${lab.config.models.judge}`);
}
