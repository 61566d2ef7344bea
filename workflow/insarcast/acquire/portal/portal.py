"""The folders of the LiCSAR portal: tracks, frames, interferograms, epochs and metadata, wherever its parts lie."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from insarcast.core import InsarcastError

from ..web.errors import NotThere, Refused, ServiceError
from ..web.retry import pause
from ..web.secrets import shown
from ..web.settings import WebSettings
from .index import Link, folders, read_links

if TYPE_CHECKING:
    import requests

    from ..web.session import ServiceSession

# Beside the folder of that name lie, since 2025, the files themselves and the pages that link to where files went.
_MOVED = "LiCSAR_products"
_BESIDE = (".public", ".future")

_TRACK = re.compile(r"0{0,2}[1-9]\d{0,2}")
FRAME = re.compile(r"\d{3}[AD]_\d{5}_\d{6}")
PAIR = re.compile(r"\d{8}_\d{8}")
DATE = re.compile(r"\d{8}")

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Page:
    """An index page that was read: its URL and its links; no links where the server has the folder but lists nothing."""

    url: str
    links: list[Link]


class Portal:
    """The portal under one address.

    Args:
        url: address of the folder of tracks, with or without a slash at its end.
        hosts: other hosts that its pages may link files on.
        web: how it is asked.

    Attributes:
        silent: pages beside the portal's own that the server will not give, with the reason; they are done without.
    """

    def __init__(self, url: str, hosts: Sequence[str], web: WebSettings) -> None:
        bare = url.rstrip("/")
        self.url = f"{bare}/"
        self.hosts = frozenset(hosts)
        self.web = web
        self.roots = [self.url, *(f"{bare}{ending}/" for ending in _BESIDE if bare.endswith(f"/{_MOVED}"))]
        self.silent: dict[str, str] = {}
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
                # Most interferograms lie beside the portal's own folder: a server that is down is no reason to do without.
                if error.passing or not url.startswith(tuple(self.roots[1:])):
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
        for failed in range(1, self.web.attempts + 1):
            answer = self._session.get(url)
            if "charset" not in answer.headers.get("Content-Type", "").lower():
                answer.encoding = "utf-8"
            start, end = answer.text[:64].lstrip("\ufeff \r\n").lower(), answer.text[-200:].lower()
            if not start.startswith(("<!doctype", "<html")) or "</html>" in end:
                return answer
            # A server that says no length and closes in the middle: what is not listed would count as missing.
            if failed < self.web.attempts:
                time.sleep(pause(failed, 0, self.web))
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

    def tracks(self) -> list[int]:
        """Every track that the portal has.

        Raises:
            InsarcastError: its page lists none.
        """
        found = sorted({track for root in self.roots for track in self._tracks_of(root)})
        if not found:
            raise InsarcastError(
                f"{shown(self.url)}, which licsar.url names, lists no tracks; look at it in a browser, and correct the key, or name "
                "the frame in licsar.frame."
            )
        return found

    def frames(self, track: int, *, everywhere: bool = False) -> dict[str, list[str]]:
        """Frames of a track and the folders of each.

        Args:
            track: relative orbit.
            everywhere: all folders of each frame, the portal's own first; else those of the first place that has the track.
        """
        found: dict[str, list[str]] = {}
        for root in self.roots:
            if (everywhere or not found) and track in (tracks := self._tracks_of(root)):
                page = self.page(tracks[track])
                for name, url in folders(page.links, page.url, FRAME).items() if page else ():
                    found.setdefault(name, []).append(url.rstrip("/") + "/")
        return found

    def places(self, frame: str) -> list[str]:
        """Folders of a frame.

        Raises:
            InsarcastError: the portal does not have it; the sentence says what it has.
        """
        track = int(frame[:3])
        frames = self.frames(track, everywhere=True)
        if frame in frames:
            return frames[frame]
        if frames:
            near = sorted(frames, key=lambda name: (name[3] != frame[3], abs(int(name[5:10]) - int(frame[5:10])), name))[:5]
            raise InsarcastError(
                f"The portal {shown(self.url)} has no frame {frame}; of track {track} it has {len(frames)}, the nearest "
                f"{', '.join(near)}; correct licsar.frame."
            )
        if tracks := {track for root in self.roots for track in self._tracks_of(root)}:
            near = [str(other) for other in sorted(tracks, key=lambda other: (abs(other - track), other))[:3]]
            raise InsarcastError(
                f"The portal {shown(self.url)} lists no frames of track {track}, so not {frame} either (the tracks next to it are "
                f"{', '.join(near)}); correct licsar.frame or licsar.url."
            )
        # A mirror may give files without any listing: the names are the portal's own.
        return [f"{self.url}{track}/{frame}/"]

    def listed(self, places: Sequence[str], name: str, pattern: re.Pattern[str]) -> dict[str, list[str]]:
        """What a frame's folder of a name holds, over all its places.

        CEDA's archive has the interferograms in the frame's folder itself; that is looked at where there is no folder of the name.

        Returns:
            Name -> its pages, the portal's own first.
        """
        found: dict[str, list[str]] = {}
        for place in places:
            page = self.page(f"{place}{name}/")
            if page is None and pattern is PAIR:
                page = self.page(place)
            for key, url in sorted(folders(page.links, page.url, pattern).items()) if page else ():
                found.setdefault(key, []).append(url)
        return found

    def _tracks_of(self, root: str) -> dict[int, str]:
        """Tracks of one root: number -> URL. The portal writes 5, CEDA's archive 05."""
        page = self.page(root)
        if page is None and root == self.url:
            raise InsarcastError(f"There is nothing at {shown(root)}, which licsar.url names; correct it.")
        named = folders(page.links, page.url, _TRACK) if page else {}
        return {int(name): url.rstrip("/") + "/" for name, url in named.items()}
