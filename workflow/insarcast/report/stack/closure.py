"""F13: do the loops close? Closure per date and per triplet, and the map of loop errors."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D

from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import ALARM, LINES, scale_map
from ..drawing.frame import frame_of
from ..drawing.maps import draw_graticule, draw_map
from ..drawing.marks import draw_scale
from ..writing import words
from ..writing.facts import Facts
from . import sentences

LIMIT = (0, (4, 2))  # dashes of the line beyond which a triplet is bad


def draw_closure(found: dict[str, Any], loops: xr.Dataset, cube: xr.Dataset, image: Path, text: Path, max_rms: float) -> None:
    """Draw rms of the closure by date and the number of loop errors per pixel.

    Args:
        found: decisions of the vintage: ``triplets`` with their dates, rms in rad and whether they are bad; ``loop_errors``.
        loops: closure.zarr, whose coordinates name the triplets.
        cube: the full cube.
        image: figure to write.
        text: its facts.
        max_rms: rad above which a triplet is bad.
    """
    triplets = [item for item in found["triplets"] if item["rms"] is not None]
    errors = found["loop_errors"]
    rms = float(np.median([item["rms"] for item in triplets])) if triplets else None
    bad = sum(item["bad"] for item in found["triplets"])
    sentence = sentences.closure(errors["samples"], errors["over_pi"], rms, bad, loops.sizes["triplet"])
    with canvas(4.6) as figure:
        if triplets:
            left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
            if _by_date(left, triplets, max_rms):
                handles = [Line2D([], [], color=ALARM, linestyle=LIMIT, linewidth=1.2, label=f"bad above {max_rms:g} rad")]
                figure.legend(handles=handles, loc="outside lower left")
            _error_map(figure, right, cube)
        else:
            say(figure, sentence)
    worst = max(triplets, key=lambda item: item["rms"], default=None)
    facts = Facts(
        "F13",
        f"Loop closure: {sentence}",
        f"Left: closure of every triplet by date, in rad. Right: map of the number of loop errors per pixel. {sentence}{_worst(worst)}",
        f"Closure of a triplet = phase 12 + phase 23 \N{MINUS SIGN} phase 13, its median removed, rms over the pixels in rad; "
        f"a triplet above {max_rms:g} rad is bad. "
        f"A loop error is a pixel's closure beyond \N{GREEK SMALL LETTER PI}, after referencing.{_worst(worst)}",
        "rad",
        {
            "samples": errors["samples"],
            "over_pi": errors["over_pi"],
            "median_rms": rms,
            "bad": bad,
            "triplets": loops.sizes["triplet"],
        },
    )
    keep(figure, facts, image, text)


def _worst(item: dict[str, Any] | None) -> str:
    if item is None:
        return ""
    return f" The worst is {', '.join(words.day(date) for date in item['dates'])} with {item['rms']:.2f} rad."


def by_date(triplets: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Date -> rms in rad of the triplets that hold it."""
    found: dict[str, list[float]] = {}
    for item in triplets:
        for date in item["dates"]:
            found.setdefault(date, []).append(item["rms"])
    return dict(sorted(found.items()))


def _by_date(axes: Any, triplets: list[dict[str, Any]], max_rms: float) -> bool:
    """One row per date, or per month where there are many: every triplet a dot, their mean a bar; True where the limit is drawn."""
    dates = by_date(triplets)
    if len(dates) > 26:
        months: dict[str, list[float]] = {}
        for date, values in dates.items():
            months.setdefault(date[:6], []).extend(values)
        dates = months
    if len(dates) > 40:
        dates = {name: dates[name] for name in sorted(dates, key=lambda key: -np.mean(dates[key]))[:26]}
    for row, (_, values) in enumerate(dates.items()):
        axes.barh(row, np.mean(values), color=LINES[0], alpha=0.3, height=0.72)
        colours = [ALARM if value > max_rms else LINES[0] for value in values]
        axes.scatter(values, [row] * len(values), s=11, c=colours, zorder=3)
    top = max(max(values) for values in dates.values())
    axes.set_yticks(range(len(dates)), [words.day(name) if len(name) == 8 else f"{name[:4]}-{name[4:]}" for name in dates])
    axes.invert_yaxis()
    axes.set_xlabel("closure rms [rad]")
    axes.set_xlim(0, max(top * 1.1, 0.2))
    near = top > 0.7 * max_rms
    if near:
        axes.axvline(max_rms, color=ALARM, linestyle=LIMIT, linewidth=1.2)
        axes.set_xlim(0, max(top, max_rms) * 1.08)
    axes.set_title("by date: each triplet, and the mean")
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return near


def _error_map(figure: Any, axes: Any, cube: xr.Dataset) -> None:
    frame = frame_of(cube)
    counts = frame.up(np.where(np.isfinite(cube.velocity.values), cube.n_loop_err.values.astype(float), np.nan))
    most = int(np.nanmax(counts)) if np.isfinite(counts).any() else 0
    steps = min(max(most, 1), 9)
    # Pale for none: most pixels have none, and the few that have must be seen.
    ramp = scale_map("lajolla_r")(np.linspace(0.25, 0.9, steps))
    colours = ListedColormap(np.vstack([[0.95, 0.95, 0.93, 1.0], ramp]))
    edges = np.unique(np.round(np.concatenate([[0], np.linspace(1, most + 1, steps + 1)]) if most else np.array([0, 1, 2])))
    norm = BoundaryNorm(edges, colours.N)
    draw_map(axes, np.ma.filled(counts, np.nan), frame, colours, norm)
    draw_graticule(axes, frame, (3.8, 2.8))
    draw_scale(axes, frame)
    axes.set_title("loop errors per pixel" if most else "loop errors per pixel: none")
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, orientation="horizontal", aspect=30, pad=0.03)
    bar.set_label("number of loop errors")
    bar.set_ticks(list((edges[:-1] + edges[1:]) / 2), labels=[_step(a, b) for a, b in itertools.pairwise(edges)])
    bar.outline.set_linewidth(0.5)


def _step(low: float, high: float) -> str:
    return f"{low:.0f}" if high - low <= 1 else f"{low:.0f}-{high - 1:.0f}"
