"""What an order may cost: compared with the study's limit and with the account before anything is sent."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from insarcast.core import InsarcastError

from .client import Service
from .jobs import Wanted
from .match import state_of
from .terms import Terms

if TYPE_CHECKING:
    from hyp3_sdk.jobs import Job


def refuse_expired(service: Service, wanted: Sequence[Wanted], found: Mapping[str, Sequence[Job]], terms: Terms) -> None:
    expired = [want for want in wanted if state_of(found[want.key][0]) == "expired"]
    if expired:
        cost = _cost(service, expired)
        price = "an unknown number of" if cost is None else f"{cost:g}"
        raise InsarcastError(
            f"{len(expired)} products of project {terms.project} have expired at the service and are not in the cache (the first: "
            f"{expired[0].pair}); ordering them again costs {price} credits: set hyp3.reorder_expired to true, or leave the pairs out."
        )


def afford(service: Service, missing: Sequence[Wanted], total: int, terms: Terms) -> None:
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


def _cost(service: Service, wanted: Sequence[Wanted]) -> float | None:
    """Credits of jobs, None where the price of one is not known."""
    prices = service.prices()
    each = [prices.of(want.job) for want in wanted]
    return None if None in each else float(sum(price for price in each if price is not None))
