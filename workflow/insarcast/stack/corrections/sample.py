"""Pixels that the corrections are estimated from: every k-th row and column, so that memory does not grow with the scene."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, blocks, shard_edge

from ..network.reference import half_sample_mode
from ..temporal.vintage import bridge_gaps
from .store import place

Float = npt.NDArray[np.float64]

YEAR_DAYS = 365.25
_VALUES = 6_000_000  # 48 MiB
_MOST = 50_000  # pixels: neighbours share their air, more of them say nothing new
_FEWEST = 100
_COHERENT = 0.7  # temporal coherence, as MintPy's mask
SLOW = 3.0  # mm/yr: less is not called motion
_PARTS = 5  # of the scene along each edge, for the jackknife


@dataclass(frozen=True)
class Sample:
    """Displacement of some pixels, all dates known.

    Attributes:
        displacement: (n_dates, n) mm.
        years: (n_dates,) since the first date.
        rows: (n,) row in the scene.
        cols: (n,) column in the scene.
        y: (n,) row from -1 to 1 over the scene.
        x: (n,) column from -1 to 1 over the scene.
        height: (n,) m, NaN where not known.
        kind: what the pixels are, in words.
    """

    displacement: Float
    years: Float
    rows: npt.NDArray[np.int64]
    cols: npt.NDArray[np.int64]
    y: Float
    x: Float
    height: Float
    kind: str

    def __len__(self) -> int:
        return len(self.rows)

    def less(self, correction: Float) -> Sample:
        """The sample after a correction (n_dates, n) mm; pixels that it does not cover leave."""
        after = replace(self, displacement=self.displacement - correction)
        return after.where(np.asarray(np.isfinite(after.displacement).all(0)))

    def where(self, chosen: npt.NDArray[np.bool_]) -> Sample:
        """Some of the pixels."""
        if chosen.all():
            return self
        return Sample(
            self.displacement[:, chosen], self.years, self.rows[chosen], self.cols[chosen],
            self.y[chosen], self.x[chosen], self.height[chosen], self.kind,
        )  # fmt: skip

    @property
    def parts(self) -> npt.NDArray[np.int64]:
        """(n,) part of the scene that each pixel lies in, of 5 x 5."""
        row, col = (np.clip(((z + 1) / 2 * _PARTS).astype(np.int64), 0, _PARTS - 1) for z in (self.y, self.x))
        return np.asarray(row * _PARTS + col)

    def residual(self, degree: int = 1) -> Float:
        """(n_dates, n) mm that a polynomial in time of each pixel leaves: its own motion is gone, as far as it is one."""
        basis = np.linalg.qr(np.vander(self.years, min(degree, len(self.years) - 2) + 1))[0]
        return np.asarray(self.displacement - basis @ (basis.T @ self.displacement), np.float64)

    def velocity(self) -> tuple[Float, Float]:
        """(n,) slope of the line through each series and its standard error, mm/yr."""
        return line_rates(self.displacement, self.years)

    def near(self) -> npt.NDArray[np.bool_]:
        """(n,) pixels whose velocity is the most common one, within three standard errors."""
        rate, error = self.velocity()
        return np.asarray(np.abs(rate - half_sample_mode(rate)) <= np.maximum(3 * error, SLOW))

    def still(self) -> npt.NDArray[np.bool_]:
        """(n,) pixels whose velocity is the most common one, within three standard errors; all of them where that leaves too few."""
        near = self.near()
        return near if near.sum() >= max(_FEWEST, 0.1 * len(near)) else np.ones(len(near), np.bool_)

    def scatter(self) -> list[float]:
        """Standard deviation over the pixels of what a line in time leaves, date by date, mm: how rough each date is."""
        return [round(float(value), 4) for value in self.residual().std(1)]


def draw_sample(static: xr.Dataset, data: xr.Dataset) -> Sample:
    """Read the sample, block by block.

    Coherent pixels (temporal coherence of at least 0.7; of a ready series without one those of the product's own mask) without a bridged
    step; where there are fewer than a hundred, every pixel that is inverted on all dates.

    Args:
        static: aligned interferograms, for ``height``.
        data: the inversion of a vintage.

    Raises:
        InsarcastError: there are too few pixels to estimate anything from.
    """
    n_dates, ny, nx = (data.sizes[name] for name in ("time", "y", "x"))
    most = min(_MOST, _VALUES // n_dates)
    stride = max(1, int(np.ceil(np.sqrt(ny * nx / most))))
    days = (data.time.values - data.time.values[0]) / np.timedelta64(1, "D")
    years = days.astype(np.float64) / YEAR_DAYS
    values, rows, cols, heights, good = (list[npt.NDArray[Any]]() for _ in range(5))
    for block in blocks(ny, nx, shard_edge(n_dates)):
        row, col = (_every(part, stride) for part in block)
        if not len(row) or not len(col):
            continue
        part = data.isel(y=block[0], x=block[1])
        pick = np.ix_(row - block[0].start, col - block[1].start)
        series = part.displacement.values[:, *pick]
        if "min_dates" in data.attrs:  # a ready series may have gaps, an inversion has none
            series = bridge_gaps(series, years, data.attrs["min_dates"])
        series = series.reshape(n_dates, -1)
        known = np.isfinite(series).all(0)
        coherent = _trusted(part)[pick].ravel()
        coherent &= ~part.filled.values[:, *pick].any(0).ravel()
        height = np.full(len(known), np.nan)
        if "height" in static:
            height = static.height.isel(y=block[0], x=block[1]).values[pick].ravel().astype(np.float64)
        where = np.meshgrid(row, col, indexing="ij")
        values.append(series[:, known])
        for all_of, here in ((rows, where[0].ravel()), (cols, where[1].ravel()), (heights, height), (good, coherent)):
            all_of.append(here[known])
    row, col, coherent = np.concatenate(rows), np.concatenate(cols), np.concatenate(good)
    if len(row) < _FEWEST:
        raise InsarcastError(
            f"Only {len(row)} pixels are inverted on all dates, which is too few to estimate a correction from; switch off "
            "stack.troposphere.height and stack.deramp, or add interferograms (dates of a ready series that measure more)."
        )
    sample = Sample(
        np.concatenate(values, 1).astype(np.float64), years, row, col,
        place(slice(0, ny), ny)[row], place(slice(0, nx), nx)[col], np.concatenate(heights),
        "inverted pixels" if coherent.sum() < _FEWEST else "coherent pixels without a bridged step",
    )  # fmt: skip
    return sample if coherent.sum() < _FEWEST else sample.where(coherent)


def _trusted(part: xr.Dataset) -> npt.NDArray[np.bool_]:
    """(y, x) pixels that are coherent in time, or that the product's own mask uses."""
    if "temporal_coherence" in part:
        return np.asarray(part.temporal_coherence.values >= _COHERENT)
    return (
        np.asarray(part.product_mask.values) if "product_mask" in part else np.ones((part.sizes["y"], part.sizes["x"]), np.bool_)
    )


def line_rates(series: Float, years: Float) -> tuple[Float, Float]:
    """Slope of the line through each series (n_dates, n) and its standard error, per year."""
    centred = years - years.mean()
    power = centred @ centred
    rate = centred @ series / power
    left = series - series.mean(0) - centred[:, None] * rate
    return rate, np.sqrt((left**2).sum(0) / max(len(years) - 2, 1) / power)


def _every(part: slice, stride: int) -> npt.NDArray[np.int64]:
    """Every ``stride``-th row or column of a block, the same ones whatever the blocks are."""
    numbers = np.arange(part.start, part.stop, dtype=np.int64)
    return np.asarray(numbers[numbers % stride == stride // 2])
