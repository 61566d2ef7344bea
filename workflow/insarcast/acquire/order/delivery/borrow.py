"""Products that another project of the same cache has: taken from there instead of being fetched again."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ..service.jobs import Wanted
from ..service.journal import Delivered, Journal, alone, is_there
from ..service.neighbours import neighbours


def borrow(wanted: Sequence[Wanted], folder: Path, journal: Journal) -> dict[str, str]:
    """Link products of the same jobs into a project's folder.

    Args:
        wanted: jobs whose products the project lacks.
        folder: the project's folder in the cache; its neighbours are looked at.
        journal: the project's, which notes what was delivered.

    Returns:
        Key -> "" for each product that is in its place now.
    """
    found = _elsewhere(wanted, folder)
    if not found:
        return {}
    with alone(folder / ".deliver.lock", f"fetching products of {folder.name}"):
        return _take(found, folder, journal)


def borrow_held(wanted: Sequence[Wanted], folder: Path, journal: Journal) -> dict[str, str]:
    """The same, for a caller who holds the lock of the project's deliveries."""
    return _take(_elsewhere(wanted, folder), folder, journal)


def _elsewhere(wanted: Sequence[Wanted], folder: Path) -> list[tuple[Wanted, Path, Delivered]]:
    """Jobs whose products are whole in a neighbour's folder, and where."""
    found: dict[str, tuple[Wanted, Path, Delivered]] = {}
    for journal in neighbours(folder) if wanted else ():
        other, theirs = journal.path.parent, journal.delivered
        for want in wanted:
            if want.key not in found and want.key in theirs and is_there(other, theirs[want.key]):
                found[want.key] = want, other, theirs[want.key]
    return list(found.values())


def _take(found: Sequence[tuple[Wanted, Path, Delivered]], folder: Path, journal: Journal) -> dict[str, str]:
    """Link what was found; key -> "" for what is in its place now."""
    taken: dict[str, str] = {}
    for want, other, noted in found:
        if _link(other / noted.product, folder / noted.product) and is_there(folder, noted):
            journal.own({want.key: want.job})
            journal.deliver(want.key, noted)
            taken[want.key] = ""
    if taken:
        names = ", ".join(sorted({other.name for _, other, _ in found}))
        print(f"{len(taken)} products are those of {names}, in the same cache", file=sys.stderr, flush=True)
    return taken


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
