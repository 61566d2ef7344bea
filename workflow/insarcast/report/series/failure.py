"""F10: where and when the forecast of a ready series fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize

from insarcast.core import open_store

from ..displacement.numbers import iso
from ..drawing.axes import date_axis
from ..drawing.bars import draw_scale_bar
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import ALARM, INK, LINES, scale_map
from ..drawing.limits import one_digit
from ..drawing.maps import map_height
from ..writing import words
from ..writing.facts import Facts
from .points.ahead import quoted_forecast, spread_out
from .points.mapping import LOWEST, draw_ground, draw_measure, draw_values, outside_words
from .points.numbers import Array, Points
from .scores.models import BASELINE, who
from .scores.reading import NOTHING

STANDS_OUT = 1.75  # a date whose mean error is this many times the median one is named


@dataclass(frozen=True, eq=False)
class Failure:
    """Errors one step ahead: mm by point of the cube, and by target date of the quoted model and of persistence."""

    by_point: Array
    dates: list[str]
    times: Any
    own: Array
    base: Array

    @property
    def worst(self) -> int | None:
        return int(np.nanargmax(self.own)) if np.isfinite(self.own).any() else None

    @property
    def odd(self) -> list[int]:
        """Dates that stand out, the worst first, three at most."""
        if self.worst is None:
            return []
        order = np.argsort(np.nan_to_num(-self.own, nan=np.inf))
        return [int(at) for at in order[:3] if self.own[at] > STANDS_OUT * np.nanmedian(self.own)]


def draw_failure(
    series: Path,
    errors: Path,
    calibrated: Sequence[Path],
    auto: Sequence[Path],
    scores: Path,
    failure: Path,
    failure_json: Path,
    model: str | None,
) -> None:
    """Draw the mean error of each point and of each date, one acquisition ahead.

    Args:
        series: the point cube.
        errors: ``series_errors.zarr``.
        calibrated: calibrated forecasts, one store per model.
        auto: ``auto.json``, or nothing where there is one model only.
        scores: table of scores.
        failure: F10, mm.
        failure_json: its facts.
        model: the study's ``report.model``; None: the automatic choice.
    """
    points, store, scored = quoted_forecast(series, calibrated, auto, scores, model)
    fails = read_failure(open_store(errors), store, points, scored)
    sentence = worst_words(fails)
    with canvas(map_height(points.main, 3.7, 1.3, least=LOWEST) if points.main else 3.2) as figure:
        if fails.worst is None:
            say(figure, NOTHING)
        elif points.main is None:
            _by_date(figure.add_subplot(), fails)
        else:
            left, right = figure.subplots(1, 2, width_ratios=[1, 1.05])
            _by_point(figure, left, points, fails)
            _by_date(right, fails)
    facts = Facts(
        "F10",
        sentence,
        f"Left: map of the mean absolute error of each point in mm. Right: bars of the mean absolute error by target date. {sentence}",
        f"Mean absolute error in mm one acquisition ahead, {who(scored)}: of each point over the test dates, and of each test "
        "date over the points, beside that of persistence. A date at which all models fail is one that the data are odd at (snow, weather, "
        f"processing).{outside_words(points)}",
        "mm",
        {"worst_date": fails.dates[fails.worst] if fails.worst is not None else None, "median": _median(fails.own)},
    )
    keep(figure, facts, failure, failure_json)


def read_failure(errors: xr.Dataset, store: xr.Dataset, points: Points, scored: str) -> Failure:
    """Mean absolute errors at the first horizon."""
    names = [str(name) for name in errors.model.values]
    part = errors.isel(horizon=0)
    sizes = {
        name: np.abs(part.error.isel(model=names.index(name)).values.astype(float)) for name in {scored, BASELINE} & set(names)
    }
    nothing = np.full((errors.sizes["origin"], errors.sizes["point"]), np.nan)
    own, base = sizes.get(scored, nothing), sizes.get(BASELINE, nothing)
    by_point = _mean(own, 0)
    placed = spread_out(errors if "index" in errors.variables else store, by_point, points.total)
    times = store.target_time.sel(origin=errors.origin.values).values[:, 0]
    return Failure(placed, iso(times), times, _mean(own, 1), _mean(base, 1))


def _mean(values: Array, axis: int) -> Array:
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _median(values: Array) -> float | None:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else None


def worst_words(fails: Failure) -> str:
    """Which dates and how unevenly."""
    if fails.worst is None:
        return NOTHING
    usual = float(np.nanmedian(fails.own))
    if not fails.odd:
        return (
            f"No test date stands out: the worst, {fails.dates[fails.worst]}, has a mean error of {fails.own[fails.worst]:.1f} mm "
            f"(the median date {usual:.1f} mm)"
        )
    named = words.listed([f"{fails.dates[at]} ({fails.own[at]:.1f} mm)" for at in fails.odd])
    return f"The forecast fails most on {named}; the median date has {usual:.1f} mm"


def _by_point(figure: Any, axes: Any, points: Points, fails: Failure) -> None:
    assert points.main is not None
    known = fails.by_point[np.isfinite(fails.by_point)]
    top = one_digit(float(np.percentile(known, 98))) if known.size else 1.0
    draw_ground(axes, points.main, (3.6, 3.4))
    draw_values(axes, points, fails.by_point, scale_map("batlow_r"), Normalize(0, top))
    draw_measure(axes, points, points.main)
    axes.set_title("by point", fontsize=9.5)
    extend = "max" if known.size and known.max() > top else "neither"
    draw_scale_bar(figure, axes, Normalize(0, top), scale_map("batlow_r"), "mean absolute error [mm]", extend)


def _by_date(axes: Any, fails: Failure) -> None:
    days = fails.times.astype("datetime64[D]").astype(float)
    width = 0.7 * float(np.median(np.diff(days))) if len(days) > 1 else 4.0
    colours = [ALARM if at in fails.odd else LINES[0] for at in range(len(days))]
    axes.bar(fails.times, np.nan_to_num(fails.own), width=width, color=colours, zorder=2)
    edges = np.r_[days - width / 1.4, days[-1] + width / 1.4].astype("timedelta64[D]") + np.datetime64("1970-01-01")
    axes.stairs(np.nan_to_num(fails.base), edges.astype("datetime64[ns]"), baseline=None, color=INK, linewidth=1.6, zorder=3)
    top = float(np.nanmax(np.r_[fails.own, fails.base]))
    axes.set_ylim(0, 1.2 * top)
    for at in fails.odd:
        place = (fails.times[at], max(fails.own[at], fails.base[at]))
        axes.annotate(fails.dates[at], place, (0, 3), textcoords="offset points", ha="center", fontsize=8, color=ALARM)
    axes.set_ylabel("mean absolute error [mm]")
    axes.set_title("by test date (line: persistence)", fontsize=9.5)
    axes.grid(axis="y")
    date_axis(axes, 6)
