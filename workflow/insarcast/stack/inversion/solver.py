"""Inversion of a block of pixels: interferograms to displacement at each date."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError

from . import gpu, kernel
from .parts import connected, labels
from .plan import Plan, make_plan
from .unwrapping import Cycles, Ties, at_once, find_cycles, joined, settle, tied
from .variance import VarianceModel, equal_variances, estimate_variance, sample_size

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Floating = npt.NDArray[np.floating]

NORMS = {"l2": kernel.LEAST_SQUARES, "l1": kernel.L1, "huber": kernel.HUBER, "student": kernel.STUDENT}
_TUNING = {"huber": 1.345, "student": 4.0}
# The sum of absolute residuals is then within 0.7 % of its least on noisy stacks of 30 and of 132 dates.
_ITERATIONS, _TOLERANCE_MM = 10, 0.05
# Degrees of freedom that the network's variance model counts for in a pixel's own variance of unit weight.
_PRIOR = 10.0
_SLICE = 2048
_NOTHING = np.empty((0, 0))


@dataclass(frozen=True)
class Inversion:
    """Displacement of a block of pixels.

    Attributes:
        displacement: (n_dates, n_pixels) mm, positive towards the satellite, zero at the first date; NaN where not inverted.
        sigma: (n_dates, n_pixels) mm, standard deviation from the residuals and the network; NaN where a bridged step lies
            between the date and the first date, for then nothing measured ties them together.
        filled: (n_dates, n_pixels), True at t where the step t-1 -> t is bridged.
        resid_rms: (n_pixels,) mm, rms of the interferogram residuals.
        temporal_coherence: (n_pixels,) 0 to 1, |mean exp(i residual phase)| (Pepe & Lanari 2006).
        n_valid: (n_pixels,) interferograms used.
        variance: what was estimated of the interferograms' variances, or None.
        cycles: unwrapping errors that were corrected, or None.
    """

    displacement: Float
    sigma: Float
    filled: npt.NDArray[np.bool_]
    resid_rms: Float
    temporal_coherence: Float
    n_valid: Int
    variance: VarianceModel | None = None
    cycles: Cycles | None = None


def invert(
    data: Floating,
    pairs: npt.NDArray[np.integer] | list[tuple[int, int]],
    days: Floating,
    *,
    weights: Floating | str = "auto",
    coherence: Floating | None = None,
    variance: VarianceModel | None = None,
    norm: str = "l2",
    correct_unwrapping: bool = False,
    shape: tuple[int, int] | None = None,
    min_pairs: int = 1,
    wavelength: float = 0.0555,
    threads: int = 1,
    device: str = "cpu",
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
        weights: ``auto``: inverse variances estimated from the residuals of the network (a factor of each interferogram, and what
            coherence says), from 200 pixels on, equal ones below; ``none``: equal; ``coherence``: by the formula
            (1 - c^2) / (2 c^2); or an array (n_pairs, n_pixels) of inverse variances (not variances).
        coherence: (n_pairs, n_pixels) 0 to 1, for ``auto`` (optional) and ``coherence``.
        variance: what :func:`estimate_noise` found before, for ``auto``; None: estimated from ``data``. Blocks of one scene share one.
        norm: ``l2`` least squares, ``l1`` least absolute residuals, ``huber``, or ``student`` (heavy tails, 4 degrees of freedom);
            all but the first by iteratively reweighted least squares.
        correct_unwrapping: find and take off whole cycles; needs the right ``wavelength``. Pixels that misfit by more than half a
            cycle and cannot be corrected for certain are solved with ``student`` instead of ``l2``.
        shape: rows and columns of the block that the pixels are, row by row; where the network leaves several explanations of an
            unwrapping error, the one that agrees with the neighbours is taken. None: such pixels are left as those above.
        min_pairs: pixels with fewer valid interferograms are not inverted.
        wavelength: radar wavelength in m, for whole cycles and the temporal coherence.
        threads: threads to use; the result is the same for any number.
        device: ``cpu``; ``cuda``, a GPU through torch (the same to rounding); or ``auto``, a GPU where there is one.

    Returns:
        An :class:`Inversion`: displacement, its standard deviation, what is bridged, and indices of each pixel.

    Raises:
        InsarcastError: shapes, dates or options do not fit.
    """
    data = np.asarray(data)
    links, times = _check(data, pairs, days, weights, coherence, norm, device)
    if variance is not None and len(variance.pair) != len(links):
        raise InsarcastError(f"invert: the variance model is of {len(variance.pair)} interferograms, the data of {len(links)}.")
    if variance is None and isinstance(weights, str) and (weights == "auto" or correct_unwrapping):
        variance = estimate_noise(data, links, coherence)
    job = _Job(links, times, norm, weights, coherence, variance, correct_unwrapping, min_pairs, wavelength)
    job.prepare(device)
    count, n = data.shape[1], len(times)
    out = Inversion(
        np.empty((n, count)), np.empty((n, count)), np.zeros((n, count), np.bool_),
        np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, np.int64), job.model,
    )  # fmt: skip
    if shape is not None and shape[0] * shape[1] != count:
        raise InsarcastError(f"invert: a block of {shape[0]} x {shape[1]} pixels has not the data's {count}.")
    data = np.ascontiguousarray(data, None if data.dtype in (np.float32, np.float64) else np.float64)
    # A GPU takes all pixels that there are; on a CPU a slice stays in the cache.
    job.width = _SLICE if job.device is None else max(count, 1)
    starts = range(0, count, job.width)
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(lambda start: job.run(data, start, out), starts))
    if not correct_unwrapping:
        return out
    cycles, ties = joined([part[0] for part in found]), tied([part[1] for part in found], len(links))
    return replace(out, cycles=job.settle(data, cycles, ties, shape, out))


