"""How a study orders."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """How a study orders: keys of its section ``hyp3``, and ``downloads.attempts``.

    Attributes:
        seen: keys of the jobs that a dry run has shown; only these are bought where there is no limit of credits.
        pairs: where the pairs of the plan are listed, for the sentence.
        screen: shows a line to the person, whose job writes into a log.
    """

    project: str
    reuse: str
    max_credits: float | None
    reorder_expired: bool
    reorder_failed: bool
    poll_seconds: float
    attempts: int
    seen: Collection[str]
    pairs: str
    screen: Callable[[str], None]

    def tell(self, line: str) -> None:
        """Say a line in the log and to the person."""
        print(line, file=sys.stderr, flush=True)
        self.screen(line)
