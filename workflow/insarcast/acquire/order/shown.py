"""What dry runs have shown of an order: only that is bought without a limit of credits."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .service.jobs import key_of

SHOWN = "shown.jsonl"  # in the folder of a project


def note_shown(cache: str | Path, project: str, jobs: Iterable[Mapping[str, Any]]) -> None:
    """Note the jobs of a plan that a dry run has shown to a person; they may be ordered from then on.

    Args:
        cache: folder of what is fetched.
        project: name of the order.
        jobs: ``{"job_type", "job_parameters"}`` of each.
    """
    new = sorted({key_of(job) for job in jobs} - shown(cache, project))
    if not new:
        return
    path = Path(cache) / "hyp3" / project / SHOWN
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        file.write(b"\n" + json.dumps(new).encode() + b"\n")  # a line that a killed run left unfinished swallows nothing
        file.flush()
        os.fsync(file.fileno())


def shown(cache: str | Path, project: str) -> set[str]:
    """Keys of all jobs that dry runs of this project have shown, see :func:`insarcast.acquire.order.service.jobs.key_of`."""
    path = Path(cache) / "hyp3" / project / SHOWN
    keys: set[str] = set()
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            keys.update(str(key) for key in json.loads(line))
        except (ValueError, TypeError):
            continue  # blank, or unfinished
    return keys


def note_plan(cache: str | Path, plan: Path) -> None:
    """Note a plan that was just shown to a person; a broken one was not."""
    try:
        content = json.loads(plan.read_text(encoding="utf-8"))
        note_shown(cache, str(content["project"]), [pair["job"] for pair in content["pairs"]])
    except (OSError, ValueError, KeyError, TypeError):
        return


def is_shown(cache: str | Path, plan: Path) -> bool:
    """Whether all jobs of a plan were shown; of one that is broken or not there is nothing to show."""
    try:
        content = json.loads(plan.read_text(encoding="utf-8"))
        return {key_of(pair["job"]) for pair in content["pairs"]} <= shown(cache, str(content["project"]))
    except (OSError, ValueError, KeyError, TypeError):
        return True
