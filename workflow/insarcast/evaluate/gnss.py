"""The cube against GNSS, along the line of sight: the check that does not come from the interferograms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from insarcast.core import InsarcastError, open_cube, pixel_of, read_manifest, write_json

from .stations import Station, read_stations

Array = npt.NDArray[np.float64]
_COLUMNS = {"station_a": "str", "station_b": "str", "date": "datetime64[ns]", "gnss_mm": "float64", "insar_mm": "float64"}
_YEAR = np.timedelta64(31_557_600, "s")


@dataclass(frozen=True)
class Series:
    """One station seen by both.

    Attributes:
        gnss: mm along the line of sight, positive towards the satellite, per date; NaN where there is no GNSS day.
        insar: mm, the mean of the window around the station, per date.
        bridged: number of bridged steps up to each date in any pixel of the window.
    """

    gnss: Array
    insar: Array
    bridged: npt.NDArray[np.int64]


def compare_gnss(cube: Path, manifest: Path, settings: dict[str, Any], comparison: Path, numbers: Path) -> None:
    """Compare displacement with GNSS, station minus station, so that neither needs the other's reference.

    The mean of the used pixels of a window around each station; GNSS projected onto the cube's line of sight; both zero at the
    first date that both stations and the cube have. Dates behind a bridged step are left out: nobody measured it.

    Args:
        cube: the newest cube.
        manifest: what ``acquire`` found: the GNSS files.
        settings: the study's ``gnss``: stations, differences, window (pixels), tolerance_days.
        comparison: parquet to write: station_a, station_b (null: a station alone), date, gnss_mm, insar_mm (mm, positive
            towards the satellite).
        numbers: JSON to write: ``stations`` name -> [longitude, latitude] of those that the cube holds; ``comparisons`` with
            name, n (dates after the first), rmse and bias (GNSS - InSAR) in mm over these, velocity_gnss and velocity_insar in
            mm/yr, and a sentence; ``skipped``; and one ``sentence`` about all.
    """
    found = read_manifest(manifest)
    data = open_cube(cube)
    dates = data.time.values.astype("datetime64[ns]")
    stations, skipped = read_stations(map(Path, found.gnss), settings["stations"])
    series: dict[str, Series] = {}
    for name, station in stations.items():
        try:
            series[name] = _series(data, station, settings["window"], settings["tolerance_days"])
        except InsarcastError as error:
            skipped.append({"what": "gnss", "name": name, "reason": str(error)})
    tables, results = [], []
    for first, second in _wanted(settings["differences"], list(series)):
        try:
            table = _difference(series, first, second, dates)
        except InsarcastError as error:
            skipped.append({"what": "gnss", "name": " - ".join(filter(None, [first, second])), "reason": str(error)})
            continue
        tables.append(table)
        results.append(_judge(table))
    whole = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({name: [] for name in _COLUMNS})
    whole.astype(_COLUMNS).to_parquet(comparison, index=False)
    said = {
        "stations": {name: [stations[name].lon, stations[name].lat] for name in series},
        "comparisons": results,
        "skipped": skipped,
        "sentence": _overall(results, bool(found.gnss), settings),
    }
    write_json(numbers, said)


def _wanted(differences: list[list[str]], names: list[str]) -> list[tuple[str, str | None]]:
    """Pairs to compare: the study's, else every station minus the first; a station alone if it is the only one."""
    if differences:
        return [(first, second) for first, second in differences]
    if len(names) == 1:
        return [(names[0], None)]
    return [(name, names[0]) for name in names[1:]]


def _series(data: xr.Dataset, station: Station, window: int, tolerance: float) -> Series:
    """The cube and GNSS at a station, per date of the cube."""
    if station.lon is None or station.lat is None:
        raise InsarcastError(
            f"The place of {station.name} is not known; set gnss.stations.{station.name}: [longitude, latitude]."
        )
    row, col = pixel_of(data, station.lon, station.lat)
    top, left = row - window // 2, col - window // 2
    box = data.isel(y=slice(max(top, 0), top + window), x=slice(max(left, 0), left + window)).load()
    used = box.mask.values & np.isfinite(box.displacement.values).all(axis=0)
    if not used.any():
        raise InsarcastError(
            f"No pixel of the {window} x {window} around {station.name} is used: all are masked or not inverted."
        )
    los = box.los.transpose("enu", "y", "x").values[:, used].mean(axis=1).astype(float)
    gnss = station.on(data.time.values.astype("datetime64[ns]"), los, tolerance)
    bridged = np.cumsum(box.filled.values[:, used].any(axis=1)) if "filled" in box else np.zeros(data.sizes["time"], int)
    return Series(gnss, box.displacement.values[:, used].astype(float).mean(axis=1), bridged.astype(np.int64))


def _difference(series: dict[str, Series], first: str, second: str | None, dates: npt.NDArray[np.datetime64]) -> pd.DataFrame:
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


def _judge(table: pd.DataFrame) -> dict[str, Any]:
    """RMSE and bias over the dates after the first, and the two rates over all dates."""
    gnss, insar = table["gnss_mm"].to_numpy(), table["insar_mm"].to_numpy()
    error = (gnss - insar)[1:]
    years = (table["date"].to_numpy() - table["date"].to_numpy()[0]) / _YEAR
    result = {
        "name": " - ".join(filter(None, [table["station_a"][0], table["station_b"][0]])),
        "n": len(error),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "bias": float(np.mean(error)),
        "velocity_gnss": float(np.polyfit(years, gnss, 1)[0]),
        "velocity_insar": float(np.polyfit(years, insar, 1)[0]),
    }
    return result | {"sentence": _sentence(result, table)}


def _sentence(result: dict[str, Any], table: pd.DataFrame) -> str:
    first, last = (f"{table['date'].iloc[index]:%Y-%m-%d}" for index in (0, -1))
    alone = "" if table["station_b"][0] else " The reference point's own motion is part of the difference."
    return (
        f"{result['name']} along the line of sight, {first} to {last}: over {result['n']} dates after the first, RMSE "
        f"{result['rmse']:.1f} mm and GNSS minus InSAR {result['bias']:+.1f} mm on average; GNSS moves at "
        f"{result['velocity_gnss']:+.0f} mm/yr, InSAR at {result['velocity_insar']:+.0f} mm/yr (+ towards the satellite).{alone}"
    )


def _overall(results: list[dict[str, Any]], files: bool, settings: dict[str, Any]) -> str:
    if results:
        return " ".join(result["sentence"] for result in results)
    if settings["folder"] is None:
        return "No GNSS station was compared: the study names none (gnss.folder)."
    return f"No GNSS station was compared: {'none could be used' if files else 'no file was found'}; the reasons are listed."
