"""Which of the account's jobs are the ones that a plan wants, so that nothing is ordered twice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from .faults import DEFAULTS
from .jobs import Wanted, granules_of, settings_of

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job

State = Literal["ready", "waiting", "expired", "failed"]
_RANK: dict[State, int] = {"ready": 0, "waiting": 1, "failed": 2, "expired": 2}


def state_of(job: Job, now: datetime | None = None) -> State:
    """What can be done with a job: fetch it, wait for it, or order it again."""
    if job.failed():
        return "failed"
    if not job.succeeded():
        return "waiting"
    expires = job.expiration_time
    if expires is not None and (now or datetime.now(UTC)) >= (expires if expires.tzinfo else expires.replace(tzinfo=UTC)):
        return "expired"
    return "ready"


def match(wanted: Sequence[Wanted], jobs: Iterable[Job]) -> dict[str, list[Job]]:
    """Jobs that serve, the best first.

    A job serves if it is of the same type and granules and has the same settings; the service adds its defaults to them, and may add
    parameters that are newer than this code, which do not count. Layers that a job includes beyond what is asked do no harm. Among
    several, one that can be fetched comes before one to wait for, before those that are expired or failed; of these the newest, so
    that what failed when it was ordered again counts as failed; of the others one with exactly the settings asked for before the
    newest.

    Returns:
        Key of a wanted job -> jobs, an empty list where there is none.
    """
    now = datetime.now(UTC)
    found = {}
    candidates = of_granules(wanted, jobs)
    for want in wanted:
        asked = settings_of(want.job)
        fitting = [job for job in candidates[want.key] if _serves(settings_of(_plain(job)), asked)]
        found[want.key] = sorted(fitting, key=lambda job: _order(job, asked, now))
    return found


def of_granules(wanted: Sequence[Wanted], jobs: Iterable[Job]) -> dict[str, list[Job]]:
    """Jobs of the same type and granules, whatever their settings: how an answer is told whose settings are in other words."""
    by_granules: dict[tuple[str, object], list[Job]] = {}
    for job in jobs:
        if job.job_type in DEFAULTS:
            by_granules.setdefault(_what(_plain(job)), []).append(job)
    return {want.key: by_granules.get(_what(want.job), []) for want in wanted}


def _order(job: Job, asked: Mapping[str, Any], now: datetime) -> tuple[int, bool, float, bool]:
    state = state_of(job, now)
    done = _RANK[state] == 2
    other = not done and not _same(settings_of(_plain(job)), asked)
    return _RANK[state], other, -job.request_time.timestamp(), state != "failed"


def _plain(job: Job) -> dict[str, Any]:
    return {"job_type": job.job_type, "job_parameters": job.job_parameters}


def _what(job: Mapping[str, Any]) -> tuple[str, object]:
    return str(job["job_type"]), granules_of(job)


def _serves(has: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(_equal(has[name], value) or (name.startswith("include_") and has[name] is True) for name, value in asked.items())


def _same(has: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(_equal(has[name], value) for name, value in asked.items())


def _equal(one: object, other: object) -> bool:
    if (
        isinstance(one, int | float)
        and isinstance(other, int | float)
        and not isinstance(one, bool)
        and not isinstance(other, bool)
    ):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other
