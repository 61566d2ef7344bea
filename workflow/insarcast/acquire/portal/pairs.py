"""Which interferograms of a frame a study wants, and where the files of each are."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from insarcast.core import write_json

from ..found import Key
from ..patterns import is_date
from ..select import Skipped, select, skip
from .index import Link, file
from .portal import Page, Portal

KINDS = ("unw", "cc")
_TOGETHER = 100  # pages between two times that what they say is kept


@dataclass(frozen=True)
class Located:
    """The files of a pair or of a date: kind -> link; or why there are none."""

    links: dict[str, Link]
    lacking: str = ""


def wanted_pairs(names: Iterable[str], products: Mapping[str, Any], licsar: Mapping[str, Any]) -> tuple[list[Key], list[Skipped]]:
    """Pairs of a frame that a study wants.

    Args:
        names: ``yyyymmdd_yyyymmdd`` as the portal lists them.
        products: the study's ``products``: start, end, exclude.
        licsar: the study's ``licsar``: min_days, max_days.

    Returns:
        The wanted pairs, and what was left out: pairs by the hundred are one line, those that the study names a line each.
    """
    pairs, skipped = [], []
    for name in sorted(names):
        one, _, other = name.partition("_")
        if is_date(one) and is_date(other) and one < other:
            pairs.append((one, other))
        else:
            skipped.append(skip("pair", name, "its name holds no two dates of the calendar, the earlier first"))
    least, most = licsar["min_days"], licsar["max_days"]
    short = [pair for pair in pairs if _days(pair) < least]
    long = [pair for pair in pairs if most is not None and _days(pair) > most]
    skipped += _together(short, f"shorter than licsar.min_days, {least}") + _together(
        long, f"longer than licsar.max_days, {most}"
    )
    kept, lines = select(sorted({*pairs} - {*short, *long}), dict(products))
    period = [line for line in lines if "products.start" in line["reason"] or "products.end" in line["reason"]]
    outside = [(line["name"][:8], line["name"][9:]) for line in period if line["what"] == "pair"]
    skipped += _together(outside, "outside products.start and products.end")
    return kept, skipped + [line for line in lines if line not in period]


def files_of(pair: Key) -> dict[str, str]:
    """Kind -> name of the file below the frame's folder."""
    name = "_".join(pair)
    return {kind: f"interferograms/{name}/{name}.geo.{kind}.tif" for kind in KINDS}


class Places:
    """Where the files of a frame's pairs are, as their pages say; complete ones are kept, so that a run goes on without asking again.

    Args:
        path: the file in the cache that keeps them.
        portal: the portal.
    """

    def __init__(self, path: Path, portal: Portal) -> None:
        self._path, self._portal = path, portal
        self._kept = _read(path, portal.url)
        self.remembered = set(self._kept)

    def find(self, pages: Mapping[str, Sequence[str]]) -> dict[str, Located]:
        """Look for the files of pairs.

        Args:
            pages: pair -> its pages, as :meth:`.portal.Portal.listed` gives them.
        """
        asked = [name for name in pages if name not in self._kept]
        found: dict[str, Located] = {}
        for start in range(0, len(asked), _TOGETHER):
            some = asked[start : start + _TOGETHER]
            found |= zip(some, self._portal.each(lambda name: self._locate(name, pages[name]), some), strict=True)
            self._kept |= {name: found[name].links for name in some if not found[name].lacking}
            self._keep()
            print(f"asked where {start + len(some)} of {len(asked)} interferograms are", file=sys.stderr, flush=True)
        return {name: found[name] if name in found else Located(self._kept[name]) for name in pages}

    def _locate(self, name: str, pages: Sequence[str]) -> Located:
        return locate(self._portal, pages, {kind: f"{name}.geo.{kind}.tif" for kind in KINDS})

    def forget(self, names: Iterable[str]) -> None:
        """What was remembered of pairs is out of date: their files are there no longer."""
        for name in names:
            self._kept.pop(name, None)
            self.remembered.discard(name)
        self._keep()

    def _keep(self) -> None:
        links = {
            name: {kind: [link.name, link.url, link.size] for kind, link in sorted(links.items())}
            for name, links in sorted(self._kept.items())
        }
        part = self._path.with_name(f".part-{self._path.name}")
        write_json(part, {"portal": self._portal.url, "pairs": links})
        part.replace(self._path)


def locate(portal: Portal, pages: Sequence[str], wanted: Mapping[str, str]) -> Located:
    """Where files are, of those that the pages of one pair or date list.

    A page that lists nothing at all, as of a server without listings, is taken for one that has every file under its usual name.

    Args:
        portal: the portal.
        pages: the pages, the portal's own first.
        wanted: kind -> name of the file.
    """
    links: dict[str, Link] = {}
    seen = False
    for url in pages:
        if (page := portal.page(url)) is None:
            continue
        seen = True
        for kind, name in wanted.items():
            if kind not in links and (link := _link(portal, page, name)):
                links[kind] = link
        if len(links) == len(wanted):
            return Located(links)
    if not seen:
        return Located(links, "the portal lists it, but there is nothing behind")
    absent = " and no ".join(name.partition(".")[2] for kind, name in wanted.items() if kind not in links)
    return Located(links, f"the portal has no {absent} of it")


def _link(portal: Portal, page: Page, name: str) -> Link | None:
    """A file on a page, or in the record of it that some pages have in its place (``<file>.xml``, with a link to the archive)."""
    if not page.links:
        return Link(name, f"{page.url.rstrip('/')}/{name}")
    if found := file(page.links, page.url, name, portal.hosts):
        return found
    if record := file(page.links, page.url, f"{name}.xml", portal.hosts):
        behind = portal.page(record.url)
        return file(behind.links, behind.url, name, portal.hosts) if behind else None
    return None


def _days(pair: Key) -> int:
    first, second = (datetime.strptime(date, "%Y%m%d") for date in pair)
    return (second - first).days


def _together(pairs: Sequence[Key], reason: str) -> list[Skipped]:
    """One line for pairs that were left out for one reason."""
    if not pairs:
        return []
    names = ["_".join(pair) for pair in pairs]
    return [skip("pairs", names[0] if len(names) == 1 else f"{len(names)}, {names[0]} to {names[-1]}", reason)]


def _read(path: Path, url: str) -> dict[str, dict[str, Link]]:
    """What was kept, if it is of this portal."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        links = {name: {kind: Link(*link) for kind, link in entry.items()} for name, entry in kept["pairs"].items()}
        return links if kept["portal"] == url and all(set(entry) == set(KINDS) for entry in links.values()) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
