"""The year: what counts as one, and where in it a date lies."""

from __future__ import annotations

import numpy as np

from .data import Array, Dates, days_between

YEAR = 365.25  # days
# Days of a history that can tell a yearly swing from a slope.
TELLS_SWING = 1.5 * YEAR


def phase(dates: Dates) -> Array:
    """``(..., 2)`` sine and cosine of the time of the year."""
    angle = 2 * np.pi * days_between(np.datetime64("2000-01-01", "D"), dates) / YEAR
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)
