"""Which column of a table is what: by the study, or by the names that processors use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from insarcast.core import InsarcastError

# What is read -> names it goes by, lower case; the first that a table has is taken.
NAMES = {
    "id": ("pid", "id", "point_id", "pointid", "code", "name", "fid", "ps_id", "ts_id"),
    "lon": ("longitude", "lon", "long", "lon_deg", "longitude_deg"),
    "lat": ("latitude", "lat", "lat_deg", "latitude_deg"),
    "x": ("easting", "x", "east", "x_utm", "utm_x", "xcoord", "x_coord"),
    "y": ("northing", "y", "north", "y_utm", "utm_y", "ycoord", "y_coord"),
    "height": ("height", "height_ortho", "topo", "elevation", "h", "dem", "z"),
    "coherence": ("temporal_coherence", "coherence", "coer", "coh", "tcoh"),
    "los_east": ("los_east", "cose", "cos_e", "los_e"),
    "los_north": ("los_north", "cosn", "cos_n", "los_n"),
    "los_up": ("los_up", "cosu", "cos_u", "los_u"),
    "rmse": ("rmse", "rmse_ts"),
    "date": ("date", "time", "epoch", "datetime", "day"),
    "value": ("displacement", "value", "disp", "los", "deformation", "d"),
}
PLACES = ("lon", "lat", "x", "y")
POINT = ("id", *PLACES, "height", "coherence", "los_east", "los_north", "los_up", "rmse")
LONG = ("date", "value")


def find_columns(names: Sequence[str], wanted: Mapping[str, Any], where: str) -> dict[str, tuple[int, float]]:
    """Position and sign of each thing a table has.

    Args:
        names: the table's column names.
        wanted: the study's ``series.columns``: name of a thing's column, with a minus before it where its sign is the other one.
        where: the file, for the sentence.

    Returns:
        Thing -> position of its column, 1 or -1.

    Raises:
        InsarcastError: the study names a column that is not there.
    """
    lower = [name.lower() for name in names]
    found: dict[str, tuple[int, float]] = {}
    for thing, usual in NAMES.items():
        asked = wanted.get(thing)
        if asked is None:
            at = next((lower.index(name) for name in usual if name in lower), None)
            if at is not None:
                found[thing] = (at, 1.0)
            continue
        sign, plain = (1.0, asked) if asked in names else (-1.0, asked.removeprefix("-"))
        if plain not in names or (plain == asked and sign < 0):
            held = ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")
            raise InsarcastError(f"series.columns.{thing} is '{asked}', but {where} has no such column; it has {held}.")
        found[thing] = (list(names).index(plain), sign)
    return found
