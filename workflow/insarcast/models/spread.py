"""The spread of a forecast, from the errors of a validation."""

from __future__ import annotations

import numpy as np

from .data import Array

# Degrees of freedom of the predictive law: the errors have heavier tails than the normal law.
FREEDOM = 6.0
# Windows with which learning begins, and dates.
LEAST = 30
LEAST_DATES = 6


def spread_of(error: Array, usual: Array) -> Array:
    """Scale of a Student's t law per horizon in units of ``usual``; a horizon without validation takes that of the one before it."""
    from scipy.special import stdtrit

    at = stdtrit(FREEDOM, 0.841344746)
    out, last = [], 1.0 / float(at)
    for column, unit in zip(error.T, usual, strict=True):
        known = column[np.isfinite(column)]
        if len(known) >= LEAST:
            low, high = np.quantile(known.astype("float64"), [0.158655254, 0.841344746])
            last = float(max((high - low) / 2, 1e-9) / at / unit)
        out.append(last)
    return np.array(out)
