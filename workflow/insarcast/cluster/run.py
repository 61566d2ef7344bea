"""Group the pixels of a vintage by how they moved."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import (
    InsarcastError,
    add_to_store,
    blank,
    blocks,
    create_store,
    open_cube,
    open_store,
    shard_edge,
    write_block,
)

from .choose import Choice, choose_clusters
from .features import FEATURES, YEAR_DAYS, Float, features_of, fit_line
from .sample import draw_sample, read_pixels
from .words import describe

PERCENTILES = (10, 50, 90)


def cluster_cube(cube: Path, labels: Path, method: str, k: int | None, k_max: int, features: str, sample: int, seed: int) -> None:
    """Find areas that move alike, in what the vintage knows: nothing but this cube is read.

    The clusters are fitted on a bounded random sample; then every usable pixel gets the nearest, block by block. Memory holds the
    sample and one block.

    Args:
        cube: the vintage, ``(time, y, x)``.
        labels: store to write: ``label`` (y, x) int16, 0 the cluster that moves away from the satellite fastest (subsides), -1 where
            no pixel is usable (outside the mask, or fewer than two dates); ``n`` (cluster) pixels and ``velocity`` (cluster) mean of
            their lines' slopes, mm/yr, positive towards the satellite, of all pixels; ``series`` (cluster, level, time) mm, the
            10th, 50th and 90th percentiles of the displacement of the sample's pixels; ``davies_bouldin`` (k) of the numbers tried;
            attributes ``k`` and ``sentence``.
        method: ``kmeans``.
        k: number of clusters; None: the least Davies-Bouldin index of 2 to ``k_max``.
        k_max: largest number that is tried.
        features: what is compared, see :func:`insarcast.cluster.features.features_of`: ``series`` or ``velocity``.
        sample: pixels that the clusters are fitted on, at most.
        seed: seed of the sample and of the first centres.

    Raises:
        InsarcastError: unknown method or features, or the cube has no grid.
    """
    data = open_cube(cube)
    _check(data, cube, method, features)
    edge = shard_edge(data.sizes["time"])
    years = (data.time.values - data.time.values[0]) / np.timedelta64(1, "D") / YEAR_DAYS
    drawn = draw_sample(data, sample, edge, seed)
    choice = choose_clusters(features_of(fit_line(drawn.values, years), features), k, k_max, seed)
    sentence = describe(choice.k, choice.index, choice.why_one, k, features, len(drawn.values), drawn.usable, drawn.left_out)
    attrs = {
        "k": choice.k,
        "sentence": sentence,
        "method": method,
        "features": features,
        "seed": seed,
        "as_of": data.attrs["as_of"],
        "insarcast_version": __version__,
    }
    create_store(_template(data, attrs), labels, edge)
    count, velocity = _label_blocks(data, choice, features, years, edge, labels)
    order = np.argsort(velocity, kind="stable")
    rank = np.argsort(order).astype("int16")
    _renumber(labels, rank, data.sizes["y"], data.sizes["x"], edge)
    series = percentiles(drawn.values, rank[choice.labels], choice.k)
    add_to_store(_summary(data, choice, count[order], velocity[order], series), labels)


def _check(data: xr.Dataset, cube: Path, method: str, features: str) -> None:
    if method != "kmeans":
        raise InsarcastError(f"cluster.method is '{method}': there are no clusters to find; set it to kmeans.")
    if features not in FEATURES:
        raise InsarcastError(f"cluster.features is '{features}'; it must be one of {', '.join(FEATURES)}.")
    if "y" not in data.displacement.dims:
        raise InsarcastError(f"{cube} holds points, not a grid: it cannot be clustered; set cluster.method to none.")


def _template(data: xr.Dataset, attrs: dict[str, object]) -> xr.Dataset:
    meaning = {"units": "1", "long_name": "cluster, 0 moves away from the satellite fastest, -1 not used"}
    label = (("y", "x"), blank("int16", data.sizes["y"], data.sizes["x"]), meaning)
    template = xr.Dataset({"label": label}, coords={"y": data.y, "x": data.x}, attrs=attrs)
    return template.rio.write_crs(data.rio.crs, inplace=True) if data.rio.crs is not None else template


def _label_blocks(
    data: xr.Dataset, choice: Choice, features: str, years: Float, edge: int, labels: Path
) -> tuple[NDArray[np.int64], Float]:
    """Write the label of every pixel, as the fit numbers them; returns pixels and mean velocity (mm/yr) of each cluster."""
    count, sums = np.zeros(choice.k, "int64"), np.zeros(choice.k)
    for block in blocks(data.sizes["y"], data.sizes["x"], edge):
        pixels = read_pixels(data, block)
        line = fit_line(pixels.values, years)
        own = choice.label(features_of(line, features))
        count += np.bincount(own, minlength=choice.k)
        sums += np.bincount(own, line.velocity, minlength=choice.k)
        grid = np.full(pixels.usable.shape, -1, "int16")
        grid[pixels.usable] = own
        write_block(xr.Dataset({"label": (("y", "x"), grid)}), labels, block)
    return count, np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def _renumber(labels: Path, rank: NDArray[np.int16], ny: int, nx: int, edge: int) -> None:
    """Number the clusters anew, block by block; only now are the velocities of all pixels known."""
    if (rank == np.arange(len(rank))).all():
        return
    store = open_store(labels)
    for block in blocks(ny, nx, edge):
        label = store.label[block].values
        write_block(xr.Dataset({"label": (("y", "x"), np.where(label < 0, label, rank[label]))}), labels, block)


def percentiles(values: NDArray[np.float32], label: NDArray[np.int16], k: int) -> NDArray[np.float32]:
    """``(cluster, level, time)`` percentiles of the displacement ``(pixel, time)`` in mm, NaN where no pixel was measured."""
    series = np.full((k, len(PERCENTILES), values.shape[1]), np.nan, "float32")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All-NaN slice encountered")  # a date that no pixel of a cluster has
        for cluster in range(k):
            if (own := label == cluster).any():
                series[cluster] = np.nanpercentile(values[own], PERCENTILES, axis=0)
    return series


def _summary(
    data: xr.Dataset, choice: Choice, count: NDArray[np.int64], velocity: Float, series: NDArray[np.float32]
) -> xr.Dataset:
    meaning = {"sign": "positive towards the satellite"}
    return xr.Dataset(
        {
            "series": (("cluster", "level", "time"), series, meaning | {"units": "mm"}),
            "n": ("cluster", count, {"units": "1", "long_name": "pixels"}),
            "velocity": ("cluster", velocity, meaning | {"units": "mm yr-1", "long_name": "mean velocity"}),
            "davies_bouldin": ("k", np.array(list(choice.index.values()))),
        },
        coords={
            "cluster": np.arange(choice.k),
            "level": np.array(PERCENTILES),
            "time": data.time.values,
            "k": np.array(list(choice.index)),
        },
    )
