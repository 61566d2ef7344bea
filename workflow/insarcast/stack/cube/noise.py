"""Noise indices of a block of displacement, by their field names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

_RESAMPLINGS = 100


def velocity_std(displacement: Float, years: Float, seed: int) -> Float:
    """Standard deviation of the velocity over resamplings of the dates (LiCSBAS step 14: bootstrap, 100 resamplings).

    Args:
        displacement: (n_dates, y, x) mm.
        years: (n_dates,) time in years.
        seed: of the resampling, which is the same for every pixel.

    Returns:
        (y, x) mm/yr.
    """
    n = len(years)
    rng = np.random.default_rng(seed)
    operator: list[Float] = []
    while len(operator) < _RESAMPLINGS:
        count = np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64)
        centred = years - (count @ years) / n
        power = count @ centred**2
        if np.count_nonzero(count) > 1:  # a resampling of one date alone has no velocity
            operator.append(count * centred / power)
    # The variance over the resamplings is a quadratic form of the series: its root has at most as many rows as there are dates.
    centred_rows = np.array(operator) - np.mean(operator, 0)
    values, vectors = np.linalg.eigh(centred_rows.T @ centred_rows / _RESAMPLINGS)
    root = (vectors * np.sqrt(np.clip(values, 0, None))).T
    return np.asarray(np.sqrt((np.tensordot(root, displacement - displacement[0], 1) ** 2).sum(0)), np.float64)


def consistency(displacement: Float) -> Float:
    """Spatio-temporal consistency (STC): rms over time of the double difference to the most similar of eight neighbours.

    Hanssen et al. (2008), as LiCSBAS step 14: differences between consecutive dates and to a neighbour; the least over neighbours.

    Args:
        displacement: (n_dates, y + 2, x + 2) mm with a border of one pixel, NaN outside the scene.

    Returns:
        (y, x) mm; NaN for a pixel without neighbours.
    """
    steps = np.diff(displacement, axis=0)
    ny, nx = displacement.shape[1] - 2, displacement.shape[2] - 2
    centre = steps[:, 1:-1, 1:-1]
    least = np.full((ny, nx), np.inf)
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            if (dy, dx) != (1, 1):
                double = centre - steps[:, dy : dy + ny, dx : dx + nx]
                least = np.fmin(least, np.sqrt((double**2).mean(0)))
    return np.where(np.isfinite(least), least, np.nan)


def gap_runs(filled: npt.NDArray[np.bool_]) -> npt.NDArray[np.int16]:
    """Gaps of the network of each pixel (``n_gap_merged``): runs of bridged steps, (y, x).

    Args:
        filled: (n_dates, y, x), True at t where the step t-1 -> t is bridged.
    """
    begins = filled.copy()
    begins[1:] &= ~filled[:-1]
    return np.asarray(begins.sum(0), np.int16)


def spans(filled: npt.NDArray[np.bool_], years: Float) -> tuple[npt.NDArray[np.int16], Float]:
    """Bridged steps, and the longest time without one.

    Args:
        filled: (n_dates, y, x), True at t where the step t-1 -> t is bridged.
        years: (n_dates,) time in years.

    Returns:
        Number of bridged steps (``n_gap``) and the longest span free of them in years (``max_span``, LiCSBAS' maxTlen), both (y, x).
    """
    start = np.full(filled.shape[1:], years[0])
    longest = np.zeros(filled.shape[1:])
    for t in range(1, len(years)):
        start = np.where(filled[t], years[t], start)
        longest = np.maximum(longest, years[t] - start)
    return filled.sum(0).astype(np.int16), longest
