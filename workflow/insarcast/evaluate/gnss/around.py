"""What a cube shows around a GNSS station: a window of pixels, or the points within a radius."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, pixel_of

Array = npt.NDArray[np.float64]
# The part of a decomposition, as a unit vector east, north, up.
COMPONENTS = {"vertical": (0.0, 0.0, 1.0), "east": (1.0, 0.0, 0.0)}


@dataclass(frozen=True)
class Around:
    """A cube at a station.

    Attributes:
        values: mm, mean of the pixels or points around the station, per date.
        bridged: number of bridged steps up to each date in any of them.
        direction: unit vector east, north, up along which the values are measured.
        count: pixels or points that are averaged.
        distance: m from the station to the nearest of them; 0 for a grid, whose pixel holds the station.
    """

    values: Array
    bridged: npt.NDArray[np.int64]
    direction: Array
    count: int
    distance: float


def look_around(data: xr.Dataset, variable: str, name: str, lon: float, lat: float, window: int, radius: float) -> Around:
    """The mean of a cube's series around a place.

    Args:
        data: a cube or a decomposition, a grid or points.
        variable: ``displacement`` (along the line of sight), ``vertical`` or ``east``.
        name: the station, for a sentence.
        lon: degrees east.
        lat: degrees north.
        window: edge in pixels of the square that is averaged, of a grid.
        radius: m within which points are averaged.

    Raises:
        InsarcastError: nothing is measured there, or the cube does not know where it looks from.
    """
    if variable not in COMPONENTS and "los" not in data:
        raise InsarcastError("The cube does not know its line of sight, so GNSS cannot be projected onto it; name its columns.")
    if "point" in data[variable].dims:
        part, distance = _points(data, variable, name, lon, lat, radius)
    else:
        part, distance = _window(data, variable, name, lon, lat, window), 0.0
    values = part[variable].values.astype(np.float64)
    direction = np.asarray(COMPONENTS.get(variable, (0, 0, 0)), np.float64)
    if variable not in COMPONENTS:
        direction = part.los.transpose("enu", "cell").values.mean(axis=1).astype(np.float64)
    steps = [part[step].values.astype(bool).any(axis=1) for step in ("filled", "jump") if step in part]
    bridged = np.cumsum(np.logical_or.reduce(steps)) if steps else np.zeros(len(values), np.int64)
    return Around(values.mean(axis=1), bridged.astype(np.int64), direction, values.shape[1], distance)


def _window(data: xr.Dataset, variable: str, name: str, lon: float, lat: float, window: int) -> xr.Dataset:
    """Used pixels with complete series of a square around a place."""
    row, col = pixel_of(data, lon, lat)
    top, left = row - window // 2, col - window // 2
    box = data.isel(y=slice(max(top, 0), top + window), x=slice(max(left, 0), left + window)).load()
    used = box.mask.values & np.isfinite(box[variable].values).all(axis=0)
    if not used.any():
        raise InsarcastError(f"No pixel of the {window} x {window} around {name} is used: all are masked or not inverted.")
    return _cells(box.stack(cell=("y", "x"), create_index=False), used.ravel())


def _points(data: xr.Dataset, variable: str, name: str, lon: float, lat: float, radius: float) -> tuple[xr.Dataset, float]:
    """Used points within a radius of a place that have the most dates, and the distance of the nearest of them in m."""
    if "lon" not in data.coords:
        raise InsarcastError("The points have no places, so none can be compared with GNSS.")
    from pyproj import Geod

    lons, lats = (np.asarray(data[axis].values, np.float64) for axis in ("lon", "lat"))
    far = np.asarray(Geod(ellps="WGS84").inv(np.full(len(lons), lon), np.full(len(lats), lat), lons, lats)[2])
    near = np.flatnonzero((far <= radius) & data.mask.values)
    known = np.isfinite(data[variable].isel(point=near).values).sum(axis=0)
    if not len(near) or not known.max():
        nearest = float(np.where(data.mask.values, far, np.inf).min(initial=np.inf))
        raise InsarcastError(
            f"No used point lies within {radius:g} m of {name} (the nearest {nearest:.0f} m away); set gnss.radius."
        )
    best = near[known == known.max()]
    part = data.isel(point=best).load().rename(point="cell")
    return part, float(far[best].min())


def _cells(data: xr.Dataset, used: npt.NDArray[np.bool_]) -> xr.Dataset:
    return data.isel(cell=np.flatnonzero(used))
