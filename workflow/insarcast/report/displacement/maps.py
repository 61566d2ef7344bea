"""F1 velocity and F2 displacement on four dates: the maps a reader looks at first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize

from ..drawing.bars import draw_signed_bar
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import signed_map
from ..drawing.frame import Frame, frame_of
from ..drawing.limits import beyond, symmetric_limit
from ..drawing.maps import draw_graticule, draw_map, hillshade, map_height
from ..drawing.marks import draw_fastest, draw_legend, draw_marks, draw_scale
from ..writing import sight, words
from ..writing.facts import Facts
from . import sentences
from .captions import Stations, inside, map_line, reference_of, station_places
from .numbers import CubeNumbers, cube_numbers, opened_cube, used_only


def draw_displacement(
    cube: Path,
    gnss: Path,
    velocity: Path,
    velocity_json: Path,
    displacement: Path,
    displacement_json: Path,
    colours: str,
    stations: Stations,
) -> None:
    """Draw the velocity map and the displacement on four dates.

    Args:
        cube: the full cube.
        gnss: the comparison with GNSS, whose stations are marked.
        velocity: F1, mm/yr along the line of sight, + towards the satellite.
        velocity_json: its facts.
        displacement: F2, mm since the reference date.
        displacement_json: its facts.
        colours: which end of the bar is red (``report.colours``).
        stations: station -> longitude, latitude in degrees, from the study.
    """
    data = opened_cube(cube)
    places = {**station_places(gnss), **stations}
    facts, frame = cube_numbers(data), frame_of(data)
    _draw_velocity(data, facts, frame, places, colours, velocity, velocity_json)
    _draw_dates(data, facts, frame, places, colours, displacement, displacement_json)


def _draw_velocity(
    data: xr.Dataset, facts: CubeNumbers, frame: Frame, places: Stations, colours: str, image: Path, text: Path
) -> None:
    values = frame.up(used_only(data, data.velocity))
    limit, period = symmetric_limit(values), f"{facts.dates[0]} to {facts.dates[-1]}"
    with canvas(map_height(frame, 7.2, 1.1), "constrained" if frame.tall else "compressed") as figure:
        if facts.fastest is None:
            say(figure, sentences.used(*facts.counts))
        else:
            axes = figure.add_subplot()
            colour = signed_map(colours)
            draw_map(axes, values, frame, colour, Normalize(-limit, limit), hillshade(data, frame))
            draw_graticule(axes, frame, (7.0, 4.0))
            fastest = frame.from_lonlat(facts.fastest.lon, facts.fastest.lat)
            draw_scale(axes, frame, [fastest, *(frame.from_lonlat(*place) for place in places.values())])
            draw_marks(axes, frame, reference_of(data), places)
            draw_fastest(axes, fastest)
            draw_signed_bar(figure, axes, values, limit, colour, "velocity [mm/yr]")
            draw_legend(figure, facts.used < facts.total, reference_of(data) is not None, inside(frame, places), fastest=True)
    keep(figure, _velocity_facts(data, facts, values, limit, period), image, text)


def _velocity_facts(data: xr.Dataset, facts: CubeNumbers, values: Any, limit: float, period: str) -> Facts:
    title, alt, numbers = f"Velocity, {period}", sentences.used(*facts.counts), {}
    if facts.fastest is not None:
        far = facts.fastest
        alt = f"Map of the velocity. {sentences.fastest(far.speed, far.lon, far.lat, facts.share, facts.edge, facts.dates[0], facts.dates[-1])} {alt}"
        numbers = {"fastest": far.speed, "lon": far.lon, "lat": far.lat, "share_faster": facts.share, "edge": facts.edge}
    caption = f"Mean velocity in mm/yr, {period}. {map_line(data, facts)}{words.clipped(beyond(values, limit))}"
    return Facts("F1", title, alt, caption, "mm/yr", numbers | {"used": facts.used, "total": facts.total, "limit": limit})


def pick_dates(count: int, most: int = 4) -> list[int]:
    """Up to ``most`` dates after the reference date, evenly spread, the last among them."""
    if count == 1:
        return [0]
    return sorted({round(i * (count - 1) / most) for i in range(1, most + 1)} - {0})


def _draw_dates(
    data: xr.Dataset, facts: CubeNumbers, frame: Frame, places: Stations, colours: str, image: Path, text: Path
) -> None:
    chosen = pick_dates(len(facts.dates))
    layers = frame.up(np.stack([used_only(data, data.displacement.isel(time=index)) for index in chosen]))
    limit = max(symmetric_limit(layer) for layer in layers)
    columns = len(chosen) if frame.tall else min(len(chosen), 2)
    rows = -(-len(chosen) // columns)
    room = (7.6 / columns, (4.0 - 0.25 * rows) / rows)
    height = map_height(frame, room[0] * rows, 1.05 + 0.25 * rows)
    with canvas(height, "constrained" if frame.tall else "compressed") as figure:
        if facts.fastest is None:
            say(figure, sentences.used(*facts.counts))
        else:
            grid, colour, shade = figure.subplots(rows, columns, squeeze=False), signed_map(colours), hillshade(data, frame)
            for position, axes in enumerate(grid.flat):
                if position >= len(chosen):
                    axes.set_axis_off()
                    continue
                draw_map(axes, layers[position], frame, colour, Normalize(-limit, limit), shade)
                draw_graticule(axes, frame, room, bottom=position >= len(chosen) - columns, left=position % columns == 0)
                axes.set_title(facts.dates[chosen[position]], fontsize=9.5)
                draw_marks(axes, frame, reference_of(data), places, names=False)
            draw_scale(grid.flat[0], frame)
            draw_signed_bar(figure, list(grid.flat), layers, limit, colour, "displacement [mm]")
            draw_legend(figure, facts.used < facts.total, reference_of(data) is not None, inside(frame, places))
    largest = [
        float(layer[np.isfinite(layer)][np.abs(layer[np.isfinite(layer)]).argmax()]) if np.isfinite(layer).any() else None
        for layer in layers
    ]
    dates = [facts.dates[index] for index in chosen]
    shown = words.listed(
        [f"{words.mm(value)} {sight.motion(value)} on {date}" for date, value in zip(dates, largest, strict=True) if value]
    )
    facts_ = Facts(
        "F2",
        f"Displacement on {words.count(len(chosen), 'date')} since {facts.dates[0]}",
        f"{words.count(len(chosen), 'map')} of the displacement with the same colours. Largest: {shown}."
        if shown
        else sentences.used(*facts.counts),
        f"Displacement in mm since {facts.dates[0]}, the same limits on every map. {map_line(data, facts)}{words.clipped(beyond(layers, limit))}",
        "mm",
        {"dates": dates, "largest": largest, "limit": limit},
    )
    keep(figure, facts_, image, text)
