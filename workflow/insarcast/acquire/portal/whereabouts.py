"""Where the files of pairs and dates are, as the portal's pages say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from insarcast.core import write_json

from .index import Link, file
from .pages import Page
from .pairs import KINDS
from .portal import Portal

_TOGETHER = 100  # pages between two times that what they say is kept


@dataclass(frozen=True)
class Located:
    """The files of a pair or of a date: kind -> link; or why there are none."""

    links: dict[str, Link]
    lacking: str = ""


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
            self._portal.web.teller.step(f"asked where {start + len(some)} of {len(asked)} interferograms are")
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


def _read(path: Path, url: str) -> dict[str, dict[str, Link]]:
    """What was kept, if it is of this portal."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        links = {name: {kind: Link(*link) for kind, link in entry.items()} for name, entry in kept["pairs"].items()}
        return links if kept["portal"] == url and all(set(entry) == set(KINDS) for entry in links.values()) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
