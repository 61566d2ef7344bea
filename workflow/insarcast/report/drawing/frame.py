"""Where a grid lies: outer edges, north up, degrees, metres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Place = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """Where a grid lies.

    Attributes:
        left, right, bottom, top: outer edges in the units of the CRS.
        flip_y, flip_x: whether the store's rows or columns must be turned for north up, east right.
        geographic: whether the units are degrees.
        crs: the CRS, or None where the grid has none (then coordinates are shown as they are).
    """

    left: float
    right: float
    bottom: float
    top: float
    flip_y: bool
    flip_x: bool
    geographic: bool
    crs: Any

    @property
    def centre(self) -> Place:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    @property
    def shape_ratio(self) -> float:
        """Height over width on the ground."""
        return (self.top - self.bottom) / (self.right - self.left) * self.stretch

    @property
    def tall(self) -> bool:
        """Whether a map is about as high as wide, or higher: several stand side by side, and a bar is wider than a map."""
        return self.shape_ratio > 0.85

    @property
    def stretch(self) -> float:
        """How much longer a unit of y is on the ground than a unit of x."""
        return 1 / math.cos(math.radians(self.centre[1])) if self.geographic else 1.0

    def up(self, values: xr.DataArray | NDArray[Any]) -> NDArray[Any]:
        """Values (..., y, x) as an array with north up and east right."""
        array = np.asarray(values)
        array = array[..., ::-1, :] if self.flip_y else array
        return array[..., ::-1] if self.flip_x else array

    def to_lonlat(self, x: float, y: float) -> Place:
        """Degrees of a place given in the units of the CRS."""
        if self.geographic or self.crs is None:
            return x, y
        from pyproj import Transformer

        lon, lat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform(x, y)
        return float(lon), float(lat)

    def from_lonlat(self, lon: float, lat: float) -> Place:
        """Place in the units of the CRS, given in degrees."""
        if self.geographic or self.crs is None:
            return lon, lat
        from pyproj import Transformer

        x, y = Transformer.from_crs("EPSG:4326", self.crs, always_xy=True).transform(lon, lat)
        return float(x), float(y)

    def metres_per_unit(self) -> float:
        """Ground length in m of one unit of x at the centre."""
        if self.crs is None:
            return 1.0
        from pyproj import Geod

        x, y = self.centre
        step = (self.right - self.left) / 4
        (lon1, lat1), (lon2, lat2) = self.to_lonlat(x - step, y), self.to_lonlat(x + step, y)
        return float(Geod(ellps="WGS84").inv(lon1, lat1, lon2, lat2)[2]) / (2 * step)


def frame_of(cube: xr.Dataset) -> Frame:
    """The frame of a dataset with pixel centres ``y`` and ``x`` and, where known, a CRS.

    A single row or column does not tell its size: it has that of the grid mapping, else that of the other side.
    """
    crs = cube.rio.crs
    written = str(cube[cube.rio.grid_mapping].attrs.get("GeoTransform", "")) if cube.rio.grid_mapping in cube.coords else ""
    steps = [float(part) for part in written.split()] or [0.0] * 6
    known = {name: _step(cube, name) or known for name, known in (("x", steps[1]), ("y", steps[5]))}
    size = abs(known["x"] or known["y"] or 1.0)
    sides: list[tuple[float, float]] = []
    for name in ("x", "y"):
        centres, half = np.asarray(cube[name].values, float), abs(known[name] or size) / 2
        sides.append((float(centres.min()) - half, float(centres.max()) + half))
    (left, right), (bottom, top) = sides
    flip_y, flip_x = _step(cube, "y") > 0, _step(cube, "x") < 0
    geographic = bool(crs is not None and crs.is_geographic)
    return Frame(left, right, bottom, top, flip_y, flip_x, geographic, crs)


def _step(cube: xr.Dataset, name: str) -> float:
    """Distance from one pixel centre to the next; 0 for a single one."""
    centres = cube[name].values
    return float(centres[1] - centres[0]) if len(centres) > 1 else 0.0


def pixel_km2(cube: xr.Dataset) -> float:
    """Ground area of one pixel at the centre, km2."""
    frame = frame_of(cube)
    metre = frame.metres_per_unit()
    width = (frame.right - frame.left) / cube.sizes["x"] * metre
    height = (frame.top - frame.bottom) / cube.sizes["y"] * metre * frame.stretch
    return width * height / 1e6


def degrees(value: float, axis: str, digits: int = 2) -> str:
    """A longitude (axis ``x``) or latitude (``y``) in words a map uses: 99.15° W."""
    side = ("E" if value >= 0 else "W") if axis == "x" else ("N" if value >= 0 else "S")
    return f"{abs(value):.{digits}f}° {side}"
