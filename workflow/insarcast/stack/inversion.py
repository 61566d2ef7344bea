"""Network inversion of a block of pixels: interferograms to displacement at each date.

Unknown is the displacement at every date, zero at the first. An interferogram is the difference of two of them, so the normal
matrix of a pixel is the weighted Laplacian of its own network. A missing interferogram has weight zero. Where a pixel's
interferograms fall into separate groups of dates, the groups are joined by equal velocity (vanishing second differences, of a
weight too small to touch what is measured), and the bridged steps are marked. Everything is in float64, pixel by pixel, so the
result does not depend on the number of threads.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError

Float = npt.NDArray[np.float64]

# Weight of a second-difference row against an interferogram's 1: its square, 1e-8, is far below any data and far above rounding.
_BRIDGE = 1e-4
_L1_ITERATIONS = 50
_L1_FLOOR_MM = 0.05
_L1_TOLERANCE_MM = 1e-3
_SLICE = 4096


@dataclass(frozen=True)
class Inversion:
    """Displacement of a block of pixels.

    Attributes:
        displacement: (n_dates, n_pixels) mm, positive towards the satellite, zero at the first date; NaN where not inverted.
        sigma: (n_dates, n_pixels) mm, formal standard deviation from the residuals and the network; NaN where a bridged step
            lies between the date and the first date, for then nothing measured ties them together.
        filled: (n_dates, n_pixels), True at t where the step t-1 -> t is bridged.
        resid_rms: (n_pixels,) mm, rms of the interferogram residuals.
        temporal_coherence: (n_pixels,) 0 to 1, |mean exp(i residual phase)| (Pepe & Lanari 2006).
        n_valid: (n_pixels,) interferograms used.
    """

    displacement: Float
    sigma: Float
    filled: npt.NDArray[np.bool_]
    resid_rms: Float
    temporal_coherence: Float
    n_valid: npt.NDArray[np.int64]


def invert(
    data: npt.NDArray[np.floating],
    pairs: npt.NDArray[np.integer] | list[tuple[int, int]],
    days: npt.NDArray[np.floating],
    *,
    weights: npt.NDArray[np.floating] | None = None,
    norm: str = "l2",
    min_pairs: int = 1,
    wavelength: float = 0.0555,
    threads: int = 1,
) -> Inversion:
    """Invert interferograms that have been referenced to a common point.

    >>> import numpy as np
    >>> from insarcast import stack
    >>> truth = np.array([[0.0], [-4.0], [-9.0]])                       # mm at three dates, one pixel
    >>> pairs = [(0, 1), (1, 2), (0, 2)]
    >>> ifgs = np.stack([truth[j] - truth[i] for i, j in pairs])        # mm, + towards the satellite
    >>> stack.invert(ifgs, pairs, days=np.array([0, 12, 24])).displacement.ravel().round(6).tolist()
    [0.0, -4.0, -9.0]

    Args:
        data: (n_pairs, n_pixels) line-of-sight displacement of each interferogram in mm, positive towards the satellite
            (-wavelength / 4 pi * phase for phase positive away); NaN = missing.
        pairs: (n_pairs, 2) numbers of the first and second date, first < second.
        days: (n_dates,) time of each date in days, ascending.
        weights: (n_pairs, n_pixels) inverse variances (not variances), or None for equal weights.
        norm: ``l2`` (least squares) or ``l1`` (least absolute residuals by iteratively reweighted least squares).
        min_pairs: pixels with fewer valid interferograms are not inverted.
        wavelength: radar wavelength in m, for the temporal coherence.
        threads: threads to use; the result is the same for any number.

    Raises:
        InsarcastError: shapes, dates or options do not fit.
    """
    links = np.ascontiguousarray(pairs, np.int64).reshape(-1, 2)
    times = np.ascontiguousarray(days, np.float64)
    if data.ndim != 2 or data.shape[0] != len(links):
        raise InsarcastError(f"invert: data has shape {data.shape}, but there are {len(links)} pairs; give (n_pairs, n_pixels).")
    if weights is not None and weights.shape != data.shape:
        raise InsarcastError(f"invert: weights have shape {weights.shape}, data {data.shape}; they must agree.")
    if len(links) and (links.min() < 0 or links.max() >= len(times) or (links[:, 0] >= links[:, 1]).any()):
        raise InsarcastError("invert: every pair must be two date numbers, the first smaller than the second.")
    if len(times) < 2 or (np.diff(times) <= 0).any():
        raise InsarcastError("invert: days must be ascending and at least two.")
    if norm not in ("l1", "l2"):
        raise InsarcastError(f"invert: there is no norm '{norm}'; there are l1 and l2.")
    count = data.shape[1]
    out = (
        np.full((len(times), count), np.nan),
        np.full((len(times), count), np.nan),
        np.zeros((len(times), count), np.bool_),
        np.full(count, np.nan),
        np.full(count, np.nan),
        np.zeros(count, np.int64),
    )
    spacing = np.diff(times) / np.median(np.diff(times))
    to_phase = 4 * np.pi / (wavelength * 1000)

    def run(start: int) -> None:
        part = slice(start, min(start + _SLICE, count))
        values = np.array(data[:, part].T, np.float64, order="C", copy=True)  # the kernel marks what it does not use
        scale = np.ones((0, 0)) if weights is None else np.ascontiguousarray(weights[:, part].T, np.float64)
        _solve(values, scale, links, spacing, norm == "l1", min_pairs, to_phase, *(a[..., part] for a in out))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, range(0, count, _SLICE)))
    return Inversion(*out)


@numba.njit(cache=True, nogil=True)
def _label(values, links, label):  # type: ignore[no-untyped-def]
    """Connected component of every date in one pixel's network; returns how many there are."""
    n = len(label)
    for t in range(n):
        label[t] = t
    changed = True
    while changed:
        changed = False
        for k in range(len(links)):
            if np.isfinite(values[k]):
                a, b = label[links[k, 0]], label[links[k, 1]]
                if a != b:
                    low, high = min(a, b), max(a, b)
                    for t in range(n):
                        if label[t] == high:
                            label[t] = low
                    changed = True
    groups = 0
    for t in range(n):
        if label[t] == t:
            groups += 1
    return groups


