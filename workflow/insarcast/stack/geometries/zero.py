"""The place where all cubes of a decomposition are zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.spatial import cKDTree

from insarcast.core import InsarcastError

from .join import Spots, sample_points
from .lattice import Lattice
from .sample import sample_grid
from .view import Float, Part, View

_SAMPLE = 20_000  # velocities that the most common one is found among
_TRIED = 200  # places that are looked at for complete series, the steadiest first


@dataclass(frozen=True, eq=False)
class Zero:
    """The common reference.

    Attributes:
        lon, lat: degrees of its middle.
        shifts: for each cube its mean displacement there, ``(time,)`` mm, which is taken off.
        rates: for each cube its mean velocity there, mm/yr, against its own reference.
        errors: their standard errors, mm/yr, as large as that of one cell, for neighbours err together; None where not known.
        cells: number of cells.
        method: ``config``, ``first`` (the first cube's own reference) or ``evidence``.
        sentence: why this place.
    """

    lon: float
    lat: float
    shifts: list[Float]
    rates: list[float]
    errors: list[float | None]
    cells: int
    method: str
    sentence: str

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "lon": self.lon, "lat": self.lat, "cells": self.cells, "method": self.method, "sentence": self.sentence,
            "velocity_before": self.rates, "velocity_before_sigma": self.errors,
        }  # fmt: skip


def find_zero(views: Sequence[View], target: Lattice | Spots, settings: dict[str, Any]) -> Zero:
    """Find the window where every cube is set to zero.

    It is where the study puts it (``decompose.reference``); else the first cube's own reference, if the others measure there; else
    the steadiest place that all measure: the one whose velocities are nearest to the most common one of each cube, for stable
    ground shares one velocity while ground that moves spreads over many.

    Args:
        views: the cubes.
        target: the grid or the places of the result.
        settings: the study's ``decompose``: reference, window.

    Raises:
        InsarcastError: a cube does not measure at the place that the study names, or there is no place that all measure.
    """
    window, given = int(settings["window"]), settings["reference"]
    if given is not None:
        if (
            zero := _try(views, target, window, given[0], given[1], "config", "The common reference is the study's choice.")
        ) is None:
            raise InsarcastError(
                f"decompose.reference is {given}, but not every cube has a complete series there; give another place [longitude, latitude], "
                "or none, so that one is chosen."
            )
        return zero
    own = views[0].data.attrs
    if "reference_lon" in own:
        lon, lat = float(own["reference_lon"]), float(own["reference_lat"])
        rest = "the others measure" if len(views) > 2 else f"{views[1].name} measures"
        said = f"The common reference is that of {views[0].name}, where {rest} too."
        if (zero := _try(views, target, window, lon, lat, "first", said)) is not None:
            return zero
    return _steadiest(views, target, window)


def _try(
    views: Sequence[View], target: Lattice | Spots, window: int, lon: float, lat: float, method: str, sentence: str
) -> Zero | None:
    """The window around a place; None where a cube has no complete series in it."""
    parts = [_window_part(view, target, window, lon, lat) for view in views]
    if any(part is None for part in parts):
        return None
    shifts, rates, cells = [], [], []
    errors: list[float | None] = []
    for part in parts:
        assert part is not None
        complete = np.isfinite(part.displacement).all(axis=0) & np.isfinite(part.velocity)
        if not complete.any():
            return None
        shifts.append(part.displacement[:, complete].mean(axis=1))
        rates.append(float(part.velocity[complete].mean()))
        sigma = part.velocity_sigma[complete]
        errors.append(float(np.nanmean(sigma)) if np.isfinite(sigma).any() else None)
        cells.append(int(complete.sum()))
    return Zero(lon, lat, shifts, rates, errors, min(cells), method, sentence)


def _window_part(view: View, target: Lattice | Spots, window: int, lon: float, lat: float) -> Part | None:
    """What a cube says of the window around a place; None outside."""
    if isinstance(target, Lattice):
        cell = target.cell_of(lon, lat)
        if cell is None:
            return None
        spans = [
            slice(max(at - (window - 1) // 2, 0), min(at + window // 2 + 1, size))
            for at, size in zip(cell, (target.ny, target.nx), strict=True)
        ]
        here = target.window((spans[0], spans[1]))
        return sample_points(view, here) if view.points else sample_grid(view, here)
    near = _near(target, window, lon, lat)
    if not len(near):
        return None
    return sample_points(view, Spots(target.crs, target.x[near], target.y[near], target.size, target.cells))


def _near(target: Spots, window: int, lon: float, lat: float) -> NDArray[np.intp]:
    """Places within half a window of one."""
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", target.crs, always_xy=True).transform(lon, lat)
    return np.flatnonzero(np.hypot(target.x - x, target.y - y) <= _reach(target, window))


def _reach(target: Spots, window: int) -> float:
    return 0.5 * window * target.size + 1e-6


def _steadiest(views: Sequence[View], target: Lattice | Spots, window: int) -> Zero:
    misfit = np.sqrt(np.sum([_misfit(view, target) ** 2 for view in views], axis=0))
    if isinstance(target, Lattice):
        field = misfit.reshape(target.ny, target.nx)
        lost = ~np.isfinite(field)
        around = uniform_filter(np.where(lost, 0.0, field), window, mode="nearest")
        open_share = uniform_filter(lost.astype(float), window, mode="nearest")
        score = np.where(lost, np.inf, around + 1e6 * (open_share > 1e-9)).ravel()
    else:
        known = np.flatnonzero(np.isfinite(misfit))
        score = np.full(len(misfit), np.inf)
        xy = np.stack([target.x, target.y], axis=1)[known]
        if len(known):
            for at, near in zip(known, cKDTree(xy).query_ball_point(xy, _reach(target, window)), strict=True):
                score[at] = misfit[known[near]].mean()
    order = np.argsort(score, kind="stable")[: min(_TRIED, int(np.isfinite(score).sum()))]
    named = " and ".join(view.name for view in views)
    for at in order:
        if isinstance(target, Lattice):
            lon, lat = target.place_of(*divmod(int(at), target.nx))
        else:
            lon, lat = (float(values[at]) for values in target.lonlat)
        said = (
            f"The common reference is the steadiest place that {named} measure: its velocities are nearest to the most common one of each "
            f"(within {float(score[at]) % 1e6:.1f} mm/yr)."
        )
        if (zero := _try(views, target, window, lon, lat, "evidence", said)) is not None:
            return zero
    raise InsarcastError(
        f"No place has complete series of {named}, so nothing can be their common zero; set decompose.reference."
    )


def _misfit(view: View, target: Lattice | Spots) -> Float:
    """How far each cell's velocity is from the cube's most common one, with its standard error, mm/yr; inf where not measured."""
    part = sample_points(view, target) if view.points or isinstance(target, Spots) else sample_grid(view, target, whole=False)
    known = np.isfinite(part.velocity) & np.isfinite(part.velocity_sigma)
    if view.points:
        known &= np.isfinite(part.displacement).all(axis=0)
    if not known.any():
        return np.full(len(part.velocity), np.inf)
    values = part.velocity[known]
    common = half_sample_mode(values[:: max(1, -(-len(values) // _SAMPLE))])
    return np.where(known, np.hypot(part.velocity - common, part.velocity_sigma), np.inf)


def half_sample_mode(values: Float) -> float:
    """The most common value: the half of the sorted values that lies closest together, halved again and again.

    Bickel and Fruehwirth 2006, Computational Statistics & Data Analysis 50, 3500.
    """
    ordered = np.sort(values)
    while len(ordered) > 2:
        half = -(-len(ordered) // 2)
        widths = ordered[half - 1 :] - ordered[: len(ordered) - half + 1]
        start = int(np.argmin(widths))
        ordered = ordered[start : start + half]
    return float(ordered.mean())
