"""Laws of many points, some at a time: what a model holds per origin, horizon and point is more than the forecast itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .data import TrainingData
from .series import Law


def in_chunks(data: TrainingData, size: int, law: Callable[[TrainingData], Law]) -> Law:
    """``law`` of all points, at most ``size`` of them at a time; each point's law must be its own affair."""
    if data.points <= size:
        return law(data)
    parts = [law(data.take(np.arange(start, min(start + size, data.points)))) for start in range(0, data.points, size)]
    return Law(*(np.concatenate(each, axis=-1) for each in zip(*parts, strict=True)))
