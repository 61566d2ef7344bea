"""The line of sight of each point, as a unit vector from the ground to the satellite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .table import Notes, Table

NAMES = ("los_east", "los_north", "los_up")
_OFF = 0.05  # of the length of a unit vector


def line_of_sight_of(table: Table, notes: Notes) -> NDArray[np.float32] | None:
    """``(enu, point)`` unit vectors, None where the table has none.

    Vectors that point down, from the satellite to the ground, are turned round; columns that make no unit vectors are not used. Both
    are said.
    """
    if not set(NAMES) <= set(table.columns):
        return None
    vectors = np.stack([np.asarray(table.columns[name], "float64") for name in NAMES])
    length = np.linalg.norm(vectors, axis=0)
    known = np.isfinite(length)
    if not known.any() or abs(np.median(length[known]) - 1) > _OFF:
        notes.warn("The columns of the line of sight make no vectors of length 1; they are not used.")
        return None
    if np.median(vectors[2, known]) < 0:
        vectors = -vectors
        notes.warn("The vectors of the line of sight point from the satellite to the ground; they were turned round.")
    return vectors.astype("float32")
