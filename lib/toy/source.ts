/** The toy's own code, as a notebook shows it: one file, without its imports. Reads that file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** `grpo.ts` of this folder in a markdown code block. */
export function toySource(): string {
  const text = readFileSync(join(import.meta.dirname, "grpo.ts"), "utf8");
  const code = text.slice(text.indexOf("/** The policy"));
  return `\`\`\`typescript\n${code.trim()}\n\`\`\``;
}
