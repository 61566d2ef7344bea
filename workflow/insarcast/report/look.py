"""How figures look and how they are kept: fonts, colours, limits, and files whose bytes depend on their content alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import Colormap, ListedColormap, Normalize, to_rgb
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from insarcast.core import InsarcastError, write_json

WIDTH = 8.0  # inches; 1200 pixels, and no figure is higher than 800: Snakemake's viewer cuts what is taller
TALLEST = 5.33
DPI = 150

INK = "#1c2430"
SOFT = "#5b6673"
RULE = "#d5dae0"
GREY = "#bfc4ca"  # not used; never white, never 0
ALARM = "#d1410c"  # dropped, beyond a threshold
# Okabe & Ito (2008), without yellow (too faint for a line on white) and black (persistence has it).
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (6, 2, 1, 2)), (0, (2, 2)))

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


@dataclass(frozen=True)
class Facts:
    """What a figure says in words and numbers; kept as JSON beside it.

    Attributes:
        id: ``F1``, ``F2`` ...
        title: the sentence over the figure.
        alt: what the figure shows, for those who do not see it.
        caption: quantity, unit, geometry, sign, reference, period and share used.
        unit: unit of what is drawn.
        numbers: the numbers that the words are made of.
    """

    id: str
    title: str
    alt: str
    caption: str
    unit: str
    numbers: dict[str, Any] = field(default_factory=dict)


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


def signed_map(colours: str) -> Colormap:
    """Colours of a signed quantity (+ = towards the satellite), 0 in the middle.

    Args:
        colours: ``subsidence_red`` (negative is red-brown) or ``uplift_red``; the study's ``report.colours``.
    """
    names = {"subsidence_red": "vik_r", "uplift_red": "vik"}
    if colours not in names:
        raise InsarcastError(f"report.colours is {colours!r}, but must be one of {', '.join(names)}.")
    return scale_map(names[colours])


@cache
def scale_map(name: str) -> Colormap:
    """A map of Crameri's, such as ``batlow`` or ``grayC_r``, by its table alone: the package's module loads all of them, and pyplot."""
    package = find_spec("cmcrameri")
    tables = Path(str(package and package.origin)).parent / "cmaps"
    whole = ListedColormap(np.loadtxt(tables / f"{name.removesuffix('_r')}.txt"), name=name.removesuffix("_r"))
    return whole.reversed() if name.endswith("_r") else whole


def one_digit(value: float) -> float:
    """``value`` > 0 rounded up to one significant digit; 0 and what is no number become 1, so that limits never collapse.

    Between 1 and 2 a whole digit is up to half of the value, so 1.5 is a step there.
    """
    if not math.isfinite(value) or value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value) + 1e-12)
    digit = value / power - 1e-9
    return float(f"{(1.5 if 1 < digit <= 1.5 else math.ceil(digit)) * power:.1e}")


def symmetric_limit(values: NDArray[Any], share: float = 98.0) -> float:
    """Colour limit L of a signed field drawn over -L..L: the 98th percentile of its size, rounded up to one significant digit."""
    size = np.abs(values[np.isfinite(values)])
    return one_digit(float(np.percentile(size, share))) if size.size else 1.0


def used_part(values: NDArray[Any], limit: float) -> tuple[float, float]:
    """The part of -limit..limit that a field uses (0 always inside): only this part of the colour bar is drawn."""
    known = values[np.isfinite(values)]
    if not known.size:
        return -limit, limit
    low, high = np.clip(np.percentile(known, [0.5, 99.5]), -limit, limit)
    ends = [limit * math.ceil(max(side, 0.0) / limit * 10 - 1e-9) / 10 for side in (-low, high)]
    # Within a tenth of the limit the full side is drawn; less than a tenth leaves a sliver, so that white has a place.
    below, above = (limit if end > 0.85 * limit else max(end, 0.1 * limit) for end in ends)
    return -below, above


def beyond(values: NDArray[Any], limit: float) -> float:
    """Share of the used pixels that lie beyond the colour limits."""
    known = values[np.isfinite(values)]
    return float((np.abs(known) > limit).mean()) if known.size else 0.0


def part_of(colours: Colormap, limit: float, low: float, high: float) -> tuple[Colormap, Normalize]:
    """The colours of ``low..high`` cut out of a symmetric map over -limit..limit."""
    whole = Normalize(-limit, limit)
    return ListedColormap(colours(whole(np.linspace(low, high, 256)))), Normalize(low, high)


def ink_on(colour: Any) -> str:
    """White or dark ink, whichever is read better on a colour (relative luminance of WCAG 2)."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour))
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.2 else INK


def model_style(position: int, name: str = "") -> dict[str, Any]:
    """Line of a model by its place in the table; persistence comes first and is dark, wide and without marker.

    The automatic choice is dotted and lies on top, for it may cover a model's own line.
    """
    if name == "chosen":
        return {"color": INK, "linestyle": (0, (1, 1.6)), "marker": "", "linewidth": 2.4, "zorder": 3}
    if position == 0:
        return {"color": INK, "linestyle": "-", "marker": "", "linewidth": 2.4}
    index = (position - 1) % len(LINES)
    return {"color": LINES[index], "linestyle": DASHES[index], "marker": MARKERS[index], "markersize": 5}


def lead_ticks(axes: Any, leads: dict[int, float]) -> None:
    """Lead times in days on the axis, not more than it holds."""
    values = sorted(leads.values())
    axes.set_xticks(values if len(values) <= 12 else values[:: -(-len(values) // 12)])
    axes.xaxis.set_major_formatter("{x:.0f}")
    axes.set_xlabel("lead time [days]")


def date_axis(axes: Any, most: int) -> None:
    """At most so many dates on the x axis, as short as they are clear."""
    import matplotlib.dates as mdates

    make: Any = mdates
    locator = make.AutoDateLocator(maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(make.ConciseDateFormatter(locator, show_offset=False))


def apart(values: Sequence[float], gap: float) -> list[float]:
    """Ascending values moved as little as it takes to be ``gap`` apart; those that crowd stay around their mean."""
    groups: list[list[float]] = []
    for value in values:
        groups.append([value])
        while len(groups) > 1 and _ends(groups[-2], gap)[1] + gap > _ends(groups[-1], gap)[0]:
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_ends(group, gap)[0] + place * gap for group in groups for place in range(len(group))]


def _ends(group: Sequence[float], gap: float) -> tuple[float, float]:
    """Lowest and highest place of a group around its mean."""
    middle, half = sum(group) / len(group), (len(group) - 1) * gap / 2
    return middle - half, middle + half


def label_ends(axes: Any, ends: Sequence[tuple[Any, float, str, str]]) -> None:
    """Names at the right ends of lines, given as (x, y, name, colour), moved apart where they would overlap."""
    low, high = axes.get_ylim()
    gap = 0.062 * (high - low)
    ends = sorted(ends, key=lambda end: end[1])
    for (x, _, name, colour), at in zip(ends, apart([end[1] for end in ends], gap), strict=True):
        axes.annotate(
            name, (x, at), (8, 0), textcoords="offset points", va="center", color=colour, fontsize=9, annotation_clip=False
        )
