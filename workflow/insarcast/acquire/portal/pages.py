"""Pages of the portal's server, each read once and to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from ..web.errors import NotThere, Refused, ServiceError
from ..web.retry import pause
from ..web.secrets import shown
from ..web.settings import WebSettings
from .index import Link, read_links

if TYPE_CHECKING:
    import requests

    from ..web.session import ServiceSession

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Page:
    """An index page that was read: its URL and its links; no links where the server has the folder but lists nothing."""

    url: str
    links: list[Link]


class Pages:
    """What a server says, page by page.

    Args:
        web: how it is asked.
        spare: starts of addresses that are done without where the server will not give them.

    Attributes:
        silent: pages of that kind that it did not give, with the reason.
    """

    def __init__(self, web: WebSettings, spare: Iterable[str] = ()) -> None:
        self.web = web
        self.silent: dict[str, str] = {}
        self._spare = tuple(spare)
        self._pages: dict[str, Page | None] = {}

    @cached_property
    def _session(self) -> ServiceSession:
        from ..web.session import ServiceSession

        session = ServiceSession(self.web)
        session.expects_json = False
        return session

    def page(self, url: str) -> Page | None:
        """The index page at a URL, read once in the life of this object, or None where there is none.

        Raises:
            ServiceError: the server cannot be reached, or keeps failing.
        """
        if url not in self._pages:
            try:
                self._pages[url] = self._read(url)
            except ServiceError as error:
                # A server that is down for a while is no reason to do without.
                if error.passing or not url.startswith(self._spare):
                    raise
                self.silent[url] = str(error)
                self._pages[url] = None
        return self._pages[url]

    def _read(self, url: str) -> Page | None:
        try:
            answer = self._whole(url)
        except NotThere:
            return None
        except Refused:  # a server that gives files but no listings answers 403
            return Page(url, [])
        # A redirect to another spelling (a slash at the end, https, another host) is where relative links start from.
        return Page(str(answer.url), read_links(answer.text, str(answer.url)))

    def text(self, url: str) -> str | None:
        """A text file, or None where there is none."""
        try:
            return self._whole(url).text
        except (NotThere, Refused):
            return None

    def head(self, url: str, size: int) -> bytes | None:
        """The beginning of a file, or None where there is none; a server that knows no ranges is not listened to any longer."""
        try:
            with self._session.get(url, headers={"Range": f"bytes=0-{size - 1}"}, stream=True) as answer:
                return next(answer.iter_content(size), b"")
        except (NotThere, Refused):
            return None
        except OSError:  # of requests: the connection broke while it was read
            return None

    def _whole(self, url: str) -> requests.Response:
        """A page to its end; the session itself tries again what fails in other ways."""
        since = time.monotonic()
        for failed in range(1, self.web.attempts + 1):
            answer = self._session.get(url)
            if "charset" not in answer.headers.get("Content-Type", "").lower():
                answer.encoding = "utf-8"
            start, end = answer.text[:64].lstrip("\ufeff \r\n").lower(), answer.text[-200:].lower()
            if not start.startswith(("<!doctype", "<html")) or "</html>" in end:
                return answer
            # A server that says no length and closes in the middle: what is not listed would count as missing.
            if failed < self.web.attempts:
                wait = pause(failed, 0, self.web)
                self.web.teller.wait(url, "a page came without its end", wait, since)
                time.sleep(wait)
        raise ServiceError(f"{shown(url)} came without its end in {self.web.attempts} attempts; try again later.", passing=True)

    def each(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """A function of every item, some at once; in the order of the items."""
        with ThreadPoolExecutor(self.web.at_once) as pool:
            running = [pool.submit(function, item) for item in items]
            try:
                return [future.result() for future in running]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
