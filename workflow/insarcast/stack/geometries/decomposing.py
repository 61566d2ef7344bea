"""Vertical and east-west motion of a study from the cubes of several tracks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import InsarcastError, blank, blocks, create_store, shard_edge, write_block, write_json, write_store

from .join import Spots, common_spots, sample_points
from .lattice import Lattice, common_lattice, grid_template
from .record import Tally, cube_facts, write_record
from .sample import sample_grid
from .solve import condition_number, decompose, north_error, too_alike
from .times import at_dates, common_dates, steps_bridged
from .view import Days, Float, Part, View, open_view
from .zero import Zero, find_zero

UP, EAST = "positive upwards", "positive eastwards"
_RATES: dict[str, dict[str, str]] = {
    "velocity_vertical": {"units": "mm yr-1", "sign": UP, "long_name": "vertical velocity"},
    "velocity_east": {"units": "mm yr-1", "sign": EAST, "long_name": "eastward velocity"},
    "velocity_vertical_sigma": {"units": "mm yr-1", "long_name": "standard deviation of the vertical velocity"},
    "velocity_east_sigma": {"units": "mm yr-1", "long_name": "standard deviation of the eastward velocity"},
    "north_vertical": {
        "units": "1",
        "long_name": "vertical motion that 1 mm of northward motion, which is neglected, looks like",
    },
    "north_east": {"units": "1", "long_name": "eastward motion that 1 mm of northward motion looks like"},
    "condition": {"units": "1", "long_name": "condition number of the lines of sight"},
}
_SERIES: dict[str, dict[str, str]] = {
    "vertical": {"units": "mm", "sign": UP, "long_name": "vertical displacement"},
    "east": {"units": "mm", "sign": EAST, "long_name": "eastward displacement"},
    "sigma_vertical": {"units": "mm", "long_name": "standard deviation of the vertical displacement"},
    "sigma_east": {"units": "mm", "long_name": "standard deviation of the eastward displacement"},
}


def decompose_cubes(
    cubes: Sequence[Path], decomposed: Path, record: Path, names: Sequence[str], settings: dict[str, Any], config: str
) -> None:
    """Bring cubes of several lines of sight together and solve them for vertical and east-west motion.

    Cubes of grids are brought to one grid, cubes of points to common places (with a grid among them: onto it). All are set to zero
    at one common place, and at the first common date. Velocities are those of each cube's own record; series are interpolated
    onto common dates (see :func:`insarcast.stack.decompose` and ``geometries/times.py``).

    Args:
        cubes: stores of the cubes, by the contract of :mod:`insarcast.core.cube`, in the order of ``names``.
        decomposed: store to write: velocity_vertical, velocity_east and their ``_sigma`` in mm/yr (upwards and eastwards positive),
            north_vertical, north_east, condition, mask (True = use) over space; and where the records overlap vertical, east,
            sigma_vertical, sigma_east in mm, filled (a step since the date before is bridged) over ``(time, ...)``.
        record: JSON to write: the cubes, the common reference, dates, what of the area is measured, what the neglected northward
            motion does, and a sentence on each.
        names: names of the cubes.
        settings: the study's ``decompose``.
        config: hash of the settings that made the cubes and this.

    Raises:
        InsarcastError: the cubes share no area or reference, or their lines of sight are nearly the same.
    """
    views = [open_view(name, path) for name, path in zip(names, cubes, strict=True)]
    grids = [view for view in views if not view.points]
    target = common_lattice(grids, settings["resolution"]) if grids else common_spots(views, settings["resolution"])
    _check_geometry(views, settings["max_condition"])
    zero = find_zero(views, target, settings)
    dates = common_dates([view.dates for view in views], settings["window_days"])
    dates = dates if len(dates) > 1 else dates[:0]
    attrs = _attributes(views, zero, config)
    tally = Tally()
    if isinstance(target, Lattice):
        edge = shard_edge(max(len(dates), 1))
        create_store(_template(target, dates, attrs), decomposed, edge)
        for block in blocks(target.ny, target.nx, edge):
            window = target.window(block)
            parts = [sample_points(view, window) if view.points else sample_grid(view, window) for view in views]
            layers = _solve(views, parts, zero, dates, settings["max_condition"])
            tally.add(layers)
            shaped = {
                name: (
                    ("time", "y", "x") if values.ndim == 2 else ("y", "x"),
                    values.reshape(*values.shape[:-1], window.ny, window.nx),
                )
                for name, values in layers.items()
            }
            write_block(xr.Dataset(shaped), decomposed, block)
    else:
        parts = [sample_points(view, target) for view in views]
        layers = _solve(views, parts, zero, dates, settings["max_condition"])
        tally.add(layers)
        write_store(_points(target, layers, dates, attrs), decomposed)
    facts = [cube_facts(view) for view in views]
    if not tally.used:
        raise InsarcastError(
            f"No place is measured by two of {' and '.join(names)} with lines of sight that differ; see that the cubes cover the same "
            "ground, or give a larger decompose.resolution."
        )
    write_json(record, write_record(facts, zero.record(), dates, tally, target.metres if isinstance(target, Lattice) else target.size,
                                    "grid" if isinstance(target, Lattice) else "cells" if target.cells else "points", settings))  # fmt: skip


def _check_geometry(views: Sequence[View], limit: float) -> None:
    """The lines of sight of the middles must differ, before anything is read in full.

    Raises:
        InsarcastError: they are nearly the same.
    """
    middles = []
    for view in views:
        los = view.data.los
        sample = los.isel({dim: slice(None, None, max(1, los.sizes[dim] // 16)) for dim in los.dims if dim != "enu"})
        middles.append(np.nanmean(sample.transpose("enu", ...).values.reshape(3, -1).astype(np.float64), axis=1))
    vectors = np.array([middle / np.linalg.norm(middle) for middle in middles])
    condition = float(condition_number(vectors))
    if not condition <= limit:
        raise InsarcastError(too_alike(vectors, condition, limit, [view.name for view in views]))


def _solve(
    views: Sequence[View], parts: Sequence[Part], zero: Zero, dates: Days, max_condition: float
) -> dict[str, NDArray[Any]]:
    """Every layer of some cells, ``(cell,)`` and ``(date, cell)``."""
    los = np.stack([part.los for part in parts])
    rates = np.stack([part.velocity - rate for part, rate in zip(parts, zero.rates, strict=True)])
    errors = np.stack([part.velocity_sigma for part in parts])
    known = np.isfinite(rates) & np.isfinite(errors) & (errors > 0) & np.isfinite(los).all(axis=1)
    condition = condition_number(los, known)
    usable = condition <= max_condition
    solve = _solver(los, usable, max_condition)
    north = north_error(np.where(known[:, None], los, np.nan), np.where(known, errors, np.nan))
    layers: dict[str, NDArray[Any]] = dict(zip(_RATES, (*solve(rates, errors), *north, condition), strict=True))
    layers = {name: np.where(usable, values, np.nan).astype(np.float32) for name, values in layers.items()}
    if len(dates):
        series = [at_dates(part.displacement - shift[:, None], part.sigma, part.broken, view.dates, dates)
                  for view, part, shift in zip(views, parts, zero.shifts, strict=True)]  # fmt: skip
        moved, spread = [], []
        for values, sigma, _ in series:
            moved.append(values - values[0])
            spread.append(np.hypot(sigma, sigma[0]))
        solved = solve(np.stack(moved), np.stack(spread))
        layers |= {name: values.astype(np.float32) for name, values in zip(_SERIES, solved, strict=True)}
        for name in ("sigma_vertical", "sigma_east"):
            layers[name][0] *= 0  # zero by definition; NaN stays
        layers["filled"] = steps_bridged([count for *_, count in series])
    return layers | {"mask": np.isfinite(layers["velocity_vertical"])}


def _solver(los: Float, usable: NDArray[np.bool_], max_condition: float) -> Any:
    """Decompose values of the cells that can be; NaN elsewhere, and no error where there is none."""

    def solve(values: Float, sigmas: Float) -> tuple[Float, ...]:
        found = tuple(np.full(values.shape[1:], np.nan) for _ in range(4))
        if usable.any():
            vectors = los[..., usable]
            if values.ndim == 3:
                vectors = vectors[:, :, None, :]
            parts = decompose(values[..., usable], vectors, np.maximum(sigmas[..., usable], 1e-3), max_condition=max_condition)
            for whole, part in zip(found, parts, strict=True):
                whole[..., usable] = part
        return found

    return solve


def _attributes(views: Sequence[View], zero: Zero, config: str) -> dict[str, Any]:
    from insarcast import __version__

    return {
        "Conventions": "CF-1.11", "cubes": [view.name for view in views], "reference_lon": zero.lon, "reference_lat": zero.lat,
        "north": "neglected", "insarcast_version": __version__, "config_hash": config,
    }  # fmt: skip


def _template(target: Lattice, dates: Days, attrs: dict[str, Any]) -> xr.Dataset:
    data = grid_template(target)
    ny, nx, count = target.ny, target.nx, len(dates)
    for name, about in _RATES.items():
        data[name] = (("y", "x"), blank(np.float32, ny, nx), about)
    data["mask"] = (("y", "x"), blank(np.bool_, ny, nx), {"long_name": "True = use"})
    if count:
        data = data.assign_coords(time=dates.astype("datetime64[ns]"))
        for name, about in _SERIES.items():
            data[name] = (("time", "y", "x"), blank(np.float32, count, ny, nx), about)
        data["filled"] = (
            ("time", "y", "x"),
            blank(np.bool_, count, ny, nx),
            {"long_name": "a step since the date before is bridged"},
        )
    placed: xr.Dataset = data.assign_attrs(attrs).rio.write_crs(target.crs, inplace=True)
    return placed


def _points(target: Spots, layers: dict[str, NDArray[Any]], dates: Days, attrs: dict[str, Any]) -> xr.Dataset:
    keep = layers["mask"]
    lon, lat = target.lonlat
    coords: dict[str, Any] = {
        name: ("point", values[keep], {"units": units})
        for name, values, units in (
            ("lon", lon, "degrees_east"),
            ("lat", lat, "degrees_north"),
            ("x", target.x, "m"),
            ("y", target.y, "m"),
        )
    }
    if len(dates):
        coords["time"] = dates.astype("datetime64[ns]")
    abouts = _RATES | _SERIES
    return xr.Dataset(
        {
            name: (("time", "point") if values.ndim == 2 else ("point",), values[..., keep], abouts.get(name, {}))
            for name, values in layers.items()
        },
        coords,
        attrs | {"crs": target.crs.to_string(), "size_m": target.size},
    )
