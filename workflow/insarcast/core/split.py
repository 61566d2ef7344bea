"""When a forecast was made and what it may know: the split by time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import InsarcastError


@dataclass(frozen=True)
class Split:
    """A split of acquisition dates by time.

    Attributes:
        train_end: last date that fitting may see (``datetime64[D]``).
        origins: dates from which forecasts start; none before ``train_end``.
        horizons: lead times in acquisition steps, each at least 1.
        gap: acquisition steps between ``train_end`` and the first origin that must stay unseen (filter half-width).
    """

    train_end: np.datetime64
    origins: tuple[np.datetime64, ...]
    horizons: tuple[int, ...]
    gap: int = 0

    def __post_init__(self) -> None:
        if not self.origins or not self.horizons:
            raise InsarcastError("A split needs at least one origin and one horizon; set forecast.origins and forecast.horizons.")
        if min(self.horizons) < 1:
            raise InsarcastError(
                f"forecast.horizons holds {min(self.horizons)}, but a horizon is a number of steps ahead, 1 or more."
            )
        if min(self.origins) < self.train_end:
            raise InsarcastError(
                f"The origin {min(self.origins)} lies before the end of training {self.train_end}: validation and test must be later than training."
            )
