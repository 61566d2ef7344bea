"""What a call of `fetch_all` did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Report:
    """What was done.

    Attributes:
        fetched: names that came in this run.
        held: names that were there already.
        skipped: name -> why it cannot be had.
        received: bytes that came in this run.
    """

    fetched: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    received: int = 0
