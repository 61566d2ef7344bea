"""Frames of the LiCSAR portal, kept in the cache so that the next study asks little."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from insarcast.core import locked, write_json

from ..web.secrets import shown
from .footprints import Footprint, raster_corners, text_corners
from .portal import Portal

_HEAD = 2**18  # bytes of a raster that hold its size and place, with lists of one strip per row


class Known:
    """What is known of the portal's frames: the file ``frames.json`` of the cache.

    Args:
        path: the file.
        portal: the portal; what was learned under another address counts for that one only.

    Attributes:
        kept: whether an earlier run left something.
        tracks: track -> frame -> its folder.
        footprints: frame -> where it lies.
    """

    def __init__(self, path: Path, portal: Portal) -> None:
        self.path, self.portal = path, portal
        self.tracks: dict[int, dict[str, str]] = {}
        self.footprints: dict[str, Footprint] = {}
        kept = _read(path).get(portal.url, {})
        self.kept = bool(kept.get("tracks"))
        self._listed: list[int] | None = kept.get("listed")
        for track, names in kept.get("tracks", {}).items():
            self.tracks[int(track)] = names
        for name, entry in kept.get("footprints", {}).items():
            self.footprints[name] = Footprint(name, [(lon, lat) for lon, lat in entry["points"]], entry["source"])

    def learn_tracks(self, wanted: list[int] | None) -> None:
        """Read which frames the tracks have, of those that are not known: those wanted, or all that the portal lists."""
        if self._listed is None:
            self._listed = self.portal.tracks()
        asked = [track for track in self._listed if track not in self.tracks and (wanted is None or track in wanted)]
        if asked:
            self.portal.tracks()  # read once, before several ask for it at once
        for track, frames in zip(asked, self.portal.each(self.portal.frames, asked), strict=True):
            self.tracks[track] = {name: places[0] for name, places in sorted(frames.items())}
        self._keep()

    def learn_footprints(self, frames: list[str]) -> None:
        """Read where frames lie, those that are not known."""
        asked = [frame for frame in frames if frame not in self.footprints]
        for footprint in self.portal.each(self._footprint, asked):
            self.footprints[footprint.frame] = footprint
        self._keep()

    def forget(self, track: int | None) -> None:
        """Forget which frames a track has (all tracks, where none is named): the portal may have got new ones."""
        self.tracks = {} if track is None else {number: frames for number, frames in self.tracks.items() if number != track}
        self._listed = None

    def _footprint(self, frame: str) -> Footprint:
        """From ``<frame>-poly.txt``, one corner a line; older and newer frames lack it: from the head of a raster of the frame."""
        folder = f"{self.tracks[int(frame[:3])][frame]}metadata/"
        if points := text_corners(self.portal.text(f"{folder}{frame}-poly.txt") or ""):
            return Footprint(frame, points, "poly")
        for letter in ("U", "hgt", "E"):
            head = self.portal.head(f"{folder}{frame}.geo.{letter}.tif", _HEAD)
            if head and (points := raster_corners(head)):
                return Footprint(frame, points, letter)
        return Footprint(frame, [], f"{shown(folder)} has neither {frame}-poly.txt nor a raster that says where it lies")

    def _keep(self) -> None:
        """Add what is known to the file; another job may have added to it meanwhile."""
        with locked(self.path.with_name(f".{self.path.name}.lock")):
            every = _read(self.path)
            before = every.get(self.portal.url, {})
            tracks = before.get("tracks", {}) | {str(track): names for track, names in self.tracks.items()}
            footprints = before.get("footprints", {}) | {
                name: {"points": [list(point) for point in entry.points], "source": entry.source}
                for name, entry in self.footprints.items()
                if entry.points  # what is missing today may be there tomorrow
            }
            listed = before.get("listed") if self._listed is None else self._listed
            entry = {"listed": listed, "tracks": dict(sorted(tracks.items())), "footprints": dict(sorted(footprints.items()))}
            part = self.path.with_name(f".part-{self.path.name}")
            write_json(part, every | {self.portal.url: entry})
            part.replace(self.path)


def _read(path: Path) -> dict[str, Any]:
    """The file, or nothing where it is not there or not of this version."""
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(url): entry
            for url, entry in whole.items()
            if set(entry) == {"listed", "tracks", "footprints"}
            and all(isinstance(frames, dict) for frames in entry["tracks"].values())
            and all(set(footprint) == {"points", "source"} for footprint in entry["footprints"].values())
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
