"""What happened: observed increments from origins to targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from insarcast.models import TrainingData


def observed_increments(
    data: TrainingData, indices: Sequence[int] | NDArray[np.intp], horizons: Sequence[int]
) -> NDArray[np.float64]:
    """Displacement at the target minus that at the origin.

    Args:
        data: the points, with their targets as far as known.
        indices: dates to start from.
        horizons: steps ahead.

    Returns:
        (origin, horizon, point) mm; NaN beyond the last date, where one of the two was not measured, and where a bridged step or
        the join of two releases lies on the way.
    """
    unsupported = ~data.observed if data.jump is None else ~data.observed | data.jump
    breaks = np.cumsum(unsupported, axis=0)
    truth = np.full((len(indices), len(horizons), data.points), np.nan)
    for at, index in enumerate(indices):
        for which, horizon in enumerate(horizons):
            target = index + horizon
            if target < len(data.time):
                step = data.displacement[target] - data.displacement[index]
                truth[at, which] = np.where(breaks[target] == breaks[index], step, np.nan)
    return truth
