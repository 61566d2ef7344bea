"""Colour bars, with words at the ends of a signed quantity."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .colours import part_of
from .limits import used_part


def draw_signed_bar(
    figure: Figure,
    axes: Any,
    values: NDArray[Any],
    limit: float,
    colours: Colormap,
    title: str | None,
    ends: tuple[str, str] | None = None,
    **place: Any,
) -> None:
    """Horizontal bar of a signed quantity with words at both ends (those of a displacement, if no others are given).

    Only the part of the bar that the field uses is drawn.
    """
    low, high = used_part(values, limit)
    part, norm = part_of(colours, limit, low, high)
    extend = extend_of(values, norm)
    settings: dict[str, Any] = {"orientation": "horizontal", "aspect": 40, "pad": 0.03} | place
    bar = figure.colorbar(ScalarMappable(norm, part), ax=axes, extend=extend, extendfrac=0.03, **settings)
    bar.outline.set_linewidth(0.5)
    ticks = np.asarray(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
    ticks = ticks[(ticks >= low - 1e-9) & (ticks <= high + 1e-9)]
    bar.set_ticks(list(ticks), labels=[f"{tick:+g}".replace("-", "\N{MINUS SIGN}") if tick else "0" for tick in ticks])
    below_words = "away from the satellite (subsidence)" if title else "away (subsidence)"
    ends = ends or (below_words, "towards (uplift)")
    for x, words, side in ((0.0, ends[0], "left"), (1.0, ends[1], "right")):
        bar.ax.text(x, -1.75, words, transform=bar.ax.transAxes, ha=side, va="top", fontsize=8.5)
    if title:  # on a line of its own: the bar of a tall scene is too narrow for all three
        bar.set_label(title, fontsize=8.5, fontweight="bold", labelpad=14)


def extend_of(values: NDArray[Any], norm: Normalize) -> str:
    """At which ends a bar goes on, for values lie beyond its limits."""
    known = values[np.isfinite(values)]
    below, above = bool((known < norm.vmin).any()), bool((known > norm.vmax).any())
    return {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]


def draw_side_bar(axes: Any, norm: Normalize, colours: Colormap, extend: str = "neither", integer: bool = False) -> None:
    """Upright bar of an unsigned quantity, as high as its map."""
    place = axes.inset_axes((1.03, 0, 0.05, 1))
    bar = axes.figure.colorbar(ScalarMappable(norm, colours), cax=place, extend=extend, extendfrac=0.04)
    bar.outline.set_linewidth(0.5)
    bar.locator = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=integer)
    bar.update_ticks()
    place.tick_params(labelsize=8, length=2, pad=2)


def draw_scale_bar(
    figure: Figure, axes: Any, norm: Normalize, colours: Colormap, title: str | None, extend: str = "neither", **place: Any
) -> None:
    """Horizontal bar of an unsigned quantity."""
    settings: dict[str, Any] = {"orientation": "horizontal", "aspect": 26, "pad": 0.03} | place
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=axes, extend=extend, extendfrac=0.03, **settings)
    bar.outline.set_linewidth(0.5)
    bar.locator = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10])
    bar.update_ticks()
    if title:
        bar.set_label(title, fontsize=8.5, fontweight="bold")
