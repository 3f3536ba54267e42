/**
 * What the stages of a lab would take on GPUs of several sizes, as a table. Pure but for reading config.json
 * files.
 */
import type { Gpu } from "./gpus.ts";
import type { Lab } from "../config/lab.ts";
import { bytesOf, planRow, freeKeys, roomOf } from "./choose.ts";
import { planServing } from "./serving.ts";
import { planGrpo } from "./grpo.ts";
import { planSft } from "./sft.ts";
import { readModelShape } from "../model/shape.ts";

/** MiB of cards sold as 8, 16, 24 and 80 GB. */
const CARDS: Readonly<Record<string, number>> = {
  "8 GB": 8188,
  "16 GB": 16_376,
  "24 GB": 24_564,
  "80 GB": 81_559,
};

/**
 * One row a card and stage: the gigabytes by what they hold, and the setting that the plan picks. Cards of 8
 * to 80 GB, then those of this machine. A model whose size is not known has no rows. Throws LabError when a
 * folder's config.json is broken, and on settings that exclude each other.
 */
export function memoryTable(
  { config, chosen }: Pick<Lab, "config" | "chosen">,
  gpus: readonly Gpu[] = [],
): Record<string, unknown>[] {
  const free = freeKeys(config, chosen);
  const { teacher, judge, base } = config.models;
  const [served, trained] = [readModelShape(teacher) ?? readModelShape(judge), readModelShape(base)];
  const here =
    gpus.length > 0
      ? {
          [`${gpus.length > 1 ? `${gpus.length} × ` : ""}${gpus[0]!.name}`]: Math.min(
            ...gpus.map(({ memoryMiB }) => memoryMiB),
          ),
        }
      : {};
  return Object.entries({ ...CARDS, ...here }).flatMap(([card, memoryMiB]) => {
    const need = {
      config,
      room: roomOf(memoryMiB),
      total: bytesOf(memoryMiB),
      gpus: card in here ? gpus.length : Math.max(1, config.gpu.processes, config.gpu.replicas),
      free,
    };
    return [
      ...(served
        ? [
            {
              ...planRow(planServing({ ...need, shape: served, mayQuantise: true }), card),
              stage: "Teacher or Judge",
            },
          ]
        : []),
      ...(trained
        ? [
            planRow(planSft({ ...need, shape: trained }), card),
            planRow(planGrpo({ ...need, shape: trained }), card),
          ]
        : []),
      ...(trained
        ? [
            {
              ...planRow(planServing({ ...need, shape: trained, mayQuantise: false }), card),
              stage: "evaluation",
            },
          ]
        : []),
    ];
  });
}
