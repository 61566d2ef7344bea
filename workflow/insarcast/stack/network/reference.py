"""The point that is zero in every interferogram: by evidence, or where the study puts it.

By evidence means: among pixels that every interferogram measures coherently, the most common velocity is taken for that of
stable ground, for ground that does not move shares one velocity while ground that subsides spreads over many. It is a mode,
never the scene's median, which lies inside the bowl as soon as half of the scene subsides. Of the pixels at that mode, the one
whose series stays closest to theirs is the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, pixel_of

from ..inversion.solver import invert
from .candidates import find_candidates, read_points
from .quality import components

Float = npt.NDArray[np.float64]

_GROUP = 0.1
_YEAR = 365.25


@dataclass(frozen=True)
class Reference:
    """A reference window and why it was chosen.

    Attributes:
        row, col: centre pixel.
        window: edge of the square window in pixels.
        method: ``evidence``, ``config`` or ``pinned``.
        sentence: the reason, for the record.
        since: last date of the interferograms that a pinned one was chosen from.
    """

    row: int
    col: int
    window: int
    method: str
    sentence: str
    since: str | None = None

    def slices(self, ny: int, nx: int) -> tuple[slice, slice]:
        """The window's rows and columns, cut at the grid's edge."""
        before, after = (self.window - 1) // 2, self.window // 2 + 1
        return slice(max(self.row - before, 0), min(self.row + after, ny)), slice(
            max(self.col - before, 0), min(self.col + after, nx)
        )

    def record(self, data: xr.Dataset) -> dict[str, Any]:
        lon, lat = _lonlat(data, self.row, self.col)
        return {
            "row": self.row, "col": self.col, "lon": lon, "lat": lat,
            "window": self.window, "method": self.method, "sentence": self.sentence,
        } | ({"since": self.since} if self.since else {})  # fmt: skip


def reference_from_config(data: xr.Dataset, lon: float, lat: float, window: int) -> Reference:
    """The window around a place that the study names."""
    row, col = pixel_of(data, lon, lat)
    return Reference(row, col, window, "config", "The reference point is the study's choice.")


def choose_reference(
    data: xr.Dataset, kept: list[int], pairs: npt.NDArray[np.int64], days: Float, *, window: int, min_coherence: float
) -> Reference:
    """Choose the reference by evidence, from the given interferograms only.

    Args:
        data: aligned interferograms (``phase``, rad).
        kept: numbers of the interferograms of this vintage that are used.
        pairs: (n_kept, 2) date numbers.
        days: (n_dates,) days.
        window: edge of the window in pixels; every pixel of it must be measured.
        min_coherence: least mean coherence of the window.

    Raises:
        InsarcastError: no window is measured by any interferogram.
    """
    found = find_candidates(data, kept, window, min_coherence)
    rows, cols = found.rows, found.cols
    if not len(rows):
        raise InsarcastError(
            f"No {window} x {window} window is measured alike by the interferograms, so no reference can be chosen; "
            f"set stack.reference.lon and lat, or a smaller stack.reference.window."
        )
    relaxed = ""
    if found.limit is not None:
        relaxed = f" No window reaches a coherence of {min_coherence:g}; the best tenth, above {found.limit:.2f}, was searched."
    first = 0 if found.coherence is None else int(np.argmax(found.coherence))
    phase = read_points(data, kept, rows, cols).astype(np.float64)
    measured = np.isfinite(phase)
    # Where no pixel is measured by all, those that are measured by the same ones as the best can be compared.
    alike = (measured == measured[:, first : first + 1]).all(0)
    rows, cols, used = rows[alike], cols[alike], measured[:, first]
    groups = [len(components(range(len(days)), links.tolist())) for links in (pairs, pairs[used])]
    if groups[1] > groups[0]:
        raise InsarcastError(
            f"No {window} x {window} window is measured by interferograms that join all dates, so no reference can be chosen by "
            f"evidence; set stack.reference.lon and lat."
        )
    shifted = phase[used][:, alike] - phase[used, first][:, None]
    wavelength = float(data.attrs["wavelength"])
    scaled = -wavelength * 1000 / (4 * np.pi) * shifted
    series = invert(scaled, pairs[used], days, weights="none", wavelength=wavelength).displacement
    velocity, error = _rates(series, days)
    mode = half_sample_mode(velocity)
    distance = np.abs(velocity - mode)
    # The tenth that is closest to the mode, not all within its error: subsidence makes the distribution one-sided, and a wide
    # group would lean towards the moving side.
    width = float(np.quantile(distance, _GROUP))
    group = distance <= width
    typical = np.median(series[:, group], axis=1)
    departure = series - typical[:, None]
    spread = np.sqrt(np.mean((departure - departure.mean(0)) ** 2, axis=0))
    spread[~group] = np.inf
    best = int(np.argmin(spread))
    by = "every interferogram" if used.all() else f"each of the same {int(used.sum())} of {len(kept)} interferograms"
    kind = "coherent " if found.coherence is not None else ""
    like = np.mean(distance <= 2 * np.median(error))
    sentence = (
        f"Chosen by evidence: of the {len(velocity)} {kind}pixels that {by} measures, {like:.0%} share the most "
        f"common velocity within its error of {2 * np.median(error):.0f} mm/yr, and this one stays closest to the tenth at its "
        f"centre ({spread[best]:.1f} mm rms).{relaxed}"
    )
    return Reference(int(rows[best]), int(cols[best]), window, "evidence", sentence)


def _rates(series: Float, days: Float) -> tuple[Float, Float]:
    """Least-squares velocity and its standard error, mm/yr."""
    years = (days - days.mean()) / _YEAR
    rate = years @ series / (years @ years)
    residual = series - series.mean(0) - years[:, None] * rate
    error = np.sqrt((residual**2).sum(0) / max(len(days) - 2, 1) / (years @ years))
    return rate, error


def half_sample_mode(values: Float) -> float:
    """Mode of a sample: the densest half of the densest half, and so on (Bickel & Fruehwirth 2006)."""
    ordered = np.sort(values)
    while len(ordered) > 3:
        half = (len(ordered) + 1) // 2
        start = int(np.argmin(ordered[half - 1 :] - ordered[: len(ordered) - half + 1]))
        ordered = ordered[start : start + half]
    if len(ordered) == 3:
        left, right = ordered[1] - ordered[0], ordered[2] - ordered[1]
        ordered = ordered[:2] if left < right else ordered[1:] if right < left else ordered[1:2]
    return float(ordered.mean())


def _lonlat(data: xr.Dataset, row: int, col: int) -> tuple[float, float]:
    x, y = float(data.x[col]), float(data.y[row])
    if data.rio.crs.is_geographic:
        return x, y
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(data.rio.crs, "EPSG:4326", always_xy=True).transform(x, y)
    return float(lon), float(lat)
