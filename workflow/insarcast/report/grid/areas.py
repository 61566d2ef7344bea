"""Where it moves fastest: connected areas of fast pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from insarcast.core import velocity_class, velocity_class_names

from ..displacement.numbers import lonlat_of, used_only
from ..drawing.frame import pixel_km2
from ..drawing.limits import one_digit
from ..forecast.outlook import Outlook

SMALLEST = 5  # pixels; a smaller patch is as likely noise
MOST = 10
SLOWEST = 5.0  # mm/yr; slower is within what the method resolves over a short record


@dataclass(frozen=True)
class Area:
    """A connected area whose pixels move the same way, faster than the edge.

    Attributes:
        lon, lat: its fastest pixel, degrees.
        km2: ground area.
        pixels: number of pixels.
        fastest, sigma: velocity of the fastest pixel and its standard deviation, mm/yr, + towards the satellite.
        median: median velocity, mm/yr.
        total: displacement of the fastest pixel over the whole series, mm.
        change, low, high: expected change of the fastest pixel and its interval, mm, or None.
    """

    lon: float
    lat: float
    km2: float
    pixels: int
    fastest: float
    sigma: float | None
    median: float
    total: float
    change: float | None
    low: float | None
    high: float | None


def fast_edge(cube: xr.Dataset) -> float:
    """Speed in mm/yr above which a pixel is among the fast ones: near the fastest tenth, but never within noise.

    The 90th percentile of the absolute velocity rounded to one significant digit, at least 5 mm/yr and twice the median sigma.
    """
    speed = np.abs(used_only(cube, cube.velocity))
    if np.isnan(speed).all():
        return SLOWEST
    noise = 0.0
    if "velocity_sigma" in cube:
        sigma = used_only(cube, cube.velocity_sigma)
        noise = 2 * float(np.nanmedian(sigma)) if np.isfinite(sigma).any() else 0.0
    tenth = float(np.nanpercentile(speed, 90))
    return max(float(f"{tenth:.0e}"), SLOWEST, one_digit(noise))


def find_areas(cube: xr.Dataset, outlook: Outlook | None) -> tuple[float, int, list[Area]]:
    """Edge in mm/yr, number of areas, and the ten that hold the fastest pixels, the fastest first."""
    from scipy.ndimage import label

    edge = fast_edge(cube)
    velocity = used_only(cube, cube.velocity)
    found: list[Area] = []
    sigma = used_only(cube, cube.velocity_sigma) if "velocity_sigma" in cube else np.zeros_like(velocity)
    limit = np.maximum(edge, 2 * np.nan_to_num(sigma))
    for side in (velocity < -limit, velocity > limit):
        numbers, count = label(side, structure=np.ones((3, 3), int))
        sizes = np.bincount(numbers.ravel(), minlength=count + 1)
        for number in np.flatnonzero(sizes[1:] >= SMALLEST) + 1:
            found.append(_area(cube, velocity, numbers == number, outlook))
    found.sort(key=lambda area: (-abs(area.fastest), area.lat, area.lon))
    return edge, len(found), found[:MOST]


def speeds(cube: xr.Dataset, edges: Sequence[float]) -> list[tuple[str, int, float, float]]:
    """How much moves how fast: per class of absolute velocity its name (mm/yr), pixels, km2 and share of the used pixels."""
    classes = velocity_class(used_only(cube, cube.velocity), edges)
    used, area = max(int((classes >= 0).sum()), 1), pixel_km2(cube)
    numbers = [int((classes == at).sum()) for at in range(len(edges) + 1)]
    return [(name, n, n * area, n / used) for name, n in zip(velocity_class_names(edges), numbers, strict=True)]


def _area(cube: xr.Dataset, velocity: np.ndarray, inside: np.ndarray, outlook: Outlook | None) -> Area:
    at = np.unravel_index(np.argmax(np.where(inside, np.abs(velocity), -1.0)), velocity.shape)
    row, col = int(at[0]), int(at[1])
    lon, lat = lonlat_of(cube, row, col)
    sigma = float(cube.velocity_sigma.values[row, col]) if "velocity_sigma" in cube else None
    ends = [None if outlook is None or layer is None else float(layer[row, col]) for layer in _layers(outlook)]
    return Area(
        lon, lat, float(inside.sum()) * pixel_km2(cube), int(inside.sum()), float(velocity[row, col]), sigma,
        float(np.median(velocity[inside])), float(cube.displacement.values[-1, row, col]), *ends,
    )  # fmt: skip


def _layers(outlook: Outlook | None) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]:
    return (None, None, None) if outlook is None else (outlook.change, outlook.low, outlook.high)
