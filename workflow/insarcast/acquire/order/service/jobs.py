"""Jobs of a plan: what makes two of them the same, and what the service fills into them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, fingerprint

from .faults import DEFAULTS
from .faults import fault as fault

AT_ONCE = 200  # jobs that the service takes in one request
LONGEST_NAME = 100
PIXELS = {"20x4": 80, "10x2": 40, "5x1": 20}  # m, by looks


@dataclass(frozen=True)
class Wanted:
    """One pair of a plan.

    Attributes:
        pair: ``yyyymmdd_yyyymmdd``.
        job: ``{"job_type", "job_parameters"}``, without the name.
        key: the same for the same job, whatever order its settings and bursts are in.
    """

    pair: str
    job: Mapping[str, Any]
    key: str


def read_plan(path: Path) -> tuple[dict[str, Any], list[Wanted]]:
    """A plan and its jobs, checked.

    Raises:
        InsarcastError: it is broken or none of this version; or see :func:`wanted_jobs`.
    """
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        return plan, wanted_jobs(plan, str(path))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else "it cannot be read"
        raise InsarcastError(f"{path} is no plan of an order ({what}); delete it and run again.") from None


def wanted_jobs(plan: Mapping[str, Any], where: str) -> list[Wanted]:
    """The jobs of a plan, checked.

    Args:
        plan: contents of a ``plan.json``.
        where: the plan's file, for the sentence.

    Raises:
        InsarcastError: jobs that the service would refuse, each with its reason; or a pair twice.
    """
    name = str(plan["project"])
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InsarcastError(
            f"The project '{name}' has {len(name)} letters, but HyP3 takes 1 to {LONGEST_NAME}; set hyp3.project."
        )
    jobs, wrong = [], []
    for entry in plan["pairs"]:
        pair = f"{entry['date1']}_{entry['date2']}"
        job = {key: entry["job"][key] for key in ("job_type", "job_parameters")}
        reason = fault(job, (entry["date1"], entry["date2"]))
        if reason:
            wrong.append(f"{pair}: {reason}")
        else:
            jobs.append(Wanted(pair, job, key_of(job)))
    if wrong:
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise InsarcastError(
            f"{len(wrong)} of {len(plan['pairs'])} jobs of {where} would be refused by the service ({'; '.join(wrong[:5])}{more}); "
            "correct the keys of hyp3, or delete the plan and run again."
        )
    if len({job.pair for job in jobs}) < len(jobs):
        raise InsarcastError(f"{where} has a pair twice; delete it and run again.")
    return jobs


def granules_of(job: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """What a job is made of, the same for two jobs of the same granules: bursts of one date in any order, dates in theirs."""
    parameters = job["job_parameters"] or {}
    if job["job_type"] == "INSAR_ISCE_MULTI_BURST":
        return tuple(tuple(sorted(parameters.get(name) or ())) for name in ("reference", "secondary"))
    return tuple((granule,) for granule in parameters.get("granules") or ())


def settings_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """The other parameters of a job, defaults filled in as the service does; parameters that we do not know are left out."""
    usual = DEFAULTS[job["job_type"]]
    return {name: (job["job_parameters"] or {}).get(name, value) for name, value in usual.items()}


def key_of(job: Mapping[str, Any]) -> str:
    """Fingerprint of a job: type, granules and settings."""
    return fingerprint([job["job_type"], granules_of(job), settings_of(job)])
