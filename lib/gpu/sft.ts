/** What SFT can afford on a GPU: bf16 or NF4, rows a pass, checkpointing. Pure. */
import { accepts, choose, divisors } from "./choose.ts";
import type { Choice, Option } from "./choose.ts";
import { trainingMemory } from "./memory.ts";
import { assertDivides, passes, processesFor, words } from "./passes.ts";
import type { TrainingNeed } from "./passes.ts";

/** Rows a pass beyond which nothing gets faster. */
const ENOUGH_ROWS = 16;
/**
 * SFT: bf16 LoRA where memory allows, NF4 where it does not; the rows of a step are the config's, whatever is
 * chosen.
 */
export function planSft({ config, shape, room, gpus, free }: TrainingNeed): Choice {
  const { batchSize, gradientAccumulation, gradientCheckpointing, loraRank, loraDropout, maxLength } =
    config.sft;
  const rows = batchSize * gradientAccumulation;
  const mayCut = free("sft.batchSize") && free("sft.gradientAccumulation");
  const processes = processesFor(
    config,
    rows,
    gpus,
    mayCut ? 1 : batchSize,
    "sft.batchSize × sft.gradientAccumulation",
  );
  const cut = (micro: number) => ({ "sft.batchSize": micro, "sft.gradientAccumulation": rows / micro });
  if (!mayCut) assertDivides(rows / processes, batchSize, "sft.batchSize", processes);
  const options = passes(
    config,
    free,
    mayCut
      ? divisors(rows / processes, ENOUGH_ROWS).filter((micro) => accepts(config, cut(micro)))
      : [batchSize],
    maxLength,
    free("sft.gradientCheckpointing") ? null : gradientCheckpointing,
  ).map(
    ({ format, checkpointing, micro }): Option => ({
      overrides: {
        "models.loadIn4bit": format !== "bf16",
        ...(mayCut && cut(micro)),
        "sft.gradientCheckpointing": checkpointing,
        "gpu.processes": processes,
      },
      setting: words(
        format,
        checkpointing,
        `${processes > 1 ? `${processes} GPUs × ` : ""}${micro} rows × ${rows / micro / processes}`,
      ),
      memory: trainingMemory({
        shape,
        format,
        rank: loraRank,
        dropout: loraDropout > 0,
        tokens: micro * maxLength,
        checkpointing,
        kernels: "fused",
      }),
    }),
  );
  return choose("SFT", options, room);
}
