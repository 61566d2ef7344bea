"""F16: which areas move alike, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap, Normalize
from numpy.typing import NDArray

from insarcast.core import open_cube, open_store

from ..displacement.captions import map_line, reference_of
from ..displacement.numbers import CubeNumbers, cube_numbers, iso
from ..drawing.axes import dates_axis
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import DASHES, INK, LINES, SOFT, ink_on
from ..drawing.frame import Frame, frame_of
from ..drawing.lines import label_ends
from ..drawing.maps import draw_graticule, draw_map
from ..drawing.marks import draw_legend, draw_marks, draw_scale
from ..writing import words
from ..writing.facts import Facts
from . import cluster_words


def draw_clusters(clusters: Path, cube: Path, groups: Path, groups_json: Path) -> None:
    """Draw the map of the clusters and the series of each.

    Args:
        clusters: clusters of the full vintage: ``label`` (y, x), -1 where not used; ``series`` (cluster, level, time) in mm along
            the line of sight, + towards the satellite; ``n`` and ``velocity`` (cluster).
        cube: the full cube.
        groups: F16, map of labels and median series with the 10-90 % band in mm.
        groups_json: its facts.
    """
    store, data = open_store(clusters), open_cube(cube)
    facts, frame = cube_numbers(data), frame_of(store)
    sizes = [int(number) for number in store.n.values]
    with canvas(4.4) as figure:
        if not sum(sizes):
            say(figure, cluster_words.alike(sizes, []))
        else:
            left, right = figure.subplots(1, 2, width_ratios=[1.05, 1])
            _draw_labels(left, store, frame, reference_of(data))
            _draw_series(right, store)
            draw_legend(figure, bool((store.label.values < 0).any()), reference_of(data) is not None, False, grey="in no cluster")
    keep(figure, _facts(store, data, facts), groups, groups_json)


def colour_of(cluster: int) -> str:
    """Colour of a cluster; after the last the first comes again, so the number always stands beside it."""
    return LINES[cluster % len(LINES)]


def _draw_labels(axes: Any, store: xr.Dataset, frame: Frame, reference: tuple[float, float] | None) -> None:
    labels = frame.up(store.label.values)
    count = store.sizes["cluster"]
    colours = ListedColormap([colour_of(at) for at in range(count)])
    draw_map(axes, np.where(labels < 0, np.nan, labels), frame, colours, Normalize(-0.5, count - 0.5))
    draw_graticule(axes, frame, (3.6, 3.4))
    draw_scale(axes, frame)
    draw_marks(axes, frame, reference, {})
    width, height = frame.right - frame.left, frame.top - frame.bottom
    for at in range(count):
        place = middle_of(labels == at)
        if place is not None:
            row, col = place
            x = frame.left + (col + 0.5) / labels.shape[1] * width
            y = frame.top - (row + 0.5) / labels.shape[0] * height
            box = {"boxstyle": "circle,pad=0.25", "facecolor": colour_of(at), "edgecolor": "white", "linewidth": 1.2}
            axes.text(
                x, y, str(at + 1), ha="center", va="center", fontsize=9, fontweight="bold", color=ink_on(colour_of(at)), bbox=box
            )
    axes.set_title("cluster of each pixel")


def middle_of(inside: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Row and column of the pixel deepest inside the largest connected part; None where no pixel is."""
    from scipy.ndimage import distance_transform_cdt, label

    if not inside.any():
        return None
    parts, _ = label(inside)
    largest = parts == 1 + int(np.bincount(parts[parts > 0])[1:].argmax())
    depth = distance_transform_cdt(np.pad(largest, 1))[1:-1, 1:-1]
    row, col = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(row), int(col)


def _draw_series(axes: Any, store: xr.Dataset) -> None:
    low, middle, high = (store.series.isel(level=at).transpose("cluster", "time").values for at in range(3))
    times, ends = store.time.values, []
    axes.axhline(0, color=SOFT, linewidth=0.6)
    for at in range(store.sizes["cluster"]):
        if not np.isfinite(middle[at]).any():
            continue
        axes.fill_between(times, low[at], high[at], color=colour_of(at), alpha=0.15, linewidth=0)
        axes.plot(times, middle[at], color=colour_of(at), linestyle=DASHES[at % len(DASHES)])
        ends.append((times[-1], float(middle[at][-1]), str(at + 1), colour_of(at)))
    axes.margins(x=0.02)
    label_ends(axes, ends)
    axes.set_ylabel("displacement [mm]")
    axes.set_title("median, and 10\N{EN DASH}90 % of its pixels")
    axes.grid(axis="y")
    axes.text(0.02, 0.03, "negative: away from the satellite", transform=axes.transAxes, fontsize=8.5, color=INK, va="bottom")
    dates_axis(axes, 5)


def _facts(store: xr.Dataset, data: xr.Dataset, facts: CubeNumbers) -> Facts:
    sizes, speeds = [int(number) for number in store.n.values], [float(value) for value in store.velocity.values]
    sentence, said = cluster_words.alike(sizes, speeds), str(store.attrs.get("sentence", ""))
    period = f"{iso(store.time.values[:1])[0]} to {iso(store.time.values[-1:])[0]}"
    return Facts(
        "F16",
        f"Clusters: {sentence}",
        f"Left: map of the clusters, each with its number. Right: median displacement of each in mm, {period}, with the band that "
        f"holds 10 to 90 % of its pixels. {sentence}",
        f"Pixels whose displacement runs alike, {period}; cluster 1 moves away fastest; hatched grey is in no cluster. Series in mm. "
        f"{said} {map_line(data, facts)}".replace("  ", " "),
        "mm",
        {"k": len(sizes), "n": sizes, "velocity": speeds, "davies_bouldin": davies_bouldin(store)},
    )


def davies_bouldin(store: xr.Dataset) -> dict[str, float]:
    """The index by number of clusters, where the store tells it."""
    if "davies_bouldin" not in store:
        return {}
    names = store["k"].values if "k" in store.coords else range(2, 2 + store.davies_bouldin.size)
    return {words.whole(int(k)): float(v) for k, v in zip(names, store.davies_bouldin.values, strict=True)}
