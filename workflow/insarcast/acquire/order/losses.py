"""Products that went missing from the cache, noticed when the workflow is planned: nothing heavy is imported for it."""

from __future__ import annotations

from pathlib import Path

from insarcast.core import InsarcastError

from ..fetched import read_fetched
from .journal import JOURNAL, is_there, read_journal


def count_losses(orders: Path) -> int:
    """How often products of a record went missing from the cache, so that the rule runs again when they do, and then no more.

    Args:
        orders: the record of an earlier run, if there was one.
    """
    if not orders.is_file():
        return 0
    try:
        record = read_fetched(orders)
    except InsarcastError:
        return -1  # of another version
    journal = read_journal(Path(record.folder) / JOURNAL)
    noted = {entry.product: entry for entry in journal.delivered.values()}
    gone = any(name not in noted or not is_there(Path(record.folder), noted[name]) for name in record.products)
    return journal.losses + gone
