"""Intervals of ready series that cover: widened or narrowed by every outcome known when the forecast was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import InsarcastError, append_points

from ..grid.conformal import normalised_scores
from .classes import noise_and_velocity, past_of
from .conformal import adaptive_multipliers, score_counts
from .stores import open_forecasts, point_slices
from .words import series_sentences


def calibrate_series(
    forecasts: Sequence[Path],
    series: Path,
    calibrated: Path,
    velocity_classes: Sequence[float],
    min_origins: int,
    half_life: float | None,
) -> None:
    """Scale the intervals of a ready series' forecasts by conformal prediction that keeps learning; the median stays.

    At each origin the scores ``|outcome - median| / sd`` of all earlier origins, past and test, whose outcome was known by then are
    pooled over the points of a class, and the interval at a level becomes median +- k sd, k the quantile of the scores; see
    :func:`~insarcast.combine.series.conformal.adaptive_multipliers`. Classes are those of velocity and noise on the dates up to the
    first test origin; a class with few scores has the k of all points.

    Args:
        forecasts: stores of backtest_series, shares of the points of one model, or of combine_series.
        series: cube of points, for velocity and noise.
        calibrated: store to write: as ``forecasts``, of the test origins and the newest; ``increment`` calibrated, ``own`` the
            model's own quantiles; ``calibrated`` (origin, horizon) bool; ``multiplier`` (origin, horizon, class, level);
            attribute ``sentences``.
        velocity_classes: edges of the classes, mm/yr.
        min_origins: earlier origins with a known outcome that a calibration needs; with fewer, the model's own interval stands.
        half_life: origins after which an outcome counts half; None: all count the same.
    """
    stores = open_forecasts(forecasts)
    if len(stores) != 1:
        raise InsarcastError(
            f"{', '.join(map(str, forecasts))} hold forecasts of {len(stores)} models, but one is calibrated at a time."
        )
    store = next(iter(stores.values()))
    later = np.flatnonzero(store.role.values != "past")
    past = past_of(series, store)
    classes, count = noise_and_velocity(past, velocity_classes)
    levels = sorted({round(abs(2 * q - 1), 12) for q in store["quantile"].values} - {0.0})
    counts = np.zeros((), "int64")
    for points in point_slices(store.sizes["point"]):
        part = store[["increment", "sd", "observed"]].isel(point=points).load()
        scores = normalised_scores(part.observed.values, part.increment.sel(quantile=0.5).values, part.sd.values)
        counts = counts + score_counts(scores, classes[points], count)
    multipliers = adaptive_multipliers(
        counts,
        store.origin.values,
        store.target_time.values,
        store.origin.values[later],
        levels,
        half_life=half_life or np.inf,
        least=min_origins,
    )
    done = np.asarray(np.isfinite(multipliers).all(axis=(2, 3)))
    multipliers[~done] = np.nan
    known = [
        [
            int(((store.origin.values < now) & (store.target_time.values[:, step] <= now)).sum())
            for step in range(store.sizes["horizon"])
        ]
        for now in store.origin.values[later]
    ]
    sentences = series_sentences(done, np.array(known), [int(h) for h in store.horizon.values], min_origins)
    for points in point_slices(store.sizes["point"]):
        part = store.isel(point=points, origin=later).load()
        own = part.increment.values
        made = part.assign(
            increment=(
                part.increment.dims,
                rescale_points(own, part.sd.values, part["quantile"].values, classes[points], levels, multipliers),
                part.increment.attrs,
            ),
            own=(part.increment.dims, own, part.increment.attrs),
            calibrated=(("origin", "horizon"), done),
            multiplier=(("origin", "horizon", "class", "level"), multipliers),
        ).assign_coords(level=levels)
        attrs = {**store.attrs, "sentences": sentences, "insarcast_version": __version__}
        append_points(made.assign_attrs(attrs), calibrated)


def rescale_points(
    own: NDArray[np.floating],
    sd: NDArray[np.floating],
    quantiles: NDArray[np.floating],
    classes: NDArray[np.integer],
    levels: Sequence[float],
    multipliers: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Quantiles at ``median +- k sd``; the model's own where k is not known.

    Args:
        own: ``(origin, horizon, quantile, point)`` mm.
        sd: ``(origin, horizon, point)`` mm.
        quantiles: levels of the quantiles.
        classes: ``(point,)``.
        levels: of the central intervals that ``multipliers`` are for.
        multipliers: ``(origin, horizon, class, level)``.
    """
    half = int(np.flatnonzero(quantiles == 0.5)[0])
    median = own[:, :, half].astype("float64")
    made = own.astype("float64")
    for at, quantile in enumerate(quantiles):
        if quantile == 0.5:
            continue
        level = levels.index(round(abs(2 * float(quantile) - 1), 12))
        # Intervals of nested levels must nest, whatever the raised level of each was.
        k = np.maximum.accumulate(multipliers, axis=3)[..., level][:, :, classes]
        moved = median + np.where(quantile > 0.5, 1.0, -1.0) * k * sd
        made[:, :, at] = np.where(np.isfinite(k), moved, made[:, :, at])
    return made.astype("float32")
