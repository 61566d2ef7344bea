"""F31: the series of the fastest pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from ..drawing.axes import dates_axis
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import INK, LINES, SOFT
from ..writing import words
from ..writing.facts import HIDDEN, Facts
from . import sentences
from .numbers import cube_numbers


def draw_course(data: xr.Dataset, filtered: list[xr.Dataset], image: Path, text: Path) -> None:
    """Draw F31: the series of the fastest pixel, with its standard deviation and what the filter made of it."""
    facts = cube_numbers(data)
    far = facts.fastest
    sentence = sentences.used(*facts.counts)
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
