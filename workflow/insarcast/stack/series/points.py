"""Read a ready displacement series into a cube of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import InsarcastError, Manifest, blank, check_cube, read_header, read_manifest, write_json, write_store

from .clean import clean_points, to_mm, usual_step
from .dates import select_dates
from .joins import find_joins, known_dates, mark_jumps
from .los import line_of_sight_of
from .neighbours import read_neighbours
from .other import is_long, read_long, read_matrix
from .place import EGMS_CRS, Places, check_europe, place_points
from .record import PERCENTILES, join_entries, missing_dates, presence, warn_of_joins, warn_of_repeats
from .table import Notes, Table, join_tables
from .text import read_wide
from .vector import SUFFIXES, read_layer
from .velocity import fit_velocity

SIGN = "positive towards the satellite"


def read_series(
    manifest: Path,
    cube: Path,
    record: Path,
    products: dict[str, Any],
    series: dict[str, Any],
    title: str,
    config: str,
    threads: int = 1,
) -> None:
    """Read the tables of a manifest, check them, find release joins, and write the cube of points and its record.

    Args:
        manifest: what ``acquire`` found.
        cube: store to write, dims ``(time, point)``: displacement in mm, positive towards the satellite; filled (False: nothing is
            interpolated); jump, True where the step from the date before crosses a release join; mask; velocity and velocity_sigma
            over the whole series in mm/yr; height, coherence, rmse and los where the table has them; edge ``(edge, end)``: positions
            of points that are neighbours; coordinates pid, lon, lat, and x, y in m in the CRS of the attribute ``crs``.
        record: JSON to write: points read and kept, dates and gaps between them, who begins late or ends early, joins, warnings,
            what was dropped and why, velocities, credits.
        products: the study's ``products``: start, end, exclude.
        series: the study's ``series``.
        title: name of the study.
        config: hash of the settings that made the cube.
        threads: parsers at work.

    Raises:
        InsarcastError: a table cannot be read, or what it holds can be no displacement series.
    """
    found, notes = read_manifest(manifest), Notes()
    files = [Path(file) for file in found.static.get("series", [])]
    if not files:
        raise InsarcastError(f"{manifest} names no table of a ready series; delete it and run again.")
    table = join_tables([_read(file, series, number, notes, threads) for number, file in enumerate(files)])
    read = table.points
    crs = series["crs"] or (EGMS_CRS if found.source == "egms" else None)
    table = select_dates(table, products, notes)
    table.columns["position"] = np.arange(read)
    table, places = place_points(table, crs, notes)
    if places is not None and found.source == "egms":
        check_europe(places)
    before = table
    table = clean_points(table, notes, places is not None)
    kept = np.isin(before.columns["position"], table.columns["position"])
    table = to_mm(table, found.conventions["units"], found.conventions["sign"], notes)
    known = np.isfinite(table.values)
    first, last = known.argmax(0), len(known) - 1 - known[::-1].argmax(0)
    joins = []
    if series["joins"]["detect"]:
        stated = known_dates(series["joins"]["dates"], table.dates)
        joins = find_joins(first, last, table.file, len(known), series["joins"]["share"], stated)
    entries = join_entries(joins, table.values, table.dates, [file.name for file in files])
    warn_of_joins(entries, notes)
    warn_of_repeats(table.values, first, table.dates, notes)
    jump = mark_jumps(joins, len(known), table.points)
    edges = read_neighbours(found.static.get("neighbours", [None])[0], read, table.columns["position"], notes)
    data = _cube(table, _only(places, kept), jump, edges, line_of_sight_of(table, notes))
    data.attrs |= _attributes(found, title, config)
    check_cube(data, str(cube))
    write_store(data, cube)
    write_json(record, _record(found, files, table, read, known.sum(0), first, last, data, entries, notes))


def _read(path: Path, series: Mapping[str, Any], number: int, notes: Notes, threads: int) -> Table:
    if path.suffix.lower() in SUFFIXES:
        return read_layer(path, series, number, notes)
    header = read_header(path, series["delimiter"])
    if series["layout"] == "matrix":
        return read_matrix(header, series, number, notes, threads)
    return (read_long if is_long(header, series) else read_wide)(header, series, number, notes, threads)


def _only(places: Places | None, kept: NDArray[np.bool_]) -> Places | None:
    if places is None:
        return None
    return Places(places.lon[kept], places.lat[kept], places.x[kept], places.y[kept], places.crs)


def _cube(
    table: Table,
    places: Places | None,
    jump: NDArray[np.bool_],
    edges: NDArray[np.int64] | None,
    los: NDArray[np.float32] | None,
) -> xr.Dataset:
    """The dataset by the contract of :mod:`insarcast.core.cube`."""
    time = np.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in table.dates], "datetime64[ns]")
    days = (time - time[0]) / np.timedelta64(1, "D")
    velocity, error = fit_velocity(table.values, np.asarray(days, "float64"), jump)
    both = ("time", "point")
    layers: dict[str, Any] = {
        "displacement": (both, table.values, {"units": "mm", "sign": SIGN, "long_name": "displacement along the line of sight"}),
        "filled": (both, blank(bool, *table.values.shape), {"long_name": "the step from the date before is bridged"}),
        "jump": (both, jump, {"long_name": "the step from the date before crosses a join of two releases"}),
        "mask": ("point", np.ones(table.points, bool)),
        "velocity": ("point", velocity, {"units": "mm yr-1", "sign": SIGN, "long_name": "mean velocity of the whole series"}),
        "velocity_sigma": ("point", error, {"units": "mm yr-1", "long_name": "standard error of the velocity"}),
    }
    for name, units in {"height": "m", "coherence": "1", "rmse": "mm"}.items():
        if name in table.columns:
            layers[name] = ("point", np.asarray(table.columns[name], "float32"), {"units": units})
    if los is not None:
        layers["los"] = (("enu", "point"), los, {"units": "1", "long_name": "unit vector ground -> satellite"})
    if edges is not None:
        layers["edge"] = (("edge", "end"), edges, {"long_name": "positions of two points that are neighbours"})
    coords: dict[str, Any] = {"time": time, "pid": ("point", table.columns["id"].astype(np.dtypes.StringDType()))}
    if places is not None:
        for name, units in {"lon": "degrees_east", "lat": "degrees_north", "x": "m", "y": "m"}.items():
            coords[name] = ("point", getattr(places, name), {"units": units})
    return xr.Dataset(layers, coords, {"crs": places.crs} if places else {})


def _attributes(found: Manifest, title: str, config: str) -> dict[str, Any]:
    return {
        "source": found.source,
        "product": found.conventions["product"],
        "as_of": "full",
        "reference": "as the product has it; not known to insarcast",
        "retrospective": True,
        "title": title,
        "insarcast_version": __version__,
        "config": config,
    }


def _record(
    found: Manifest,
    files: Sequence[Path],
    table: Table,
    read: int,
    known: NDArray[np.intp],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    data: xr.Dataset,
    joins: list[dict[str, Any]],
    notes: Notes,
) -> dict[str, Any]:
    speeds = data.velocity.values
    places = np.stack([data.lon.values, data.lat.values]) if "lon" in data.coords else None
    shared = 0 if places is None else table.points - len(np.unique(places, axis=1).T)
    return {
        "source": found.source,
        "product": found.conventions["product"],
        "files": [file.name for file in files],
        "sign_of_the_files": found.conventions["sign"],
        "units_of_the_files": found.conventions["units"],
        "crs": data.attrs.get("crs"),
        "points": {"read": read, "kept": table.points, "at the place of another": shared},
        "dates": {"count": len(table.dates), "first": table.dates[0], "last": table.dates[-1]},
        "missing_dates": missing_dates(table.dates),
        **presence(first, last, known, table.dates),
        "usual_step_mm": usual_step(table.values),
        "velocity_mm_yr": {str(level): float(np.nanpercentile(speeds, level)) for level in PERCENTILES},
        "joins": joins,
        "warnings": notes.warnings,
        "dropped": notes.dropped,
        "credits": found.credits,
    }
