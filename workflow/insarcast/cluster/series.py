"""Group the points of a ready series by how they moved before the first test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import InsarcastError, open_cube, write_store

from .choose import choose_clusters
from .features import FEATURES, YEAR_DAYS, features_of, fit_line
from .run import PERCENTILES, percentiles
from .sample import MIN_DATES
from .words import describe

_BLOCK = 20000  # points that are given to their nearest cluster at a time


def cluster_series(
    series: Path,
    labels: Path,
    protocol: dict[str, Any],
    method: str,
    k: int | None,
    k_max: int,
    features: str,
    sample: int,
    seed: int,
) -> None:
    """Find points that moved alike on the dates up to the first test origin: nothing later is looked at.

    Args:
        series: cube of points, ``(time, point)``.
        labels: store to write: ``label`` (point) int16, 0 the cluster that moves away from the satellite fastest, -1 where a point is
            not used (outside the mask, not complete where the study's ``backtest`` asks for that, or fewer than two dates in the
            past); ``n`` (cluster) points and ``velocity`` (cluster), mean of their lines' slopes up to the first test origin, mm/yr;
            ``series`` (cluster, level, time) mm, the 10th, 50th and 90th percentiles of displacement; ``davies_bouldin`` (k) of the
            numbers tried; attributes ``k``, ``sentence`` and ``as_of``.
        protocol: the study's ``backtest``: dates, complete, train.
        method: ``kmeans``.
        k: number of clusters; None: the least Davies-Bouldin index of 2 to ``k_max``.
        k_max: largest number that is tried.
        features: what is compared, ``series`` or ``velocity``, see :func:`insarcast.cluster.features.features_of`.
        sample: points that the clusters are fitted on, at most.
        seed: seed of the sample and of the first centres.

    Raises:
        InsarcastError: unknown method or features, or the cube is a grid.
    """
    cube = open_cube(series)
    if method != "kmeans":
        raise InsarcastError(f"cluster.method is '{method}': there are no clusters to find; set it to kmeans.")
    if features not in FEATURES:
        raise InsarcastError(f"cluster.features is '{features}'; it must be one of {', '.join(FEATURES)}.")
    if "point" not in cube.displacement.dims:
        raise InsarcastError(f"{series} holds a grid, not points: cluster_cube groups its pixels.")
    past, candidates = _past(cube, protocol)
    values = past.displacement.values.T
    enough = np.isfinite(values).sum(1) >= MIN_DATES
    usable = np.flatnonzero(candidates & enough)
    years = np.asarray((past.time.values - past.time.values[0]) / np.timedelta64(1, "D"), "float64") / YEAR_DAYS
    drawn = np.sort(np.random.default_rng(seed).permutation(usable)[:sample])
    choice = choose_clusters(features_of(fit_line(values[drawn], years), features), k, k_max, seed)
    label, speed = np.full(len(values), -1, "int16"), np.full(len(values), np.nan)
    for start in range(0, len(usable), _BLOCK):
        part = usable[start : start + _BLOCK]
        line = fit_line(values[part], years)
        label[part], speed[part] = choice.label(features_of(line, features)), line.velocity
    velocity = np.array([speed[label == cluster].mean() if (label == cluster).any() else np.nan for cluster in range(choice.k)])
    order = np.argsort(velocity, kind="stable")
    label[usable] = np.argsort(order)[label[usable]]
    left_out = int((candidates & ~enough).sum())
    meaning = {"sign": "positive towards the satellite"}
    data = xr.Dataset(
        {
            "label": (
                "point",
                label,
                {"units": "1", "long_name": "cluster, 0 moves away from the satellite fastest, -1 not used"},
            ),
            "series": (
                ("cluster", "level", "time"),
                percentiles(values[drawn], label[drawn], choice.k),
                meaning | {"units": "mm"},
            ),
            "n": ("cluster", np.bincount(label[usable], minlength=choice.k), {"units": "1", "long_name": "points"}),
            "velocity": ("cluster", velocity[order], meaning | {"units": "mm yr-1", "long_name": "mean velocity"}),
            "davies_bouldin": ("k", np.array(list(choice.index.values()))),
        },
        coords={
            "cluster": np.arange(choice.k),
            "level": np.array(PERCENTILES),
            "time": past.time.values,
            "k": np.array(list(choice.index)),
        },
        attrs={
            "k": choice.k,
            "sentence": describe(
                choice.k, choice.index, choice.why_one, k, features, len(drawn), len(usable), left_out, unit="point"
            ),
            "method": method,
            "features": features,
            "seed": seed,
            "as_of": np.datetime_as_string(past.time.values[-1], "D").replace("-", ""),
            "insarcast_version": __version__,
        },
    )
    write_store(data, labels)


def _past(cube: xr.Dataset, protocol: Mapping[str, Any]) -> tuple[xr.Dataset, NDArray[np.bool_]]:
    """The dates up to the first test origin, in memory, and the points that the backtest takes.

    Which points are complete is asked of all its dates, later ones too, as the backtest does: who is scored is no forecast.
    """
    wanted = protocol["dates"]
    cut = cube.isel(time=slice(-min(wanted, cube.sizes["time"]), None)) if wanted else cube
    first = int(round(protocol["train"] * cut.sizes["time"], 6)) - 1  # 0.8 * 150 is not 120 in floating point
    used: NDArray[np.bool_] = cut.mask.values
    if protocol["complete"]:
        used = used & np.isfinite(cut.displacement.values).all(0)
    return cut[["displacement"]].isel(time=slice(None, max(first, 0) + 1)).load(), used
