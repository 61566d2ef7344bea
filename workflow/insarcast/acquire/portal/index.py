"""Index pages of the LiCSAR portal: what a folder holds, in every form in which its servers say it.

Three forms exist side by side since the portal's files moved (2025):

* the listing of a web server (Apache's, as a table or preformatted; nginx's), with relative links, dates and rounded sizes;
* a page in the place of a pair's or a date's folder, one ``<a href='https://...'>name</a><br />`` a line, whose links lead to the
  files' own place on another host (comet-licsar/licsar_proc, ``cedaarch_create_html.sh``; sent as HTML or as plain text);
* the browser of CEDA's archive, whose links to files bear a query (``?download=1``).

A page is only ever searched for names that are known beforehand. A link to a folder counts only below the page itself, so that
neither ``../`` nor another host is followed; a link to a file counts on the page's host and on the hosts that the study allows.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

# After a link: "2023-10-01 12:34   15M" (Apache) or "01-Oct-2023 12:34   15728640" (nginx).
_SIZE = re.compile(r"(?:\d{4}-\d\d-\d\d|\d\d-\w{3}-\d{4})\s+\d\d:\d\d(?::\d\d)?\s+(\d+(?:\.\d+)?)\s?([KMGT]?)\b")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Link:
    """A link of an index page.

    Attributes:
        name: the last part of its path.
        url: where it leads.
        size: bytes, as far as the page says them (rounded), or None.
    """

    name: str
    url: str
    size: int | None = None


def read_links(text: str, page: str) -> list[Link]:
    """All links of a page, in its order.

    Args:
        text: the page, HTML or XML, whole or a fragment.
        page: its own URL, which relative links start from.
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    found = []
    for target, after in reader.links:
        try:
            url = urljoin(page, target.strip())
            parts = urlsplit(url)
            port = parts.port  # raises for what is no number
        except ValueError:
            continue
        name = unquote(posixpath.basename(parts.path.rstrip("/")))
        if parts.scheme in ("http", "https") and parts.hostname and name and port != 0:
            found.append(Link(name, url, _size(after)))
    return found


def folders(links: Collection[Link], page: str, pattern: re.Pattern[str]) -> dict[str, str]:
    """Folders right below a page whose whole names fit.

    Args:
        links: of the page.
        page: its own URL; links to it, above it or beside it, and to other hosts, are passed over.
        pattern: what the whole name must be.

    Returns:
        Name -> URL as the page gives it: with a slash at its end, or without, where a page stands in the place of a folder.
    """
    here = urlsplit(page)
    found: dict[str, str] = {}
    for link in links:
        there = urlsplit(link.url)
        below = posixpath.dirname(_path(there).rstrip("/")) == _path(here).rstrip("/")
        if below and _place(there) == _place(here) and pattern.fullmatch(link.name):
            found.setdefault(link.name, link.url.split("?")[0].split("#")[0])
    return found


def file(links: Collection[Link], page: str, name: str, hosts: Collection[str]) -> Link | None:
    """The link to a file, on the page's own host or one that is allowed; what is meant for downloading comes before what is not.

    Args:
        links: of the page.
        page: its own URL.
        name: the file's whole name.
        hosts: other hosts that may be asked for files. No secret is ever sent along, and a page that came over https may lead to
            https only.
    """
    here = urlsplit(page)
    fitting = [link for link in links if link.name == name and not link.url.split("?")[0].endswith("/")]
    fitting = [link for link in fitting if _allowed(urlsplit(link.url), here, hosts)]
    sizes = [link.size for link in fitting if link.size is not None]
    best = sorted(fitting, key=lambda link: "download=" not in urlsplit(link.url).query)
    return Link(name, best[0].url, best[0].size or (sizes[0] if sizes else None)) if best else None


def _allowed(there: SplitResult, here: SplitResult, hosts: Collection[str]) -> bool:
    if here.scheme == "https" and there.scheme != "https":
        return False
    return there.hostname == here.hostname or there.hostname in hosts


def _path(parts: SplitResult) -> str:
    """The path as a server understands it: ``a/../b`` is ``b``, however it is written."""
    return posixpath.normpath(unquote(parts.path) or "/")


def _place(parts: SplitResult) -> tuple[str | None, int | None]:
    return parts.hostname, parts.port


def _size(text: str) -> int | None:
    """Bytes as a listing gives them behind a link."""
    match = _SIZE.search(text)
    return round(float(match[1]) * _UNITS[match[2]]) if match else None


class _Reader(HTMLParser):
    """Targets of links, each with the text that follows it up to the next."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = next((value for name, value in attrs if name == "href" and value), None)
        if target and tag != "base":
            self.links.append((target, ""))

    def handle_data(self, data: str) -> None:
        if self.links:
            target, after = self.links[-1]
            self.links[-1] = (target, f"{after} {data}")
