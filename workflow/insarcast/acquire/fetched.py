"""What a service left in the cache for one cube: the record between the rule that fetches and the one that finds."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from insarcast.core import InsarcastError, write_json

from .select import Skipped


@dataclass(frozen=True)
class Fetched:
    """Products of one cube that were fetched from a service, without times, so that the same products give the same bytes.

    Attributes:
        folder: where they lie, unpacked, in the cache.
        pairs: ``yyyymmdd_yyyymmdd`` of those that belong to this cube; the folder may hold more, of an earlier order.
        skipped: what the service did not deliver, with the reason.
        credits: whom the service wants named.
        products: names of the products, where the folder may hold several of one pair; empty: all that are there.
        waiting: pairs of an order that wait to be bought, or None: their jobs' ``keys``, what they cost in ``credits`` (None: not known),
            and whether it is a person's ``consent`` that they wait for.
    """

    folder: str
    pairs: list[str]
    skipped: list[Skipped] = field(default_factory=list)
    credits: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    waiting: dict[str, Any] | None = None

    def write(self, path: Path) -> None:
        write_json(path, asdict(self))


def read_fetched(path: Path) -> Fetched:
    """Read the record.

    Raises:
        InsarcastError: it is none of this version.
    """
    try:
        return Fetched(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InsarcastError(f"{path} is no record of this version ({error}); delete it and run again.") from None


def record_name(record: Path) -> str:
    """What the cache calls a record by: its folder, for a record is written beside its place."""
    return str(record.parent.absolute())


def lost_since(record: Path) -> str:
    """The state of loss of a record whose files left the cache: named after the record itself, which is all that is left."""
    return f"lost since {record.stat().st_mtime_ns}"
