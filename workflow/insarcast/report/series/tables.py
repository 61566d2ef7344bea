"""Tables of the points of a ready series: the fastest, speeds, spatial statistics, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from insarcast.core import velocity_class, velocity_class_names

from ..writing import words
from ..writing.tables import PLACE, Cell, Column, Table
from .moran import LAYERS, moran_by_horizon
from .points.ahead import Ahead
from .points.numbers import Points, noise_of
from .sentences import positive

MOST = 10  # points in the table of the fastest


def points_table(cube: str, points: Points, last: Ahead) -> Table:
    """The fastest points that are used."""
    columns = [Column("rank", "#", 0), Column("pid", "Point")]
    if "lon" in points.cube.coords:
        columns += PLACE
    columns += [
        Column("velocity", "Velocity [mm/yr]", 1),
        Column("sigma", "± 1σ [mm/yr]", 1),
        Column("noise", "Noise [mm]", 1),
        Column("from", "From"),
        Column("total", "So far [mm]", 0),
        Column("change", f"Further change by {last.target} [mm]", 1),
        Column("interval", f"{last.level} % interval [mm]", right=True),
    ]
    noise, values = noise_of(points), points.cube.displacement.values
    order = np.argsort(-np.where(points.used, np.abs(points.velocity), -np.inf), kind="stable")[: min(MOST, points.count)]
    rows: list[dict[str, Cell]] = []
    for rank, at in enumerate(map(int, order), 1):
        known = np.flatnonzero(np.isfinite(values[:, at]))
        place = points.place(at)
        rows.append(
            {
                "rank": rank, "pid": points.name(at), "lon": place[0] if place else None, "lat": place[1] if place else None,
                "velocity": float(points.velocity[at]), "sigma": float(points.sigma[at]), "noise": float(noise[at]),
                "from": points.dates[known[0]], "total": float(values[known[-1], at] - values[known[0], at]), "change": float(last.change[at]),
                "interval": f"{words.signed(float(last.low[at]))} to {words.signed(float(last.high[at]))}" if last.known[at] else None,
            }
        )  # fmt: skip
    return Table(
        f"{cube}_points",
        f"Fastest points; positive is {positive(points)}, so far: last minus first value, which is that of the date in “From”; "
        "the further change is expected on top of it.",
        columns,
        rows,
    )


def speeds_table(cube: str, points: Points, edges: Sequence[float]) -> Table:
    """How many points move how fast."""
    classes = velocity_class(points.velocity, edges)
    columns = [
        Column("velocity", "Vertical speed [mm/yr]" if points.vertical else "Speed along the line of sight [mm/yr]"),
        Column("points", "Points", 0),
        Column("share", "Share [%]", 0, 100),
    ]
    rows: list[dict[str, Cell]] = [
        {"velocity": name, "points": n, "share": n / max(points.count, 1)}
        for at, name in enumerate(velocity_class_names(edges))
        if at <= max(int(classes.max(initial=-1)), 0)  # faster classes hold nothing
        for n in [int((classes == at).sum())]
    ]
    return Table(f"{cube}_speeds", "How many points move how fast, either way.", columns, rows)


def space_table(cube: str, rows: pd.DataFrame) -> Table:
    """Spatial statistics by layer and lead time, means over the origins."""
    columns = [
        Column("layer", "Layer"),
        Column("horizon", "Lead [dates]", 0),
        Column("moran_i", "Moran's I", 3),
        Column("sure", "Significant at origins [%]", 0, 100),
        Column("gi_hot", "Hot points (G*)", 1),
        Column("gi_cold", "Cold points (G*)", 1),
        Column("nni", "Nearest-neighbour index", 2),
        Column("nni_z", "z", 1),
        Column("n", "Points", 0),
    ]
    cells: list[dict[str, Cell]] = []
    for layer, words_ in LAYERS.items() if len(rows) else ():
        found = moran_by_horizon(rows, layer)
        part = rows[rows["layer"] == layer].groupby("horizon")
        means = {name: part[name].mean() for name in ("gi_hot", "gi_cold", "nni", "nni_z", "n") if name in rows}
        for item in found.to_dict("records"):
            horizon = int(item["horizon"])
            row: dict[str, Cell] = {"layer": words_, "horizon": horizon, "moran_i": float(item["i"]), "sure": float(item["sure"])}
            cells.append(row | {name: float(values.loc[horizon]) for name, values in means.items()})
    title = (
        "Spatial order of the change, means over the test origins: Moran's I with the share of origins at which it is significant (0.05), "
        "hot and cold points by Getis and Ord's G* (false discovery rate 0.05), and the nearest-neighbour index of those points (below 1: "
        "they gather); the last three for one origin."
    )
    return Table(f"{cube}_space", title, columns, cells)


def left_out(record: Mapping[str, Any], skipped: Sequence[Mapping[str, Any]], unscored: Sequence[str]) -> list[dict[str, Any]]:
    """Everything that was found and not used, with its reason."""
    rows = []
    for item in [*record.get("dropped", []), *skipped]:
        names = item.get("names") or ([item["name"]] if item.get("name") else [])
        more = " ..." if item.get("count") and len(names) < int(item["count"]) and names else ""
        shown = ", ".join(map(str, names[:6])) + (" ..." if len(names) > 6 else more)
        rows.append({"what": item.get("what"), "name": shown, "count": item.get("count"), "reason": item.get("reason")})
    rows += [{"what": "forecast", "name": "", "count": None, "reason": sentence} for sentence in unscored]
    return rows
