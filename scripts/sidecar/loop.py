"""What both trainers share: the settings of the loop, and the way from a trainer to a saved adapter."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .batch import Batch
from .checkpoint import newest_complete
from .events import EventLog
from .failure import Failure
from .model import assert_changed, keep_float32, save_adapter
from .runfile import Grpo, OnPolicy, RunFile, Sft
from .speed import Speed, setting_line
from .stage import tracking

if TYPE_CHECKING:
    import torch
    from transformers import Trainer


def loop_arguments(
    run: RunFile, settings: Sft | Grpo | OnPolicy, batch: Batch, steps: int, device: str, speed: Speed
) -> dict[str, Any]:
    """The trainer's arguments that are the same in every stage. `steps`: optimizer steps of the whole run."""
    return dict(
        output_dir=str(checkpoints_of(run)),
        num_train_epochs=1,  # the data already holds the rows of all epochs, in order
        per_device_train_batch_size=batch.micro,
        gradient_accumulation_steps=batch.accumulation,
        learning_rate=settings.learning_rate,
        warmup_steps=round(settings.warmup_share * steps),
        max_grad_norm=1.0,  # Magic number: the usual bound on the gradient's norm
        gradient_checkpointing=settings.gradient_checkpointing,
        save_steps=settings.save_steps,
        save_total_limit=2,  # the newest, and the one before in case a crash hits the newest
        logging_steps=1,
        logging_nan_inf_filter=False,  # a loss that is not finite must be seen
        seed=run.config.seed,
        use_cpu=device == "cpu",
        bf16=device != "cpu",
        dataloader_pin_memory=device != "cpu",
        ddp_find_unused_parameters=False,
        disable_tqdm=True,
        **speed.arguments,
        **tracking(run),
    )


def train_and_save(
    trainer: Trainer, run: RunFile, before: dict[str, torch.Tensor], events: EventLog, autocast_alone: bool
) -> None:
    """
    Trains from the newest complete checkpoint, or from the start, and writes the adapter. `before`: the
    weights at the start.

    LoRA's weights are float32. PEFT casts each input to match, and bf16 autocast casts it back: two passes
    over the activations a map, for nothing. `autocast_alone` leaves PEFT's out, and computes plain maps in
    one piece; a model that generates itself does so outside autocast and needs them.
    """
    from peft.helpers import disable_input_dtype_casting
    from transformers import PrinterCallback

    from .fused_lora import fuse

    keep_float32(trainer.model, before)
    resume, passed_over = newest_complete(checkpoints_of(run))
    for sentence in passed_over:
        events.warning("incomplete_checkpoint", sentence)
    trainer.remove_callback(PrinterCallback)
    trainer.floating_point_ops = (
        lambda inputs: 0
    )  # nobody reads it, and counting walks through all modules at every pass
    refuse_endless_gradients(trainer)
    if autocast_alone:
        maps = fuse(trainer.model)
        print(setting_line("LoRA in one piece with its map", maps > 0, f"{maps} maps"))
    gc.collect()
    gc.freeze()  # the collector need not walk through all that was loaded at every thousand new tensors
    try:
        with disable_input_dtype_casting(trainer.model, active=autocast_alone):
            trainer.train(resume_from_checkpoint=resume and str(resume))
    finally:
        gc.unfreeze()  # an attempt that ran out of memory gives its own back to the next
    assert_changed(trainer.model, before)
    if trainer.is_world_process_zero():
        save_adapter(trainer.accelerator.unwrap_model(trainer.model), run)


def refuse_endless_gradients(trainer: Trainer) -> None:
    """
    Raises Failure("non_finite_gradient") before such a gradient touches the weights: what is in the newest
    checkpoint is the last good state. By the norm that clipping has measured anyway.
    """
    clip = trainer.accelerator.clip_grad_norm_

    def clip_or_refuse(*args: Any, **kwargs: Any) -> torch.Tensor:
        norm = clip(*args, **kwargs)
        if not norm.isfinite():
            step = trainer.state.global_step + 1
            raise Failure(
                "non_finite_gradient",
                f"the gradient of step {step} is not finite; the weights were not changed by it",
            )
        return norm

    trainer.accelerator.clip_grad_norm_ = clip_or_refuse


def checkpoints_of(run: RunFile) -> Path:
    return Path(run.run_dir) / "checkpoints"
