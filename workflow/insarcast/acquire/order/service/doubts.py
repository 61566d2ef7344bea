"""What the service has of an order that got no answer: looked up before anything is sent again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from itertools import chain, repeat
from typing import TYPE_CHECKING

from insarcast.core import InsarcastError

from ...web.errors import NotThere
from .client import Service
from .jobs import Wanted
from .journal import Doubt, Journal
from .match import match
from .neighbours import doubts_of_all, neighbours
from .terms import Terms

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job

# After a lost answer: seconds between looks for the jobs, three minutes in all. The service's list lags behind its orders by
# moments, and an order whose sender gave up may still be taken: HyP3 works on a request for 30 s at most (the time-out of its Lambda,
# apps/api/api-cf.yml.j2 of ASFHyP3/hyp3), also where its gateway has answered 504 before. Where it said that it did not take it, the
# first looks do. Where no charge tells whether it was taken, it is looked for until SETTLED_AFTER.
LOOKS = (0.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 60.0)
_SHORT = 5
SETTLED_AFTER = 600.0  # seconds after which nothing that was sent is taken any more, and the list shows all that was


def look(service: Service, wanted: Sequence[Wanted], terms: Terms) -> dict[str, list[Job]]:
    """The account's jobs that serve, the best first, by key."""
    return match(wanted, service.jobs(name=None if terms.reuse == "any" else terms.project))


def settle(service: Service, wanted: Sequence[Wanted], terms: Terms, journal: Journal) -> dict[str, list[Job]]:
    """What the service has, once it is clear what became of an earlier run's requests without an answer.

    Where jobs of any name count, those of other projects in the cache do too: else both would pay for the same job.
    """
    found = look(service, wanted, terms)
    others = neighbours(journal.path.parent) if terms.reuse == "any" else []
    # A job that was taken a moment ago may not be listed yet, or the service may tell it in other words than it was sent.
    for want in wanted:
        for sent in (one.sent for one in (journal, *others) if want.key in one.sent):
            if not found[want.key]:
                with suppress(NotThere):
                    found[want.key] = [service.job(sent[want.key])]
    doubts = doubts_of_all(journal, others)
    known = {want.key: doubts[want.key].known for want in wanted if want.key in doubts}
    open_ = [want for want in wanted if want.key in known and ids_of(found[want.key]) <= known[want.key]]
    if open_:
        terms.tell("An earlier run was ended while it ordered; looking whether its order was taken")
        new = found_again(service, open_, terms, doubts, known)
        found |= {key: jobs + found[key] for key, jobs in new.items()}
    journal.settled([want.key for want in wanted if want.key in journal.doubts])
    return found


def found_again(
    service: Service,
    wanted: Sequence[Wanted],
    terms: Terms,
    doubts: Mapping[str, Doubt],
    known: Mapping[str, Set[str]],
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
    for number, seconds in enumerate(chain(LOOKS, repeat(LOOKS[-1])), 1):
        time.sleep(seconds)
        found = {
            key: [job for job in jobs if job.job_id not in known.get(key, ())]
            for key, jobs in look(service, wanted, terms).items()
        }
        missing = [doubts[want.key] for want in wanted if not found[want.key]]
        if not missing or all(time.time() - doubt.at > SETTLED_AFTER for doubt in missing):
            return found
        if number < (_SHORT if short else len(LOOKS)):
            continue
        charged = _charged(service, missing)
        if charged is False or (charged is None and short):
            return found
        if charged and number >= len(LOOKS):
            break
        if number == len(LOOKS):
            terms.tell(
                f"No charge tells whether the order was taken; looking until {SETTLED_AFTER / 60:g} minutes after it was sent"
            )
    raise InsarcastError(
        f"{service.api} took credits while an order was under way, but does not list its jobs ({wanted[0].pair} and "
        f"{len(wanted) - 1} more of project {terms.project}); look into your account there, and run again in a quarter of an hour: "
        "what is still missing then is ordered."
    )


def _charged(service: Service, doubts: Sequence[Doubt]) -> bool | None:
    """Whether the account has fewer credits than before the order; None where that does not tell: it has no limit, what it had is not
    known, or it has more now, for the service renews credits with the month.
    """
    before = [doubt.left for doubt in doubts if doubt.left is not None]
    now = service.credits() if before else None
    if now is None or len(before) < len(doubts) or now > max(before) + 1e-6:
        return None
    return now < min(before) - 1e-6


def ids_of(jobs: Iterable[Job]) -> set[str]:
    """The service's numbers of jobs."""
    return {job.job_id for job in jobs}
