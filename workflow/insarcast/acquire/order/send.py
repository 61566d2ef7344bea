"""Send the jobs that the service does not have yet, each once, whatever happens between a request and its answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insarcast.core import InsarcastError

from ..web.errors import NotThere, ServiceError
from .client import Service
from .jobs import AT_ONCE, Wanted, granules_of
from .journal import Doubt, Journal
from .match import match, state_of

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job

# After a lost answer: when the jobs are looked for, as shares of the interval of polling. The service's list lags behind its
# orders by moments; where the account was charged, it is given longer.
_LOOKS = (0.0, 1 / 30, 1 / 12, 1 / 6, 1 / 3)
_MORE_LOOKS = (0.5, 1.0, 1.0)
_SETTLED_AFTER = 600.0  # seconds after which the list certainly shows what was taken
_CLOCKS = 300.0  # seconds by which clocks may differ
_SURELY_REFUSED = range(400, 500)


@dataclass(frozen=True)
class Terms:
    """How a study orders: keys of its section ``hyp3``, and ``downloads.attempts``."""

    project: str
    reuse: str
    max_credits: float | None
    reorder_expired: bool
    reorder_failed: bool
    poll_seconds: float
    attempts: int


def order(service: Service, wanted: Sequence[Wanted], terms: Terms, journal: Journal) -> dict[str, Job]:
    """Find the jobs of a plan at the service, and send those that are missing.

    Args:
        service: the service.
        wanted: jobs whose products are not in the cache.
        terms: what the study allows.
        journal: notes what is being sent; the caller holds the lock of all orders of this cache.

    Returns:
        Key -> the job to wait for or to fetch; failed ones too, where they are not ordered again.

    Raises:
        InsarcastError: it costs too much, products have expired, or the service refuses; nothing is lost.
    """
    found = _settle(service, wanted, terms, journal)
    missing = [want for want in wanted if not found[want.key] or _again(found[want.key], terms)]
    again = {want.key for want in missing}
    _refuse_expired(service, [want for want in wanted if want.key not in again], found, terms)
    ordered = len(wanted) - len(missing)
    if ordered:
        print(f"{ordered} of {len(wanted)} jobs are ordered already", file=sys.stderr, flush=True)
    if missing:
        _afford(service, missing, len(wanted), terms)
    if len(missing) > AT_ONCE:  # so that no part is paid for before another is refused
        for part in _parts(missing):
            try:
                service.check(_named(part, terms))
            except ServiceError as error:
                raise _refusal(service, part, terms, error) from None
    for part in _parts(missing):
        found |= _send(service, part, terms, journal, {want.key: _ids(found[want.key]) for want in part})
    return {want.key: found[want.key][0] for want in wanted}


def look(service: Service, wanted: Sequence[Wanted], terms: Terms) -> dict[str, list[Job]]:
    """The account's jobs that serve, the best first, by key."""
    return match(wanted, service.jobs(name=None if terms.reuse == "any" else terms.project))


def _again(jobs: Sequence[Job], terms: Terms) -> bool:
    """Whether to order again what was ordered: expired or, once, failed."""
    state = state_of(jobs[0])
    if state == "failed":
        return terms.reorder_failed and sum(job.failed() for job in jobs) == 1
    return state == "expired" and terms.reorder_expired


def _refuse_expired(service: Service, wanted: Sequence[Wanted], found: Mapping[str, Sequence[Job]], terms: Terms) -> None:
    expired = [want for want in wanted if state_of(found[want.key][0]) == "expired"]
    if expired:
        cost = _cost(service, expired)
        price = "an unknown number of" if cost is None else f"{cost:g}"
        raise InsarcastError(
            f"{len(expired)} products of project {terms.project} have expired at the service and are not in the cache (the first: "
            f"{expired[0].pair}); ordering them again costs {price} credits: set hyp3.reorder_expired to true, or leave the pairs out."
        )


def _cost(service: Service, wanted: Sequence[Wanted]) -> float | None:
    """Credits of jobs, None where the price of one is not known."""
    prices = service.prices()
    each = [prices.of(want.job) for want in wanted]
    return None if None in each else float(sum(price for price in each if price is not None))


def _afford(service: Service, missing: Sequence[Wanted], total: int, terms: Terms) -> None:
    """Compare the price with what may be spent."""
    cost, left = _cost(service, missing), service.credits()
    what = f"Ordering {len(missing)} of {total} jobs of project {terms.project}"
    if cost is None:
        if terms.max_credits is not None:
            kind = missing[0].job["job_type"]
            raise InsarcastError(
                f"{what} has no known price (the service's list does not name {kind} so), so hyp3.max_credits cannot be kept; set it "
                "to null to order all the same."
            )
    elif terms.max_credits is not None and cost > terms.max_credits:
        raise InsarcastError(
            f"{what} costs {cost:g} credits, more than hyp3.max_credits, {terms.max_credits:g}; raise it, or order fewer pairs "
            "(hyp3.network, products.start and end). Nothing was ordered."
        )
    elif left is not None and cost > left:
        raise InsarcastError(
            f"{what} costs {cost:g} credits, but {left:g} are left on the account; order fewer pairs (hyp3.network, products.start "
            "and end), or wait until the service renews them. Nothing was ordered."
        )
    price = "an unknown number of" if cost is None else f"{cost:g}"
    rest = "" if left is None else f", {left:g} are left"
    print(f"ordering {len(missing)} jobs for {price} credits{rest}", file=sys.stderr, flush=True)


