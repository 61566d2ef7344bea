"""F12: mean coherence of each interferogram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from numpy.typing import NDArray

from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import ALARM, ink_on, scale_map
from ..writing import words
from ..writing.facts import Facts

TEXT_CELLS = 24  # more dates than this leave no room for numbers in the cells of the matrix


def coherence_matrix(pairs: list[dict[str, Any]]) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    """Dates, coherence (date2, date1) with NaN where there is no interferogram, and which cells were dropped."""
    dates = sorted({pair[key] for pair in pairs for key in ("date1", "date2")})
    place = {date: index for index, date in enumerate(dates)}
    matrix, dropped = np.full((len(dates), len(dates)), np.nan), np.zeros((len(dates), len(dates)), bool)
    for pair in pairs:
        cell = place[pair["date2"]], place[pair["date1"]]
        matrix[cell] = np.nan if pair["coherence"] is None else pair["coherence"]
        dropped[cell] = not pair["kept"]
    return dates, matrix, dropped


def draw_matrix(found: dict[str, Any], image: Path, text: Path) -> None:
    """Draw F12: coherence by first and second date."""
    dates, matrix, dropped = coherence_matrix(found["pairs"])
    known = bool(np.isfinite(matrix).any())
    with canvas(5.33, width=6.6) as figure:
        if not known:
            say(figure, "The products hold no coherence.")
        else:
            _fill_matrix(figure, dates, matrix, dropped)
    low, high = (float(np.nanmin(matrix)), float(np.nanmax(matrix))) if known else (None, None)
    range_words = f"from {low:.2f} to {high:.2f}" if known else "not known"
    facts = Facts(
        "F12",
        f"Mean coherence of the interferograms: {range_words}",
        f"Matrix of dates by dates, coloured by mean coherence, {range_words}.",
        "Mean coherence (0 to 1) over the valid area, first date across, second date down; empty: no interferogram; crossed out: dropped.",
        "1",
        {"lowest": low, "highest": high, "interferograms": int(np.isfinite(matrix).sum())},
    )
    keep(figure, facts, image, text)


def _fill_matrix(figure: Any, dates: list[str], matrix: NDArray[Any], dropped: NDArray[Any]) -> None:
    axes = figure.add_subplot()
    colour, norm = scale_map("grayC_r"), Normalize(0, 1)
    axes.imshow(matrix, cmap=colour, norm=norm, interpolation="nearest")
    step = max(1, -(-len(dates) // 20))
    ticks = range(0, len(dates), step)
    axes.set_xticks(list(ticks), [words.day(dates[i]) for i in ticks], rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(list(ticks), [words.day(dates[i]) for i in ticks])
    if len(dates) <= 60:  # lines, not a grid of minor ticks, which takes longer than the rest of the figure
        edges, ends = np.arange(len(dates) + 1) - 0.5, (-0.5, len(dates) - 0.5)
        for draw in (axes.vlines, axes.hlines):
            draw(edges, *ends, color="#eceff2", linewidth=0.6, zorder=1.5)
    axes.tick_params(length=0)
    axes.set(xlim=(-0.5, len(dates) - 0.5), ylim=(len(dates) - 0.5, -0.5))
    axes.set_xlabel("first date")
    axes.set_ylabel("second date")
    for row, col in zip(*np.nonzero(np.isfinite(matrix)), strict=True):
        if len(dates) <= TEXT_CELLS:
            shade = ink_on(colour(norm(matrix[row, col])))
            axes.text(col, row, f"{matrix[row, col]:.2f}", ha="center", va="center", fontsize=7.5, color=shade)
    for row, col in zip(*np.nonzero(dropped), strict=True):
        axes.plot([col - 0.45, col + 0.45], [row - 0.45, row + 0.45], color=ALARM, linewidth=1.8)
    bar = figure.colorbar(ScalarMappable(norm, colour), ax=axes, aspect=30, pad=0.02)
    bar.set_label("mean coherence")
    bar.outline.set_linewidth(0.5)
