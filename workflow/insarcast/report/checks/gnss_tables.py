"""Tables of GNSS: comparisons and stations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..writing.tables import Column, Table


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
