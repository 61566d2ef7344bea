"""How a model would have done before an origin: what the calibration and the choice of a model may learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast.core import Split
from insarcast.models import Forecaster, TrainingData

from .origins import Start

# Half the distance between these quantiles is the standard deviation of a Gaussian law, and a like measure of any other.
SPREAD = (0.15865525393145707, 0.8413447460685429)
# Enough pixels for any quantile; a regular stride, so that no place is preferred.
PIXELS = 20_000
# The most recent earlier origins: more add cost, not evidence about the present.
ORIGINS = 60


def spread(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation that a model gives itself, from its quantiles at :data:`SPREAD`."""
    return (high - low) / 2


def run_past(
    model: Forecaster, starts: Sequence[Start], horizons: Sequence[int], history: int, seed: int, pixels: int = PIXELS
) -> xr.Dataset:
    """Run a model from earlier origins inside each cube, with targets that the cube's own origin does not pass.

    The model is fitted once, up to the first earlier origin, as it would have been then.

    Args:
        model: an unfitted forecaster.
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
    stride, row, col = _sample(starts[0].cube.mask.values, pixels)
    counts = [min(max(len(start.time) - history, 0), ORIGINS) for start in starts]
    shape = (len(starts), max(counts), len(horizons), row.size)
    median, sd, observed = (np.full(shape, np.nan, "float32") for _ in range(3))
    past_origin = np.full(shape[:2], np.datetime64("NaT"), "datetime64[ns]")
    place = np.full(starts[0].cube.mask.shape, -1, "int32")
    place[row, col] = np.arange(row.size)
    for at, (start, count) in enumerate(zip(starts, counts, strict=True)):
        if not count:
            continue
        thin = start.cube[["displacement", "filled", "mask"]].isel(y=slice(None, None, stride), x=slice(None, None, stride))
        data = TrainingData.from_cube(thin.load(), start.calendar)
        at_row, at_col = data.pixels
        points = place[at_row * stride, at_col * stride]
        data, points = data.take(np.flatnonzero(points >= 0)), points[points >= 0]
        indices = np.arange(len(start.time) - 1 - count, len(start.time) - 1)
        origins = [np.datetime64(date) for date in start.time[indices]]
        model.fit(data, Split(origins[0], tuple(origins), tuple(horizons)), seed=seed)
        forecast = model.predict(data, origins, horizons, (SPREAD[0], 0.5, SPREAD[1])).increment.values
        truth = _increments(data, indices, horizons)
        known = np.isfinite(truth)
        past_origin[at, :count] = start.time[indices]
        median[at, :count][..., points] = np.where(known, forecast[:, :, 1], np.nan)
        sd[at, :count][..., points] = np.where(known, spread(forecast[:, :, 0], forecast[:, :, 2]), np.nan)
        observed[at, :count][..., points] = truth
    dims = ("origin", "past", "horizon", "point")
    return xr.Dataset(
        {name: (dims, layer, {"units": "mm"}) for name, layer in (("median", median), ("sd", sd), ("observed", observed))},
        coords={
            "origin": np.array([start.origin for start in starts], "datetime64[ns]"),
            "horizon": np.asarray(horizons, "int64"),
            "past_origin": (("origin", "past"), past_origin),
            "row": ("point", row),
            "col": ("point", col),
        },
        attrs={"history": history, "stride": stride},
    )


def _sample(mask: NDArray[np.bool_], pixels: int) -> tuple[int, NDArray[np.intp], NDArray[np.intp]]:
    """Stride, rows and columns of at most so many usable pixels; the mask is the earliest origin's, so that no later one is seen."""
    stride = 1
    while mask[::stride, ::stride].sum() > pixels:
        stride += 1
    row, col = np.nonzero(mask[::stride, ::stride])
    return stride, row * stride, col * stride


def _increments(data: TrainingData, indices: NDArray[np.intp], horizons: Sequence[int]) -> NDArray[np.float64]:
    """``(past, horizon, point)`` observed increments; NaN beyond the last date and where a bridged step lies on the way."""
    bridges = np.cumsum(~data.observed, axis=0)
    truth = np.full((len(indices), len(horizons), data.points), np.nan)
    for at, index in enumerate(indices):
        for which, horizon in enumerate(horizons):
            target = index + horizon
            if target < len(data.time):
                step = data.displacement[target] - data.displacement[index]
                truth[at, which] = np.where(bridges[target] == bridges[index], step, np.nan)
    return truth
