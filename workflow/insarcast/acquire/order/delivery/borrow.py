"""Products that another project of the same cache has: taken from there instead of being fetched again."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ..service.jobs import Wanted
from ..service.journal import JOURNAL, Journal, alone, is_there, read_journal


def borrow(wanted: Sequence[Wanted], folder: Path, journal: Journal) -> dict[str, str]:
    """Link products of the same jobs into a project's folder.

    Args:
        wanted: jobs whose products the project lacks.
        folder: the project's folder in the cache; its neighbours are looked at.
        journal: the project's, which notes what was delivered.

    Returns:
        Key -> "" for each product that is in its place now.
    """
    results: dict[str, str] = {}
    others = sorted(path.parent for path in folder.parent.glob(f"*/{JOURNAL}") if path.parent != folder) if wanted else []
    for other in others:
        theirs = read_journal(other / JOURNAL)
        here = [want for want in wanted if want.key not in results and want.key in theirs.delivered]
        here = [want for want in here if is_there(other, theirs.delivered[want.key])]
        if not here:
            continue
        with alone(folder / ".deliver.lock", f"fetching products of {folder.name}"):
            for want in here:
                noted = theirs.delivered[want.key]
                if _link(other / noted.product, folder / noted.product) and is_there(folder, noted):
                    journal.own({want.key: want.job})
                    journal.deliver(want.key, noted)
                    results[want.key] = ""
        print(f"{len(here)} products are those of {other.name}, in the same cache", file=sys.stderr, flush=True)
    return results


def _link(source: Path, place: Path) -> bool:
    """Make a folder whose files are those of another, without taking space where the file system can; False: it went away."""
    beside = place.with_name(f".part-{place.name}")
    try:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.copytree(source, beside, copy_function=_link_file)
        if place.exists():  # half of it: the rest was deleted
            shutil.rmtree(place)
        beside.rename(place)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        return False
    return True


def _link_file(source: str, place: str) -> None:
    try:
        os.link(source, place)
    except OSError:
        shutil.copy2(source, place)
