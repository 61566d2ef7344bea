"""How noisy each date is: the air of one day is calmer than that of another, and what is found there weighs more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import polygamma

from .smoother import Smoother

Float = npt.NDArray[np.float64]

_LAG = 1500.0  # m: farther apart the air differs, nearer the pixels' own noise would count
_MOST_KEPT = 0.6  # of the logarithm: one pixel's neighbourhood, and the reference point, had other air than the scene's usual
_DOUBT = 2.0  # weights that follow chance do harm, equal ones do none
_BOUNDS = (0.1, 30.0)
_WINDOW = 9
_FEWEST = 5


def noise_of_dates(values: Float, years: Float, spacing: float, *, causal: bool = False) -> Float:
    """Variance of each date's noise in units of the usual one.

    It is the variogram of what the smooth series leave, at 1.5 km, so that neither the noise of the reference point, which all
    pixels share, nor motion counts; drawn to the usual one as far as it may be chance.

    Args:
        values: (n_dates, y, x) mm, NaN outside; a sample of the scene.
        years: (n_dates,) time in years.
        spacing: m between pixels of the sample.
        causal: a date's noise is found from no later date.

    Returns:
        (n_dates,), all 1 where the scene is too small to tell.
    """
    noise = np.ones(len(years))
    lag = max(1, min(round(_LAG / spacing), max(values.shape[1:]) // 2))
    if len(years) <= _FEWEST:
        return noise
    if causal:
        return _causal(values, years, lag)
    known = np.isfinite(values).all(0)
    for _ in range(2):
        smoother = Smoother(years, noise)
        smooth, weight = smoother.smooth(values, _WINDOW)
        moments, counts = _moments(values - smooth, lag)
        if not counts.all():
            break
        kept = np.clip(1 - smoother.leverage(weight[:, known].mean(1)), 0.2, 1)
        scale = np.log(np.maximum(np.diag(moments) / kept, 1e-12))
        noise = np.asarray(_limited(share_of_signal(moments, scale) * (scale - scale.mean())), np.float64)
    return noise


def _causal(values: Float, years: Float, lag: int) -> Float:
    """Date by date, from how far it lay off what the earlier ones foretold, relative to the earlier ones' and its own."""
    noise = np.ones(len(years))
    _, surprise = Smoother(years, noise).follow(values, _WINDOW)
    moments, counts = _moments(np.where(np.isfinite(values), surprise, np.nan), lag)
    scale = np.log(np.maximum(np.diag(moments), 1e-12))
    measured = np.diag(counts) > 0
    for t in range(_FEWEST, len(years)):
        seen = [s for s in range(2, t + 1) if measured[s]]
        if measured[t] and len(seen) >= _FEWEST - 2:
            share = share_of_signal(moments[np.ix_(seen, seen)], scale[seen])
            noise[t] = _limited(share * (scale[t] - scale[seen].mean()))
    return noise


def share_of_signal(moments: Float, scale: Float) -> float:
    """Share of the logarithms' spread that is the dates' own, not the chance of one realisation.

    A variance estimated with v degrees of freedom has a logarithm of variance trigamma(v / 2). Fields of different dates that
    are independent have correlations of mean square 1/v, which tells v: many where the air is turbulent, one where every date
    shows the same pattern, such as a delay that follows the height.

    Args:
        moments: (n_dates, n_dates) mean products of the fields.
        scale: (n_dates,) logarithms of their variances.
    """
    root = np.sqrt(np.maximum(np.diag(moments), 1e-12))
    alike = (moments / np.outer(root, root)) ** 2
    apart = ~np.eye(len(root), dtype=bool)
    degrees = 1 / max(float(alike[apart].mean()), 1e-6)
    spread = float(scale.var(ddof=1))
    return float(np.clip(1 - _DOUBT * polygamma(1, degrees / 2) / max(spread, 1e-12), 0, _MOST_KEPT))


def _limited(excess: Any) -> Any:
    return np.clip(np.exp(excess), *_BOUNDS)


def _moments(values: Float, lag: int) -> tuple[Float, Float]:
    """Half the mean products of differences over a lag in both directions, mm^2, and how many there are; (n_dates, n_dates)."""
    total = np.zeros((len(values), len(values)))
    counts = np.zeros_like(total)
    for difference in (values[:, lag:] - values[:, :-lag], values[:, :, lag:] - values[:, :, :-lag]):
        flat = difference.reshape(len(values), -1)
        known = np.isfinite(flat)
        flat = np.where(known, flat, 0.0)
        total += flat @ flat.T
        counts += known.astype(np.float64) @ known.T.astype(np.float64)
    return total / np.maximum(2 * counts, 1.0), counts
