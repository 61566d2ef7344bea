"""What has changed outside of a study since products were ordered, noticed when the workflow is planned: nothing heavy is imported."""

from __future__ import annotations

from pathlib import Path

from insarcast.core import InsarcastError

from ..fetched import lost_since, read_fetched, record_name
from .service.journal import JOURNAL, is_there, read_journal
from .shown import shown


def order_state(orders: Path, max_credits: float | None = None) -> str:
    """What is given to the rule as the state of its order: it changes when products of the record go missing, or when pairs that it
    left out for want of consent may be bought now, and then no more.

    A number in the journal alone would be lost with the cache. So the state of a record that is to be made again is named after the
    record itself, the rule notes it in the journal when that is done, and from then on it is read there: the same as it ran with.

    Args:
        orders: the record of an earlier run, if there was one.
        max_credits: the study's ``hyp3.max_credits``.

    Returns:
        "" where nothing has ever changed.
    """
    if not orders.is_file():
        return ""
    try:
        record = read_fetched(orders)
    except InsarcastError:
        return "another version"
    folder = Path(record.folder)
    journal = read_journal(folder / JOURNAL)
    noted = {entry.product: entry for entry in journal.delivered.values()}
    if any(name not in noted or not is_there(folder, noted[name]) for name in record.products):
        return lost_since(orders)
    if waiting := record.waiting:
        if max_credits is not None:
            agreed = waiting["credits"] is not None and waiting["credits"] <= max_credits
        else:
            agreed = set(waiting["keys"]) <= shown(folder.parents[1], folder.name)
        if agreed and waiting["consent"]:
            return f"agreed since {orders.stat().st_mtime_ns}"
    return journal.states.get(record_name(orders), "")
