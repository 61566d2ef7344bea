"""How noisy each interferogram is, by the evidence of the network's own misfits.

The usual weights come from coherence through a formula. On a simulated stack they are right; on real data they can be worse than
none, for what an interferogram misfits by is also unwrapping and phase bias. Here the variance of a sample is a factor of its
interferogram times a decreasing function of its coherence, both from the residuals of the inversion that uses them, over and over:
the expected square of a residual is the sample's variance times its redundancy (Helmert's variance components, as in Koch 1999,
Parameter Estimation, 3.6). Where coherence says nothing about the misfit the function comes out flat.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from . import kernel
from .plan import Plan

Float = npt.NDArray[np.float64]

LEVELS = 128
# Samples to estimate from, and the least and most pixels for them.
SAMPLES, FEWEST, MOST = 160_000, 300, 1800
_ROUNDS = 3
# A share of the sample that every interferogram is given at the mean variance: one that few others check would else be taken for exact.
_PRIOR = 0.3
# Squares beyond this many standard deviations are cut there: an unwrapping error must not condemn the rest of its interferogram.
_CLIP = 3.5
_LEAST = 200
FLOOR = 0.02
_LEAST_COHERENCE, _MOST_COHERENCE = 0.08, 0.99
_COHERENCE = np.clip(np.arange(LEVELS) / (LEVELS - 1), _LEAST_COHERENCE, _MOST_COHERENCE)
_DECORRELATION = (1 - _COHERENCE**2) / (2 * _COHERENCE**2)


@dataclass(frozen=True)
class VarianceModel:
    """Variance of a sample of interferogram k and coherence c in mm2: ``pair[k] * max(base + share * x, FLOOR)``.

    x = (1 - c^2) / (2 c^2) is the decorrelation's (Tough et al. 1995), c within 0.08 and 0.99.

    Attributes:
        pair: (n_pairs,) mm2 at the coherence of the usual sample.
        base: relative variance that does not depend on the coherence; 1 without coherence.
        share: relative variance for each unit of x.
        outliers: share of the samples whose residual exceeds four standard deviations (normal: 6e-5).
    """

    pair: Float
    base: float
    share: float
    outliers: float

    @property
    def level(self) -> Float:
        """(LEVELS,) relative variance by coherence from 0 to 1."""
        return np.asarray(np.maximum(self.base + self.share * _DECORRELATION, FLOOR), np.float64)

    def weigh(self, coherence: npt.NDArray[np.floating] | None, start: int, stop: int) -> npt.NDArray[np.float32]:
        """(n_pairs, stop - start) inverse variances of some columns of ``coherence`` (NaN counts as the least)."""
        out = np.empty((len(self.pair), stop - start), np.float32)
        inverse = (1 / self.pair).astype(np.float32)
        if coherence is None:
            out[:] = inverse[:, None]
        else:
            _weigh(coherence, start, inverse, np.float32(self.base), np.float32(self.share), np.float32(FLOOR), out)
        return out


def equal_variances(n_pairs: int) -> VarianceModel:
    """The model of 1 mm2 for all."""
    return VarianceModel(np.ones(n_pairs), 1.0, 0.0, 0.0)


def sample_size(n_pairs: int) -> int:
    """Pixels to estimate from."""
    return min(max(SAMPLES // n_pairs, FEWEST), MOST)


def estimate_variance(
    data: npt.NDArray[np.floating],
    coherence: npt.NDArray[np.floating] | None,
    links: npt.NDArray[np.int64],
    plan: Plan,
    groups: int = 1,
) -> VarianceModel | None:
    """Estimate from a sample of pixels that the interferograms connect as well as the whole network.

    Args:
        data: (n_pairs, n_sample) mm; NaN = missing.
        coherence: the same shape, 0 to 1, or None.
        links: (n_pairs, 2) date numbers.
        plan: of the network.
        groups: parts that the network falls into; with more than one the plan has to bridge.

    Returns:
        The model; None where there is too little to tell: few pixels, no redundancy, or no misfit at all.
    """
    n_pairs, count = data.shape
    if count < _LEAST or n_pairs <= len(plan.position) - groups:
        return None
    values = np.ascontiguousarray(data, np.float64)
    known = None if coherence is None else np.ascontiguousarray(coherence, np.float32)
    cell = np.zeros(values.shape, np.uint8) if known is None else levels_of(known)
    weights = np.ones(values.shape, np.float32)
    model = equal_variances(n_pairs)
    residual, redundancy = np.zeros(values.shape), np.zeros(values.shape)
    n_dates = len(plan.position)
    operands = plan.operands(links, np.arange(n_dates, dtype=np.float64))
    out = [np.empty((n_dates, count)), np.empty((n_dates, count)), np.empty(count), np.empty(count), np.empty(count)]
    sums, clip = np.zeros((4, max(n_pairs, LEVELS))), np.full(n_pairs, np.inf)
    for turn in range(_ROUNDS):
        kernel.solve(
            values, weights, np.arange(count), np.full(count, float(n_dates - groups)), *operands,
            kernel.LEAST_SQUARES, 0.0, 0.0, 1, 0.0, 1.0, True, 0, 0, *out, residual, redundancy,
        )  # fmt: skip
        # What all pixels misfit by alike is the reference's noise, of which there is one sample: it says nothing of the pixels'.
        _take_off_common(residual, redundancy)
        if turn == 0:
            clip = _first_clip(residual, redundancy)
        outliers = _tally(residual, redundancy, cell, 1 / (model.pair[:, None] * model.level), clip, sums)
        found, checked = sums[0, :n_pairs] * model.pair, sums[1, :n_pairs]
        mean = found.sum() / max(checked.sum(), 1e-9)
        if not (checked.sum() > 0.02 * count * n_pairs and mean > 1e-9):
            return None
        pair = _draw_together((found + _PRIOR * count * mean) / (checked + _PRIOR * count), checked)
        base, share = (1.0, 0.0) if known is None else _refine(model.level, sums[2, :LEVELS], sums[3, :LEVELS])
        clip = np.full(n_pairs, _CLIP**2)
        model = VarianceModel(pair, base, share, outliers)
        weights = model.weigh(known, 0, count)
    return model


def _take_off_common(residual: Float, redundancy: Float) -> None:
    """Take the mean misfit of each interferogram off its residuals, in place."""
    known = redundancy > 1e-3
    count = known.sum(1)
    mean = np.where(known, residual, 0.0).sum(1) / np.maximum(count, 1)
    residual -= mean[:, None]
    residual *= np.sqrt(count / np.maximum(count - 1, 1))[:, None]


def _draw_together(pair: Float, checked: Float) -> Float:
    """Variances drawn towards their common one by how much of their spread is chance (empirical Bayes on their logarithms)."""
    logs, chance = np.log(pair), 2 / np.maximum(checked, 2.0)
    real = max(float(np.var(logs) - np.mean(chance)), 0.0)
    return np.asarray(np.exp(logs.mean() + real / (real + chance) * (logs - logs.mean())), np.float64)


def _first_clip(residual: Float, redundancy: Float) -> Float:
    """(n_pairs,) limit on the first squares, when variances are not known: from each interferogram's median square."""
    step = max(1, residual.shape[1] // 200)
    residual, redundancy = residual[:, ::step], redundancy[:, ::step]
    known = redundancy > 0.02
    square: Float = np.sort(np.where(known, residual**2 / np.maximum(redundancy, 0.02), np.inf), axis=1)
    middle = square[np.arange(len(square)), np.minimum(known.sum(1) // 2, square.shape[1] - 1)]
    return np.asarray(_CLIP**2 * middle / 0.4549)  # median of chi-square with one degree of freedom


def _refine(level: Float, squares: Float, checked: Float) -> tuple[float, float]:
    """New base and share, both not negative, by iterated weighted least squares; of mean 1 over the sample."""
    some = checked > 0
    total, x = squares[some] * level[some] / checked[some], _DECORRELATION[some]
    base, share = 1.0, 0.0
    expected: Float = level[some]
    for _ in range(4):
        weight = checked[some] / expected**2
        w, wx, wxx = weight.sum(), weight @ x, weight @ x**2
        wy, wxy = weight @ total, weight @ (x * total)
        determinant = w * wxx - wx**2
        share = float((w * wxy - wx * wy) / determinant) if determinant > 1e-12 * w * wxx else 0.0
        base = float((wy - share * wx) / w)
        if share < 0:
            base, share = float(wy / w), 0.0
        elif base < 0:
            base, share = 0.0, float(wxy / wxx)
        expected = np.maximum(base + share * x, 1e-9)
    mean = float((np.maximum(base + share * x, 1e-9) @ checked[some]) / checked.sum())
    return base / mean, share / mean


def levels_of(coherence: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """The level of each coherence; NaN counts as 0."""
    return np.asarray(np.clip(np.nan_to_num(coherence), 0, 1) * (LEVELS - 1) + 0.5, np.uint8)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _weigh(coherence, start, inverse, base, share, floor, out):  # type: ignore[no-untyped-def]
    least, most = np.float32(_LEAST_COHERENCE), np.float32(_MOST_COHERENCE)
    half, one = np.float32(0.5), np.float32(1.0)
    for k in range(out.shape[0]):
        for p in range(out.shape[1]):
            c = np.float32(coherence[k, start + p])
            c = min(c if c > least else least, most)  # NaN is not larger
            out[k, p] = inverse[k] / max(base + share * half * (one / (c * c) - one), floor)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _tally(residual, redundancy, cell, inverse, clip, sums):  # type: ignore[no-untyped-def]
    """Rows of ``sums``: standardised squares and redundancies by interferogram and by level; the share of outliers."""
    sums[:] = 0.0
    far, n = 0, 0
    for k in range(residual.shape[0]):
        squares, checked = 0.0, 0.0
        for p in range(residual.shape[1]):
            f = redundancy[k, p]
            if f > 1e-3:
                at = cell[k, p]
                q = residual[k, p] * residual[k, p] * inverse[k, at]
                n += 1
                far += q > 16.0 * f
                q = min(q, clip[k] * f)
                squares += q
                checked += f
                sums[2, at] += q
                sums[3, at] += f
        sums[0, k], sums[1, k] = squares, checked
    return far / max(n, 1)
