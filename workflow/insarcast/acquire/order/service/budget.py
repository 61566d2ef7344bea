"""What an order may cost: compared with the study's limit and with the account before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from insarcast.core import InsarcastError

from .client import Service
from .jobs import Wanted
from .match import state_of
from .prices import Prices
from .terms import Terms

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job


class NotBought(InsarcastError):
    """An order is not sent, for nobody has agreed to it, or it cannot be paid.

    Attributes:
        waits: the same in short, for each of its pairs.
        credits: what it costs, or None where that is not known.
        consent: whether it is a person's consent that is lacking.
    """

    def __init__(self, sentence: str, waits: str, credits: float | None, *, consent: bool = True) -> None:
        super().__init__(sentence)
        self.waits, self.credits, self.consent = waits, credits, consent


def refuse_expired(service: Service, wanted: Sequence[Wanted], found: Mapping[str, Sequence[Job]], terms: Terms) -> None:
    expired = [want for want in wanted if state_of(found[want.key][0]) == "expired"]
    if expired:
        cost = _sum(service.prices(), expired)
        price = "an unknown number of" if cost is None else f"{cost:g}"
        raise InsarcastError(
            f"{len(expired)} products of project {terms.project} have expired at the service and are not in the cache (the first: "
            f"{expired[0].pair}); ordering them again costs {price} credits: set hyp3.reorder_expired to true, or leave the pairs out."
        )


def afford(service: Service, missing: Sequence[Wanted], total: int, terms: Terms) -> None:
    """Compare the price with what may be spent, and say it before it is.

    Args:
        service: the service.
        missing: the jobs to buy.
        total: number of the plan's jobs.
        terms: what the study allows.

    Raises:
        NotBought: it costs too much, the account may not order yet, or nobody has seen what is to be bought.
    """
    prices, account = service.prices(), service.account()
    cost, left = _sum(prices, missing), account.credits
    what = f"Ordering {len(missing)} of {total} jobs of project {terms.project}"
    price = "an unknown number of credits" if cost is None else f"{cost:g} credits"
    if prices.source == "built-in":
        price += f" ({prices.note})"
    if account.closed and (left is None or left <= 0):
        raise NotBought(
            f"The account of {service.api} may not order yet: {account.closed} Nothing was ordered.",
            "the account may not order yet", cost, consent=False,
        )  # fmt: skip
    if terms.max_credits is None:
        _agreed(prices, missing, what, price, terms)
    elif cost is None:
        kind = missing[0].job["job_type"]
        raise NotBought(
            f"{what} has no known price (the service's list does not name {kind} so), so hyp3.max_credits cannot be kept; set it "
            "to null to order what a dry run has shown.",
            "it awaits consent: its price is not known, so that hyp3.max_credits cannot be kept", cost,
        )  # fmt: skip
    elif cost > terms.max_credits:
        raise NotBought(
            f"{what} costs {price}, more than hyp3.max_credits, {terms.max_credits:g}; raise it, or order fewer pairs "
            "(hyp3.network, products.start and end). Nothing was ordered.",
            f"it awaits consent: the order that it is in costs {cost:g} credits, more than hyp3.max_credits", cost,
        )  # fmt: skip
    if cost is not None and left is not None and cost > left:
        raise NotBought(
            f"{what} costs {price}, but {left:g} are left on the account; order fewer pairs (hyp3.network, products.start "
            "and end), or wait until the service renews them. Nothing was ordered.",
            f"the order that it is in costs {cost:g} credits, more than the account had; --forcerun order_products tries again",
            cost, consent=False,
        )  # fmt: skip
    rest = "" if left is None else f", {left:g} are left"
    terms.tell(f"{what} for {price}{rest}")


def _agreed(prices: Prices, missing: Sequence[Wanted], what: str, price: str, terms: Terms) -> None:
    """Hold that a person has seen what is to be bought: a new plan may hold more than the one that was agreed to."""
    new = [want for want in missing if want.key not in terms.seen]
    if not new:
        return
    cost, whole = _sum(prices, new), _sum(prices, missing)
    part = "an unknown number of" if cost is None else f"{cost:g}"
    limit = "a dry run (hyp3.dry_run: true)"
    if whole is not None:
        limit = f"hyp3.max_credits: {math.ceil(whole)}, or {limit},"
    unseen = "are new since the last dry run" if terms.seen else "have not been shown by a dry run"
    raise NotBought(
        f"{what} costs {price}, and {len(new)} pairs for {part} credits {unseen} (the first: {new[0].pair}; "
        f"all are in {terms.pairs}); {limit} allows them. Nothing was ordered.",
        "it awaits consent: it is new since the last dry run, and a dry run (hyp3.dry_run) or hyp3.max_credits allows it", whole,
    )  # fmt: skip


def only_new_dates(missing: Sequence[Wanted], own: Sequence[str]) -> bool:
    """Whether all that is not bought is for dates that no paid pair of the project has, so that what is paid is whole without it."""
    reached = {date for pair in own for date in pair.split("_")}
    return bool(reached) and all(set(want.pair.split("_")) - reached for want in missing)


def _sum(prices: Prices, wanted: Sequence[Wanted]) -> float | None:
    """Credits of jobs, None where the price of one is not known."""
    each = [prices.of(want.job) for want in wanted]
    return None if None in each else float(sum(price for price in each if price is not None))
