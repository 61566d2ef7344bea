"""Tables of the report: the same rows go into the page (rounded) and into csv files (as measured)."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import words
from .areas import Area

Cell = str | float | int | None


@dataclass(frozen=True)
class Column:
    """A column: key in the rows and in the csv, words over it, and how many decimals the page shows (None: text).

    What is ``hidden`` is in the csv alone.
    """

    key: str
    head: str
    digits: int | None = None
    factor: float = 1.0
    right: bool = False
    hidden: bool = False


@dataclass(frozen=True)
class Table:
    """A table: file name without ending, caption, columns, rows."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Cell]]

    @property
    def visible(self) -> Sequence[Column]:
        """The columns of the page."""
        return [column for column in self.columns if not column.hidden]

    def shown(self, row: Mapping[str, Cell], column: Column) -> str:
        """A cell as the page prints it."""
        value = row.get(column.key)
        if column.digits is None or isinstance(value, str):
            return "\N{EN DASH}" if value is None else str(value)
        return words.number(None if value is None else float(value) * column.factor, column.digits)

    def write(self, folder: Path) -> None:
        """Write ``<name>.csv``: numbers with six significant digits, missing ones empty."""
        with open(folder / f"{self.name}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([column.key for column in self.columns])
            writer.writerows([[_plain(row.get(column.key)) for column in self.columns] for row in self.rows])


def _plain(value: Cell) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, str):
        # A spreadsheet runs a cell that begins like a formula.
        return f"'{value}" if value[:1] in ("=", "+", "@") or (value[:1] == "-" and not _is_number(value)) else value
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def areas_table(cube: str, areas: Sequence[Area], target: str | None, level: int) -> Table:
    """The fastest areas; rates and changes are positive towards the satellite."""
    columns = [
        Column("rank", "#", 0),
        Column("lat", "Latitude [°]", 4),
        Column("lon", "Longitude [°]", 4),
        Column("area_km2", "Area [km²]", 2),
        Column("fastest_mm_yr", "Fastest [mm/yr]", 0),
        Column("sigma_mm_yr", "± 1σ [mm/yr]", 0),
        Column("median_mm_yr", "Median [mm/yr]", 0),
        Column("total_mm", "So far [mm]", 0),
    ]
    if target is not None:
        columns.append(Column("change_mm", f"Expected by {target} [mm]", 0))
        columns.append(Column("interval", f"{level} % interval [mm]", right=True))
    rows: list[dict[str, Cell]] = []
    for rank, area in enumerate(areas, 1):
        interval = None
        if area.low is not None and area.high is not None:
            interval = f"{words.signed(area.low)} to {words.signed(area.high)}"
        rows.append(
            {
                "rank": rank, "lat": area.lat, "lon": area.lon, "area_km2": area.km2, "fastest_mm_yr": area.fastest, "sigma_mm_yr": area.sigma,
                "median_mm_yr": area.median, "total_mm": area.total, "change_mm": area.change, "interval": interval,
            }
        )  # fmt: skip
    return Table(
        f"{cube}_areas", "Fastest areas; positive is towards the satellite, places are those of the fastest pixel.", columns, rows
    )


def speeds_table(cube: str, rows: Sequence[tuple[str, int, float, float]]) -> Table:
    """How much of the used area moves how fast."""
    columns = [
        Column("velocity", "Speed along the line of sight [mm/yr]"),
        Column("pixels", "Pixels", 0),
        Column("area_km2", "Area [km²]", 2),
        Column("share", "Share [%]", 0, 100),
    ]
    cells: list[dict[str, Cell]] = [
        {"velocity": name, "pixels": n, "area_km2": km2, "share": share} for name, n, km2, share in rows
    ]
    return Table(f"{cube}_speeds", "How much of the used area moves how fast, either way.", columns, cells)


