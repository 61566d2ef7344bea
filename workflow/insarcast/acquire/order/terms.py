"""How a study orders."""

from __future__ import annotations

from dataclasses import dataclass


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
