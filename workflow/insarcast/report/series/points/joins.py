"""Where releases of a product meet in the series of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...displacement.numbers import iso
from .numbers import Points


def join_dates(points: Points) -> NDArray[np.datetime64]:
    """Dates whose step from the date before crosses a release join for some point."""
    if "jump" not in points.cube:
        return np.array([], "datetime64[ns]")
    return np.asarray(points.cube.time.values[points.cube.jump.values.any(axis=1)])


def join_spans(points: Points) -> list[str]:
    """Between which two dates each release join lies, in words."""
    time = points.cube.time.values
    places = np.flatnonzero(np.isin(time, join_dates(points)))
    return [f"between {iso(time[[at - 1]])[0]} and {iso(time[[at]])[0]}" for at in places]