def gnss_table(cube: str, comparisons: Sequence[Mapping[str, Any]]) -> Table:
    """InSAR against GNSS."""
    parts = any(item.get("component", "los") != "los" for item in comparisons)
    columns = [
        Column("name", "Stations"),
        *([Column("component", "Part")] if parts else []),
        Column("n", "Dates", 0),
        Column("rmse", "RMS [mm]", 1),
        Column("bias", "GNSS − InSAR [mm]", 1),
        Column("velocity_gnss", "GNSS [mm/yr]", 0 if not parts else 1),
        Column("velocity_gnss_sigma", "± 1σ", 1),
        Column("velocity_insar", "InSAR [mm/yr]", 0 if not parts else 1),
        Column("velocity_insar_sigma", "± 1σ", 1),
        Column("velocity_difference", "Difference [mm/yr]", 1, hidden=True),
        Column("velocity_difference_sigma", "± 1σ of it", 1, hidden=True),
    ]
    rows = [{column.key: item.get(column.key) for column in columns} for item in comparisons]
    what = (
        "Vertical and east-west displacement against GNSS, up and east positive"
        if parts
        else "Displacement against GNSS along the line of sight, positive towards the satellite"
    )
    return Table(f"{cube}_gnss", f"{what}; velocities with standard errors of a straight line.", columns, rows)


def stations_table(cube: str, stations: Sequence[Mapping[str, Any]]) -> Table:
    """Every GNSS station that was used."""
    parts = any(item.get("component", "los") != "los" for item in stations)
    columns = [
        Column("station", "Station"),
        *([Column("component", "Part")] if parts else []),
        Column("lat", "Latitude [°]", 4),
        Column("lon", "Longitude [°]", 4),
        Column("first", "From"),
        Column("last", "To"),
        Column("days", "Days", 0),
        Column("dates", "At acquisitions", 0),
        Column("averaged", "Pixels or points", 0),
        Column("distance_m", "Distance [m]", 0),
        Column("velocity_gnss", "GNSS [mm/yr]", 1),
        Column("velocity_gnss_sigma", "± 1σ", 1),
        Column("velocity_insar", "InSAR [mm/yr]", 1),
        Column("velocity_insar_sigma", "± 1σ", 1),
    ]
    rows = [{column.key: item.get(column.key) for column in columns} for item in stations]
    return Table(
        f"{cube}_stations",
        "GNSS stations, each alone: GNSS in its own frame (plate motion included), InSAR against its reference, at the same dates.",
        columns,
        rows,
    )


def dropped_table(cube: str, items: Sequence[Mapping[str, Any]]) -> Table:
    """Everything that was left out, with its reason."""
    columns = [Column("what", "What"), Column("name", "Name"), Column("count", "Count", 0), Column("reason", "Reason")]
    rows = [{column.key: item.get(column.key) for column in columns} for item in items]
    caption = "Everything that was found and not used."
    if sum(item.get("name") == "masked" for item in items) > 1:
        caption += " A pixel that is masked for several reasons counts under each, so these add up to more than the pixels."
    if any(item.get("what") == "resampled" for item in items):
        caption += " What is resampled is used all the same, moved onto the grid of the others."
    return Table(f"{cube}_dropped", caption, columns, rows)


def headline_table(rows: Sequence[Mapping[str, Cell]]) -> Table:
    """The numbers of the first section."""
    columns = [Column("cube", "Cube"), Column("number", "Number"), Column("value", "Value", 2), Column("unit", "Unit")]
    return Table("headline", "The numbers of the first section.", columns, rows)


def pairs_table(cube: str, pairs: Sequence[Mapping[str, Any]]) -> Table:
    """The network, one row per interferogram."""
    columns = [
        Column("date1", "First date"),
        Column("date2", "Second date"),
        Column("days", "Days", 0),
        Column("baseline", "Baseline [m]", 0),
        Column("coverage", "Coverage [%]", 0, 100),
        Column("coherence", "Coherence", 2),
        Column("closure_rms", "Closure [rad]", 2),
        *([Column("sigma_mm", "Noise [mm]", 1)] if any(pair.get("sigma_mm") is not None for pair in pairs) else []),
        *([Column("n_corrected", "Corrected samples", 0)] if any(pair.get("n_corrected") for pair in pairs) else []),
        Column("use", "Used"),
    ]
    rows: list[dict[str, Cell]] = []
    for pair in pairs:
        row: dict[str, Cell] = {column.key: pair.get(column.key) for column in columns}
        row |= {"date1": words.day(pair["date1"]), "date2": words.day(pair["date2"])}
        row["use"] = "yes" if pair["kept"] else f"no: {pair['reason']}"
        rows.append(row)
    return Table(f"{cube}_network", "Interferograms.", columns, rows)


def settings_rows(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """A study's values as dotted keys and text, without title and summary."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            rows += settings_rows(value, f"{name}.")
        elif name not in ("title", "summary"):
            rows.append((name, _setting(value)))
    return rows


def _setting(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_setting, value)) or "none"
    return str(value) or "none"