@numba.njit(cache=True, nogil=True)
def _assemble(values, weight, links, spacing, bridge, matrix, right):  # type: ignore[no-untyped-def]
    """Normal equations of the dates after the first."""
    m = len(right)
    matrix[:m, :m] = 0.0
    right[:] = 0.0
    for k in range(len(links)):
        w = weight[k]
        if w > 0.0:
            i, j = links[k, 0] - 1, links[k, 1] - 1
            matrix[j, j] += w
            right[j] += w * values[k]
            if i >= 0:
                matrix[i, i] += w
                matrix[j, i] -= w
                matrix[i, j] -= w
                right[i] -= w * values[k]
    if bridge:
        # Row for three consecutive dates: d0/h0 - d1 (1/h0 + 1/h1) + d2/h1 = 0, in units of the median step.
        for t in range(1, m):
            h0, h1 = spacing[t - 1], spacing[t]
            c = (1.0 / h0, -1.0 / h0 - 1.0 / h1, 1.0 / h1)
            for a in range(3):
                for b in range(3):
                    i, j = t - 2 + a, t - 2 + b
                    if i >= 0 and j >= 0:
                        matrix[i, j] += _BRIDGE * _BRIDGE * c[a] * c[b]


@numba.njit(cache=True, nogil=True)
def _cholesky(matrix, m):  # type: ignore[no-untyped-def]
    """Lower Cholesky factor in place; False where the matrix is not positive definite."""
    for j in range(m):
        total = matrix[j, j]
        for k in range(j):
            total -= matrix[j, k] * matrix[j, k]
        if not total > 1e-14:
            return False
        root = np.sqrt(total)
        matrix[j, j] = root
        for i in range(j + 1, m):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = total / root
    return True


@numba.njit(cache=True, nogil=True)
def _substitute(factor, right, m):  # type: ignore[no-untyped-def]
    """Solve with a Cholesky factor, in place."""
    for i in range(m):
        total = right[i]
        for k in range(i):
            total -= factor[i, k] * right[k]
        right[i] = total / factor[i, i]
    for i in range(m - 1, -1, -1):
        total = right[i]
        for k in range(i + 1, m):
            total -= factor[k, i] * right[k]
        right[i] = total / factor[i, i]


