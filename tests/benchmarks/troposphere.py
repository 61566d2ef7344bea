"""A simulated stack whose acquisitions are delayed by the troposphere: turbulence, and what follows the ground's height."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from stacks import MM_PER_RAD, lagged, motion, simulate

Float = npt.NDArray[np.float64]

PIXEL_M = 100.0
DATES, SHAPE = 50, (100, 100)
TURBULENCE_MM, STRATIFIED_MM_PER_KM = 6.0, 8.0


@dataclass(frozen=True)
class Scene:
    """A stack as ``stacks.Stack``, complete, whose truth is the ground alone.

    Attributes:
        data_mm: (n_pairs, n_pixels) mm, positive towards the satellite, referenced to one pixel.
        coherence: (n_pairs, n_pixels) 0 to 1.
        pairs: (n_pairs, 2) numbers of the dates.
        days: (n_dates,) days since the first date.
        truth: (n_dates, n_pixels) mm.
        reference: number of the reference pixel.
        shape: rows and columns.
        pixel_m: size of a pixel in m.
    """

    data_mm: Float
    coherence: npt.NDArray[np.float32]
    pairs: npt.NDArray[np.int64]
    days: Float
    truth: Float
    reference: int
    shape: tuple[int, int]
    pixel_m: float


def turbulence(rng: np.random.Generator, shape: tuple[int, int]) -> Float:
    """A field of unit variance whose power falls with the wave number to -8/3 (Hanssen 2001, 4.7), not periodic."""
    padded = (2 * shape[0], 2 * shape[1])
    wave = np.hypot(np.fft.fftfreq(padded[0])[:, None], np.fft.fftfreq(padded[1])[None, :])
    wave[0, 0] = np.inf
    field = np.fft.ifft2(np.fft.fft2(rng.normal(size=padded)) * wave ** (-8 / 6)).real[: shape[0], : shape[1]]
    return np.asarray((field - field.mean()) / field.std())


def simulate_troposphere(seed: int = 1) -> Scene:
    """Bowl, acceleration and annual cycle under a troposphere of some mm at every date, independent in time, and noise by coherence.

    Heights rise by 600 m across the scene with hills of 150 m; the stratified delay follows them with a rate of each date and a
    season. The reference pixel lies in a corner that does not move.
    """
    rng = np.random.default_rng(seed)
    stack = simulate(DATES, lagged(DATES, (1, 2, 3)), SHAPE, seed)
    y, x = np.meshgrid(np.linspace(0, 1, SHAPE[0]), np.linspace(0, 1, SHAPE[1]), indexing="ij")
    height_km = 0.6 * (x + 0.3 * y) / 1.3 + 0.15 * turbulence(rng, SHAPE)
    season = np.sin(2 * np.pi * stack.days / 365.25 + 2.0)
    rate = STRATIFIED_MM_PER_KM * (rng.normal(size=DATES) + 0.7 * season)
    amount = TURBULENCE_MM * np.exp(0.4 * rng.normal(size=DATES))
    delay = np.stack([a * turbulence(rng, SHAPE) + r * height_km for a, r in zip(amount, rate, strict=True)]).reshape(DATES, -1)
    first, second = stack.pairs.T
    sd = np.sqrt((1 - stack.coherence**2) / (40 * stack.coherence**2))
    truth = motion(stack.days, SHAPE).reshape(DATES, -1)
    data = truth[second] - truth[first] + delay[second] - delay[first] + MM_PER_RAD * sd * rng.normal(size=sd.shape)
    reference = 5 * SHAPE[1] + 5
    data -= data[:, [reference]]
    return Scene(data, stack.coherence, stack.pairs, stack.days, truth, reference, SHAPE, PIXEL_M)
