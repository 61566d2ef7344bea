"""The numbers of a cube that words, tables and figures share; each is computed here and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import open_cube

from ..drawing.frame import frame_of
from ..drawing.limits import one_digit

EDGES = (20.0, 10.0, 5.0, 2.0)  # mm/yr: a scene is described by the first that its fastest pixel passes
SMALL = 64 * 2**20  # bytes of displacement: what a figure takes of a cube below is read at once
JUMP = 15.0  # mm: a pixel that leaves the line between its neighbours by more is likely an unwrapping error


@dataclass(frozen=True)
class Fastest:
    """The used pixel with the highest absolute velocity: mm/yr (+ towards the satellite), row and column, degrees."""

    speed: float
    row: int
    col: int
    lon: float
    lat: float


@dataclass(frozen=True)
class Deviation:
    """How a date fits between its neighbours: mm rms over the pixels, share of pixels beyond ``JUMP``."""

    date: str
    rms: float
    share: float


@dataclass(frozen=True)
class CubeNumbers:
    """What the report says about a cube.

    Attributes:
        dates: acquisition dates, ISO.
        used: pixels with displacement that the mask keeps.
        total: pixels of the grid.
        masked: pixels with displacement that the mask leaves out.
        reasons: ``(flag of the mask, pixels)``, most frequent first.
        fastest: None when no pixel is used.
        edge: mm/yr, and ``share``: the share of the used pixels that move faster.
        incidence, heading: degrees, or None.
        deviations: one for each date with neighbours on both sides.
    """

    dates: list[str]
    used: int
    total: int
    masked: int
    reasons: list[tuple[str, int]]
    fastest: Fastest | None
    edge: float
    share: float
    incidence: float | None
    heading: float | None
    deviations: list[Deviation]

    @property
    def counts(self) -> tuple[int, int, int, list[tuple[str, int]]]:
        """What the sentence on the used area is told."""
        return self.used, self.total, self.masked, self.reasons

    @property
    def usual(self) -> float:
        """Median of the dates' deviations, mm."""
        return float(np.median([item.rms for item in self.deviations])) if self.deviations else math.nan

    @property
    def worst(self) -> Deviation | None:
        return max(self.deviations, key=lambda item: item.rms, default=None)


def opened_cube(path: Path) -> xr.Dataset:
    """A cube for a figure; of a small one displacement and layers are in memory: a hundred lazy reads take longer than drawing."""
    cube = open_cube(path)
    drawn = [name for name, values in cube.variables.items() if name == "displacement" or values.ndim < 3]
    return cube.assign(cube[drawn].load().data_vars) if cube.displacement.nbytes < SMALL else cube


def iso(times: Any) -> list[str]:
    """Dates of a time coordinate as ``yyyy-mm-dd``."""
    return [str(value)[:10] for value in np.asarray(times).astype("datetime64[D]")]


def used_pixels(cube: xr.Dataset) -> NDArray[np.bool_]:
    """Pixels (y, x) that the mask keeps and that have a velocity."""
    return np.asarray(cube.mask.values & np.isfinite(cube.velocity.values), np.bool_)


def used_only(cube: xr.Dataset, values: xr.DataArray) -> NDArray[np.float64]:
    """A layer (y, x) with NaN where the cube is not used."""
    return np.where(used_pixels(cube), values.values.astype(float), np.nan)


def lonlat_of(cube: xr.Dataset, row: int, col: int) -> tuple[float, float]:
    """Degrees of a pixel's centre."""
    return frame_of(cube).to_lonlat(float(cube.x.values[col]), float(cube.y.values[row]))


def reasons_of(cube: xr.Dataset) -> list[tuple[str, int]]:
    """How many pixels each flag of the mask holds, most frequent first."""
    if "mask_reason" not in cube:
        return []
    flags = cube.mask_reason.values
    names = str(cube.mask_reason.attrs.get("flag_meanings", "")).split()
    if "product" in cube.attrs:  # a ready series is not inverted here
        names = ["not_measured" if name == "not_inverted" else name for name in names]
    masks = np.atleast_1d(cube.mask_reason.attrs.get("flag_masks", [])).tolist()
    counts = [(name, int(((flags & int(bit)) != 0).sum())) for name, bit in zip(names, masks, strict=True)]
    return sorted([item for item in counts if item[1]], key=lambda item: (-item[1], item[0]))


def geometry_of(cube: xr.Dataset) -> tuple[float | None, float | None]:
    """Incidence angle and heading in degrees, from the mean line of sight."""
    if "los" not in cube:
        return None, None
    east, north, up = (float(np.nanmean(cube.los.isel(enu=i).values)) for i in range(3))
    if not all(map(math.isfinite, (east, north, up))):
        return None, None
    return math.degrees(math.acos(min(1.0, up / math.hypot(east, north, up)))), math.degrees(math.atan2(north, -east))


def _deviations(cube: xr.Dataset, used: NDArray[np.bool_]) -> list[Deviation]:
    days = (cube.time.values - cube.time.values[0]) / np.timedelta64(1, "D")
    if len(days) < 3 or not used.any():
        return []
    names, found = iso(cube.time.values), []

    def layer(index: int) -> NDArray[np.float64]:
        return np.asarray(cube.displacement.isel(time=index).values[used], float)

    before, here = layer(0), layer(1)
    for index in range(1, len(days) - 1):
        after = layer(index + 1)
        weight = (days[index] - days[index - 1]) / (days[index + 1] - days[index - 1])
        off = here - (before + weight * (after - before))
        off = off[np.isfinite(off)]
        if off.size:
            found.append(Deviation(names[index], float(np.sqrt((off**2).mean())), float((np.abs(off) > JUMP).mean())))
        before, here = here, after
    return found


def cube_numbers(cube: xr.Dataset) -> CubeNumbers:
    """Everything the report says about a cube, from its used pixels."""
    used = used_pixels(cube)
    fastest, edge, share = None, EDGES[0], 0.0
    if used.any():
        speed = np.abs(used_only(cube, cube.velocity))
        row, col = (int(i) for i in np.unravel_index(np.nanargmax(speed), speed.shape))
        lon, lat = lonlat_of(cube, row, col)
        fastest = Fastest(float(cube.velocity.values[row, col]), row, col, lon, lat)
        noise = np.nanmedian(used_only(cube, cube.velocity_sigma)) if "velocity_sigma" in cube else 0.0
        # Never an edge within the noise: a short record would call half of the still pixels fast.
        edge = max(
            next((value for value in EDGES if speed[row, col] > value), EDGES[-1]), one_digit(2 * float(np.nan_to_num(noise)))
        )
        share = float((speed[used] > edge).mean())
    incidence, heading = geometry_of(cube)
    return CubeNumbers(
        iso(cube.time.values),
        int(used.sum()),
        used.size,
        int((np.isfinite(cube.velocity.values) & ~used).sum()),
        reasons_of(cube),
        fastest,
        edge,
        share,
        incidence,
        heading,
        _deviations(cube, used),
    )
