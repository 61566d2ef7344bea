"""How a model would have done before an origin: what the calibration and the choice of a model may learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import Split
from insarcast.models import Forecaster, TrainingData

from .increments import observed_increments
from .origins import Start

# Half the distance between these quantiles is the standard deviation of a Gaussian law, and a like measure of any other.
SPREAD = (0.15865525393145707, 0.8413447460685429)
# Enough pixels for any quantile.
PIXELS = 20_000
# Most values of a forecast in memory at once.
VALUES = 20_000_000
# The most recent earlier origins: more add cost, not evidence about the present.
ORIGINS = 60


def spread(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation that a model gives itself, from its quantiles at :data:`SPREAD`."""
    return (high - low) / 2


@dataclass(frozen=True, eq=False)
class Sample:
    """Pixels on a regular stride, so that no place is preferred.

    Attributes:
        stride: in pixels.
        row: ``(point,)`` rows.
        col: ``(point,)`` columns.
    """

    stride: int
    row: NDArray[np.intp]
    col: NDArray[np.intp]

    @classmethod
    def of(cls, starts: Sequence[Start], pixels: int = PIXELS) -> Sample:
        """At most so many pixels of a scene; the mask is the earliest origin's, so that no later one is seen."""
        mask, stride = starts[0].cube.mask.values, 1
        while mask[::stride, ::stride].sum() > pixels:
            stride += 1
        row, col = np.nonzero(mask[::stride, ::stride])
        return cls(stride, row * stride, col * stride)

    def within(self, window: tuple[slice, slice]) -> Sample:
        """Those inside a window of the scene."""
        inside = np.ones(self.row.size, bool)
        for at, side in zip((self.row, self.col), window, strict=True):
            inside &= (side.start <= at) & (at < side.stop)
        return Sample(self.stride, self.row[inside], self.col[inside])

    def match(
        self, shape: tuple[int, int], row: NDArray[np.intp], col: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Indices of those pixels (row, col) of a scene that are in the sample, and where in the sample."""
        place = np.full(shape, -1, "int32")
        place[self.row, self.col] = np.arange(self.row.size)
        here = place[row, col]
        return np.flatnonzero(here >= 0), here[here >= 0]


def earlier_dates(start: Start, history: int) -> NDArray[np.intp]:
    """Indices of the earlier origins inside a cube: the most recent ones with enough history, the cube's own origin not among them."""
    last = len(start.time) - 1
    return np.arange(last - min(max(len(start.time) - history, 0), ORIGINS), last)


class Past:
    """What a model would have said from earlier origins, filled origin by origin; see :func:`run_past` for what it holds."""

    def __init__(self, starts: Sequence[Start], horizons: Sequence[int], history: int, sample: Sample) -> None:
        self.starts, self.horizons, self.history, self.sample = starts, list(horizons), history, sample
        self.indices = [earlier_dates(start, history) for start in starts]
        shape = (len(starts), max(map(len, self.indices)), len(self.horizons), sample.row.size)
        self.median, self.sd, self.observed = (np.full(shape, np.nan, "float32") for _ in range(3))
        self.past_origin = np.full(shape[:2], np.datetime64("NaT"), "datetime64[ns]")
        for at, (start, indices) in enumerate(zip(starts, self.indices, strict=True)):
            self.past_origin[at, : len(indices)] = start.time[indices]

    def origins(self, at: int) -> list[np.datetime64]:
        """Earlier origins of the origin with the index ``at``."""
        return [np.datetime64(date) for date in self.starts[at].time[self.indices[at]]]

    def fill(self, at: int, model: Forecaster, data: TrainingData, points: NDArray[np.intp], places: NDArray[np.intp]) -> None:
        """Ask a fitted model at the earlier origins of one origin.

        Args:
            at: index of the origin.
            model: fitted on nothing later than the first earlier origin.
            data: the origin's cube, or a window of it.
            points: those of its points that are in the sample.
            places: where in the sample they are.
        """
        indices, origins = self.indices[at], self.origins(at)
        # So many origins at once that what a model says of all its points stays within bounds.
        some = max(1, VALUES // max(data.points * len(self.horizons) * 3, 1))
        for first in range(0, len(indices), some):
            part = slice(first, first + some)
            said = model.predict(data, origins[part], self.horizons, (SPREAD[0], 0.5, SPREAD[1])).increment.values[..., points]
            truth = observed_increments(data.take(points), indices[part], self.horizons)
            known = np.isfinite(truth)
            rows = slice(first, first + len(truth))
            self.median[at, rows][..., places] = np.where(known, said[:, :, 1], np.nan)
            self.sd[at, rows][..., places] = np.where(known, spread(said[:, :, 0], said[:, :, 2]), np.nan)
            self.observed[at, rows][..., places] = truth

    def dataset(self) -> xr.Dataset:
        """Everything as a dataset."""
        dims = ("origin", "past", "horizon", "point")
        layers = (("median", self.median), ("sd", self.sd), ("observed", self.observed))
        return xr.Dataset(
            {name: (dims, layer, {"units": "mm"}) for name, layer in layers},
            coords={
                "origin": np.array([start.origin for start in self.starts], "datetime64[ns]"),
                "horizon": np.asarray(self.horizons, "int64"),
                "past_origin": (("origin", "past"), self.past_origin),
                "row": ("point", self.sample.row),
                "col": ("point", self.sample.col),
            },
            attrs={"history": self.history, "stride": self.sample.stride},
        )


def run_past(
    model: Forecaster, starts: Sequence[Start], horizons: Sequence[int], history: int, seed: int, pixels: int = PIXELS
) -> xr.Dataset:
    """Run a local model from earlier origins inside each cube, with targets that the cube's own origin does not pass.

    Args:
        model: an unfitted forecaster of series; it learns up to the first earlier origin.
        starts: the origins, ascending.
        horizons: steps ahead.
        history: dates up to and with an earlier origin, at least.
        seed: seed of everything random.
        pixels: most pixels to take.

    Returns:
        ``median``, ``sd`` (the model's own) and ``observed`` increments in mm, dims (origin, past, horizon, point), NaN where the
        target lies beyond the origin, the pixel is masked, or a bridged step lies on the way; coordinates ``past_origin``
        (origin, past), and ``row`` and ``col`` (point).
    """
    sample = Sample.of(starts, pixels)
    past = Past(starts, horizons, history, sample)
    stride, shape = sample.stride, starts[0].cube.mask.shape
    for at, start in enumerate(starts):
        origins = past.origins(at)
        if not origins:
            continue
        thin = start.cube[["displacement", "filled", "mask"]].isel(y=slice(None, None, stride), x=slice(None, None, stride))
        data = TrainingData.from_cube(thin.load(), start.calendar)
        row, col = data.pixels
        points, places = sample.match(shape, row * stride, col * stride)
        model.fit(data, Split(origins[0], tuple(origins), tuple(horizons)), seed=seed)
        past.fill(at, model, data, points, places)
    return past.dataset()
