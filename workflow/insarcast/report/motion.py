"""F23 noise of the interferograms, F30 what is fitted beside the velocity, F31 the series of the fastest pixel."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize

from insarcast.core import open_cube, open_store

from . import inversion_words, sentences, words
from .frame import Frame, frame_of
from .look import INK, LINES, SOFT, Facts, canvas, keep, one_digit, say, scale_map, signed_map, symmetric_limit
from .mapping import draw_map, draw_scale, draw_side_bar
from .network import dates_axis
from .numbers import cube_numbers, used_only

MOST = 6  # maps of what is fitted
HIDDEN = "hidden"  # a figure with nothing to show says so in its facts, and is not on the page


def draw_motion(
    cube: Path,
    decisions: Path,
    pair_noise: Path,
    pair_noise_json: Path,
    fitted: Path,
    fitted_json: Path,
    course: Path,
    course_json: Path,
    colours: str,
    filtered: Sequence[Path] = (),
) -> None:
    """Draw the noise of the interferograms, the maps of what is fitted beside the velocity, and the fastest pixel's series.

    Args:
        cube: the full cube.
        decisions: what was kept and dropped in the full vintage, and why.
        pair_noise: F23, mm.
        pair_noise_json: its facts.
        fitted: F30, m, mm and days.
        fitted_json: its facts.
        course: F31, mm along the line of sight.
        course_json: its facts.
        colours: which end of a signed bar is red (``report.colours``).
        filtered: ``filtered.zarr`` in a list, where the study filters.
    """
    data = open_cube(cube)
    _draw_noise(json.loads(decisions.read_text(encoding="utf-8")), pair_noise, pair_noise_json)
    _draw_fitted(data, colours, fitted, fitted_json)
    _draw_course(data, [open_store(path) for path in filtered], course, course_json)


def _draw_noise(found: dict[str, Any], image: Path, text: Path) -> None:
    pairs = [pair for pair in found["pairs"] if pair.get("kept") and pair.get("sigma_mm") is not None]
    sentence = inversion_words.noise(found) or "The noise of the interferograms was not estimated."
    with canvas(3.2) as figure:
        if not pairs:
            say(figure, sentence)
        else:
            axes = figure.add_subplot()
            colour = [pair["coherence"] if pair["coherence"] is not None else np.nan for pair in pairs]
            known = bool(np.isfinite(colour).any())
            drawn = axes.scatter(
                [pair["days"] for pair in pairs], [pair["sigma_mm"] for pair in pairs], c=colour if known else LINES[0],
                cmap=scale_map("batlow_r") if known else None, s=26, edgecolors=INK, linewidths=0.4,
            )  # fmt: skip
            axes.set_xlabel("days between the acquisitions")
            axes.set_ylabel("noise [mm]")
            axes.set_ylim(0, None)
            axes.grid(axis="y")
            if known:
                bar = figure.colorbar(drawn, ax=axes, aspect=26, pad=0.02)
                bar.set_label("mean coherence")
                bar.outline.set_linewidth(0.5)
    keep(
        figure,
        Facts(
            "F23",
            sentence,
            f"Dots: days between the acquisitions of each interferogram against its noise. {sentence}",
            "Standard deviation of a sample of usual coherence, in mm along the line of sight, from the misfits of the network's inversion"
            f"{inversion_words.use_of_noise(found.get('inversion') or {})}.",
            "mm",
            {
                HIDDEN: not pairs,
                "pairs": len(pairs),
                "median": float(np.median([pair["sigma_mm"] for pair in pairs])) if pairs else None,
            },
        ),
        image,
        text,
    )


def fitted_layers(data: xr.Dataset) -> list[tuple[str, str, str]]:
    """Layers of the cube that are fitted beside the velocity: name, words with the unit, and their kind."""
    known = [
        ("dem_error", "error of the DEM [m]", "height"),
        ("annual_amplitude", "amplitude of the yearly course [mm]", "size"),
        ("annual_peak_day", "day of the year nearest to the satellite", "cyclic"),
    ]
    steps = sorted(str(name) for name in data.data_vars if str(name).startswith("step_"))
    known += [(name, f"step on {words.day(name.removeprefix('step_'))} [mm]", "signed") for name in steps]
    return [item for item in known if item[0] in data and np.isfinite(used_only(data, data[item[0]])).any()]


def _draw_fitted(data: xr.Dataset, colours: str, image: Path, text: Path) -> None:
    layers, frame = fitted_layers(data), frame_of(data)
    shown = layers[:MOST]
    sentence = " ".join(inversion_words.fitted(data)) or "Nothing is fitted beside the velocity."
    medians = {}
    columns = min(max(len(shown), 1), 3)
    rows = -(-len(shown) // columns)
    high = rows * ((7.4 / columns - 0.55) * frame.shape_ratio + 0.4) + 0.1 if shown else 1.6
    with canvas(max(high, 1.6), "compressed") as figure:
        if not shown:
            say(figure, sentence)
        else:
            cells = list(figure.subplots(rows, columns, squeeze=False).flat)
            for axes in cells[len(shown) :]:
                axes.set_axis_off()
            for axes, (name, label, kind) in zip(cells, shown, strict=False):
                values = used_only(data, data[name])
                medians[name] = float(np.nanmedian(np.abs(values)))
                _draw_layer(axes, frame.up(values), frame, label, kind, colours)
            draw_scale(cells[0], frame)
    more = f" {words.count(len(layers) - MOST, 'more layer')} in the cube." if len(layers) > MOST else ""
    facts = Facts(
        "F30",
        sentence,
        f"Maps of {words.listed([label for _, label, _ in shown]) or 'nothing'}. {sentence}",
        f"What is fitted beside the velocity, in every used pixel; motion is along the line of sight, positive towards the satellite.{more}",
        "m, mm and days, as each bar says",
        {HIDDEN: not shown, "median_size": medians},
    )
    keep(figure, facts, image, text)


def _draw_layer(axes: Any, values: Any, frame: Frame, label: str, kind: str, colours: str) -> None:
    norm, colour = Normalize(0, 365.25), scale_map("romaO")
    if kind in ("signed", "height"):
        limit = symmetric_limit(values)
        norm, colour = Normalize(-limit, limit), signed_map(colours) if kind == "signed" else scale_map("broc")
    elif kind == "size":
        norm, colour = Normalize(0, one_digit(float(np.nanpercentile(values, 98)))), scale_map("batlow_r")
    draw_map(axes, values, frame, colour, norm)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(label, fontsize=8.5, fontweight="normal")
    known = values[np.isfinite(values)]
    below, above = bool((known < norm.vmin).any()), bool((known > norm.vmax).any())
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]
    draw_side_bar(axes, norm, colour, extend)


def _draw_course(data: xr.Dataset, filtered: list[xr.Dataset], image: Path, text: Path) -> None:
    facts = cube_numbers(data)
    far = facts.fastest
    sentence = sentences.used(facts.used, facts.total, facts.masked, facts.reasons)
    title, band = sentence, ""
    with canvas(3.0) as figure:
        if far is None:
            say(figure, sentence)
        else:
            title = f"Displacement of the fastest pixel ({words.place(far.lon, far.lat)}), {facts.dates[0]} to {facts.dates[-1]}"
            axes = figure.add_subplot()
            at = {"y": far.row, "x": far.col}
            values = data.displacement.isel(at).values.astype(float)
            dates = np.array(facts.dates, "datetime64[D]")
            axes.axhline(0, color=SOFT, linewidth=0.6)
            sigma = data.sigma.isel(at).values.astype(float) if "sigma" in data else np.full(len(values), np.nan)
            if np.isfinite(sigma).any():
                band = "; the band is one formal standard deviation, which does not know of the air"
                axes.fill_between(dates, values - sigma, values + sigma, color=LINES[0], alpha=0.2, linewidth=0, label="± 1σ")
            axes.plot(dates, values, "o-", color=LINES[0], markersize=3.5, linewidth=1.3, label="displacement")
            for store in filtered:
                smooth = store.displacement_filtered.isel(at).values.astype(float)
                axes.plot(dates, smooth, color=INK, linewidth=0.8, label="filtered")
            bridged: list[int] = np.flatnonzero(data.filled.isel(at).values).tolist() if "filled" in data else []
            for number, step in enumerate(bridged):
                span = (dates[max(step - 1, 0)], dates[step])
                why = "bridged: no value" if "product" in data.attrs else "bridged: no interferogram"
                axes.axvspan(*span, color=SOFT, alpha=0.15, linewidth=0, label=None if number else why)
            axes.set_ylabel("line of sight [mm]")
            axes.grid(axis="y")
            axes.legend(loc="best")
            dates_axis(axes)
    thin = " The thin line is the filtered series: without the air of each date." if filtered and far is not None else ""
    keep(
        figure,
        Facts(
            "F31",
            title,
            f"A line over time{' with its standard deviation as a band' if band else ''}. {title}.",
            f"Displacement in mm along the line of sight, positive towards the satellite, zero at {facts.dates[0]}{band}.{thin}",
            "mm",
            {HIDDEN: far is None, "filtered": bool(filtered)},
        ),
        image,
        text,
    )
