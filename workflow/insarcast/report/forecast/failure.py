"""F10: where the forecasts failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.patches import Patch

from ..displacement.numbers import iso
from ..drawing.bars import draw_side_bar
from ..drawing.canvas import canvas, keep, parts, say
from ..drawing.colours import ALARM, LINES, SOFT, scale_map, signed_map
from ..drawing.frame import Frame, frame_of
from ..drawing.limits import one_digit, symmetric_limit
from ..drawing.maps import draw_graticule, draw_map
from ..drawing.marks import draw_scale
from ..scores.scoring import NOTHING
from ..writing import words
from ..writing.facts import Facts

MOST_DATES = 7  # labels that fit side by side


def by_target(errors: xr.DataArray, targets: xr.DataArray) -> pd.DataFrame:
    """Errors in mm pooled by target date: columns date, bias, rms, n (values)."""
    rows: dict[str, list[Any]] = {}
    for at, origin in enumerate(errors.origin.values):
        for step, horizon in enumerate(errors.horizon.values):
            values = errors.isel(origin=at, horizon=step).values
            values = values[np.isfinite(values)].astype(float)
            if values.size:
                rows.setdefault(iso(targets.sel(origin=origin, horizon=horizon).values[None])[0], []).append(values)
    pooled = {date: np.concatenate(parts) for date, parts in sorted(rows.items())}
    return pd.DataFrame(
        [{"date": d, "bias": v.mean(), "rms": np.sqrt((v**2).mean()), "n": v.size} for d, v in pooled.items()],
        columns=["date", "bias", "rms", "n"],
    )


def draw_errors(
    data: xr.Dataset, errors: xr.Dataset, store: xr.Dataset, name: str, colours: str, image: Path, text: Path
) -> None:
    """Draw F10: maps of error and bias over the test origins, and both by target date."""
    frame = frame_of(data)
    layers = errors.error
    known = np.isfinite(layers).sum(("origin", "horizon")).values
    table = by_target(layers, store.target_time)
    with canvas(4.9) as figure:
        if not len(table):
            say(figure, NOTHING)
        else:
            with np.errstate(invalid="ignore"):
                mae = frame.up(np.abs(layers).sum(("origin", "horizon")).values / np.where(known, known, np.nan))
                bias = frame.up(layers.sum(("origin", "horizon")).values / np.where(known, known, np.nan))
            upper, lower = parts(figure, [1.35, 1])
            _draw_error_maps(upper.subplots(1, 2), mae, bias, frame, colours)
            _draw_dates(lower.subplots(), table)
    keep(figure, _failure_facts(name, table, int(known.max(initial=0))), image, text)


def _draw_error_maps(grid: Any, mae: Any, bias: Any, frame: Frame, colours: str) -> None:
    top = one_digit(float(np.nanpercentile(mae, 98)))
    draw_map(grid[0], mae, frame, scale_map("batlow_r"), Normalize(0, top))
    draw_side_bar(grid[0], Normalize(0, top), scale_map("batlow_r"), "max" if np.nanmax(mae) > top else "neither")
    grid[0].set_title("mean absolute error [mm]")
    limit = symmetric_limit(bias)
    draw_map(grid[1], bias, frame, signed_map(colours), Normalize(-limit, limit))
    clipped = "both" if np.nanmax(np.abs(bias)) > limit else "neither"
    draw_side_bar(grid[1], Normalize(-limit, limit), signed_map(colours), clipped)
    grid[1].set_title("bias: forecast \N{MINUS SIGN} observed [mm]")
    for axes in grid:
        draw_graticule(axes, frame, (3.3, 2.2), left=axes is grid[0])
    draw_scale(grid[0], frame)


def _draw_dates(axes: Any, table: pd.DataFrame) -> None:
    """Bias and rms of the errors by target date; the worst date is named."""
    place, worst = np.arange(len(table)), int(table["rms"].to_numpy().argmax())
    axes.bar(
        place - 0.2,
        table["rms"],
        width=0.38,
        color=[ALARM if i == worst and len(table) > 1 else LINES[0] for i in place],
        label="rms",
    )
    axes.bar(place + 0.2, table["bias"], width=0.38, color="white", edgecolor=SOFT, hatch="///")
    axes.axhline(0, color=SOFT, linewidth=0.8)
    if len(table) <= MOST_DATES:
        axes.set_xticks(place, [f"{row['date']}\n(n = {words.whole(row['n'])})" for row in table.to_dict("records")])
    else:  # the worst date is named in any case
        step = -(-len(table) // MOST_DATES)
        shown = sorted({*(i for i in place[::step] if abs(i - worst) >= step), worst})
        axes.set_xticks(shown, [str(table["date"].iloc[i]) for i in shown])
    axes.set_xlim(-0.7, max(len(table), 3) - 0.3)
    axes.set_ylabel("error [mm]")
    axes.set_title("by the date forecast" + (": the worst in orange" if len(table) > 1 else ""))
    handles = [Patch(color=LINES[0], label="rms"), Patch(facecolor="white", edgecolor=SOFT, hatch="///", label="bias")]
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _failure_facts(name: str, table: pd.DataFrame, most: int) -> Facts:
    if not len(table):
        return Facts("F10", NOTHING, NOTHING, NOTHING, "mm", {"worst": None})
    worst = table.iloc[int(table["rms"].to_numpy().argmax())]
    title = f"Where {words.model(name)} fails: worst on {worst['date']}, {words.mm(worst['rms'])} rms"
    return Facts(
        "F10",
        title,
        f"Maps of mean absolute error and bias, and bars of rms and bias by the date forecast, in mm. "
        f"{title}, bias {words.signed(worst['bias'])} mm.",
        "Median forecast minus what was observed in mm along the line of sight, "
        f"up to {words.count(most, 'forecast')} a pixel; n counts pixels and lead times. "
        "Negative bias: the ground moved less away from the satellite, or more towards it, than forecast.",
        "mm",
        {"model": name, "worst": worst["date"], "worst_rms": float(worst["rms"]), "worst_bias": float(worst["bias"])},
    )
