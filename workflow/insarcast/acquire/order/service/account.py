"""What HyP3 tells of an account: credits, and whether it has access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ACCESS = "https://hyp3-docs.asf.alaska.edu/using/requesting_access/"
_CLOSED = {
    "NOT_STARTED": f"it has no access yet; request it at {_ACCESS}, and run again when it is granted.",
    "PENDING": f"its request for access is still to be decided ({_ACCESS}); run again when it is granted.",
    "REJECTED": f"its request for access was rejected; ask the service's support ({_ACCESS}).",
}


@dataclass(frozen=True)
class Account:
    """An account of a service.

    Attributes:
        credits: what is left; None where there is no limit, or where the service cannot tell.
        closed: what keeps it from ordering, as half a sentence, and what to do; "" where nothing is known to.
        known: whether the service could tell.
    """

    credits: float | None
    closed: str = ""
    known: bool = True


def account_of(user: Mapping[str, Any]) -> Account:
    """The answer of ``GET /user``.

    Raises:
        KeyError, ValueError, TypeError: it is none.
    """
    left = user["remaining_credits"]
    return Account(None if left is None else float(left), _CLOSED.get(str(user.get("application_status")), ""))
