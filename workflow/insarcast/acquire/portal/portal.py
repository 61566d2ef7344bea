"""The folders of the LiCSAR portal: tracks, frames, interferograms, epochs and metadata, wherever its parts lie."""

from __future__ import annotations

import re
from collections.abc import Sequence

from insarcast.core import InsarcastError

from ..web.secrets import shown
from ..web.settings import WebSettings
from .index import folders
from .pages import Pages

# Beside the folder of that name lie, since 2025, the files themselves and the pages that link to where files went.
_MOVED = "LiCSAR_products"
_BESIDE = (".public", ".future")

_TRACK = re.compile(r"0{0,2}[1-9]\d{0,2}")
FRAME = re.compile(r"\d{3}[AD]_\d{5}_\d{6}")
PAIR = re.compile(r"\d{8}_\d{8}")
DATE = re.compile(r"\d{8}")


class Portal(Pages):
    """The portal under one address. What lies beside its own folder is done without where the server keeps that closed.

    Args:
        url: address of the folder of tracks, with or without a slash at its end.
        hosts: other hosts that its pages may link files on.
        web: how it is asked.
    """

    def __init__(self, url: str, hosts: Sequence[str], web: WebSettings) -> None:
        bare = url.rstrip("/")
        self.url = f"{bare}/"
        self.hosts = frozenset(hosts)
        self.roots = [self.url, *(f"{bare}{ending}/" for ending in _BESIDE if bare.endswith(f"/{_MOVED}"))]
        super().__init__(web, self.roots[1:])

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
