"""Where a frame lies: corners from a text or a raster of the portal, or roughly from its name.

A frame is named by its track and direction, its centre's colatitude in hundredths of a degree, and its numbers of bursts in the three
swaths: 027A_06190_131313 lies around 90 - 61.90 = 28.10 degrees north.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_BURST = 0.19  # degrees of latitude that one more burst adds, 20 km and what overlaps
_SKEW = 0.9  # and what the tilt of the three swaths adds to half of it
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


def text_corners(text: str) -> list[Point]:
    """``longitude latitude`` of each line; nothing if the text is none of that."""
    points = []
    for line in filter(str.strip, text.splitlines()):
        match = _POINT.fullmatch(line)
        if not match:
            return []
        points.append((float(match[1]), float(match[2])))
    return points if len(points) >= 3 and all(abs(lon) <= 360 and abs(lat) <= 90 for lon, lat in points) else []


def raster_corners(head: bytes) -> list[Point]:
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