def _check(
    data: Floating, pairs: Any, days: Floating, weights: Any, coherence: Floating | None, norm: str, device: str
) -> tuple[Int, Float]:
    links = np.ascontiguousarray(pairs, np.int64).reshape(-1, 2)
    times = np.ascontiguousarray(days, np.float64)
    if data.ndim != 2 or data.shape[0] != len(links):
        raise InsarcastError(f"invert: data has shape {data.shape}, but there are {len(links)} pairs; give (n_pairs, n_pixels).")
    for name, array in (("weights", weights), ("coherence", coherence)):
        if isinstance(array, np.ndarray) and array.shape != data.shape:
            raise InsarcastError(f"invert: {name} have shape {array.shape}, data {data.shape}; they must agree.")
    if isinstance(weights, np.ndarray) and (weights < 0).any():
        raise InsarcastError(
            "invert: some weights are negative; they are inverse variances, 0 or NaN where a sample is not to be used."
        )
    if coherence is not None and np.nanmax(coherence, initial=0) > 1.001:
        raise InsarcastError(
            f"invert: the coherence reaches {np.nanmax(coherence):g}; it must be 0 to 1 (divide 8-bit coherence by 255)."
        )
    if isinstance(weights, str) and weights not in ("auto", "none", "coherence"):
        raise InsarcastError(f"invert: there are no weights '{weights}'; there are auto, none, coherence, or an array.")
    if isinstance(weights, str) and weights == "coherence" and coherence is None:
        raise InsarcastError("invert: weights 'coherence' need the coherence; give it, or use weights 'auto'.")
    if len(links) and links.max() >= len(times):
        raise InsarcastError(f"invert: a pair names date number {links.max()}, but days has {len(times)}; numbers count from 0.")
    if len(links) and (links.min() < 0 or (links[:, 0] >= links[:, 1]).any()):
        raise InsarcastError("invert: every pair must be two date numbers, the first smaller than the second.")
    if len(times) < 2 or (np.diff(times) <= 0).any():
        raise InsarcastError("invert: days must be ascending and at least two.")
    if device not in ("cpu", "cuda", "auto"):
        raise InsarcastError(f"invert: there is no device '{device}'; there are cpu, cuda and auto.")
    if norm not in NORMS:
        raise InsarcastError(f"invert: there is no norm '{norm}'; there are {', '.join(NORMS)}.")
    return links, times


