"""Make intervals cover: widen or narrow them by how wrong the model was at earlier origins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import (
    blank,
    blocks,
    create_store,
    open_cube,
    open_store,
    shard_edge,
    velocity_class,
    velocity_class_names,
    write_block,
)

from .conformal import gather, normalised_scores
from .words import calibration_sentences


def calibrate_forecast(
    forecast: Path,
    past: Path,
    vintages: Sequence[Path],
    full: Path,
    calibrated: Path,
    min_origins: int,
    min_blocks: int,
    block: int,
    velocity_classes: Sequence[float],
) -> None:
    """Scale the intervals of a forecast by conformal prediction from earlier origins; the median stays.

    For each origin and horizon the scores ``|observed - median| / sd`` of the earlier origins are pooled over pixels; the interval
    at a level becomes median +- k sd, with k the empirical quantile of the scores at the level corrected for the number of
    independent scores: at most earlier origins x blocks of pixels, fewer where whole dates err together
    (:class:`~insarcast.combine.grid.conformal.Evidence`). Pixels of a velocity class with enough blocks get a k of their own (the
    velocity is the origin's, so of the past). Everything comes from dates up to and with the origin.

    The promise holds on average over dates: where the errors of one date are alike all over the scene, a single date's coverage
    lies far above or below; evaluate measures it.

    Args:
        forecast: store of forecast_cube.
        past: its store of earlier origins.
        vintages: as-of cubes, for their velocity.
        full: the newest cube, for the velocity of the operational forecast.
        calibrated: store to write: ``increment`` as in ``forecast``; (origin, horizon) ``calibrated``, ``factor`` (widest
            interval of all pixels, relative to the model's own if it were Gaussian), ``n_origins``, ``n_blocks`` and
            ``n_independent`` (scores, at the widest level); ``multiplier`` (origin, horizon, velocity_class, level): k; attributes
            ``sentence`` and ``sentences``.
        min_origins: earlier origins that a horizon needs; with fewer, the model's own interval stands.
        min_blocks: blocks of pixels that a velocity class needs for a k of its own.
        block: edge of a block in pixels.
        velocity_classes: edges of the classes, mm/yr.
    """
    raw, earlier = open_store(forecast), open_store(past).load()
    cubes = {cube.attrs["as_of"]: cube for cube in map(open_cube, [*vintages, full])}
    used = [cubes[name] for name in raw.attrs["vintages"]]
    row, col = earlier.row.values, earlier.col.values
    classes = [velocity_class(cube.velocity.values[row, col], velocity_classes) for cube in used]
    levels = sorted({round(abs(2 * q - 1), 12) for q in raw["quantile"].values} - {0.0})
    scaling = fit_scaling(earlier, classes, levels, len(velocity_classes) + 1, min_origins, min_blocks, block)
    sentences = calibration_sentences(
        scaling.calibrated,
        scaling.n_origins,
        scaling.n_blocks,
        scaling.n_independent,
        [str(date) for date in raw.origin.values.astype("datetime64[D]")],
        [cube.sizes["time"] for cube in used],
        [int(h) for h in raw.horizon.values],
        min_origins,
    )
    template = _template(raw, scaling, levels, [*velocity_class_names(velocity_classes), "all"])
    template.attrs |= {"sentence": " ".join(sentences), "sentences": sentences, "insarcast_version": __version__}
    edge = shard_edge(raw.increment[..., 0, 0].size)
    create_store(template, calibrated, edge)
    for window in blocks(raw.sizes["y"], raw.sizes["x"], edge):
        part = raw[["increment", "sd"]].isel(y=window[0], x=window[1]).load()
        here = np.stack([velocity_class(cube.velocity[window].values, velocity_classes) for cube in used])
        increment = rescale(part.increment.values, part.sd.values, part["quantile"].values, here, levels, scaling)
        write_block(xr.Dataset({"increment": (part.increment.dims, increment)}), calibrated, window)


@dataclass(frozen=True)
class Scaling:
    """What the earlier origins teach.

    Attributes:
        multiplier: (origin, horizon, class, level) half-widths in standard deviations, NaN where the model's own interval stands;
            the last class is all pixels, and a class without enough blocks has its values.
        calibrated: (origin, horizon).
        n_origins: (origin, horizon) earlier origins.
        n_blocks: (origin, horizon) blocks of pixels.
        n_independent: (origin, horizon) independent scores that they are worth at the widest level.
    """

    multiplier: NDArray[np.float64]
    calibrated: NDArray[np.bool_]
    n_origins: NDArray[np.int64]
    n_blocks: NDArray[np.int64]
    n_independent: NDArray[np.float64]


def fit_scaling(
    earlier: xr.Dataset,
    classes: Sequence[NDArray[np.int64]],
    levels: Sequence[float],
    n_classes: int,
    min_origins: int,
    min_blocks: int,
    block: int,
) -> Scaling:
    """Half-widths from the store of earlier origins; ``classes`` are the velocity classes (point,) at each origin."""
    scores = normalised_scores(earlier.observed.values, earlier["median"].values, earlier.sd.values)
    row, col = earlier.row.values, earlier.col.values
    n, _, steps, _ = scores.shape
    multiplier = np.full((n, steps, n_classes + 1, len(levels)), np.nan)
    n_origins, n_blocks = np.zeros((2, n, steps), "int64")
    n_independent, calibrated = np.zeros((n, steps)), np.zeros((n, steps), bool)
    for at in range(n):
        group = classes[at]
        for step in range(steps):
            found = scores[at][:, step]
            every = gather(found, row, col, block)
            n_origins[at, step], n_blocks[at, step] = every.origins, every.blocks
            if every.origins < max(min_origins, 1):
                continue
            n_independent[at, step] = every.independent(max(levels, default=0.5))
            shared = [every.multiplier(level) for level in levels]
            if not levels or not np.isfinite(shared).all():
                continue
            multiplier[at, step], calibrated[at, step] = shared, True
            for kind in range(n_classes):
                inside = group == kind
                own = gather(found[:, inside], row[inside], col[inside], block)
                if own.origins >= min_origins and own.blocks >= min_blocks:
                    half = [own.multiplier(level) for level in levels]
                    multiplier[at, step, kind] = half if np.isfinite(half).all() else shared
    return Scaling(multiplier, calibrated, n_origins, n_blocks, n_independent)


def rescale(
    increment: NDArray[np.float32],
    sd: NDArray[np.float32],
    quantiles: NDArray[np.float64],
    classes: NDArray[np.int64],
    levels: Sequence[float],
    scaling: Scaling,
) -> NDArray[np.float32]:
    """Quantiles median +- k sd where the scaling is calibrated, else as they are.

    Args:
        increment: (origin, horizon, quantile, y, x) mm.
        sd: (origin, horizon, y, x) mm.
        quantiles: levels of the quantiles, with 0.5 among them.
        classes: (origin, y, x) velocity class, -1 where it is not known (the last class, all pixels, is used).
        levels: levels of the intervals.
        scaling: what the earlier origins teach.
    """
    scaled = increment.copy()
    median = increment[:, :, int(np.flatnonzero(quantiles == 0.5)[0])]
    for at, step in np.argwhere(scaling.calibrated):
        for which, quantile in enumerate(quantiles):
            if quantile != 0.5:
                level = int(np.argmin(np.abs(np.array(levels) - abs(2 * quantile - 1))))
                half = scaling.multiplier[at, step, :, level][classes[at]] * sd[at, step]
                scaled[at, step, which] = median[at, step] + np.sign(quantile - 0.5) * half
    return scaled


def _template(raw: xr.Dataset, scaling: Scaling, levels: Sequence[float], names: Sequence[str]) -> xr.Dataset:
    from scipy.special import ndtri

    pair = ("origin", "horizon")
    gaussian = ndtri((1 + levels[-1]) / 2) if levels else np.nan
    widest = scaling.multiplier[:, :, -1, -1] if levels else np.full(scaling.calibrated.shape, np.nan)
    return xr.Dataset(
        {
            "increment": (raw.increment.dims, blank("float32", *raw.increment.shape), raw.increment.attrs),
            "calibrated": (pair, scaling.calibrated),
            "factor": (pair, widest / gaussian),
            "multiplier": ((*pair, "velocity_class", "level"), scaling.multiplier),
            "n_origins": (pair, scaling.n_origins),
            "n_blocks": (pair, scaling.n_blocks),
            "n_independent": (pair, scaling.n_independent),
        },
        coords={**raw.coords, "velocity_class": np.array(names, object), "level": np.asarray(levels, "float64")},
        attrs=dict(raw.attrs),
    )
