"""What a simulated scene really did, at the pixels and dates of a cube."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError, open_store, read_manifest

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Window = tuple[slice, slice]

# Against the ground's motion, and against all that InSAR can see of it: with the troposphere.
AGAINST = ("deformation", "visible")
NO_TRUTH = 255
_NEAR = 0.01  # of a pixel: the cube's grid is a part of the scene's


@dataclass(frozen=True, eq=False)
class Ground:
    """The truth of a scene, read by the cube's pixels.

    Attributes:
        store: displacement, atmosphere (time, y, x) mm and kind (y, x) of the whole scene.
        rows: (ny,) row of the scene for each of the cube's, -1 where it has none.
        cols: (nx,) the same of columns.
        times: (time,) index of each of the cube's dates.
        kinds: value of ``kind`` -> name.
    """

    store: xr.Dataset
    rows: Index
    cols: Index
    times: Index
    kinds: dict[int, str]

    def series(self, window: Window) -> Array:
        """``(against, time, y, x)`` mm since the cube's first date, in the scene's own reference; NaN where there is no truth.

        Args:
            window: rows and columns of the cube.
        """
        shape = tuple(part.stop - part.start for part in window)
        found = np.full((len(AGAINST), len(self.times), *shape), np.nan)
        rows, cols = self._place(window)
        if rows.own.size and cols.own.size:
            part = self.store[["displacement", "atmosphere"]].isel(time=self.times, y=rows.box, x=cols.box).load()
            at = (slice(None), rows.within[:, None], cols.within)
            displacement, atmosphere = (part[name].values.astype("float64")[at] for name in ("displacement", "atmosphere"))
            both = np.stack([displacement, displacement + atmosphere])
            found[:, :, rows.own[:, None], cols.own] = both - both[:, :1]
        return found

    def kind(self, window: Window) -> NDArray[np.uint8]:
        """``(y, x)`` value of ``kind``; 255 where there is no truth."""
        found = np.full(tuple(part.stop - part.start for part in window), NO_TRUTH, "uint8")
        rows, cols = self._place(window)
        if rows.own.size and cols.own.size:
            near = self.store.kind.isel(y=rows.box, x=cols.box).values
            found[rows.own[:, None], cols.own] = near[rows.within[:, None], cols.within]
        return found

    def reference(self, window: Window, used: NDArray[np.bool_]) -> Array:
        """``(against, time)`` mean motion of a reference window in mm, over its used pixels; NaN where none has a truth."""
        inside = self.series(window)[:, :, used]
        known = np.isfinite(inside)
        count = known.sum(axis=2)
        total = np.where(known, inside, 0.0).sum(axis=2)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def _place(self, window: Window) -> tuple[_Axis, _Axis]:
        rows, cols = (_axis(index[part]) for index, part in zip((self.rows, self.cols), window, strict=True))
        return rows, cols


@dataclass(frozen=True, eq=False)
class _Axis:
    """One axis of a window of the cube: the places that have a truth, the box of the scene that holds them, and where in it."""

    own: Index
    box: slice
    within: Index


def _axis(found: Index) -> _Axis:
    own = np.flatnonzero(found >= 0)
    if not own.size:
        return _Axis(own, slice(0), own)
    low, high = int(found[own].min()), int(found[own].max())
    return _Axis(own, slice(low, high + 1), found[own] - low)


def open_ground(manifest: Path, cube: xr.Dataset) -> Ground:
    """The truth that a manifest names, matched to a cube by coordinates and dates.

    Raises:
        InsarcastError: there is no truth, or it is of another scene.
    """
    path = read_manifest(manifest).truth
    if path is None:
        raise InsarcastError(f"{manifest} names no truth: only a simulated scene (source: simulate) can be compared with it.")
    store = open_store(path)
    for name, dims in (("displacement", ("time", "y", "x")), ("atmosphere", ("time", "y", "x")), ("kind", ("y", "x"))):
        if name not in store or store[name].dims != dims:
            raise InsarcastError(
                f"{path} has no '{name}' over {dims}, so it is no truth of a simulated scene; simulate it again."
            )
    if store.rio.crs != cube.rio.crs:
        raise InsarcastError(f"{path} is on {store.rio.crs}, the cube on {cube.rio.crs}; delete both and run again.")
    dates, wanted = (data.time.values.astype("datetime64[D]") for data in (store, cube))
    if not np.isin(wanted, dates).all():
        raise InsarcastError(
            f"{path} has no truth of {wanted[~np.isin(wanted, dates)][0]}, a date of the cube; simulate it again."
        )
    rows, cols = _match(store.y.values, cube.y.values), _match(store.x.values, cube.x.values)
    if (rows < 0).all() or (cols < 0).all():
        raise InsarcastError(f"{path} and the cube have no pixel centre in common; delete both and run again.")
    meanings = store.kind.attrs["flag_meanings"]
    names = meanings.split() if isinstance(meanings, str) else list(meanings)
    kinds = {int(value): str(name) for value, name in zip(store.kind.attrs["flag_values"], names, strict=True)}
    return Ground(store, rows, cols, np.searchsorted(dates, wanted), kinds)


def _match(centres: Array, wanted: Array) -> Index:
    """Index of the pixel centre at each wanted coordinate; -1 where there is none."""
    step = centres[1] - centres[0] if len(centres) > 1 else 1.0
    place = (wanted - centres[0]) / step
    index = np.rint(place).astype("intp")
    return np.where((np.abs(place - index) < _NEAR) & (index >= 0) & (index < len(centres)), index, -1)
