"""
Copies a finished report to the tracking service of the config: evaluations and ablations, as sft.py and
grpo.py copy their metrics.

    python scripts/track.py < report.json

stdin: {"service": "wandb" | "trackio", "mode": "online" | "offline", "project", "folder", "name", "kind",
"config", "metrics", "tables"}. `metrics` are numbers by name; `tables` are lists of flat rows by name.
reports/ is the source of truth: what is sent is a copy.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main(report: dict[str, Any]) -> None:
    os.makedirs(report["folder"], exist_ok=True)
    if report["service"] == "wandb":
        os.environ.update(
            WANDB_MODE=report["mode"],
            WANDB_DIR=report["folder"],
            WANDB_DATA_DIR=os.path.join(report["folder"], "wandb"),
            WANDB_SILENT="true",
            WANDB_CONSOLE="off",
            WANDB_DISABLE_CODE="true",
        )
        import wandb as service

        options = {"job_type": report["kind"], "dir": report["folder"]}
        table = lambda columns, rows: service.Table(columns=columns, data=rows)  # noqa: E731
    else:
        os.environ["TRACKIO_DIR"] = report["folder"]
        import pandas
        import trackio as service

        options = {"embed": False, "group": report["kind"]}

        def table(columns, rows):
            return service.Table(dataframe=pandas.DataFrame(rows, columns=columns))

    run = service.init(project=report["project"], name=report["name"], config=report["config"], **options)
    run.log({name: value for name, value in report["metrics"].items() if value is not None})
    for name, rows in report["tables"].items():
        if rows:
            columns = list(rows[0])
            run.log({name: table(columns, [[row.get(column) for column in columns] for row in rows])})
    run.finish()


if __name__ == "__main__":
    main(json.load(sys.stdin))
