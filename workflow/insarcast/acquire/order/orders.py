"""From a plan to unpacked products: what is in the cache stays, what the service has is fetched, what is missing is ordered."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError

from ..credits import hyp3_credits
from ..fetched import Fetched, record_name
from ..select import skip
from ..web.errors import ServiceError
from ..web.settings import WebSettings
from .delivery.borrow import borrow
from .delivery.courier import Courier
from .delivery.held import Course
from .delivery.watch import watch
from .service.client import connect
from .service.jobs import Wanted, read_plan
from .service.journal import JOURNAL, Journal, alone, is_there, read_journal
from .service.send import Ordered, order
from .service.terms import Terms
from .shown import shown

_TOLD = 3  # pairs that did not come, by name on the screen; all are in the record


def order_products(
    plan: Path,
    orders: Path,
    terms: Mapping[str, Any],
    manner: Mapping[str, Any],
    downloads: Mapping[str, Any],
    cache: str,
    state: str = "",
    screen: Callable[[str], None] | None = None,
) -> None:
    """Have the products of a plan made by HyP3 and put them into the cache, each ordered and paid once.

    A job is the same if its type, granules and settings are the same; jobs are found again among all of the account's. What is
    bought is within ``max_credits``, or was shown by a dry run.
    New dates that may not be bought wait, and are listed; what is paid already goes on without them.
    Requests that order are never repeated without looking first whether they were taken. A product that is complete in the cache
    is not asked for at all: with all of them there, nothing is asked of the service.

    Args:
        plan: the plan, see ``plan_order``.
        orders: JSON to write, see :class:`insarcast.acquire.fetched.Fetched`: pairs that are there, and those that are not with the
            reason. It holds no times and no numbers of jobs; those are in the journal in the cache.
        terms: keys of the study's ``hyp3`` that say what is ordered: reuse, reorder_expired, reorder_failed, api.
        manner: those that say how: login, max_credits, poll_seconds, wait_hours.
        downloads: the study's ``downloads``.
        cache: folder of what is fetched; the products lie in ``hyp3/<project>/<product>``.
        state: what has changed since, as the rule runs with it, see :func:`insarcast.acquire.order_state`.
        screen: shows a line to the person whose job writes into a log; None: there is none beside it.

    Raises:
        InsarcastError: a broken plan, a job that the service would refuse, no credentials, too high a price, products that have expired, jobs that
            are not done in time, or no product at all. What was ordered and fetched is kept, and the next run goes on from there.
    """
    content, wanted = read_plan(plan)
    project = str(content["project"])
    folder = Path(cache) / "hyp3" / project
    journal = read_journal(folder / JOURNAL)
    noted = [want for want in wanted if want.key in journal.delivered]
    here = [want for want in noted if is_there(folder, journal.delivered[want.key])]
    if len(here) < len(noted):
        print(f"{len(noted) - len(here)} products are no longer in {folder}", file=sys.stderr, flush=True)
    results = {want.key: "" for want in here}
    if terms["reuse"] == "any":
        results |= borrow([want for want in wanted if want.key not in results], folder, journal)
    missing = [want for want in wanted if want.key not in results]
    ordered, refused = Ordered({}), set[str]()
    if missing:
        settings = WebSettings.of(downloads, screen)
        agreed = Terms(
            project=project, attempts=settings.attempts, max_credits=manner["max_credits"], poll_seconds=manner["poll_seconds"],
            reuse=terms["reuse"], reorder_expired=terms["reorder_expired"], reorder_failed=terms["reorder_failed"],
            seen=shown(cache, project), pairs=str(plan.with_name("pairs.csv")), screen=screen or print,
        )  # fmt: skip
        paid = [want for want in wanted if want.key in results]
        ordered, brought, refused = _have_made(
            missing, paid, agreed, journal, folder, {**manner, "api": terms["api"]}, settings, content
        )
        results |= brought
    _write(orders, wanted, results, journal, folder, content, ordered, len(refused), screen or print)
    journal.record([want.key for want in wanted if not results[want.key]])
    journal.restored(record_name(orders), state)


def _have_made(
    missing: Sequence[Wanted],
    here: Sequence[Wanted],
    terms: Terms,
    journal: Journal,
    folder: Path,
    manner: Mapping[str, Any],
    settings: WebSettings,
    plan: Mapping[str, Any],
) -> tuple[Ordered, dict[str, str], set[str]]:
    """Order, wait and fetch; what was ordered, key -> "" or why there is no product, and keys whose product is not the one ordered."""
    service = connect(manner["api"], manner["login"], settings)
    try:
        with alone(folder.parent / ".order.lock", "ordering products"):
            journal.refresh()  # what another run noted while this one waited
            ordered = order(service, missing, terms, journal, here)
    except ServiceError as error:
        raise InsarcastError(f"{str(error).rstrip('.')}. Nothing that was ordered is lost: run again.") from None
    course = Course(plan.get("track"), plan.get("direction"))
    courier = Courier(service, folder, journal, settings, course, shared=terms.reuse == "any")
    results: dict[str, str] = {}
    if ordered.jobs:
        results = watch(
            service, [want for want in missing if want.key in ordered.jobs], ordered.jobs, courier,
            project=terms.project, poll_seconds=manner["poll_seconds"], wait_hours=manner["wait_hours"],
        )  # fmt: skip
    return ordered, results | {want.key: ordered.lack.waits for want in ordered.waiting if ordered.lack}, courier.refused


def _write(
    orders: Path,
    wanted: Sequence[Wanted],
    results: Mapping[str, str],
    journal: Journal,
    folder: Path,
    plan: Mapping[str, Any],
    ordered: Ordered,
    refused: int,
    show: Callable[[str], None],
) -> None:
    """The record of what is there and what is not; of the latter so many came and were not what was ordered.

    Of what was asked for and did not come a person is told; of what waits for consent he was told before.
    """
    there = [want for want in wanted if not results[want.key]]
    skipped = [skip("pair", want.pair, results[want.key]) for want in wanted if results[want.key]]
    if not there:
        advice = "look into your account at the service"
        if refused:
            advice = f"ask those who run the service, whose products of {refused} pairs are not those that were ordered"
        raise InsarcastError(
            f"None of the {len(wanted)} pairs of project {folder.name} came: {skipped[0]['name']} because {skipped[0]['reason']}; "
            f"{advice}, or plan other pairs."
        )
    names = [journal.delivered[want.key].product for want in there]
    for entry in skipped:
        print(f"{entry['name']} is left out: {entry['reason']}", file=sys.stderr, flush=True)
    waits = {want.pair for want in ordered.waiting}
    if gone := [entry for entry in skipped if entry["name"] not in waits]:
        few = "; ".join(f"{entry['name']}: {entry['reason']}" for entry in gone[:_TOLD])
        more = f"; and {len(gone) - _TOLD} more" if len(gone) > _TOLD else ""
        show(
            f"{len(gone)} of {len(wanted)} pairs did not come and are left out ({few}{more}). The report lists them; jobs that failed are ordered "
            "anew, at their price, with hyp3.reorder_failed: true."
        )
    Fetched(
        folder=str(folder),
        pairs=[want.pair for want in there],
        skipped=[*plan.get("left_out", ()), *skipped],
        credits=hyp3_credits(folder, names, str(plan["job"])),
        products=names,
        waiting=None
        if ordered.lack is None
        else {
            "keys": sorted(want.key for want in ordered.waiting),
            "credits": ordered.lack.credits,
            "consent": ordered.lack.consent,
        },
    ).write(orders)
