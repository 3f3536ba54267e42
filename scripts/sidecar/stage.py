"""The frame around each stage: read the run file, say how it ended whatever happens, stop when told to."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from .events import EventLog
from .failure import Cancelled, Failure, first_words
from .libraries import load
from .ranks import TRIED_AGAIN, launched, leave, meet, note, noted, rank, watch_others
from .runfile import RunFile, read_run_file

EXIT_FAILED = 1
EXIT_CANCELLED = 128 + signal.SIGTERM
EXIT_LOST = 75  # sysexits.h: a failure that may pass
# Memory without holes: after a pass that did not fit, half of one does.
GROWING = "expandable_segments:True"
LEAST_FREE = 64 * 1024  # bytes: less is a full disk


def run_stage(stage: str, body: Callable[[RunFile, EventLog], None]) -> int:
    """
    Runs `body` on the run file named on the command line and returns the exit status.

    The last line of events.jsonl is always `end`: done, or failed with a cause: bad_run_file, no_gpu,
    no_vllm, no_bitsandbytes, bad_model, adapter_of_another_base, other_tokenizer, no_rows, bad_data,
    bad_chat_template, non_finite_gradient, non_finite_loss, no_signal, nothing_trained, reward_failed,
    reward_process_died, parity, not_exportable, no_package, out_of_memory, disk_full, cancelled, error.
    """
    if len(sys.argv) != 2:
        print(f"usage: python scripts/{stage}.py RUN.JSON", file=sys.stderr)
        return 2
    path = Path(sys.argv[1]).absolute()
    if not path.parent.is_dir():
        print(f"{path}: there is no such folder", file=sys.stderr)
        return 2
    events = EventLog(path.parent / "events.jsonl")
    if launched():
        follow_the_others(path.parent, events)
    cause, message = outcome(stage, path, body, events)
    if cause == "error" and TRIED_AGAIN in os.environ:  # another process was lost, most likely
        return EXIT_LOST
    note(path.parent, cause, message)
    if launched() and cause in ("cancelled", "error"):  # by the launcher, or by a collective that broke off
        cause, message = noted(path.parent) or (cause, message)
    end_tracking(cause)
    events.end(cause, message)
    if cause is None:
        leave()
    return EXIT_CANCELLED if cause == "cancelled" else 0 if cause is None else EXIT_FAILED


def follow_the_others(run_dir: Path, events: EventLog) -> None:
    """
    A launcher's process ends when the launcher is killed, and the run ends by the cause of whichever process
    failed.
    """
    from supervise import die_with_parent

    def end(cause: str, message: str) -> None:
        events.end(cause, message)
        os._exit(EXIT_FAILED)

    # the launcher starts each process in a session of its own: a signal to its group does not reach them
    die_with_parent()
    watch_others(run_dir, end)


def outcome(
    stage: str, path: Path, body: Callable[[RunFile, EventLog], None], events: EventLog
) -> tuple[str | None, str | None]:
    """Runs the stage. (None, None) when it is done, else why not."""
    try:
        hear_signals()
        run = read_run_file(path)
        if run.stage != stage:
            raise Failure("bad_run_file", f"{path.name}: stage: expected {stage}, found {run.stage}")
        set_environment(run)
        if stage != "grpo":  # there vLLM may be in this process, which keeps memory in a way of its own
            os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", GROWING)
        load(stage)
        meet()
        if run.plan and events.speaks:
            print(run.plan, flush=True)
        body(run if stage in ("merge", "export") else start_tracking(run, events), events)
    except Cancelled:
        return "cancelled", "stopped by a signal; what the checkpoints hold is kept"
    except Failure as failure:
        if failure.__cause__:
            traceback.print_exception(failure.__cause__)
        print(f"{failure.cause}: {failure.message}", file=sys.stderr)
        return failure.cause, failure.message
    except OSError as error:
        traceback.print_exc()
        named = f"{error.strerror}: {error.filename or 'a file'}" if error.strerror else first_words(error)
        return "disk_full" if error.errno == errno.ENOSPC else "error", named
    except Exception as error:
        traceback.print_exc()
        if is_full(path.parent, error):
            return "disk_full", f"no space left on the disk of {path.parent} ({first_words(error)})"
        return "error", f"{type(error).__name__}: {error}"
    return None, None


def is_full(folder: Path, error: Exception) -> bool:
    """safetensors and torch.save tell of a full disk in words of their own; torch's do not even name it."""
    return "No space left" in str(error) or shutil.disk_usage(folder).free < LEAST_FREE


def hear_signals() -> None:
    """
    SIGTERM and SIGINT end the run wherever it is. A second one is ignored, so that the end can be written.
    """

    def cancel(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise Cancelled

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, cancel)


