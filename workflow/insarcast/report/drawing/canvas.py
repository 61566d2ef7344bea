"""Figures and how they are kept: sizes, fonts, and files whose bytes depend on their content alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure, SubFigure

from insarcast.core import write_json

from ..writing.facts import Facts
from .colours import INK, RULE, SOFT

WIDTH = 8.0  # inches; 1200 pixels, and no figure is higher than 800: Snakemake's viewer cuts what is taller
TALLEST = 5.33
DPI = 150
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 9.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "hatch.linewidth": 0.5,
    "svg.hashsalt": "insarcast",
    "svg.fonttype": "path",
}


@contextmanager
def canvas(
    height: float = TALLEST, layout: Literal["constrained", "compressed"] = "constrained", width: float = WIDTH
) -> Iterator[Figure]:
    """A figure in the report's style, in inches, without the global state of pyplot; the layout ``compressed`` suits maps."""
    with rc_context(_STYLE):
        yield Figure(figsize=(width, min(height, TALLEST)), dpi=DPI, layout=layout)


def parts(figure: Figure | SubFigure, heights: list[float]) -> Any:
    """Parts of a figure below each other, each with its own layout."""
    return figure.subfigures(len(heights), 1, height_ratios=heights)


def keep(figure: Figure, facts: Facts, image: Path, words: Path) -> None:
    """Write a figure and its facts; same content, same bytes (no date, no program version, fixed ids in SVG)."""
    figure.set_facecolor("white")
    # Not savefig, which goes through a figure with a layout twice: the canvas lays it out and draws it in one go.
    with rc_context(_STYLE):  # the salt of the ids is asked for when the file is written, often after the canvas is left
        if image.suffix == ".svg":
            svg: Any = FigureCanvasSVG(figure)
            svg.print_svg(image, metadata={"Date": None, "Creator": None})
        else:
            png: Any = FigureCanvasAgg(figure)
            png.print_png(image, metadata={"Software": None})
    write_json(words, asdict(facts))


def say(figure: Figure, sentence: str) -> None:
    """Fill an empty figure with the sentence that says why there is nothing to draw."""
    figure.text(0.5, 0.5, sentence, ha="center", va="center", fontsize=12, color=SOFT, wrap=True)
