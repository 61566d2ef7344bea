"""What holds for every map of a cube: geometry, sign, reference, stations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import xarray as xr

from ..drawing.frame import Frame
from ..writing import sight, words
from .numbers import CubeNumbers

Stations = Mapping[str, Sequence[float]]


def station_places(gnss: Path) -> dict[str, list[float]]:
    """Longitude and latitude of the compared stations, where the comparison says so."""
    stations: dict[str, list[float]] = json.loads(gnss.read_text(encoding="utf-8")).get("stations", {})
    return stations


def map_line(data: xr.Dataset, facts: CubeNumbers) -> str:
    """What holds for every map of a cube: geometry, sign, reference, share used."""
    reference = reference_of(data)
    zero = f"zero at {words.place(*reference)} (star)" if reference else "reference not recorded"
    return (
        f"Along the line of sight ({sight.geometry(facts.incidence, facts.heading)}), positive towards the satellite; "
        f"{zero}; {words.percent(facts.used / facts.total)} of the pixels used."
    )


def reference_of(data: xr.Dataset) -> tuple[float, float] | None:
    """Longitude and latitude of the reference, degrees; None where the cube does not say."""
    if "reference_lon" not in data.attrs:
        return None
    return float(data.attrs["reference_lon"]), float(data.attrs["reference_lat"])


def inside(frame: Frame, places: Stations) -> bool:
    """Whether any station lies on the map."""
    points = [frame.from_lonlat(*place) for place in places.values()]
    return any(frame.left <= x <= frame.right and frame.bottom <= y <= frame.top for x, y in points)
