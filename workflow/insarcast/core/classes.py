"""Classes of absolute velocity: errors and intervals are told apart by how fast the ground moves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt


def velocity_class_names(edges: Sequence[float]) -> list[str]:
    """Names of the classes between ascending edges in mm/yr, the slowest first."""
    ordered = sorted(edges)
    between = [f"{low:g} to {high:g}" for low, high in pairwise(ordered)]
    return [f"below {ordered[0]:g}", *between, f"{ordered[-1]:g} and above"]


def velocity_class(velocity: npt.NDArray[np.floating], edges: Sequence[float]) -> npt.NDArray[np.int64]:
    """Class of each velocity in mm/yr, as an index into the names; -1 where it is not known. An edge belongs to the faster class."""
    found = np.searchsorted(np.sort(np.asarray(edges, "float64")), np.abs(velocity), side="right")
    return np.where(np.isfinite(velocity), found, -1).astype("int64")
