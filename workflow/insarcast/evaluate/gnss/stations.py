"""GNSS positions from files: Nevada Geodetic Laboratory tenv3, or csv."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from insarcast.core import InsarcastError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LISTS = (".txt", ".out", ".llh")
_CSV = ("station", "date", "east_m", "north_m", "up_m")
_TENV3 = {"e0(m)", "east(m)", "n0(m)", "north(m)", "u0(m)", "up(m)", "YYMMMDD", "site"}


@dataclass(frozen=True)
class Station:
    """Daily positions of one station.

    Attributes:
        name: as its file says.
        lon: degrees east, or None if neither the file nor the study says.
        lat: degrees north, or None.
        days: index: the rows; columns ``date`` and ``sar_date`` (datetime64, NaT where the file names none), ``east``,
            ``north`` and ``up`` in mm.
    """

    name: str
    lon: float | None
    lat: float | None
    days: pd.DataFrame

    def on(
        self, acquisitions: npt.NDArray[np.datetime64], los: npt.NDArray[np.float64], tolerance: float
    ) -> npt.NDArray[np.float64]:
        """Positions along the line of sight at acquisition dates.

        Args:
            acquisitions: dates.
            los: unit vector ground -> satellite, east, north, up.
            tolerance: how far a GNSS day may lie from the acquisition, in days.

        Returns:
            mm, positive towards the satellite; the mean of the rows that name the acquisition as their ``sar_date``, or else of
            the days within the tolerance; NaN where there is none.
        """
        along = self.days[["east", "north", "up"]].to_numpy() @ los
        dates, named = self.days["date"].to_numpy(), self.days["sar_date"].to_numpy()
        limit = np.timedelta64(round(tolerance * 86400), "s")
        values = np.full(len(acquisitions), np.nan)
        for index, day in enumerate(acquisitions):
            rows = (np.abs(dates - day) <= limit) & ((named == day) | np.isnat(named))
            if rows.any():
                values[index] = along[rows].mean()
        return values


def read_stations(
    files: Iterable[Path], places: Mapping[str, Iterable[float]]
) -> tuple[dict[str, Station], list[dict[str, str]]]:
    """Stations of some files, by name.

    Args:
        files: tenv3 and csv files, and lists of stations as the Nevada Geodetic Laboratory offers them (txt, out, llh: name, latitude,
            longitude, ... in columns).
        places: station -> longitude, latitude in degrees, where the files do not say.

    Returns:
        The stations, and the files that were left out, each with its reason.
    """
    stations: dict[str, Station] = {}
    skipped = []
    files = list(files)
    listed = {name: place for file in files if file.suffix.lower() in _LISTS for name, place in _read_places(file).items()}
    for file in files:
        if file.suffix.lower() in _LISTS:
            continue
        try:
            rows = _read_csv(file) if file.suffix.lower() == ".csv" else _read_tenv3(file)
        except InsarcastError as error:
            skipped.append({"what": "gnss", "name": file.name, "reason": str(error)})
            continue
        for name in sorted(set(rows["station"])):
            own = rows[rows["station"] == name]
            if name in stations:
                skipped.append({"what": "gnss", "name": file.name, "reason": f"station {name} is in an earlier file already"})
                continue
            lon, lat = _place(own, places.get(name, listed.get(name)))
            stations[name] = Station(name, lon, lat, own.drop(columns=["station", "lon", "lat"]).reset_index(drop=True))
    return stations, skipped


def _place(rows: pd.DataFrame, given: Iterable[float] | None) -> tuple[float | None, float | None]:
    """Longitude in -180..180 and latitude: the file's, else the study's, else None."""
    lon, lat = rows["lon"].median(), rows["lat"].median()
    if np.isnan(lon) or np.isnan(lat):
        if given is None:
            return None, None
        lon, lat = given
    return float((lon + 180) % 360 - 180), float(lat)


def _read_places(path: Path) -> dict[str, tuple[float, float]]:
    """Station -> longitude and latitude from a list of stations; lines that hold none are passed over."""
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split()
        try:
            lat, lon = float(parts[1]), float(parts[2])
        except (IndexError, ValueError):
            continue
        if abs(lat) <= 90 and -180 <= lon <= 360:
            found[parts[0]] = (lon, lat)
    return found


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={"station": str, "date": str, "sar_date": str}, comment="#", skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise InsarcastError(f"{path} is no csv that can be read ({str(error).splitlines()[0]}).") from None
    if missing := [name for name in _CSV if name not in table]:
        raise InsarcastError(f"{path} has no column '{missing[0]}'; it needs {', '.join(_CSV)}.")
    try:
        return pd.DataFrame(
            {
                "station": table["station"].str.strip(),
                "date": _days(table["date"]),
                "sar_date": _days(table["sar_date"]) if "sar_date" in table else _never(len(table)),
                **{axis: table[f"{axis}_m"].astype(float) * 1000 for axis in ("east", "north", "up")},
                **{axis: table[axis].astype(float) if axis in table else np.nan for axis in ("lon", "lat")},
            }
        ).dropna(subset=["date", "east", "north", "up"])
    except (ValueError, AttributeError) as error:
        raise InsarcastError(f"{path} holds a value that is no number or date ({str(error).splitlines()[0]}).") from None


def _read_tenv3(path: Path) -> pd.DataFrame:
    """Read a tenv3 by the names in its header; the whole metres stand in columns of their own (e0, n0, u0)."""
    try:
        table = pd.read_csv(path, sep=r"\s+", dtype=str)
        table.columns = [name.lstrip("_#") for name in table.columns]
    except (OSError, ValueError) as error:
        raise InsarcastError(f"{path} is no tenv3 that can be read ({str(error).splitlines()[0]}).") from None
    if missing := sorted(_TENV3 - set(table.columns)):
        raise InsarcastError(
            f"{path} has no column '{missing[0]}' in its header; it is no tenv3 of the Nevada Geodetic Laboratory."
        )
    try:
        number = {name: table[name].astype(float) for name in table.columns if name.endswith(("(m)", "(deg)"))}
        return pd.DataFrame(
            {
                "station": table["site"],
                "date": table["YYMMMDD"].map(_tenv3_day).astype("datetime64[ns]"),
                "sar_date": _never(len(table)),
                "east": (number["e0(m)"] + number["east(m)"]) * 1000,
                "north": (number["n0(m)"] + number["north(m)"]) * 1000,
                "up": (number["u0(m)"] + number["up(m)"]) * 1000,
                "lon": number.get("longitude(deg)", np.nan),
                "lat": number.get("latitude(deg)", np.nan),
            }
        )
    except (ValueError, IndexError) as error:
        raise InsarcastError(f"{path} holds a value that is no number or date ({str(error).splitlines()[0]}).") from None


def _days(text: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    return pd.to_datetime(text.str.strip().str.replace("-", ""), format="%Y%m%d").astype("datetime64[ns]")


def _never(count: int) -> npt.NDArray[np.datetime64]:
    return np.full(count, np.datetime64("NaT"), "datetime64[ns]")


def _tenv3_day(text: str) -> np.datetime64:
    """``18JAN06`` as a date, whatever the machine's language."""
    year, month, day = int(text[:2]), _MONTHS.index(text[2:5].upper()) + 1, int(text[5:])
    return np.datetime64(f"{year + (1900 if year >= 80 else 2000)}-{month:02d}-{day:02d}", "ns")
