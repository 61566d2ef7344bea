"""F22: the series of a few telling points, what was forecast of them and what is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from ..drawing.axes import date_axis
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import ALARM, INK, LINES, SOFT
from ..writing import words
from ..writing.facts import Facts
from . import sentences
from .points.ahead import quoted_forecast, spread_out
from .points.joins import join_dates, join_spans
from .points.numbers import Points, noise_of
from .points.picks import KINDS, pick_points
from .scores.models import who

RECENT = 3  # the right panels show this many times the longest lead time before the earlier origin
OLD, NEW = LINES[0], LINES[1]  # the forecast that can be checked, and the one that cannot yet


@dataclass(frozen=True, eq=False)
class Fan:
    """A forecast of one point: target dates, and displacement in mm (quantile, target), from one origin."""

    origin: np.datetime64
    targets: NDArray[np.datetime64]
    levels: list[float]
    values: NDArray[np.float64]
    start: float

    def between(self, low: float, high: float) -> list[NDArray[np.float64]]:
        """The ends of a band, the origin included; nothing where the forecast has no such quantiles."""
        found = [at for wanted in (low, high) for at, level in enumerate(self.levels) if abs(level - wanted) < 1e-6]
        return [np.r_[self.start, self.values[at]] for at in found] if len(found) == 2 else []

    @property
    def dates(self) -> NDArray[np.datetime64]:
        return np.concatenate([[self.origin], self.targets])


def draw_fans(
    series: Path, calibrated: Sequence[Path], auto: Sequence[Path], scores: Path, fans: Path, fans_json: Path, model: str | None
) -> None:
    """Draw whole series, and beside each its last dates with a forecast that can be checked and the newest one.

    Args:
        series: the point cube.
        calibrated: calibrated forecasts, one store per model.
        auto: ``auto.json``, or nothing where there is one model only.
        scores: table of scores.
        fans: F22, displacement in mm over time.
        fans_json: its facts.
        model: the study's ``report.model``; None: the automatic choice.
    """
    points, store, scored = quoted_forecast(series, calibrated, auto, scores, model)
    picks = pick_points(points, store)
    joins = join_dates(points)
    name = who(scored)
    with canvas(0.75 + 1.55 * max(len(picks), 1)) as figure:
        if not picks:
            say(figure, "No point is forecast.")
        else:
            grid = figure.subplots(len(picks), 2, squeeze=False, width_ratios=[1.15, 1], sharex="col")
            for (letter, point), (left, right) in zip(picks.items(), grid, strict=True):
                _history(left, points, point, joins, store)
                _recent(right, points, point, joins, store)
                left.set_title(f"{letter}  {KINDS[letter]} point, {_motion(points, point)}", fontsize=9)
                left.set_ylabel("mm")
            grid[0][1].set_title("the last dates", fontsize=9)
            _legend(figure, bool(len(joins)))
    keep(figure, _facts(points, picks, joins, store, name), fans, fans_json)


def _motion(points: Points, point: int) -> str:
    return f"{words.signed(float(points.velocity[point]), 1)} mm/yr"


def _checked(store: xr.Dataset) -> int:
    """The last test origin all of whose targets were observed, by position; -1 where there is none."""
    known = np.isfinite(store.observed.values).any(axis=2).all(axis=1) if "observed" in store else np.zeros(0, bool)
    found = np.flatnonzero(known)
    return int(found[-1]) if len(found) else -1


def fan_of(points: Points, store: xr.Dataset, point: int, origin: int) -> Fan:
    """The forecast of a point from one origin, by position."""
    part = store.isel(origin=origin)
    increments = spread_out(store, part.increment.values, points.total)[..., point]  # (horizon, quantile)
    date = store.origin.values[origin]
    start = float(points.cube.displacement.sel(time=date).values[point])
    return Fan(date, part.target_time.values, [float(q) for q in store["quantile"].values], start + increments.T, start)


def _mark_joins(axes: Any, joins: NDArray[np.datetime64]) -> None:
    for date in joins:
        axes.axvline(date, color=ALARM, linewidth=1.1, linestyle=(0, (4, 2)), zorder=1)


def _history(axes: Any, points: Points, point: int, joins: NDArray[np.datetime64], store: xr.Dataset) -> None:
    time, values = points.cube.time.values, points.cube.displacement.values[:, point]
    axes.axvspan(store.origin.values[0], store.origin.values[-1], color="#eceff2", linewidth=0, zorder=0)
    axes.plot(time, values, ".", color=INK, markersize=2.6, alpha=0.75)
    _mark_joins(axes, joins)
    axes.grid(axis="y")
    date_axis(axes, 6)


def _recent(axes: Any, points: Points, point: int, joins: NDArray[np.datetime64], store: xr.Dataset) -> None:
    time, values = points.cube.time.values, points.cube.displacement.values[:, point]
    earlier = _checked(store)
    steps = store.sizes["horizon"]
    from_ = store.origin.values[earlier]
    first = max(int(np.searchsorted(time, from_)) - RECENT * steps, 0)
    axes.plot(time[first:], values[first:], ".", color=INK, markersize=4, zorder=4)
    for part in _unbroken(points, point, first):
        axes.plot(time[part], values[part], "-", color=INK, linewidth=0.6, zorder=4)
    for origin, colour in ([(earlier, OLD)] if earlier >= 0 else []) + [(-1, NEW)]:
        _draw_fan(axes, fan_of(points, store, point, origin), colour)
    _mark_joins(axes, joins[joins >= time[first]])
    axes.grid(axis="y")
    date_axis(axes, 6)


def _unbroken(points: Points, point: int, first: int) -> list[slice]:
    """Dates from ``first`` on without a join between: nobody knows how far the point moved across it."""
    n = points.cube.sizes["time"]
    jump = points.cube.jump.values[:, point] if "jump" in points.cube else np.zeros(n, bool)
    edges = [first, *(int(at) for at in np.flatnonzero(jump) if at > first), n]
    return [slice(start, stop) for start, stop in pairwise(edges)]


def _draw_fan(axes: Any, fan: Fan, colour: str) -> None:
    for low, high, alpha in ((0.05, 0.95, 0.22), (0.25, 0.75, 0.35)):
        ends = fan.between(low, high)
        if ends:
            axes.fill_between(fan.dates, *ends, color=colour, alpha=alpha, linewidth=0, zorder=2)
    middle = min(range(len(fan.levels)), key=lambda i: abs(fan.levels[i] - 0.5))
    axes.plot(fan.dates, np.r_[fan.start, fan.values[middle]], color=colour, linewidth=1.8, zorder=3)


def _legend(figure: Any, joined: bool) -> None:
    handles: list[Any] = [
        Line2D([], [], marker=".", linestyle="", markersize=7, color=INK, label="observed"),
        Line2D([], [], color=OLD, linewidth=1.8, label="forecast, checked"),
        Line2D([], [], color=NEW, linewidth=1.8, label="newest forecast"),
        Patch(facecolor=SOFT, alpha=0.5, label="50 %"),
        Patch(facecolor=SOFT, alpha=0.25, label="90 % interval"),
        Patch(facecolor="#eceff2", edgecolor="#c8ced4", linewidth=0.6, label="test dates"),
    ]
    if joined:
        handles.append(Line2D([], [], color=ALARM, linewidth=1.1, linestyle=(0, (4, 2)), label="release join"))
    spacing: dict[str, Any] = {"handletextpad": 0.5, "columnspacing": 1.1, "handlelength": 1.6, "fontsize": 8}
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), **spacing)


def _facts(points: Points, picks: Mapping[str, int], joins: NDArray[np.datetime64], store: xr.Dataset, name: str) -> Facts:
    noise = noise_of(points)
    told = [
        f"{letter}, the {KINDS[letter]} point ({sentences.where(points, point)}), moves at {_motion(points, point)} "
        f"with a noise of {noise[point]:.1f} mm"
        for letter, point in picks.items()
    ]
    join = f" Dashed: release join, {words.listed(join_spans(points))}." if len(joins) else ""
    earlier = _checked(store)
    checked = f" The checked forecast starts on {str(store.origin.values[earlier])[:10]}." if earlier >= 0 else ""
    return Facts(
        "F22",
        f"Series and forecasts of {words.count(len(picks), 'point')} by {name}" if picks else "No point is forecast",
        f"Displacement over time with forecast fans. {'; '.join(told)}." if told else "No point is forecast; nothing is drawn.",
        f"{'Vertical displacement' if points.vertical else 'Displacement'} in mm{'' if points.vertical else ' along the line of sight'}, "
        f"positive {sentences.positive(points)}. Left: all dates. Right: the last dates with two "
        f"forecasts by {name}, median with its 50\N{NO-BREAK SPACE}% and 90\N{NO-BREAK SPACE}% intervals.{checked} "
        f"{words.capital('; '.join(told))}.{join}",
        "mm",
        {
            "points": {letter: points.name(point) for letter, point in picks.items()},
            "velocity": {letter: float(points.velocity[point]) for letter, point in picks.items()},
            "noise": {letter: float(noise[point]) for letter, point in picks.items()},
            "joins": [str(date)[:10] for date in joins],
        },
    )
