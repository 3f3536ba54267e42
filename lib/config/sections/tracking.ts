/** `tracking.…`: where runs are logged besides reports/. */
import { z } from "zod";
import { meta } from "./values.ts";

export const Tracking = z.strictObject({
  service: z
    .enum(["none", "wandb", "trackio"])
    .meta(
      meta(
        "",
        "copy what a run logs to Weights & Biases, or to trackio on this machine; reports/ stays " +
          "the source of truth",
      ),
    ),
  wandbMode: z
    .enum(["online", "offline"])
    .meta(meta("", "offline writes to the run's folder and sends nothing")),
  project: z.string().min(1).meta(meta("", "of W&B or trackio")),
});
