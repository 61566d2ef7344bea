"""F25: local indicators of spatial association (LISA): where neighbours are significantly alike or unlike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import INK
from ..drawing.maps import map_height
from ..writing import words
from ..writing.facts import Facts
from .moran import LAYERS
from .points.ahead import spread_out
from .points.mapping import NOT_USED, draw_ground, draw_measure, marker_size, outside_words
from .points.numbers import Points
from .sentences import positive

# Quadrants of LISA: towards is blue and away red-brown as on every map; outliers have shapes of their own.
QUADRANTS = {
    1: ("high among high", "#2a6f97", "o"),
    3: ("low among low", "#9e3d08", "o"),
    2: ("low among high", "#CC79A7", "v"),
    4: ("high among low", "#E69F00", "^"),
}


def draw_lisa(points: Points, stores: list[xr.Dataset], why: str, image: Path, text: Path) -> None:
    """Draw F25 of the first store that holds local patterns, and write its facts; ``why`` says why there are none."""
    mapped = [store for store in stores if "lisa" in store and store.lisa.size]
    store = mapped[0] if mapped and points.frame is not None else None
    counts: dict[str, dict[str, int]] = {}
    about = why
    if store is None or points.main is None:
        with canvas(1.6) as figure:
            say(figure, why)
    else:
        which = int(np.argmax((store.lisa.values > 0).sum(axis=(0, 2))))  # the lead time with most to show, else the first
        horizon = int(store.horizon.values[which])
        names = [str(name) for name in store.layer.values]
        layers = [layer for layer in LAYERS if layer in names]
        frame = points.main
        # Wide scenes below each other would be too small: they stand side by side as tall ones do.
        with canvas(map_height(frame, 2.45, 0.95, least=1.9)) as figure:
            grid = figure.subplots(1, len(layers), squeeze=False)[0]
            for at, (axes, layer) in enumerate(zip(grid, layers, strict=True)):
                part = store.lisa.isel(layer=names.index(layer), horizon=which)
                values = _placed(store, part, points)
                draw_ground(axes, frame, (2.4, 2.6), left=at == 0)
                counts[layer] = _quadrants(axes, points, values)
                axes.set_title(LAYERS[layer], fontsize=9.5)
            draw_measure(grid[0], points, frame)
            _key(figure)
        origin = str(store.attrs.get("origin") or "")[:10]
        since = f" from {origin}" if origin else ""
        told = "; ".join(f"{LAYERS[layer]}: {sum(found.values())}" for layer, found in counts.items())
        about = (
            f"Points that are significantly like or unlike their neighbours after {words.count(horizon, 'date')}{since} ({told})"
        )
    facts = Facts(
        "F25",
        about,
        f"Maps of local indicators of spatial association (LISA). {about}." if counts else f"No figure: {about}",
        "Local Moran statistics of the change, mm, at the last test origin whose targets are all observed, and of the first and last lead time "
        f"the one with more such points. High: {positive(points)}. "
        "False discovery rate 0.05." + outside_words(points)
        if counts
        else about,
        "1",
        {"points": counts},
    )
    keep(figure, facts, image, text)


def _placed(store: xr.Dataset, values: xr.DataArray, points: Points) -> Any:
    """Quadrants of all points of the cube; NaN where there are none."""
    if "index" in store.coords or "index" in store:
        return spread_out(store, values.values, points.total)
    return np.asarray(values.values, float)


def _quadrants(axes: Any, points: Points, values: Any) -> dict[str, int]:
    x, y = points.map_xy()
    size = 0.55 * marker_size(points) + 4
    quiet = values == 0
    axes.scatter(x[quiet], y[quiet], s=0.45 * size, color=NOT_USED, linewidths=0, zorder=2)
    found = {}
    for code, (name, colour, mark) in QUADRANTS.items():
        at = values == code
        axes.scatter(x[at], y[at], s=size, color=colour, marker=mark, edgecolors=INK, linewidths=0.4, zorder=3)
        found[name] = int(at.sum())
    return found


def _key(figure: Any) -> None:
    from matplotlib.lines import Line2D

    ring: dict[str, Any] = {"linestyle": "", "markeredgecolor": INK, "markeredgewidth": 0.4, "markersize": 7}
    handles = [Line2D([], [], marker=mark, color=colour, label=name, **ring) for name, colour, mark in QUADRANTS.values()]
    handles.append(Line2D([], [], marker="o", linestyle="", markersize=4, color=NOT_USED, label="not significant"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.3, columnspacing=1.2, fontsize=8
    )
