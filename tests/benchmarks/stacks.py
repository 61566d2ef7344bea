"""Simulated stacks of interferograms whose truth is known, for the benchmarks of the inversion.

Subsidence of a bowl (-80 mm/yr at its centre) that accelerates, with an annual cycle. The noise of every interferogram follows its
coherence (``L`` = 20 looks, standard deviation sqrt((1 - c^2) / (2 c^2 L)) rad; Rosen et al. 2000), which varies in space, falls with the
pair's time span and changes from pair to pair. Samples are missing in patches where the coherence is poor. In some patches no
interferogram crosses a certain step, or one date has no interferogram at all: there the network falls apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtr

Float = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]

WAVELENGTH = 0.0554658  # m, Sentinel-1
MM_PER_RAD = -WAVELENGTH * 1000 / (4 * np.pi)  # phase positive away, displacement positive towards the satellite
LOOKS = 20
STEP_DAYS = 12


@dataclass(frozen=True)
class Stack:
    """A simulated stack, the pixels in rows.

    Attributes:
        phase: (n_pairs, n_pixels) rad, positive away from the satellite; NaN = missing.
        coherence: (n_pairs, n_pixels) 0 to 1.
        pairs: (n_pairs, 2) numbers of the dates.
        days: (n_dates,) days since the first date.
        truth: (n_dates, n_pixels) mm, positive towards the satellite, 0 at the first date.
        shape: rows and columns.
        complete: (n_pixels,) every interferogram is there.
        gap: (n_pixels,) the pixel's interferograms do not connect all dates.
    """

    phase: Float
    coherence: Float
    pairs: npt.NDArray[np.int64]
    days: npt.NDArray[np.float64]
    truth: Float
    shape: tuple[int, int]
    complete: Bool
    gap: Bool

    @property
    def data_mm(self) -> Float:
        """(n_pairs, n_pixels) mm, positive towards the satellite."""
        return np.asarray(MM_PER_RAD * self.phase, np.float32)

    @property
    def partly(self) -> Bool:
        """(n_pixels,) something is missing, but all dates are connected."""
        return ~self.complete & ~self.gap

    def describe(self) -> str:
        n = self.phase.shape[1]
        masks = len(np.unique(np.packbits(np.isnan(self.phase), axis=0), axis=1).T)
        return (
            f"{len(self.days)} dates, {len(self.pairs)} pairs, {n} pixels: {self.complete.mean():.1%} have every interferogram, "
            f"{np.isnan(self.phase).mean():.1%} of the samples are missing, {self.gap.sum()} pixels have a gap, {masks} masks"
        )


def small() -> Stack:
    """30 dates, 90 pairs (lags 1 to 3, some of lag 8), 200 x 200 pixels."""
    return simulate(30, lagged(30, (1, 2, 3)) + [(i, i + 8) for i in range(0, 22, 4)], (200, 200))


def long() -> Stack:
    """132 dates, 555 pairs (lags 1 to 4, some of a year), 100 x 100 pixels."""
    years = np.linspace(0, 101, 37).round().astype(int).tolist()
    return simulate(132, lagged(132, (1, 2, 3, 4)) + [(i, i + 30) for i in years], (100, 100))


def lagged(n_dates: int, lags: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(i, i + lag) for i in range(n_dates) for lag in lags if i + lag < n_dates]


def simulate(n_dates: int, pairs: list[tuple[int, int]], shape: tuple[int, int], seed: int = 0) -> Stack:
    """A stack of ``shape`` pixels; the same bytes for the same arguments."""
    rng = np.random.default_rng(seed)
    links = np.array(sorted(pairs), np.int64)
    days = STEP_DAYS * np.arange(n_dates, dtype=np.float64)
    truth = motion(days, shape)
    goodness = smooth(rng, shape, 12 * shape[0] / 200)
    coherence = decorrelation(rng, goodness, links, days)
    missing = patches(rng, goodness, links)
    cut(rng, goodness, links, n_dates, missing)
    sd = np.sqrt((1 - coherence**2) / (2 * coherence**2 * LOOKS))
    phase = (truth[links[:, 1]] - truth[links[:, 0]]) / MM_PER_RAD + sd * rng.normal(size=sd.shape)
    phase[missing] = np.nan
    flat = phase.reshape(len(links), -1).astype(np.float32)
    return Stack(
        flat,
        coherence.reshape(len(links), -1).astype(np.float32),
        links,
        days,
        truth.reshape(n_dates, -1).astype(np.float32),
        shape,
        np.asarray(np.isfinite(flat).all(0)),
        disconnected(np.isfinite(flat), links, n_dates),
    )


def motion(days: npt.NDArray[np.float64], shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """(n_dates, rows, columns) mm."""
    y, x = np.meshgrid(np.linspace(-1, 1, shape[0]), np.linspace(-1, 1, shape[1]), indexing="ij")
    bowl = np.exp(-((x - 0.1) ** 2 + (y + 0.15) ** 2) / (2 * 0.35**2))
    years = days / 365.25
    course = -80 * years - 12 * years * (years - years[-1])  # -80 mm/yr over the whole period, whatever its length
    annual = np.sin(2 * np.pi * years + 0.6) - np.sin(0.6)
    return np.asarray(course[:, None, None] * bowl + annual[:, None, None] * (2 + 4 * bowl))


def smooth(rng: np.random.Generator, shape: tuple[int, int], width: float) -> npt.NDArray[np.float64]:
    """A random field that varies over ``width`` pixels, spread evenly from 0 to 1."""
    field = gaussian_filter(rng.normal(size=shape), width, mode="wrap")
    return np.asarray(ndtr((field - field.mean()) / field.std()))


def decorrelation(
    rng: np.random.Generator, goodness: npt.NDArray[np.float64], links: npt.NDArray[np.int64], days: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """(n_pairs, rows, columns) coherence: a level and a decay by place, and a state of the ground of every pair."""
    level, decay = 0.60 + 0.46 * goodness**0.6, 130 + 800 * goodness  # days
    span = (days[links[:, 1]] - days[links[:, 0]])[:, None, None]
    state = np.stack([smooth(rng, goodness.shape, 20 * goodness.shape[0] / 200) for _ in links])
    return np.asarray(np.clip(level * (0.55 + 0.45 * np.exp(-span / decay)) * (0.8 + 0.2 * state), 0.1, 0.98))


def patches(rng: np.random.Generator, goodness: npt.NDArray[np.float64], links: npt.NDArray[np.int64]) -> Bool:
    """(n_pairs, rows, columns) missing samples: none in the better half, up to a fifth where the ground is worst."""
    poor = 0.455
    chance = np.where(goodness < poor, 0.03 + 0.165 * (poor - goodness) / poor, 0.0)
    return np.stack([smooth(rng, goodness.shape, 4) < chance for _ in links])


def cut(
    rng: np.random.Generator, goodness: npt.NDArray[np.float64], links: npt.NDArray[np.int64], n_dates: int, missing: Bool
) -> None:
    """Take away, in discs of poor ground, what crosses one step; in two specks, all interferograms of one date."""
    rows, columns = np.indices(goodness.shape)
    poor = np.argwhere(goodness < 0.5)
    scale = goodness.size / 40_000
    for size in (*(8 * [52 * scale]), 9, 12):
        row, column = poor[rng.integers(len(poor))]
        nearest = np.argsort(((rows - row) ** 2 + (columns - column) ** 2).ravel(), kind="stable")[: round(size)]
        step = int(rng.integers(n_dates // 6, n_dates - n_dates // 6))
        lost = (links[:, 0] < step) & (links[:, 1] >= step)
        if size in (9, 12):
            lost = (links == (step if size == 9 else n_dates - 1)).any(1)
        missing[np.ix_(lost, *(np.arange(n) for n in goodness.shape))] |= np.isin(rows * goodness.shape[1] + columns, nearest)


def disconnected(there: Bool, links: npt.NDArray[np.int64], n_dates: int) -> Bool:
    """(n_pixels,) the network of a pixel falls apart."""
    pixels = there.shape[1]
    pair, pixel = np.nonzero(there)
    offset = pixel * n_dates
    nodes = (offset + links[pair, 0], offset + links[pair, 1])
    edges = coo_array((np.ones(len(pair), np.int8), nodes), shape=(pixels * n_dates,) * 2)
    _, label = connected_components(edges, directed=False)
    by_pixel = label.reshape(pixels, n_dates)
    return np.asarray((by_pixel != by_pixel[:, :1]).any(1))
