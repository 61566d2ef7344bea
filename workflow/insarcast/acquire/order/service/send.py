"""Send the jobs that the service does not have yet, each once, whatever happens between a request and its answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insarcast.core import InsarcastError

from ...web.errors import ServiceError
from .budget import NotBought, afford, only_new_dates, refuse_expired
from .client import Service
from .doubts import found_again, ids_of, settle
from .jobs import AT_ONCE, Wanted, granules_of
from .journal import Doubt, Journal
from .match import match, of_granules, state_of
from .terms import Terms

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job

_NOT_TAKEN = (429, 503)  # answers by which a service says that it did not look at a request
_LONGEST_PAUSE = 60.0  # seconds between an order without a clear answer and the next, whatever the service asks for


@dataclass(frozen=True)
class Ordered:
    """What became of an order.

    Attributes:
        jobs: key -> the job to wait for or to fetch; failed ones too, where they are not ordered again.
        waiting: the jobs that were not bought.
        lack: why they were not, or None.
    """

    jobs: dict[str, Job]
    waiting: Sequence[Wanted] = ()
    lack: NotBought | None = None


def order(service: Service, wanted: Sequence[Wanted], terms: Terms, journal: Journal, here: Sequence[Wanted]) -> Ordered:
    """Find the jobs of a plan at the service, and send those that are missing.

    Where these are for dates only that no pair of the project's own has, as with an open end, and may not be bought, they wait, and what
    is paid goes on without them. Pairs that only others have paid make no date old: a first order is bought whole, or stops.

    Args:
        service: the service.
        wanted: jobs whose products are not in the cache.
        terms: what the study allows.
        journal: notes what is being sent; the caller holds the lock of all orders of this cache.
        here: those of the plan whose products are in the cache.

    Raises:
        InsarcastError: it costs too much, products have expired, or the service refuses; nothing is lost.
    """
    found = settle(service, wanted, terms, journal)
    journal.own({want.key: want.job for want in wanted if found[want.key]})
    missing = [want for want in wanted if not found[want.key] or _again(found[want.key], terms)]
    again = {want.key for want in missing}
    refuse_expired(service, [want for want in wanted if want.key not in again], found, terms)
    total = len(here) + len(wanted)
    if ordered := total - len(missing):
        print(f"{ordered} of {total} jobs are ordered already", file=sys.stderr, flush=True)
    lack, waiting = None, list[Wanted]()
    if missing:
        try:
            afford(service, missing, total, terms)
        except NotBought as error:
            paid = [*here, *(want for want in wanted if want.key not in again and not found[want.key][0].failed())]
            own = [want.pair for want in paid if _is_own(want, found.get(want.key, ()), terms, journal)]
            if not only_new_dates(missing, own):
                raise
            terms.tell(f"{error} Going on with the {len(paid)} pairs that are paid; the report lists those that wait.")
            lack, waiting, missing = error, missing, []
    if len(missing) > AT_ONCE:  # so that no part is paid for before another is refused
        for part in _parts(missing):
            try:
                service.check(_named(part, terms))
            except ServiceError as error:
                raise _refusal(service, part, terms, error) from None
    for part in _parts(missing):
        found |= _send(service, part, terms, journal, {want.key: ids_of(found[want.key]) for want in part})
    late = {want.key for want in waiting}
    return Ordered({want.key: found[want.key][0] for want in wanted if want.key not in late}, waiting, lack)


def _is_own(want: Wanted, jobs: Sequence[Job], terms: Terms, journal: Journal) -> bool:
    """Whether a project has ordered a job itself, or a record of it held the product."""
    return want.key in journal.sent or want.key in journal.recorded or any(job.name == terms.project for job in jobs)


def _again(jobs: Sequence[Job], terms: Terms) -> bool:
    """Whether to order again what was ordered: expired or, once, failed."""
    state = state_of(jobs[0])
    if state == "failed":
        return terms.reorder_failed and sum(job.failed() for job in jobs) == 1
    return state == "expired" and terms.reorder_expired


def _parts(wanted: Sequence[Wanted]) -> list[Sequence[Wanted]]:
    return [wanted[begin : begin + AT_ONCE] for begin in range(0, len(wanted), AT_ONCE)]


def _named(wanted: Sequence[Wanted], terms: Terms) -> list[dict[str, Any]]:
    return [dict(want.job) | {"name": terms.project} for want in wanted]


def _send(
    service: Service, part: Sequence[Wanted], terms: Terms, journal: Journal, known: Mapping[str, set[str]]
) -> dict[str, list[Job]]:
    """Send a part; what an unclear answer leaves open is looked up before anything is sent again. ``known``: ids of earlier jobs."""
    found: dict[str, list[Job]] = {}
    rest, failures = list(part), 0
    while rest:
        left = service.credits()  # what tells later whether a lost order was taken
        journal.sending({want.key: known[want.key] for want in rest}, left)
        try:
            new = _taken(rest, service.send(_named(rest, terms)), terms)
        except ServiceError as error:
            if not error.passing:  # refused, or never sent
                journal.settled([want.key for want in rest])
                raise _refusal(service, rest, terms, error) from None
            failures += 1
            terms.tell(f"The order got no clear answer ({error.reason}); looking whether it was taken")
            time.sleep(min(error.wait, _LONGEST_PAUSE))
            doubts = {want.key: Doubt(time.time(), left) for want in rest}
            new = found_again(service, rest, terms, doubts, known, short=error.status in _NOT_TAKEN)
            if not any(new.values()) and failures >= terms.attempts:
                raise InsarcastError(
                    f"{service.api} did not take the order in {failures} attempts ({error.reason}); what it has taken is kept. "
                    "Run again later."
                ) from None
        found |= {key: jobs for key, jobs in new.items() if jobs}
        journal.settled([want.key for want in rest if want.key in found], {key: jobs[0].job_id for key, jobs in found.items()})
        journal.own({want.key: want.job for want in rest if want.key in found})
        rest = [want for want in rest if want.key not in found]
    return found


def _taken(sent: Sequence[Wanted], jobs: Sequence[Job], terms: Terms) -> dict[str, list[Job]]:
    """Jobs of an answer by key, told by their granules where the service tells their settings in other words."""
    exact, alike = match(sent, jobs), of_granules(sent, jobs)
    found = {want.key: exact[want.key] or alike[want.key] for want in sent}
    told = sum(bool(found[want.key]) for want in sent)
    if told < len(sent) or len(jobs) != len(sent):
        raise InsarcastError(
            f"The service answered an order of {len(sent)} jobs with {len(jobs)}, of which {told} are those (project {terms.project}); "
            "look into your account there before you run again."
        )
    return found


def _refusal(service: Service, part: Sequence[Wanted], terms: Terms, error: ServiceError) -> InsarcastError:
    """The service's 400 repeats the job, its 403 and 401 speak of the account: one sentence for each."""
    if error.status != 400:
        return InsarcastError(f"{str(error).rstrip('.')}. Nothing of this order was taken: run again.")
    if "credits" in error.detail:
        return InsarcastError(
            f"The service refused the order: {error.detail.rstrip('.')}; order fewer pairs (hyp3.network, products.start and end), or "
            "wait until it renews the credits."
        )
    wrong, words = _first_wrong(service, part, terms, error.detail)
    echo = "job_parameters" in words or "schemas" in words
    said = f" ({words[:200].rstrip('.')})" if words and not echo else ""
    return InsarcastError(
        f"The service refused the job of {wrong.pair}{said}, and with it an order of {len(part)}; list the pair in products.exclude, "
        f"or correct the keys of hyp3. Its granules: {', '.join(granule for date in granules_of(wrong.job) for granule in date[:2])}."
    )


def _first_wrong(service: Service, part: Sequence[Wanted], terms: Terms, words: str) -> tuple[Wanted, str]:
    """The first job that the service refuses: by halves, checked without being taken."""
    while len(part) > 1:
        half = part[: len(part) // 2]
        try:
            service.check(_named(half, terms))
            part = part[len(part) // 2 :]
        except ServiceError as error:
            if error.status != 400:
                break
            part, words = half, error.detail
    return part[0], words
