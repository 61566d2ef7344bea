"""Limits of colours: one significant digit, symmetric about 0, and how much lies beyond."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
