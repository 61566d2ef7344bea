"""Tables of GNSS: comparisons and stations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..writing.tables import PLACE, Column, Table, cells


def gnss_table(cube: str, comparisons: Sequence[Mapping[str, Any]]) -> Table:
    """InSAR against GNSS."""
    parts = _parts(comparisons)
    columns = [
        Column("name", "Stations"),
        *parts,
        Column("n", "Dates", 0),
        Column("rmse", "RMS [mm]", 1),
        Column("bias", "GNSS − InSAR [mm]", 1),
        *_velocities(1 if parts else 0),
        Column("velocity_difference", "Difference [mm/yr]", 1, hidden=True),
        Column("velocity_difference_sigma", "± 1σ of it", 1, hidden=True),
    ]
    rows = [cells(columns, item) for item in comparisons]
    what = (
        "Vertical and east-west displacement against GNSS, up and east positive"
        if parts
        else "Displacement against GNSS along the line of sight, positive towards the satellite"
    )
    return Table(f"{cube}_gnss", f"{what}; velocities with standard errors of a straight line.", columns, rows)


def stations_table(cube: str, stations: Sequence[Mapping[str, Any]]) -> Table:
    """Every GNSS station that was used."""
    parts = _parts(stations)
    columns = [
        Column("station", "Station"),
        *parts,
        *PLACE,
        Column("first", "From"),
        Column("last", "To"),
        Column("days", "Days", 0),
        Column("dates", "At acquisitions", 0),
        Column("averaged", "Pixels or points", 0),
        Column("distance_m", "Distance [m]", 0),
        *_velocities(1),
    ]
    rows = [cells(columns, item) for item in stations]
    return Table(
        f"{cube}_stations",
        "GNSS stations, each alone: GNSS in its own frame (plate motion included), InSAR against its reference, at the same dates.",
        columns,
        rows,
    )


def _parts(items: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The column of the component, where there is another one than that along the line of sight."""
    return [Column("component", "Part")] if any(item.get("component", "los") != "los" for item in items) else []


def _velocities(digits: int) -> list[Column]:
    """Velocities with their standard errors."""
    named = (("gnss", "GNSS"), ("insar", "InSAR"))
    return [
        column
        for key, name in named
        for column in (Column(f"velocity_{key}", f"{name} [mm/yr]", digits), Column(f"velocity_{key}_sigma", "± 1σ", 1))
    ]
