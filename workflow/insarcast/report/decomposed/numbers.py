"""The numbers of a decomposition that words, tables and figures share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import open_store

from ..displacement.numbers import EDGES, iso
from ..drawing.frame import Frame, frame_of
from ..drawing.limits import one_digit
from ..series.points.frame import points_frame

Array = NDArray[np.float64]
MOST = 10  # places in the table
_APART = 5  # pixels or cells between two of them


@dataclass(frozen=True, eq=False)
class Decomposed:
    """Vertical and east-west motion of a study.

    Attributes:
        data: the store.
        dates: common dates, ISO; none where the records do not overlap.
        frame: where it lies.
        used: places that are solved, over space.
        velocity: ``vertical`` and ``east`` in mm/yr (up and east positive), NaN where not used.
        sigma: their standard deviations.
        fastest: flat position of the place with the largest motion of each; None where nothing is solved.
        edge: mm/yr, and ``share``: the share of the used places that move faster vertically.
    """

    data: xr.Dataset
    dates: list[str]
    frame: Frame
    used: NDArray[np.bool_]
    velocity: dict[str, Array]
    sigma: dict[str, Array]
    fastest: dict[str, int] | None
    edge: float
    share: float

    @property
    def points(self) -> bool:
        """Whether it is made of points."""
        return self.used.ndim == 1

    @property
    def size(self) -> float:
        """Edge in m of a pixel or cell."""
        if self.points:
            return float(self.data.attrs.get("size_m", 100.0))
        return (self.frame.right - self.frame.left) / self.data.sizes["x"] * self.frame.metres_per_unit()

    def map_xy(self, at: int) -> tuple[float, float]:
        """A place in the units of the frame, by its flat position."""
        if self.points:
            return float(self.data.x.values[at]), float(self.data.y.values[at])
        row, col = divmod(at, self.data.sizes["x"])
        return float(self.data.x.values[col]), float(self.data.y.values[row])

    def place(self, at: int) -> tuple[float, float]:
        """Longitude and latitude of a place."""
        return self.frame.to_lonlat(*self.map_xy(at))

    def at(self, name: str, at: int) -> Array:
        """A variable over time at a place."""
        if self.points:
            return np.asarray(self.data[name].isel(point=at).values, float)
        row, col = divmod(at, self.data.sizes["x"])
        return np.asarray(self.data[name].isel(y=row, x=col).values, float)

    def best(self) -> list[int]:
        """The places that move fastest vertically, not next to each other."""
        speed = np.abs(np.where(self.used, self.velocity["vertical"], np.nan)).ravel()
        order = [int(at) for at in np.argsort(-np.nan_to_num(speed, nan=-1), kind="stable") if np.isfinite(speed[at])]
        chosen: list[int] = []
        metre = 1.0 if self.points else self.frame.metres_per_unit()
        for at in order[:20000]:
            x, y = self.map_xy(at)
            if all(np.hypot(x - u, y - v) * metre >= _APART * self.size for u, v in map(self.map_xy, chosen)):
                chosen.append(at)
            if len(chosen) == MOST:
                break
        return chosen


def read_decomposed(path: Path) -> Decomposed:
    """Open a decomposition and count."""
    data: xr.Dataset = open_store(path)
    used = np.asarray(data.mask.values, np.bool_)
    parts: dict[str, dict[str, Any]] = {"": {}, "_sigma": {}}
    for name in ("vertical", "east"):
        for ending, found in parts.items():
            found[name] = np.where(used, data[f"velocity_{name}{ending}"].values.astype(float), np.nan)
    velocity, sigma = parts[""], parts["_sigma"]
    frame = points_frame(data) if used.ndim == 1 else frame_of(data)
    assert frame is not None
    fastest, edge, share = None, EDGES[-1], 0.0
    if used.any():
        fastest = {name: int(np.nanargmax(np.abs(values))) for name, values in velocity.items()}
        speed = np.abs(velocity["vertical"])
        passed = next((value for value in EDGES if np.nanmax(speed) > value), EDGES[-1])
        edge = max(passed, one_digit(2 * float(np.nanmedian(sigma["vertical"]))))
        share = float((speed[used] > edge).mean())
    dates = iso(data.time.values) if "time" in data.coords else []
    return Decomposed(data, dates, frame, used, velocity, sigma, fastest, edge, share)