def set_environment(run: RunFile) -> None:
    """
    Before any library that reads it is imported: no telemetry, no network, tracking only when switched on.
    """
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"  # a log, not a terminal
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    # Threads that wait for each other sleep instead of spinning. With one other busy process on two cores the
    # steps are five times as fast.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ["HF_HUB_OFFLINE"] = "1"  # a hub id was downloaded before the run began
    tracking = run.config.tracking
    for name in {"wandb", "trackio"} - {tracking.service}:
        sys.modules.setdefault(
            name, None
        )  # cannot be imported: TRL would, for a second, and use nothing of it
    if tracking.service == "trackio":
        os.environ["TRACKIO_DIR"] = os.path.join(
            run.run_dir, "trackio"
        )  # on this machine: no space, no server
    if tracking.service != "wandb":
        os.environ["WANDB_MODE"] = "disabled"
        return
    os.environ.update(
        WANDB_MODE=tracking.wandb_mode,
        WANDB_PROJECT=tracking.project,
        WANDB_DIR=run.run_dir,
        WANDB_DATA_DIR=os.path.join(
            run.run_dir, "wandb"
        ),  # tables wait here to be sent; it would be the home folder
        WANDB_NAME=run.key,
        WANDB_RUN_ID=run.key,
        WANDB_RESUME="allow",  # a resumed run goes on in the same W&B run
        WANDB_DISABLE_CODE="true",
        WANDB_CONSOLE="off",
    )


def start_tracking(run: RunFile, events: EventLog) -> RunFile:
    """
    The run with its tracking service started, or, when that fails, without one: a copy of the metrics is no
    reason for a training to fail. Of several processes the first one tracks.
    """
    service, project = run.config.tracking.service, run.config.tracking.project
    if service == "none":
        return run
    if rank() == 0:
        try:
            # As the trainer's callback does, which goes on in a run that is there.
            if service == "wandb":
                import wandb

                wandb.init(project=project, name=run.key)
                wandb.log = or_off(wandb.log, events)
            else:
                import trackio

                trackio.init(project=project, name=run.key, resume="allow", embed=False)
            return run
        except Exception as error:
            traceback.print_exc()
            events.warning("tracking", untracked(run, error))
    os.environ["WANDB_MODE"] = "disabled"
    return replace(run, config=replace(run.config, tracking=replace(run.config.tracking, service="none")))


def or_off(log: Callable[..., None], events: EventLog) -> Callable[..., None]:
    """
    wandb.log, which turns W&B off when it fails. W&B writes in a process of its own; when that one is gone
    (killed for want of memory) every call raises, and would end the training. trackio's log raises nothing.
    """

    def log_or_off(*args: Any, **kwargs: Any) -> None:
        import wandb

        try:
            log(*args, **kwargs)
        except Exception as error:
            traceback.print_exc()
            events.warning(
                "tracking",
                f"wandb failed: {first_words(error)}. The run goes on without it; events.jsonl has all "
                f"that is missing there.",
            )
            wandb.init(
                mode="disabled", reinit="create_new"
            )  # stands in for the run and takes whatever is logged

    return log_or_off


def untracked(run: RunFile, error: Exception) -> str:
    """The warning's message: what failed, where the metrics are, what to do."""
    settings = run.config.tracking
    name, advice = settings.service, "scripts/tracking.md says what the service needs"
    if settings.service == "wandb" and settings.wandb_mode == "online":
        name = "wandb (online)"
        advice = (
            "log in with .venv/bin/wandb login; without a network set tracking.wandbMode to offline, "
            "and send it later with .venv/bin/wandb sync"
        )
    return (
        f"{name} could not be started: {first_words(error)}. The run goes on without it and cannot be sent "
        f"later; all its metrics are in "
        f"{os.path.join(run.run_dir, 'events.jsonl')}. For the next run: {advice}."
    )


def end_tracking(cause: str | None) -> None:
    """
    Tells W&B how the run ended, where it was on. What W&B cannot do is no reason for a trained run to fail.
    """
    wandb = sys.modules.get("wandb")
    if wandb is None or wandb.run is None:
        return
    try:
        wandb.finish(exit_code=0 if cause is None else EXIT_FAILED)
    except Exception:
        traceback.print_exc()


def tracking(run: RunFile) -> dict[str, Any]:
    """The trainer's arguments that say where else its metrics go."""
    service, project = run.config.tracking.service, run.config.tracking.project
    here_only = (
        {"project": project, "trackio_space_id": None, "trackio_static_space_id": False}
        if service == "trackio"
        else {}
    )
    return {"report_to": [] if service == "none" else [service], "run_name": run.key, **here_only}
