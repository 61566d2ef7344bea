"""Delay that goes with the height, estimated from the displacement itself.

Vapour lies below, so valley and hill are delayed differently, in proportion to their difference in height (Doin et al. 2009). Ground
may move in proportion to height too: basins sink, hills do not. The two are told apart in time. Only what a parabola in time (a line,
in less than a year) leaves of each pixel's series is regressed on the height, so a steady or evenly changing motion of any pattern is
not taken for air; a pixel whose series stays rough after the correction moves in some other way and is left out. The price: a delay
that itself goes like such a curve over the whole record stays in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from .robust import fit_robustly, jackknife
from .sample import Sample

Float = npt.NDArray[np.float64]

POWERS = {"linear": (1,), "quadratic": (1, 2)}
_CHANCE = 0.05
_LONG = 1.0  # years from which on a parabola is the motion, not a line
_ROUGH = 2.5  # times the typical scatter
_ROUNDS = 2
_LEAST_RELIEF = (
    0.1  # km between the 5th and the 95th percentile: on less any smooth pattern of the air looks like a delay with height
)
_MOST = 150.0  # mm/km: vapour does not change faster along the height, turbulence on small relief seems to


@dataclass(frozen=True)
class HeightDelay:
    """Delay with height of each date.

    Attributes:
        powers: powers of the height in km.
        coefficients: (n_dates, n_powers) mm/km^power to take off each date, 0 at the first.
        slopes: (n_dates,) mm/km at the sample's median height, about the mean of the dates, before those that could be chance are set
            to zero.
        errors: (n_dates,) standard error of the slopes, from leaving out parts of the scene.
        used: (n_dates,) whether the date's delay is corrected; False: it could be chance, or is no delay that there can be.
        reason: why nothing is corrected at all, or "".
    """

    powers: tuple[int, ...]
    coefficients: Float
    slopes: Float
    errors: Float
    used: npt.NDArray[np.bool_]
    reason: str = ""

    def at(self, height: Float) -> Float:
        """(n_dates, n) mm at heights in m; 0 where the height is not known."""
        return np.asarray(self.coefficients @ np.stack([np.nan_to_num((height / 1000) ** power) for power in self.powers]))


def estimate_height_delay(sample: Sample, kind: str) -> HeightDelay:
    """Regress each date on the height.

    Args:
        sample: displacement and heights.
        kind: ``linear`` or ``quadratic``.

    Returns:
        What to take off; nothing where there is no relief to see it on.
    """
    powers = POWERS[kind]
    n_dates = len(sample.years)
    nothing = np.zeros((n_dates, len(powers)))
    chosen = sample.where(np.isfinite(sample.height))
    relief = np.ptp(np.quantile(chosen.height, [0.05, 0.95])) / 1000 if len(chosen) else 0.0
    degree = 2 if sample.years[-1] >= _LONG else 1
    if len(chosen) < 100 or relief < _LEAST_RELIEF or n_dates < degree + 3:
        if n_dates < degree + 3:
            reason = f"{n_dates} dates are too few to tell air from motion"
        elif not len(chosen):
            reason = "the products have no heights"
        else:
            reason = f"the relief of {relief * 1000:.0f} m is too small to see it on"
        return HeightDelay(powers, nothing, np.zeros(n_dates), np.full(n_dates, np.nan), np.zeros(n_dates, np.bool_), reason)
    middle = float(np.median(chosen.height)) / 1000
    residual, height, parts = chosen.residual(degree), chosen.height / 1000 - middle, chosen.parts
    steady = np.ones(len(chosen), np.bool_)
    for _ in range(_ROUNDS):
        fits = [_fit(date, height, powers, parts, steady) for date in residual]
        found = np.array([fit[0] for fit in fits])
        rough = (residual - found @ _terms(height, powers)).std(0)
        steady = rough <= _ROUGH * np.median(rough)
    fits = [_fit(date, height, powers, parts, steady) for date in residual]
    found, covariance = np.array([fit[0] for fit in fits])[:, 1:], [fit[1][1:, 1:] for fit in fits]
    limit = float(chi2.ppf(1 - _CHANCE, len(powers)))
    used = np.array([_wald(one, error) > limit for one, error in zip(found, covariance, strict=True)])
    used &= np.abs(found[:, 0]) <= _MOST
    kept = np.where(used[:, None], found, 0.0)
    # Without the dates that are left alone the others would have a trend of their own, and change the velocity by it.
    basis = np.vander(sample.years[used], degree + 1)
    kept[used] -= basis @ np.linalg.lstsq(basis, kept[used], rcond=None)[0] if used.any() else 0
    coefficients = _about_zero(kept - kept[0], middle, powers)
    errors = np.sqrt(np.array([error[0, 0] for error in covariance]))
    return HeightDelay(powers, coefficients, found[:, 0], errors, used)


def _terms(height: Float, powers: tuple[int, ...]) -> Float:
    return np.stack([np.ones(len(height)), *(height**power for power in powers)])


def _fit(
    date: Float, height: Float, powers: tuple[int, ...], parts: npt.NDArray[np.int64], steady: npt.NDArray[np.bool_]
) -> tuple[Float, Float]:
    terms = _terms(height[steady], powers)
    found, weights = fit_robustly(terms, date[steady])
    return found, jackknife(terms, date[steady], weights, parts[steady])


def _wald(found: Float, covariance: Float) -> float:
    """How far the coefficients are from zero, in their own errors, squared."""
    if not np.isfinite(covariance).all() or np.linalg.matrix_rank(covariance) < len(found):
        return 0.0
    return float(found @ np.linalg.solve(covariance, found))


def _about_zero(coefficients: Float, middle: float, powers: tuple[int, ...]) -> Float:
    """The same polynomials about height 0 instead of the middle, without their constants."""
    if powers == (1,):
        return coefficients
    one, two = coefficients.T
    return np.stack([one - 2 * two * middle, two], 1)
