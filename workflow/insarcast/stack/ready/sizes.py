"""Whether a ready series can be in the units that it is said to be in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError

Float = npt.NDArray[np.float64]

LEAST_STEP, MOST_STEP = (
    0.02,
    200.0,
)  # mm from date to date, median over the scene: noise of InSAR alone is more, and no scene moves more
MOST_RATE = 2000.0  # mm/yr, median over the scene
_STRIDE = 16  # rows and columns; a power of two, so that the same pixels are taken whatever the blocks
_SIDE = 64  # rows and columns that are taken of a small scene


@dataclass
class Sizes:
    """Steps and rates of some pixels, gathered block by block.

    Attributes:
        years: (n_dates,) time in years.
        shape: rows and columns of the scene.
    """

    years: Float
    shape: tuple[int, int]
    _steps: list[npt.NDArray[np.float32]] = field(default_factory=list)
    _rates: list[Float] = field(default_factory=list)

    def add(self, values: npt.NDArray[np.float32]) -> None:
        """Add a block (n_dates, y, x) mm: some of its rows and columns."""
        stride = _STRIDE
        while stride > 1 and min(self.shape) < stride * _SIDE:
            stride //= 2
        some = values[:, ::stride, ::stride].reshape(len(values), -1)
        steps = np.abs(np.diff(some, axis=0))
        known = np.isfinite(steps)
        steps = np.where(known, steps, 0).sum(0)[known.any(0)] / known.sum(0)[known.any(0)]
        complete = np.isfinite(some).all(0)
        centred = self.years - self.years.mean()
        self._rates.append(centred @ some[:, complete].astype(np.float64) / (centred @ centred))
        self._steps.append(steps.astype(np.float32))

    def check(self, product: str, ask: str) -> dict[str, Any]:
        """Hold the sizes against what can be.

        Args:
            product: what was read.
            ask: key to look at.

        Returns:
            Medians of the steps from date to date (mm) and of the rates (mm/yr), None where no pixel has any.

        Raises:
            InsarcastError: the series does not move at all, or has the size of other units; the sentence says which.
        """
        steps = np.concatenate([*self._steps, np.empty(0, np.float32)])
        moving = steps[steps > 0]
        if len(steps) and not len(moving):
            raise InsarcastError(f"The displacement of {product} is the same on all dates; is it a series? Name other files.")
        step = float(np.median(moving)) if len(moving) else None
        rates = np.abs(np.concatenate([*self._rates, np.empty(0)]))
        rate = float(np.median(rates)) if len(rates) else None
        wrong = ""
        if step is not None and step < LEAST_STEP:
            wrong = f"changes by {step:.2g} mm from date to date in the median, which is less than noise; is it in metres?"
        elif step is not None and step > MOST_STEP:
            wrong = f"changes by {step:.3g} mm from date to date in the median; is it in millimetres, or steps of phase?"
        elif rate is not None and rate > MOST_RATE:
            wrong = f"moves by {rate / 1000:.3g} m a year in the median of the scene; is it in millimetres, or phase?"
        if wrong:
            raise InsarcastError(
                f"In the units that are given, {product} {wrong} Correct {ask}, or set series.check_size: false if that is so."
            )
        return {"step_mm": step, "rate_mm_yr": rate}
