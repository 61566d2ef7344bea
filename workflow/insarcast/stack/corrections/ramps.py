"""A smooth surface through each date, and whether it may be taken off: never where the motion itself looks like one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError

from ..network.reference import half_sample_mode
from .robust import fit_robustly
from .sample import SLOW, Sample, line_rates
from .store import ramp_terms

Float = npt.NDArray[np.float64]

_MOVING_SHARE = 0.5  # beyond it a robust fit follows the moving ground
_EXPLAINED = 0.5
_TREND = 4.0  # standard errors


@dataclass(frozen=True)
class Ramp:
    """Ramps of all dates and what speaks against them.

    Attributes:
        surface: ``plane``, ``bilinear`` or ``quadratic``.
        coefficients: (n_dates, n_terms) mm; terms of rows and columns from -1 to 1, the constant first.
        moving: share of the pixels whose velocity differs from the most common one.
        explained: share of the velocities' variance that the surfaces' own growth explains.
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
    found = _fit(terms, sample.displacement)
    rate, error = sample.velocity()
    moving = np.abs(rate - half_sample_mode(rate)) > np.maximum(3 * error, SLOW)
    growth, doubt = line_rates(found, sample.years)
    explained = 1 - float(np.var(rate - growth @ terms)) / max(float(np.var(rate)), 1e-12)
    trend = float(np.max(np.abs(growth[1:]) / np.maximum(doubt[1:], 1e-9)))
    ramp = Ramp(surface, found, float(moving.mean()), explained, trend)
    if ramp.objection and not force:
        raise InsarcastError(
            f"stack.deramp.surface is '{surface}', but the scene is smaller than its signal: {ramp.objection}; taking it off would take "
            f"the motion off. Set stack.deramp.surface to none, or stack.deramp.force to true if you know better."
        )
    if ramp.objection:
        return ramp
    # Without the ramps slower motion shows: the flanks of a bowl would tilt them a little.
    still = sample.less(ramp.at(sample)).still()
    return replace(ramp, coefficients=_fit(terms[:, still], sample.displacement[:, still]))


def _fit(terms: Float, displacement: Float) -> Float:
    """(n_dates, n_terms) surface of each date, against the first."""
    found = np.array([fit_robustly(terms, date)[0] for date in displacement])
    return np.asarray(found - found[0], np.float64)
