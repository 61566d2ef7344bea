"""Colours of figures: inks, lines, and maps of colours, read well on paper and by the colour-blind."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import Colormap, ListedColormap, Normalize, to_rgb

from insarcast.core import InsarcastError

INK = "#1c2430"
SOFT = "#5b6673"
RULE = "#d5dae0"
GREY = "#bfc4ca"  # not used; never white, never 0
ALARM = "#d1410c"  # dropped, beyond a threshold
# Okabe & Ito (2008), without yellow (too faint for a line on white) and black (persistence has it).
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (6, 2, 1, 2)), (0, (2, 2)))


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


def part_of(colours: Colormap, limit: float, low: float, high: float) -> tuple[Colormap, Normalize]:
    """The colours of ``low..high`` cut out of a symmetric map over -limit..limit."""
    whole = Normalize(-limit, limit)
    return ListedColormap(colours(whole(np.linspace(low, high, 256)))), Normalize(low, high)


def ink_on(colour: Any) -> str:
    """White or dark ink, whichever is read better on a colour (relative luminance of WCAG 2)."""
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour))
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.2 else INK
