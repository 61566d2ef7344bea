"""Delay that goes with the height, estimated from the displacement itself.

Vapour lies below, so valley and hill are delayed differently, in proportion to their difference in height (Doin et al. 2009). Ground
may move in proportion to height too: basins sink, hills do not. The two are told apart thrice. Only pixels with the most common
velocity are looked at, within its errors. Only what a line in time leaves of their series is regressed on the height, and the slopes that
are taken off have no trend of their own: no velocity is changed. And a pixel whose series stays rough after the correction moves
in some other way and is left out. The price: a delay that itself grows steadily over the whole record stays in.

What cannot be told apart: motion in proportion to the height that has no velocity, such as a yearly course, steps or acceleration of a whole
slope or basin floor. It is taken for delay and taken off. Where that is to be expected, leave ``stack.troposphere.height`` at none.

The air's turbulence goes with the height by chance too. How much, leaving out parts of the scene tells; slopes are shrunk to what is no
chance, so of one that is small beside its error a part is taken off, and of a true delay not all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .robust import fit_robustly, jackknife
from .sample import Sample

Float = npt.NDArray[np.float64]

POWERS = {"linear": (1,), "quadratic": (1, 2)}
_LEAST_SHARE = 0.1
_FEWEST_DATES = 4
_ROUGH = 2.5  # times the typical scatter
_ROUNDS = 2
_LEAST_RELIEF = (
    0.1  # km between the 5th and the 95th percentile: on less any smooth pattern of the air looks like a delay with height
)
_FEW = 200  # pixels: fewer share their air
_MOVING = 0.5  # share of the pixels
_MOST = 150.0  # mm/km: vapour does not change faster along the height, turbulence on small relief seems to


@dataclass(frozen=True)
class HeightDelay:
    """Delay with height of each date.

    Attributes:
        powers: powers of the height in km.
        coefficients: (n_dates, n_powers) mm/km^power to take off each date, 0 at the first.
        slopes: (n_dates,) mm/km at the sample's median height, about the mean of the dates, before they are shrunk.
        errors: (n_dates,) standard error of the slopes, from leaving out parts of the scene.
        share: (n_dates,) how much of the slope is taken off, 0 to 1; 0: it could be chance, or is no delay that there can be.
        reason: why nothing is corrected at all, or "".
        pixels: number of pixels that the slopes rest on.
        moving: share of the pixels whose velocity is not the most common one.
    """

    powers: tuple[int, ...]
    coefficients: Float
    slopes: Float
    errors: Float
    share: Float
    reason: str = ""
    pixels: int = 0
    moving: float = 0.0

    @property
    def caution(self) -> str:
        """Why the slopes may be motion, or chance, or ""."""
        rest = f"only {self.pixels} pixels are left to estimate it from" if self.pixels < _FEW else ""
        if self.moving <= _MOVING:
            return rest
        follows = f"{self.moving:.0%} of the pixels move, so what is taken off may be motion that goes with the height"
        return f"{follows}, and {rest}" if rest else follows

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
    if len(chosen) < 100 or relief < _LEAST_RELIEF or n_dates < _FEWEST_DATES:
        if n_dates < _FEWEST_DATES:
            reason = f"{n_dates} dates are too few to tell air from motion"
        elif not len(chosen):
            reason = "the products have no heights"
        else:
            reason = f"the relief of {relief * 1000:.0f} m is too small to see it on"
        return HeightDelay(powers, nothing, np.zeros(n_dates), np.full(n_dates, np.nan), np.zeros(n_dates), reason)
    middle = float(np.median(chosen.height)) / 1000
    residual, height, parts = chosen.residual(), chosen.height / 1000 - middle, chosen.parts
    steady = still = chosen.still()
    moving = 1 - float(chosen.near().mean())
    for _ in range(_ROUNDS):
        fits = [_fit(date, height, powers, parts, steady) for date in residual]
        found = np.array([fit[0] for fit in fits])
        rough = (residual - found @ _terms(height, powers)).std(0)
        steady = still & (rough <= _ROUGH * np.median(rough[still]))
    fits = [_fit(date, height, powers, parts, steady) for date in residual]
    found, errors = np.array([fit[0][1:] for fit in fits]), np.array([fit[1] for fit in fits])
    share = _share(found[:, 0], errors)
    used = (share >= _LEAST_SHARE) & (np.abs(found[:, 0]) <= _MOST)
    kept = np.where(used[:, None], share[:, None] * found, 0.0)
    if used.any():
        # What was shrunk or left alone gives the others a trend of their own, which would change the velocities.
        line = np.vander(sample.years[used], 2)
        kept[used] -= line @ np.linalg.lstsq(line, kept[used], rcond=None)[0]
    coefficients = _about_zero(kept - kept[0], middle, powers)
    return HeightDelay(
        powers, coefficients, found[:, 0], errors, np.where(used, share, 0.0), pixels=int(steady.sum()), moving=moving
    )


def _terms(height: Float, powers: tuple[int, ...]) -> Float:
    return np.stack([np.ones(len(height)), *(height**power for power in powers)])


def _fit(
    date: Float, height: Float, powers: tuple[int, ...], parts: npt.NDArray[np.int64], steady: npt.NDArray[np.bool_]
) -> tuple[Float, float]:
    """Coefficients of one date, the constant first, and the standard error of the slope."""
    terms = _terms(height[steady], powers)
    found, weights = fit_robustly(terms, date[steady])
    return found, float(np.sqrt(jackknife(terms, date[steady], weights, parts[steady])[1, 1]))


def _share(slopes: Float, errors: Float) -> Float:
    """How much of each slope is believed: t^2 / (t^2 + e^2), t the usual size of a true slope, as all dates together tell it.

    Empirical Bayes (Efron & Morris 1973): where the slopes as a whole could be their errors (chi square, two standard deviations),
    nothing is believed.
    """
    errors = np.maximum(errors, 1e-9)
    free = len(slopes) - 2  # a line is out of them
    if float((slopes**2).sum() / np.mean(errors**2)) < free + 2 * np.sqrt(2 * free):
        return np.zeros(len(slopes))
    usual = max((1.4826 * float(np.median(np.abs(slopes)))) ** 2 - float(np.median(errors**2)), 0.0)
    return np.asarray(usual / (usual + errors**2), np.float64)


def _about_zero(coefficients: Float, middle: float, powers: tuple[int, ...]) -> Float:
    """The same polynomials about height 0 instead of the middle, without their constants."""
    if powers == (1,):
        return coefficients
    one, two = coefficients.T
    return np.stack([one - 2 * two * middle, two], 1)
