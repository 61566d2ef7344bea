"""What K-means compares: displacement series in mm, or mean velocities in mm per year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

YEAR_DAYS = 365.25
FEATURES = {"series": "displacement series in mm, each about its own mean", "velocity": "mean velocity in mm/yr"}

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """Least-squares line of each pixel through its own measured dates.

    Attributes:
        velocity: ``(pixel,)`` slope, mm/yr, positive towards the satellite.
        filled: ``(pixel, time)`` displacement in mm, where it was not measured the line.
    """

    velocity: Float
    filled: Float


def fit_line(values: NDArray[np.float32], years: Float) -> Line:
    """The line of each pixel; it needs two measured dates.

    Args:
        values: ``(pixel, time)`` displacement in mm, NaN where not measured.
        years: ``(time,)`` time in years.
    """
    known = np.isfinite(values)
    count = known.sum(1, keepdims=True)
    filled = np.where(known, values, 0.0).astype("float64")
    time = np.where(known, years, 0.0)
    middle, mean = time.sum(1, keepdims=True) / count, filled.sum(1, keepdims=True) / count
    lag = np.where(known, years - middle, 0.0)
    slope = (lag * np.where(known, filled - mean, 0.0)).sum(1, keepdims=True) / (lag**2).sum(1, keepdims=True)
    return Line(slope[:, 0], np.where(known, filled, mean + slope * (years - middle)))


def features_of(line: Line, kind: str) -> Float:
    """``(pixel, feature)`` what K-means sees, in one unit for all pixels, so that large motion counts.

    ``series``: displacement at each date minus the series' own mean. The mean holds the noise of the reference date, which shifts
    every later value alike; without it the clusters do not depend on which date is the zero. Series are not scaled to unit
    variance: that would make noise as important as a subsidence of metres.

    ``velocity``: the slope of the line alone, as in the KDP of Cangzhou's HLSTM (2021).

    Both are rounded to 0.001, far below what is measured, so that pixels that moved alike are alike on every machine.
    """
    seen: Float = line.velocity[:, None] if kind == "velocity" else line.filled - line.filled.mean(1, keepdims=True)
    return np.round(seen, 3)