def _parts(wanted: Sequence[Wanted]) -> list[Sequence[Wanted]]:
    return [wanted[begin : begin + AT_ONCE] for begin in range(0, len(wanted), AT_ONCE)]


def _named(wanted: Sequence[Wanted], terms: Terms) -> list[dict[str, Any]]:
    return [dict(want.job) | {"name": terms.project} for want in wanted]


def _ids(jobs: Iterable[Job]) -> set[str]:
    return {job.job_id for job in jobs}


def _send(
    service: Service, part: Sequence[Wanted], terms: Terms, journal: Journal, known: Mapping[str, set[str]]
) -> dict[str, list[Job]]:
    """Send a part; what an unclear answer leaves open is looked up before anything is sent again. ``known``: ids of earlier jobs."""
    found: dict[str, list[Job]] = {}
    rest, failures = list(part), 0
    while rest:
        left = service.credits()  # what tells later whether a lost order was taken
        journal.sending([want.key for want in rest], left)
        try:
            new = match(rest, service.send(_named(rest, terms)))
        except ServiceError as error:
            if error.status in _SURELY_REFUSED and not error.passing:
                journal.settled([want.key for want in rest])
                raise _refusal(service, rest, terms, error) from None
            failures += 1
            print(f"an order got no clear answer ({error.reason}); looking whether it was taken", file=sys.stderr, flush=True)
            time.sleep(min(error.wait, terms.poll_seconds))
            new = _found_again(service, rest, terms, {want.key: Doubt(time.time(), left) for want in rest}, known)
            if not any(new.values()) and failures >= terms.attempts:
                raise InsarcastError(
                    f"{service.api} did not take the order in {failures} attempts ({error.reason}); what it has taken is kept. Run again later."
                ) from None
        found |= {key: jobs for key, jobs in new.items() if jobs}
        journal.settled([want.key for want in rest if want.key in found], {key: jobs[0].job_id for key, jobs in found.items()})
        rest = [want for want in rest if want.key not in found]
    return found


def _settle(service: Service, wanted: Sequence[Wanted], terms: Terms, journal: Journal) -> dict[str, list[Job]]:
    """What the service has, once it is clear what became of an earlier run's requests without an answer."""
    found = look(service, wanted, terms)
    # A job that was taken a moment ago may not be listed yet.
    unlisted = [want for want in wanted if not found[want.key] and want.key in journal.sent]
    found |= match(unlisted, _by_number(service, [journal.sent[want.key] for want in unlisted]))
    doubtful = [want for want in wanted if want.key in journal.doubts]
    older = {want.key: _ids(job for job in found[want.key] if _older(job, journal.doubts[want.key])) for want in doubtful}
    open_ = [want for want in doubtful if len(older[want.key]) == len(found[want.key])]
    if open_:
        print("an earlier run was ended while it ordered; looking whether its order was taken", file=sys.stderr, flush=True)
        new = _found_again(service, open_, terms, journal.doubts, older)
        found |= {key: jobs + found[key] for key, jobs in new.items()}
    journal.settled([want.key for want in doubtful])
    return found


def _by_number(service: Service, numbers: Iterable[str]) -> list[Job]:
    jobs = []
    for number in numbers:
        with suppress(NotThere):
            jobs.append(service.job(number))
    return jobs


def _older(job: Job, doubt: Doubt) -> bool:
    """Whether a job is surely older than an order that got no answer; the clocks of both sides may differ."""
    return bool(job.request_time.timestamp() < doubt.at - _CLOCKS)


def _found_again(
    service: Service, wanted: Sequence[Wanted], terms: Terms, doubts: Mapping[str, Doubt], known: Mapping[str, set[str]]
) -> dict[str, list[Job]]:
    """Look for jobs until they are there, or it is clear that they were not taken."""
    for number, share in enumerate(_LOOKS + _MORE_LOOKS):
        time.sleep(share * terms.poll_seconds)
        found = {
            key: [job for job in jobs if job.job_id not in known.get(key, ())]
            for key, jobs in look(service, wanted, terms).items()
        }
        missing = [doubts[want.key] for want in wanted if not found[want.key]]
        if not missing or all(time.time() - doubt.at > _SETTLED_AFTER for doubt in missing):
            return found
        if number >= len(_LOOKS) - 1 and not _charged(service, missing):
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
