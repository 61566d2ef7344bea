"""What the service has of an order that got no answer: looked up before anything is sent again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from insarcast.core import InsarcastError

from ...web.errors import NotThere
from .client import Service
from .jobs import Wanted
from .journal import Doubt, Journal
from .match import match
from .terms import Terms

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job

# After a lost answer: seconds between looks for the jobs, three minutes in all. The service's list lags behind its orders by
# moments, and an order whose sender gave up may still be taken; where it said that it did not take it, the first looks do.
LOOKS = (0.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 60.0)
_SHORT = 5
_SETTLED_AFTER = 600.0  # seconds after which the list certainly shows what was taken
_CLOCKS = 300.0  # seconds by which clocks may differ


def look(service: Service, wanted: Sequence[Wanted], terms: Terms) -> dict[str, list[Job]]:
    """The account's jobs that serve, the best first, by key."""
    return match(wanted, service.jobs(name=None if terms.reuse == "any" else terms.project))


def settle(service: Service, wanted: Sequence[Wanted], terms: Terms, journal: Journal) -> dict[str, list[Job]]:
    """What the service has, once it is clear what became of an earlier run's requests without an answer."""
    found = look(service, wanted, terms)
    # A job that was taken a moment ago may not be listed yet, or the service may tell it in other words than it was sent.
    for want in wanted:
        if not found[want.key] and want.key in journal.sent:
            with suppress(NotThere):
                found[want.key] = [service.job(journal.sent[want.key])]
    doubtful = [want for want in wanted if want.key in journal.doubts]
    older = {want.key: ids_of(job for job in found[want.key] if _older(job, journal.doubts[want.key])) for want in doubtful}
    open_ = [want for want in doubtful if len(older[want.key]) == len(found[want.key])]
    if open_:
        print("an earlier run was ended while it ordered; looking whether its order was taken", file=sys.stderr, flush=True)
        new = found_again(service, open_, terms, journal.doubts, older)
        found |= {key: jobs + found[key] for key, jobs in new.items()}
    journal.settled([want.key for want in doubtful])
    return found


def found_again(
    service: Service,
    wanted: Sequence[Wanted],
    terms: Terms,
    doubts: Mapping[str, Doubt],
    known: Mapping[str, set[str]],
    *,
    short: bool = False,
) -> dict[str, list[Job]]:
    """Look for jobs until they are there, or it is clear that they were not taken.

    Args:
        service: the service.
        wanted: what was sent.
        terms: what the study allows.
        doubts: when it was sent, and the credits before, by key.
        known: ids of earlier jobs, by key, that do not count.
        short: the service said that it did not take them; a proxy may have said so in its place.

    Raises:
        InsarcastError: the account was charged, but the jobs are not listed.
    """
    for number, seconds in enumerate(LOOKS, 1):
        time.sleep(seconds)
        found = {
            key: [job for job in jobs if job.job_id not in known.get(key, ())]
            for key, jobs in look(service, wanted, terms).items()
        }
        missing = [doubts[want.key] for want in wanted if not found[want.key]]
        if not missing or all(time.time() - doubt.at > _SETTLED_AFTER for doubt in missing):
            return found
        if number >= (_SHORT if short else len(LOOKS)) and not _charged(service, missing):
            return found
    raise InsarcastError(
        f"{service.api} took credits while an order was under way, but does not list its jobs ({wanted[0].pair} and "
        f"{len(wanted) - 1} more of project {terms.project}); look into your account there, and run again in a quarter of an hour: "
        "what is still missing then is ordered."
    )


def _charged(service: Service, doubts: Sequence[Doubt]) -> bool:
    """Whether the account has fewer credits than before the order."""
    before = [doubt.left for doubt in doubts if doubt.left is not None]
    now = service.credits() if before else None
    return now is not None and now < min(before) - 1e-6


def _older(job: Job, doubt: Doubt) -> bool:
    """Whether a job is surely older than an order that got no answer; the clocks of both sides may differ."""
    return bool(job.request_time.timestamp() < doubt.at - _CLOCKS)


def ids_of(jobs: Iterable[Job]) -> set[str]:
    """The service's numbers of jobs."""
    return {job.job_id for job in jobs}
