"""What happened: the increment from origin to target in the newest cube, and how noisy it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Target:
    """One forecast that can be scored.

    Attributes:
        at: index of the origin.
        step: index of the horizon.
        start: index of the origin's date in the newest cube.
        end: index of the target's date there.
        days: days between them.
        shift: mean increment over the reference window of the as-of cube, mm.
        vintage: the as-of cube, for its mask and velocity.
    """

    at: int
    step: int
    start: int
    end: int
    days: float
    shift: float
    vintage: xr.Dataset


def find_targets(
    full: xr.Dataset, vintages: Sequence[xr.Dataset], target_time: NDArray[np.datetime64]
) -> tuple[list[Target], list[str]]:
    """Targets that the newest cube holds, and sentences on those that it should hold and cannot be scored.

    Every vintage has its own reference point, so the truth is referred to that of the forecast: the mean increment of the newest
    cube over the window around the as-of cube's reference point is subtracted; pixels there whose increment leads over a bridged
    step do not count, for nobody measured it. The vintages of a ready series have one reference in common, the product's own, so that
    nothing is to be subtracted where it does not say where that is.

    Args:
        full: the newest cube.
        vintages: as-of cubes, one per origin; an origin is the last date of its cube.
        target_time: (origin, horizon) dates of the targets.
    """
    dates = full.time.values.astype("datetime64[D]")
    found, unscored = [], []
    for at, cube in enumerate(vintages):
        origin = cube.time.values[-1].astype("datetime64[D]")
        window = None
        if "reference_row" in cube.attrs:
            window = full[[name for name in ("displacement", "filled") if name in full]].isel(reference_window(cube)).load()
        for step, target in enumerate(target_time[at].astype("datetime64[D]")):
            if target > dates[-1]:
                continue
            ends = np.searchsorted(dates, [origin, target])
            if (dates[ends] != [origin, target]).any():
                lost = origin if dates[ends[0]] != origin else target
                unscored.append(f"{origin} to {target}: {lost} was dropped from the newest cube.")
                continue
            change = np.zeros(1) if window is None else _observed_change(window, int(ends[0]), int(ends[1]))
            if not np.isfinite(change).any():
                unscored.append(
                    f"{origin} to {target}: the newest cube has no displacement at the reference point of {cube.attrs['as_of']}, "
                    "or only over a bridged step."
                )
                continue
            days = float((target - origin) / np.timedelta64(1, "D"))
            found.append(Target(at, step, int(ends[0]), int(ends[1]), days, float(np.nanmean(change)), cube))
    return found, unscored


def reference_window(cube: xr.Dataset) -> dict[str, slice]:
    """The square around the reference point, cut at the grid's edge, as the stack stage takes it."""
    size = int(cube.attrs["reference_window"])
    before, after = (size - 1) // 2, size // 2 + 1
    centre = {"y": int(cube.attrs["reference_row"]), "x": int(cube.attrs["reference_col"])}
    return {dim: slice(max(place - before, 0), min(place + after, cube.sizes[dim])) for dim, place in centre.items()}


def increment(full: xr.Dataset, target: Target) -> Array:
    """``(y, x)`` mm, referred to the as-of cube's reference; NaN where a bridged step lies on the way, for nobody measured it.

    Args:
        full: the newest cube, or a window of it, in memory.
        target: which increment.
    """
    return _observed_change(full, target.start, target.end) - target.shift


def _observed_change(full: xr.Dataset, start: int, end: int) -> Array:
    """``(y, x)`` mm between two dates in the newest cube's own reference; NaN where a bridged step lies on the way."""
    displacement = full.displacement.values
    change = displacement[end].astype("float64") - displacement[start]
    bridged = full.filled.values[start + 1 : end + 1].any(axis=0) if "filled" in full else False
    return np.where(bridged, np.nan, change)


def formal_variance(full: xr.Dataset, target: Target) -> Array:
    """``(y, x)`` mm2: variance of the increment by the network's formal errors, at most.

    The sum of the variances at both dates: the error relative to the reference date is a resistance distance on the network of
    interferograms, which obeys the triangle inequality. It holds decorrelation noise, not the atmosphere.
    """
    sigma = full.sigma.values.astype("float64")
    return np.asarray(sigma[target.start] ** 2 + sigma[target.end] ** 2)


def date_variance(full: xr.Dataset) -> Array:
    """``(y, x)`` mm2: variance of one date's noise, atmosphere included, from how far dates lie off the line of their neighbours.

    For dates a < b < c joined by observed steps and noise that is white in time with variance s2, the residual
    ``d(b) - (w d(a) + (1 - w) d(c))`` with ``w = (c - b) / (c - a)`` has variance ``s2 (1 + w^2 + (1 - w)^2)`` where the ground moves
    evenly; motion that bends within three dates counts as noise. NaN with fewer than 3 such triples.
    """
    days = (full.time.values - full.time.values[0]) / np.timedelta64(1, "D")
    before, after = np.diff(days)[:-1, None, None], np.diff(days)[1:, None, None]
    if len(days) < 3:
        return np.full(full.displacement.shape[1:], np.nan)
    weight = after / (before + after)
    d = full.displacement.values.astype("float64")
    residual = d[1:-1] - weight * d[:-2] - (1 - weight) * d[2:]
    if "filled" in full:
        filled = full.filled.values
        residual = np.where(filled[1:-1] | filled[2:], np.nan, residual)
    known = np.isfinite(residual)
    squares = np.where(known, residual, 0.0) ** 2 / (1 + weight**2 + (1 - weight) ** 2)
    count = known.sum(axis=0)
    return np.where(count >= 3, squares.sum(axis=0) / np.maximum(count, 1), np.nan)
