"""F3 what is expected, and F10 where the forecasts failed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.patches import Patch

from insarcast.core import open_cube, open_store

from . import sentences, words
from .displacement import map_height, map_line, reference_of
from .frame import Frame, frame_of
from .look import ALARM, LINES, SOFT, Facts, beyond, canvas, keep, one_digit, parts, say, scale_map, signed_map, symmetric_limit
from .mapping import draw_graticule, draw_legend, draw_map, draw_marks, draw_scale, draw_scale_bar, draw_side_bar, draw_signed_bar
from .numbers import cube_numbers, iso, used_only
from .outlook import Outlook, chosen_store, outlooks, place_of
from .scoring import NOTHING

MOST_DATES = 7  # labels that fit side by side


def draw_forecast(
    cube: Path,
    forecasts: Sequence[Path],
    choice: Path,
    errors: Path,
    forecast: Path,
    forecast_json: Path,
    failure: Path,
    failure_json: Path,
    colours: str,
    model: str | None,
) -> None:
    """Draw the operational forecast and the errors of past ones.

    Args:
        cube: the full cube.
        forecasts: calibrated forecasts, one store per model.
        choice: the newest choice of a model.
        errors: median forecast minus observation, mm, per model, origin and horizon.
        forecast: F3, mm along the line of sight.
        forecast_json: its facts.
        failure: F10, mm.
        failure_json: its facts.
        colours: which end of the bar is red (``report.colours``).
        model: the model to draw (``report.model``); None: the newest choice.
    """
    data, store = open_cube(cube), chosen_store(forecasts, choice, model)
    last = outlooks(store, data)[-1]
    _draw_outlook(data, last, colours, model is not None, forecast, forecast_json)
    name = str(store.attrs["model"])
    _draw_failure(data, open_store(errors).sel(model=name), store, name, colours, failure, failure_json)


def expected_words(data: xr.Dataset, last: Outlook, asked: bool) -> str:
    """The sentence on the largest expected change; ``asked``: by a model that the study names."""
    if last.peak is None:
        return "There is no forecast: no pixel is used."
    row, col = last.peak
    low = None if last.low is None else float(last.low[row, col])
    high = None if last.high is None else float(last.high[row, col])
    lon, lat = place_of(data, last)
    change = float(last.change[row, col])
    fastest = at_fastest(data, last)
    return sentences.expected(last.model, last.origin, last.target, change, low, high, last.level, lon, lat, asked, fastest)


def at_fastest(data: xr.Dataset, last: Outlook) -> tuple[float, float | None, float | None] | None:
    """Change, low and high in mm at the pixel with the largest velocity; None where that is the pixel of the largest change."""
    speed = np.abs(used_only(data, data.velocity))
    speed = np.where(np.isfinite(last.change), speed, np.nan)
    if np.isnan(speed).all():
        return None
    at = np.unravel_index(np.nanargmax(speed), speed.shape)
    if last.peak is None or tuple(map(int, at)) == last.peak:
        return None
    low, high = (None if layer is None else float(layer[at]) for layer in (last.low, last.high))
    return float(last.change[at]), low, high


def _beyond_doubt(last: Outlook) -> str:
    """In how many pixels the interval leaves out 0; empty without an interval."""
    if last.low is None or last.high is None:
        return ""
    known = np.isfinite(last.low) & np.isfinite(last.high)
    share = float(((last.low > 0) | (last.high < 0))[known].mean()) if known.any() else 0.0
    return f" and leaves out 0 in {words.percent(share)} of the pixels" if share else " and holds 0 in every pixel"


def _draw_outlook(data: xr.Dataset, last: Outlook, colours: str, asked: bool, image: Path, text: Path) -> None:
    frame, facts = frame_of(data), cube_numbers(data)
    change, half = frame.up(last.change), None if last.half is None else frame.up(last.half)
    limit = symmetric_limit(change)
    with canvas(map_height(frame, 3.5, 1.65)) as figure:
        if last.peak is None:
            say(figure, sentences.used(facts.used, facts.total, facts.masked, facts.reasons))
        else:
            left, right = figure.subplots(1, 2)
            colour = signed_map(colours)
            draw_map(left, change, frame, colour, Normalize(-limit, limit))
            draw_signed_bar(figure, left, change, limit, colour, None, aspect=24)
            left.set_title("expected change [mm]")
            _draw_half(figure, right, half, frame, last.level)
            for axes in (left, right):
                draw_graticule(axes, frame, (3.7, 3.6), left=axes is left)
                draw_marks(axes, frame, reference_of(data), {})
            draw_scale(left, frame)
            draw_legend(figure, facts.used < facts.total, reference_of(data) is not None, False)
    sentence = expected_words(data, last, asked)
    width = (
        ""
        if half is None or np.isnan(half).all()
        else f" The {last.level} % interval is \N{PLUS-MINUS SIGN}{words.mm(float(np.nanmedian(half)))} at the median pixel"
        f"{_beyond_doubt(last)}."
    )
    keep(
        figure,
        Facts(
            "F3",
            f"Expected change from {last.origin} to {last.target} by {words.model(last.model)}, and its {last.level} % half-width",
            f"Two maps in mm. Left: median change. Right: half-width of the {last.level} % interval. {sentence}{width}",
            f"{sentence}{width} {map_line(data, facts)}{sentences.clipped(beyond(change, limit))}",
            "mm",
            {
                "model": last.model, "origin": last.origin, "target": last.target, "level": last.level, "limit": limit,
                "largest": None if last.peak is None else float(last.change[last.peak]),
                "half_width": None if half is None or np.isnan(half).all() else float(np.nanmedian(half)),
            },
        ),
        image,
        text,
    )  # fmt: skip


def _draw_half(figure: Any, axes: Any, half: Any, frame: Frame, level: int) -> None:
    if half is None:
        draw_map(axes, np.full((1, 1), np.nan), frame, scale_map("batlow_r"), Normalize(0, 1))
        axes.set_title("the model gives no interval")
        return
    top = one_digit(float(np.nanpercentile(half, 98)))
    draw_map(axes, half, frame, scale_map("batlow_r"), Normalize(0, top))
    draw_scale_bar(
        figure, axes, Normalize(0, top), scale_map("batlow_r"), None, "max" if np.nanmax(half) > top else "neither", aspect=24
    )
    axes.set_title(f"half-width of the {level} % interval [mm]")


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


def _draw_failure(
    data: xr.Dataset, errors: xr.Dataset, store: xr.Dataset, name: str, colours: str, image: Path, text: Path
) -> None:
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
