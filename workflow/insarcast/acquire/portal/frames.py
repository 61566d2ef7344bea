"""Frames of the LiCSAR portal and where each lies, kept in the cache so that the next study asks little.

A frame is named by its track and direction, its centre's colatitude in hundredths of a degree, and its numbers of bursts in the three
swaths: 027A_06190_131313 lies around 90 - 61.90 = 28.10 degrees north.
"""

from __future__ import annotations

import fcntl
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insarcast.core import write_json

from ..web.secrets import shown
from .portal import Portal

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_BURST = 0.19  # degrees of latitude that one more burst adds, 20 km and what overlaps
_SKEW = 0.9  # and what the tilt of the three swaths adds to half of it
_HEAD = 2**18  # bytes of a raster that hold its size and place, with lists of one strip per row
_NUMBER = r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?"
_POINT = re.compile(rf"\s*({_NUMBER})[\s,]+({_NUMBER})\s*")

Point = tuple[float, float]


@dataclass(frozen=True)
class Footprint:
    """Where a frame lies.

    Attributes:
        frame: its name.
        points: corners, longitude and latitude in degrees, in any order; empty where the portal does not say.
        source: what they were read from, or why they could not be.
    """

    frame: str
    points: list[Point]
    source: str

    @property
    def ascending(self) -> bool:
        return self.frame[3] == "A"

    def shape(self, near: float) -> BaseGeometry:
        """The convex hull of the corners, over the antimeridian where they are, on the turn of longitudes next to ``near``."""
        import shapely
        from shapely import affinity

        first = self.points[0][0]
        whole = shapely.MultiPoint([(first + (lon - first + 180) % 360 - 180, lat) for lon, lat in self.points]).convex_hull
        return affinity.translate(whole, xoff=360 * round((near - whole.centroid.x) / 360))


def frame_latitude(frame: str) -> float:
    """Latitude of a frame's centre in degrees, from its name."""
    return 90 - int(frame[5:10]) / 100


def frame_reach(frame: str) -> float:
    """Degrees of latitude that a frame reaches from its centre at most, from its numbers of bursts."""
    bursts = max(int(frame[start : start + 2]) for start in (11, 13, 15))
    return _SKEW + _BURST * bursts / 2


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
        if points := _corners(self.portal.text(f"{folder}{frame}-poly.txt") or ""):
            return Footprint(frame, points, "poly")
        for letter in ("U", "hgt", "E"):
            head = self.portal.head(f"{folder}{frame}.geo.{letter}.tif", _HEAD)
            if head and (points := _bounds(head)):
                return Footprint(frame, points, letter)
        return Footprint(frame, [], f"{shown(folder)} has neither {frame}-poly.txt nor a raster that says where it lies")

    def _keep(self) -> None:
        """Add what is known to the file; another job may have added to it meanwhile."""
        with _held(self.path):
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


def _corners(text: str) -> list[Point]:
    """``longitude latitude`` of each line; nothing if the text is none of that."""
    points = []
    for line in filter(str.strip, text.splitlines()):
        match = _POINT.fullmatch(line)
        if not match:
            return []
        points.append((float(match[1]), float(match[2])))
    return points if len(points) >= 3 and all(abs(lon) <= 360 and abs(lat) <= 90 for lon, lat in points) else []


def _bounds(head: bytes) -> list[Point]:
    """Corners of a raster of which only the beginning is here; nothing if that does not say them."""
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    try:
        with rasterio.open(io.BytesIO(head)) as file:
            if file.crs is None:
                return []
            west, south, east, north = transform_bounds(file.crs, "EPSG:4326", *file.bounds)
    except (RasterioError, ValueError):
        return []
    return [(west, south), (east, south), (east, north), (west, north)]


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


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Alone with a file, as long as every writer asks so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(f".{path.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
