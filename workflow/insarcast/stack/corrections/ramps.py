"""A smooth surface through each date, and whether it may be taken off: never where the motion itself looks like one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError

from ..reference import half_sample_mode
from .robust import fit_robustly
from .sample import Sample
from .store import ramp_terms

Float = npt.NDArray[np.float64]

_MOVING_SHARE = 0.5  # beyond it a robust fit follows the moving ground
_EXPLAINED = 0.5
_TREND = 4.0  # standard errors
_SLOW = 3.0  # mm/yr: less is not called motion


@dataclass(frozen=True)
class Ramp:
    """Ramps of all dates and what speaks against them.

    Attributes:
        surface: ``plane``, ``bilinear`` or ``quadratic``.
        coefficients: (n_dates, n_terms) mm; terms of rows and columns from -1 to 1, the constant first.
        moving: share of the pixels whose velocity differs from the most common one.
        explained: share of the velocities' variance that such a surface explains.
        trend: how steadily the surface grows with time, in standard errors.
    """

    surface: str
    coefficients: Float
    moving: float
    explained: float
    trend: float

    def at(self, sample: Sample) -> Float:
        """(n_dates, n) mm."""
        return np.asarray(self.coefficients @ ramp_terms(self.surface, sample.y, sample.x))

    @property
    def objection(self) -> str:
        """Why these ramps may be the ground's own motion, or ""."""
        if self.moving > _MOVING_SHARE:
            return f"{self.moving:.0%} of its coherent pixels move, so a surface through them follows the motion"
        if self.explained > _EXPLAINED and self.trend > _TREND:
            return (
                f"the surface explains {self.explained:.0%} of the velocities and grows steadily with time, as motion does and orbits "
                f"do not"
            )
        return ""


def estimate_ramps(sample: Sample, surface: str, *, force: bool) -> Ramp:
    """Fit a surface to every date.

    Args:
        sample: displacement of coherent pixels.
        surface: ``plane``, ``bilinear`` or ``quadratic``.
        force: return the surfaces even where they may be the ground's own motion.

    Raises:
        InsarcastError: the scene is smaller than its signal; the sentence gives the evidence.
    """
    terms = ramp_terms(surface, sample.y, sample.x)
    found = np.array([fit_robustly(terms, date)[0] for date in sample.displacement])
    found -= found[0]
    rate, error = _rates(sample.displacement, sample.years)
    moving = np.abs(rate - half_sample_mode(rate)) > np.maximum(3 * error, _SLOW)
    plain = np.linalg.lstsq(terms.T, rate, rcond=None)[0]
    explained = 1 - float(np.var(rate - plain @ terms)) / max(float(np.var(rate)), 1e-12)
    growth, doubt = _rates(found[:, 1:], sample.years)
    ramp = Ramp(
        surface, found, float(moving.mean()), explained, float(np.max(np.abs(growth) / np.maximum(doubt, 1e-9), initial=0))
    )
    if ramp.objection and not force:
        raise InsarcastError(
            f"stack.deramp.surface is '{surface}', but the scene is smaller than its signal: {ramp.objection}; taking it off would take "
            f"the motion off. Set stack.deramp.surface to none, or stack.deramp.force to true if you know better."
        )
    return ramp


def _rates(series: Float, years: Float) -> tuple[Float, Float]:
    """Slope of the line through each series and its standard error, per year."""
    centred = years - years.mean()
    power = centred @ centred
    rate = centred @ series / power
    left = series - series.mean(0) - centred[:, None] * rate
    return rate, np.sqrt((left**2).sum(0) / max(len(years) - 2, 1) / power)
