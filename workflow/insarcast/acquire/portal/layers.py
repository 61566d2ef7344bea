"""What a frame has beside its interferograms: line of sight and heights, texts about it, and the delays of its dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from insarcast.core import InsarcastError

from ..delays import fetched_delay
from ..interferograms.licsar_frame import LETTERS, TEXTS, read_bperp
from ..select import Skipped, skip
from ..web.secrets import shown
from .index import Link, file
from .portal import DATE, Portal
from .whereabouts import locate

_KEY = re.compile(r"^\s*\w+\s*=", re.MULTILINE)


def locate_layers(portal: Portal, places: Sequence[str], frame: str, folder: Path) -> tuple[dict[str, Link], list[Skipped]]:
    """Where the line of sight and the heights of a frame are, of those that the cache does not hold.

    Returns:
        Name below the frame's folder -> link; and what the portal lacks.
    """
    wanted = {letter: f"{frame}.geo.{letter}.tif" for letter in LETTERS}
    asked = {letter: name for letter, name in wanted.items() if not (folder / "metadata" / name).is_file()}
    if not asked:
        return {}, []
    located = locate(portal, [f"{place}metadata/" for place in places], asked)
    absent = [
        skip("file", name, f"{shown(places[0])}metadata/ has none")
        for letter, name in asked.items()
        if letter not in located.links
    ]
    return {f"metadata/{link.name}": link for link in located.links.values()}, absent


def fetch_texts(portal: Portal, places: Sequence[str], folder: Path) -> list[Skipped]:
    """Fetch baselines and metadata.txt, which grow and change with the frame, each time; one that is no good leaves the last.

    Returns:
        What the portal lacks, or has no good.
    """
    skipped = []
    for name in TEXTS:
        found = (_text(portal, f"{place}metadata/", name) for place in places)
        text = next((one for one in found if one is not None), None)
        path = folder / "metadata" / name
        path.parent.mkdir(exist_ok=True)
        wrong: str | None = "has none"
        if text is not None:
            part = path.with_name(f".part-{name}")
            part.write_text(text, encoding="utf-8")
            wrong = _wrong(part)
            if not wrong:
                part.replace(path)
        if wrong:
            last = "; the one of an earlier run is used" if path.is_file() else ""
            skipped.append(skip("file", name, f"{shown(places[0])}metadata/ {wrong}{last}"))
    return skipped


def locate_delays(
    portal: Portal, places: Sequence[str], folder: Path, dates: Sequence[str]
) -> tuple[dict[str, Link], list[Skipped]]:
    """Where the slant delays of dates are, of those that the cache does not hold.

    The portal has GACOS for many dates, not for all; a date without one loses no interferogram.

    Returns:
        Name below the frame's folder -> link; and the dates without.
    """
    asked = [date for date in dates if not (folder / fetched_delay(date)).is_file()]
    if not asked:
        return {}, []
    pages = portal.listed(places, "epochs", DATE)
    found = portal.each(lambda date: locate(portal, pages.get(date, []), {"sltd": f"{date}.sltd.geo.tif"}), asked)
    links = {fetched_delay(date): located.links["sltd"] for date, located in zip(asked, found, strict=True) if located.links}
    lost = [
        skip("delay", date, "the portal has no delay of GACOS of this date") for date in asked if fetched_delay(date) not in links
    ]
    return links, lost


def _text(portal: Portal, page: str, name: str) -> str | None:
    """A text of a folder, found as its page says, or by its name where the page lists nothing."""
    listing = portal.page(page)
    if listing is None:
        return None
    link = file(listing.links, listing.url, name, portal.hosts) if listing.links else Link(name, page + name)
    return portal.text(link.url) if link else None


def _wrong(path: Path) -> str | None:
    """What is wrong with a text, or None."""
    if path.name.endswith("baselines"):
        try:
            read_bperp(path)
        except InsarcastError:
            return "has one that is no table of baselines"
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    return None if _KEY.search(text) and "<html" not in text.lower() else "has one that is no list of key=value"