def estimate_noise(data: Floating, pairs: npt.NDArray[np.integer], coherence: Floating | None = None) -> VarianceModel | None:
    """The variances of interferograms, from evenly spread pixels that they connect as well as the whole network.

    Args:
        data: (n_pairs, n_pixels) mm; NaN = missing.
        pairs: (n_pairs, 2) numbers of the first and second date.
        coherence: the same shape as ``data``, 0 to 1, or None.

    Returns:
        The model; None where there is too little to tell: few pixels, no redundancy, or no misfit at all.
    """
    links = np.ascontiguousarray(pairs, np.int64)
    n_dates, size = int(links.max()) + 1, sample_size(len(links))
    step = max(1, data.shape[1] // (2 * size))
    valid = np.isfinite(data[:, ::step]).view(np.uint8)
    groups = _parts(labels(np.ones((len(links), 1), np.uint8), links, n_dates, np.zeros(1, np.int64)))[0]
    if groups == 1:
        whole = np.flatnonzero(connected(valid, links, n_dates)[1])
    else:
        whole = np.flatnonzero(_parts(labels(valid, links, n_dates, np.arange(valid.shape[1]))) == groups)
    chosen = step * whole[np.linspace(0, max(len(whole) - 1, 0), min(size, len(whole))).astype(np.int64)]
    known = None if coherence is None else coherence[:, chosen]
    return estimate_variance(data[:, chosen], known, links, plan_of(links, n_dates, groups > 1), groups)


def _parts(label: Int) -> Int:
    """Number of components of each pixel, from the first date of the component of every date (n_dates, n_pixels)."""
    return np.asarray((label == np.arange(len(label))[:, None]).sum(0), np.int64)


@dataclass
class _Job:
    """What every slice of pixels needs."""

    links: Int
    times: Float
    norm: str
    weights: Any
    coherence: Floating | None
    model: VarianceModel | None
    correct: bool
    min_pairs: int
    wavelength: float
    plain: Plan = field(init=False)
    lists: dict[bool, tuple[npt.NDArray[Any], ...]] = field(default_factory=dict)
    variance: float = 1.0
    prior: float = 0.0
    device: Any = None
    width: int = _SLICE

    def prepare(self, device: str) -> None:
        """Order the network, settle the weights, and find the device."""
        self.plain = plan_of(self.links, len(self.times), False)
        if isinstance(self.weights, str) and self.weights == "auto" and self.model is not None:
            self.prior = _PRIOR
        elif self.model is not None and isinstance(self.weights, str):
            self.variance = float(np.mean(self.model.pair))

        if device == "cuda" or (device == "auto" and gpu.has_gpu()):
            self.device = gpu.DeviceSolver(
                self.operands(self.plain), "cuda", NORMS[self.norm], _TUNING.get(self.norm, 0.0), self.prior, _ITERATIONS,
                _TOLERANCE_MM, self.to_phase,
            )  # fmt: skip

    @property
    def to_phase(self) -> float:
        """Radians in a mm."""
        return 4 * np.pi / (self.wavelength * 1000)

    def operands(self, plan: Plan) -> tuple[npt.NDArray[Any], ...]:
        """What the kernel needs of a plan, made once."""
        key = plan is self.plain
        if key not in self.lists:
            self.lists[key] = plan.operands(self.links, self.times)
        return self.lists[key]

    def run(self, data: Floating, start: int, out: Inversion) -> tuple[Cycles, Ties]:
        """Invert a slice of pixels."""
        part = slice(start, min(start + self.width, data.shape[1]))
        valid, scale = np.isfinite(data[:, part]), self._weights(part)
        if isinstance(self.weights, np.ndarray):
            valid &= (scale > 0) & np.isfinite(scale)  # those that are estimated are never zero
        number, whole = connected(valid.view(np.uint8), self.links, len(self.times))
        out.n_valid[part] = number
        enough = number >= max(self.min_pairs, 1)
        groups = [_Group(self.plain, np.flatnonzero(whole & enough), None)]
        apart = np.flatnonzero(~whole & enough)
        for array in (out.displacement, out.sigma):
            array[:, start + np.flatnonzero(~enough)] = np.nan
        if len(apart):
            label = labels(valid.view(np.uint8), self.links, len(self.times), apart)
            groups.append(_Group(plan_of(self.links, len(self.times), True), apart, label))
        found = [self._solve(group, data, scale, part, out) for group in groups if len(group.pixels)]
        return joined([part[0] for part in found]), tied([part[1] for part in found], len(self.links))

    def settle(self, data: Floating, cycles: Cycles, ties: Ties, shape: tuple[int, int] | None, out: Inversion) -> Cycles:
        """Choose between tied explanations, and write what is chosen."""
        if not len(ties.pixel):
            return cycles
        some = ties.pixel
        tried = invert(
            data[:, some] - (self.cycle * ties.number).astype(data.dtype), self.links, self.times,
            weights=self.weights[:, some] if isinstance(self.weights, np.ndarray) else self.weights,
            coherence=None if self.coherence is None else self.coherence[:, some], variance=self.model or equal_variances(len(self.links)),
            norm=self.norm, min_pairs=self.min_pairs, wavelength=self.wavelength,
        )  # fmt: skip
        doubtful = np.concatenate([cycles.left, some])
        chosen, left = settle(ties, tried.displacement, out.displacement, doubtful, shape, self.cycle)
        for name in ("displacement", "sigma", "filled", "resid_rms", "temporal_coherence"):
            getattr(out, name)[..., some[chosen]] = getattr(tried, name)[..., chosen]
        pair, place = np.nonzero(ties.number[:, chosen])
        number = ties.number[pair, chosen[place]].astype(np.int64)
        return joined([cycles, Cycles(pair, some[chosen[place]], number, left)])

    @property
    def cycle(self) -> float:
        """Displacement of a whole cycle in mm."""
        return self.wavelength * 1000 / 2

    def _weights(self, part: slice) -> npt.NDArray[Any]:
        if isinstance(self.weights, np.ndarray):
            return np.ascontiguousarray(self.weights[:, part])
        if self.weights == "coherence" and self.coherence is not None:
            c = np.clip(np.nan_to_num(self.coherence[:, part]), 0.01, 0.99)
            return np.asarray(2 * c**2 / (1 - c**2), np.float64)
        if self.weights == "auto" and self.model is not None:
            return self.model.weigh(self.coherence, part.start, part.stop)
        return _NOTHING

    def _solve(self, group: _Group, data: Floating, scale: npt.NDArray[Any], part: slice, out: Inversion) -> tuple[Cycles, Ties]:
        worst = np.zeros(part.stop - part.start) if self.correct else np.empty(0)
        if self.device is not None and group.label is None:
            self._on_device(group, data[:, part], scale, part.start, out, worst)
        else:
            self._numbers(group, group.pixels, self.norm, data, part.start, scale, part.start, out, worst)
        suspects = group.pixels[worst[group.pixels] > self.cycle / 2] if self.correct else group.pixels[:0]
        if not len(suspects):
            return joined([]), tied([], len(self.links))
        values = data[:, part].copy()
        rank = group.rank(len(self.times))[np.searchsorted(group.pixels, suspects)]
        full: npt.NDArray[Any] = scale if scale.size else np.full(values.shape, 1 / self.variance, np.float32)
        some = range(0, len(suspects), at_once(len(self.links)))
        parts = [slice(at, at + some.step) for at in some]
        found = [find_cycles(values, full, suspects[p], rank[p], self.operands(group.plan), self.cycle, 1.0) for p in parts]
        cycles, ties = joined([part[0] for part in found]), tied([part[1] for part in found], len(self.links))
        values[cycles.pair, cycles.pixel] -= (cycles.count * self.cycle).astype(values.dtype)
        self._numbers(group, np.unique(cycles.pixel), self.norm, values, 0, scale, part.start, out, worst)
        if self.norm == "l2":
            doubtful = np.unique(np.concatenate([cycles.left, ties.pixel]))
            self._numbers(group, doubtful, "student", values, 0, scale, part.start, out, worst)
        moved = Cycles(cycles.pair, cycles.pixel + part.start, cycles.count, cycles.left + part.start)
        return moved, replace(ties, pixel=ties.pixel + part.start)

    def _on_device(
        self, group: _Group, values: npt.NDArray[Any], scale: npt.NDArray[Any], start: int, out: Inversion, worst: Float
    ) -> None:
        chosen, pixels = group.pixels, start + group.pixels
        weights = scale[:, chosen] if scale.size else None
        found = self.device.solve(values[:, chosen], weights, group.rank(len(self.times)))
        out.displacement[:, pixels], out.sigma[:, pixels] = found[0], found[1]
        out.resid_rms[pixels], out.temporal_coherence[pixels] = found[2], found[3]
        if self.correct:
            worst[chosen] = found[4]

    def _numbers(
        self,
        group: _Group,
        pixels: Int,
        norm: str,
        values: npt.NDArray[Any],
        start_data: int,
        scale: npt.NDArray[Any],
        start: int,
        out: Inversion,
        worst: Float,
    ) -> None:
        """Run the kernel on some pixels of a group; mark what is bridged."""
        if not len(pixels):
            return
        place = np.searchsorted(group.pixels, pixels)
        kernel.solve(
            values, scale, pixels, group.rank(len(self.times))[place], *self.operands(group.plan),
            NORMS[norm], _TUNING.get(norm, 0.0), self.prior, _ITERATIONS, _TOLERANCE_MM, self.to_phase, True,
            start_data, start, out.displacement, out.sigma, out.resid_rms, out.temporal_coherence, worst, _NOTHING, _NOTHING,
        )  # fmt: skip
        if group.label is not None:
            label = group.label[:, place]
            out.filled[1:, start + pixels] = label[1:] != label[:-1]
            sigma = out.sigma[:, start + pixels]
            sigma[label != label[0]] = np.nan
            out.sigma[:, start + pixels] = sigma


@dataclass(frozen=True)
class _Group:
    """Pixels of a slice that are solved with one plan; ``label`` is the component of each date where the network falls apart."""

    plan: Plan
    pixels: Int
    label: Int | None

    def rank(self, n_dates: int) -> Float:
        """Unknowns that the interferograms determine: the dates, less one for each component."""
        if self.label is None:
            return np.full(len(self.pixels), n_dates - 1.0)
        return np.asarray(n_dates - _parts(self.label), np.float64)


@lru_cache(maxsize=16)
def _plan(links: bytes, n_dates: int, smooth: bool) -> Plan:
    return make_plan(np.frombuffer(links, np.int64).reshape(-1, 2), n_dates, smooth=smooth)


def plan_of(links: Int, n_dates: int, smooth: bool) -> Plan:
    """The plan of a network, made once."""
    return _plan(links.tobytes(), n_dates, smooth)
