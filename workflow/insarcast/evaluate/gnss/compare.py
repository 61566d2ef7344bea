"""Displacement against GNSS, along the line of sight or decomposed: the check that does not come from the interferograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from insarcast.core import InsarcastError, Manifest, open_cube, open_store, read_manifest, write_json

from .around import COMPONENTS, Around, look_around
from .numbers import judge, overall, slope
from .stations import Station, read_stations

Array = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
_COLUMNS = {"station_a": "str", "station_b": "str", "date": "datetime64[ns]", "gnss_mm": "float64", "insar_mm": "float64"}


@dataclass(frozen=True)
class Series:
    """One station seen by both.

    Attributes:
        gnss: mm, per date; NaN where there is no GNSS day.
        insar: mm, the mean around the station, per date.
        bridged: number of bridged steps up to each date in any pixel or point of that mean.
    """

    gnss: Array
    insar: Array
    bridged: npt.NDArray[np.int64]


def compare_gnss(cube: Path, manifest: Path, settings: dict[str, Any], comparison: Path, numbers: Path) -> None:
    """Compare displacement with GNSS, station minus station, so that neither needs the other's reference.

    The mean of the used pixels of a window around each station, or of the used points within a radius; GNSS projected onto the cube's
    line of sight; both zero at the first date that both stations and the cube have. Dates behind a bridged step or a join of releases
    are left out: nobody measured it.

    Args:
        cube: the newest cube, a grid or points.
        manifest: what ``acquire`` found: the GNSS files.
        settings: the study's ``gnss``: stations, differences, against, window (pixels), radius (m), tolerance_days.
        comparison: parquet to write: station_a, station_b (null: a station alone), date, gnss_mm, insar_mm (mm, positive
            towards the satellite).
        numbers: JSON to write: ``stations`` name -> [longitude, latitude] of those that the cube holds; ``table``, a row for each of
            them; ``comparisons`` with name, n (dates after the first), rmse and bias (GNSS - InSAR) in mm over these, velocity_gnss,
            velocity_insar and velocity_difference in mm/yr with their standard errors ``_sigma``, and a sentence; ``skipped``; and one
            ``sentence`` about all.
    """
    found = read_manifest(manifest)
    tables, said = _compare(open_cube(cube), {"los": "displacement"}, [found], settings)
    tables.drop(columns="component").astype(_COLUMNS).to_parquet(comparison, index=False)
    write_json(numbers, said)


def compare_decomposed(
    decomposed: Path, manifests: Sequence[Path], settings: dict[str, Any], comparison: Path, numbers: Path
) -> None:
    """Compare vertical and east-west motion with GNSS, station minus station.

    Args:
        decomposed: what ``decompose_cubes`` left.
        manifests: what ``acquire`` found of each of its cubes: the GNSS files.
        settings: the study's ``gnss``.
        comparison: parquet to write: as for :func:`compare_gnss`, and ``component`` (vertical or east; mm, up and east positive).
        numbers: JSON to write: as for :func:`compare_gnss`.
    """
    data = open_store(decomposed)
    parts = {name: name for name in COMPONENTS if name in data}
    tables, said = _compare(data, parts, [read_manifest(path) for path in manifests], settings)
    if not parts:
        said["sentence"] = "No GNSS station was compared with vertical and east-west motion: the cubes have no common dates."
    tables.astype(_COLUMNS | {"component": "str"}).to_parquet(comparison, index=False)
    write_json(numbers, said)


def _compare(
    data: xr.Dataset, variables: dict[str, str], manifests: Sequence[Manifest], settings: dict[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """All comparisons as one table, and what is said of them."""
    files = list(dict.fromkeys(Path(name) for found in manifests for name in found.gnss))
    stations, skipped = read_stations(files, settings["stations"])
    tables, results, rows = [], [], []
    places: dict[str, list[float]] = {}
    for component, variable in variables.items():
        dates, series = data.time.values.astype("datetime64[ns]"), {}
        for name, station in stations.items():
            try:
                around = _around(data, variable, station, settings)
            except InsarcastError as error:
                _skip(skipped, name, str(error))
                continue
            gnss = station.on(dates, around.direction, settings["tolerance_days"])
            series[name] = Series(gnss, around.values, around.bridged)
            places[name] = [float(station.lon or 0), float(station.lat or 0)]
            rows.append(_row(station, component, series[name], around, dates))
        for first, second in _wanted(settings["differences"], list(series), settings["against"]):
            try:
                table = _difference(series, first, second, dates)
            except InsarcastError as error:
                _skip(skipped, " - ".join(filter(None, [first, second])), str(error))
                continue
            tables.append(table.assign(component=component))
            results.append(judge(table, component))
    empty = pd.DataFrame({name: [] for name in (*_COLUMNS, "component")})
    missing = [f"'{item['name']}': {item['reason']}" for found in manifests for item in found.skipped if item["what"] == "gnss"]
    said = {
        "stations": places,
        "table": rows,
        "comparisons": results,
        "skipped": skipped,
        "sentence": overall(results, settings, bool(files), list(dict.fromkeys(missing))),
    }
    return pd.concat(tables, ignore_index=True) if tables else empty, said


def _skip(skipped: list[dict[str, str]], name: str, reason: str) -> None:
    """List what was left out, once."""
    entry = {"what": "gnss", "name": name, "reason": reason}
    if entry not in skipped:
        skipped.append(entry)


def _around(data: xr.Dataset, variable: str, station: Station, settings: dict[str, Any]) -> Around:
    if station.lon is None or station.lat is None:
        raise InsarcastError(
            f"The place of {station.name} is not known; set gnss.stations.{station.name}: [longitude, latitude], or name the list of "
            "stations that the Nevada Geodetic Laboratory offers (DataHoldings.txt) in gnss.files."
        )
    return look_around(data, variable, station.name, station.lon, station.lat, settings["window"], settings["radius"])


def _row(station: Station, component: str, series: Series, around: Around, dates: Days) -> dict[str, Any]:
    """What is known of a station by itself: GNSS in its own frame, InSAR against its own reference."""
    both = np.isfinite(series.gnss) & np.isfinite(series.insar)
    days = station.days["date"]
    row: dict[str, Any] = {
        "station": station.name, "component": component, "lon": station.lon, "lat": station.lat, "days": len(days),
        "first": str(days.min())[:10], "last": str(days.max())[:10], "dates": int(both.sum()), "averaged": around.count,
        "distance_m": around.distance,
    }  # fmt: skip
    for name, values in (("gnss", series.gnss), ("insar", series.insar)):
        row[f"velocity_{name}"], row[f"velocity_{name}_sigma"] = slope(dates, np.where(both, values, np.nan))
    return row


def _wanted(differences: list[list[str]], names: list[str], against: str) -> list[tuple[str, str | None]]:
    """Pairs to compare: the study's; else every station alone; else every one minus the first, a station alone if it is the only one."""
    if differences:
        return [(first, second) for first, second in differences]
    if len(names) == 1 or against == "reference":
        return [(name, None) for name in names]
    return [(name, names[0]) for name in names[1:]]


def _difference(series: dict[str, Series], first: str, second: str | None, dates: Days) -> pd.DataFrame:
    """Station minus station on the dates that both have, zero at the first of them."""
    for name in filter(None, [first, second]):
        if name not in series:
            raise InsarcastError(f"There is no usable station {name}; there are {', '.join(series) or 'none'}.")
    one = series[first]
    other = series[second] if second else Series(np.zeros(len(dates)), np.zeros(len(dates)), np.zeros(len(dates), np.int64))
    gnss, insar, bridged = one.gnss - other.gnss, one.insar - other.insar, one.bridged + other.bridged
    common = np.flatnonzero(np.isfinite(gnss) & np.isfinite(insar))
    common = common[bridged[common] == bridged[common[0]]] if len(common) else common
    if len(common) < 2:
        raise InsarcastError(f"GNSS and cube have {len(common)} unbridged dates in common, but a comparison needs two or more.")
    return pd.DataFrame(
        {
            "station_a": first,
            "station_b": second,
            "date": dates[common],
            "gnss_mm": gnss[common] - gnss[common[0]],
            "insar_mm": insar[common] - insar[common[0]],
        }
    )
