"""Products that went missing from the cache, noticed when the workflow is planned: nothing heavy is imported for it."""

from __future__ import annotations

from pathlib import Path

from insarcast.core import InsarcastError

from ..fetched import read_fetched
from .service.journal import JOURNAL, is_there, read_journal


def count_losses(orders: Path) -> str:
    """What is given to the rule as its state of loss: it changes when products of a record go missing, and then no more.

    A number in the journal alone would be lost with the cache. So the state of a record whose products are gone is named after the
    record itself, the rule notes it in the journal when they are back, and from then on it is read there: the same as it ran with.

    Args:
        orders: the record of an earlier run, if there was one.

    Returns:
        "" where nothing was ever lost.
    """
    if not orders.is_file():
        return ""
    try:
        record = read_fetched(orders)
    except InsarcastError:
        return "another version"
    journal = read_journal(Path(record.folder) / JOURNAL)
    noted = {entry.product: entry for entry in journal.delivered.values()}
    if any(name not in noted or not is_there(Path(record.folder), noted[name]) for name in record.products):
        return f"lost since {orders.stat().st_mtime_ns}"
    return journal.losses.get(record_name(orders), "")


def record_name(orders: Path) -> str:
    """What the journal calls a record by: its folder, for the record is written beside its place."""
    return str(orders.parent.absolute())
