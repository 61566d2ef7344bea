"""What a decomposition says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .view import Days, View


class Tally:
    """Counts over all blocks."""

    def __init__(self) -> None:
        self.cells = self.used = self.complete = 0
        self._parts: dict[str, list[NDArray[Any]]] = {}

    def add(self, layers: Mapping[str, NDArray[Any]]) -> None:
        """Count a block's layers."""
        used = layers["mask"]
        self.cells += used.size
        self.used += int(used.sum())
        if "vertical" in layers:
            self.complete += int(np.isfinite(layers["vertical"][:, used]).all(axis=0).sum())
        for name in ("condition", "north_vertical", "north_east", "velocity_vertical_sigma", "velocity_east_sigma"):
            self._parts.setdefault(name, []).append(layers[name][used])

    def values(self, name: str) -> NDArray[Any]:
        """A layer of the used cells."""
        return np.concatenate(self._parts[name])


def cube_facts(view: View) -> dict[str, Any]:
    """One cube of the decomposition: its record and how it looks at the ground."""
    los = view.data.los.transpose("enu", ...)
    sample = los.isel({dim: slice(None, None, max(1, los.sizes[dim] // 16)) for dim in los.dims if dim != "enu"})
    east, north, up = np.nanmean(sample.values.reshape(3, -1).astype(np.float64), axis=1)
    dates = view.dates
    return {
        "name": view.name,
        "kind": "points" if view.points else "grid",
        "first": str(dates[0]),
        "last": str(dates[-1]),
        "dates": len(dates),
        "incidence": float(np.degrees(np.arccos(np.clip(up, -1, 1)))),
        "heading": float(np.degrees(np.arctan2(north, -east))),
        "direction": "ascending" if east < 0 else "descending",
        "sigma": "the cube's own" if "sigma" in view.data else "the scatter of each series about its straight line",
    }


def write_record(
    cubes: Sequence[dict[str, Any]],
    reference: dict[str, Any],
    dates: Days,
    tally: Tally,
    size: float,
    kind: str,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """The record of a decomposition, with its sentences."""
    condition, up, east = (tally.values(name) for name in ("condition", "north_vertical", "north_east"))
    sigma = [float(np.median(tally.values(name))) for name in ("velocity_vertical_sigma", "velocity_east_sigma")]
    north = {"vertical": float(np.median(up)), "east": float(np.median(east))}
    return {
        "cubes": list(cubes),
        "reference": reference,
        "kind": kind,
        "size_m": size,
        "cells": {"total": tally.cells, "used": tally.used, "complete": tally.complete},
        "dates": {
            "count": len(dates),
            "first": str(dates[0]) if len(dates) else None,
            "last": str(dates[-1]) if len(dates) else None,
        },
        "condition": {
            "median": float(np.median(condition)),
            "largest": float(condition.max()),
            "limit": settings["max_condition"],
        },
        "north": north,
        "velocity_sigma": {"vertical": sigma[0], "east": sigma[1]},
        "sentences": _sentences(cubes, reference, dates, tally, size, kind, north, settings),
    }


def _sentences(
    cubes: Sequence[dict[str, Any]],
    reference: Mapping[str, Any],
    dates: Days,
    tally: Tally,
    size: float,
    kind: str,
    north: Mapping[str, float],
    settings: Mapping[str, Any],
) -> list[str]:
    looks = [f"{cube['name']} ({cube['direction']}, incidence {cube['incidence']:.0f}°)" for cube in cubes]
    where = {
        "grid": f"on a grid of {size:.0f} m",
        "cells": f"in cells of {size:.0f} m, whose points are averaged",
        "points": f"at the points of the cube with fewest of them, with the nearest of the others within {size:.0f} m",
    }[kind]
    spans = "; ".join(f"{cube['name']} {cube['first']} to {cube['last']}" for cube in cubes)
    series = (
        f"Series: {len(dates)} common dates, {dates[0]} to {dates[-1]}, by straight lines between acquisitions at most "
        f"{settings['window_days']:g} days apart, and never across a step that no interferogram supports; zero at the first of them."
        if len(dates)
        else f"There are no series: the records ({spans}) have fewer than two dates in common with acquisitions at most "
        f"{settings['window_days']:g} days apart (decompose.window_days)."
    )
    lines = [
        f"{' and '.join(looks)} were solved for vertical and east-west motion by least squares, {where}; {tally.used} of {tally.cells} "
        "places are measured by both." if len(cubes) == 2 else
        f"{', '.join(looks)} were solved for vertical and east-west motion by least squares, {where}; {tally.used} of {tally.cells} "
        "places are measured by two or more.",
        str(reference["sentence"]),
        f"Velocities are those of each cube's own record ({spans}), so that motion that changes between them is taken for steady.",
        series,
        f"Northward motion is neglected, for the radar hardly sees it: 10 mm to the north would look like {_mm(10 * north['vertical'])} of "
        f"vertical and {_mm(10 * north['east'])} of eastward motion.",
    ]  # fmt: skip
    scattered = [cube["name"] for cube in cubes if not cube["sigma"].startswith("the cube")]
    if scattered:
        lines.append(
            f"{' and '.join(scattered)} tell{'s' if len(scattered) == 1 else ''} no standard deviation of the displacement; the scatter of each "
            "series about its straight line stands for it."
        )
    return lines


def _mm(value: float) -> str:
    text = f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")
    return f"{text if value and text[1:] != '0.0' else '0.0'} mm"