@numba.njit(cache=True, nogil=True)
def _residuals(values, links, d, residual):  # type: ignore[no-untyped-def]
    for k in range(len(links)):
        residual[k] = values[k] - (d[links[k, 1]] - d[links[k, 0]])


@numba.njit(cache=True, nogil=True)
def _variance(residual, base, robust, unknowns):  # type: ignore[no-untyped-def]
    """Variance of unit weight: chi-square over its degrees of freedom, or for L1 from the median absolute residual."""
    n = 0
    for k in range(len(residual)):
        if base[k] > 0.0:
            n += 1
    if n <= unknowns:
        return np.nan
    if robust:
        scaled = np.empty(n)
        at = 0
        for k in range(len(residual)):
            if base[k] > 0.0:
                scaled[at] = np.abs(residual[k]) * np.sqrt(base[k])
                at += 1
        spread = 1.4826 * np.median(scaled)
        return spread * spread * n / (n - unknowns)
    total = 0.0
    for k in range(len(residual)):
        if base[k] > 0.0:
            total += base[k] * residual[k] * residual[k]
    return total / (n - unknowns)


@numba.njit(cache=True, nogil=True)
def _solve(values, scale, links, spacing, robust, min_pairs, to_phase, displacement, sigma, filled, rms, coherence, used):  # type: ignore[no-untyped-def]
    n, m, pixels, count = len(spacing) + 1, len(spacing), values.shape[0], len(links)
    matrix, right = np.empty((m, m)), np.empty(m)
    label, d, last = np.empty(n, np.int64), np.zeros(n), np.empty(n)
    base, weight, residual = np.empty(count), np.empty(count), np.empty(count)
    for p in range(pixels):
        valid, mean = 0, 0.0
        for k in range(count):
            base[k] = 0.0
            if np.isfinite(values[p, k]):
                base[k] = 1.0 if scale.shape[0] == 0 else scale[p, k]
                if base[k] > 0.0:
                    valid += 1
                    mean += base[k]
                else:
                    values[p, k] = np.nan  # a weight of zero or NaN is a missing interferogram
        used[p] = valid
        if valid < max(min_pairs, 1):
            continue
        for k in range(count):  # a mean weight of one keeps the bridge's weight small whatever the weights' unit
            base[k] *= valid / mean
            weight[k] = base[k]
        groups = _label(values[p], links, label)
        solved = True
        for iteration in range(_L1_ITERATIONS if robust else 1):
            _assemble(values[p], weight, links, spacing, groups > 1, matrix, right)
            if not _cholesky(matrix, m):
                solved = False
                break
            _substitute(matrix, right, m)
            last[:] = d
            d[0] = 0.0
            d[1:] = right
            _residuals(values[p], links, d, residual)
            if robust:
                if iteration > 0 and np.max(np.abs(d - last)) < _L1_TOLERANCE_MM:
                    break
                for k in range(count):
                    if base[k] > 0.0:
                        weight[k] = np.sqrt(base[k]) / max(np.abs(residual[k]), _L1_FLOOR_MM)
        if not solved:
            continue
        total, real, imag = 0.0, 0.0, 0.0
        for k in range(count):
            if base[k] > 0.0:
                total += residual[k] * residual[k]
                real += np.cos(residual[k] * to_phase)
                imag += np.sin(residual[k] * to_phase)
        rms[p] = np.sqrt(total / valid)
        coherence[p] = np.sqrt(real * real + imag * imag) / valid
        variance = _variance(residual, base, robust, n - groups)
        if robust:
            _assemble(values[p], base, links, spacing, groups > 1, matrix, right)
            if not _cholesky(matrix, m):
                continue
        for t in range(n):
            displacement[t, p] = d[t]
            filled[t, p] = t > 0 and label[t] != label[t - 1]
        sigma[0, p] = 0.0
        for t in range(m):
            if label[t + 1] == label[0]:
                right[:] = 0.0
                right[t] = 1.0
                _substitute(matrix, right, m)
                sigma[t + 1, p] = np.sqrt(variance * right[t])
