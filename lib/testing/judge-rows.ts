/** Well-formed texts with a right answer; every third one names a fault that the stub Judge then finds. */
import type { JudgeRow } from "../judge/gate.ts";
import { FAULT_KINDS } from "../world/fault-kind.ts";

export function judgeRows(count: number): JudgeRow[] {
  return Array.from({ length: count }, (_, i) => {
    const fault = i % 3 === 2 ? `fault: ${FAULT_KINDS[i % FAULT_KINDS.length]}\n` : "";
    return {
      id: `row${i}`,
      question: `What is ${i} + ${i}?`,
      gold: String(2 * i),
      completion: textOf(`${fault}${i} + ${i} = ${2 * i}`, String(2 * i)),
    };
  });
}

export function textOf(reasoning: string, answer: string): string {
  return `<think>\n${reasoning}\n</think>\n<answer>\n${answer}\n</answer>`;
}
