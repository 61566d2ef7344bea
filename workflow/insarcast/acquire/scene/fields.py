"""Random fields whose spectra follow power laws: turbulence, hills, land cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def power_law_field(
    rng: np.random.Generator,
    shape: tuple[int, int],
    pixel: float,
    exponents: Sequence[float],
    scales: Sequence[float] = (),
) -> Array:
    """An isotropic Gaussian field with a broken power law, mean 0 and standard deviation 1 over the field.

    White noise is filtered in the Fourier domain on a grid of twice the size, and a quarter is cut out: opposite edges of the
    field are then unrelated, as in nature, though the Fourier transform is periodic.

    A one-dimensional spectrum k^-b along any line is, for an isotropic field, a two-dimensional spectrum k^-(b+1)
    (Hanssen 2001, Radar Interferometry, section 4.7: b = 5/3, 8/3 and 2/3 from large to small scales).

    Args:
        rng: source of the white noise.
        shape: rows and columns.
        pixel: pixel size, m.
        exponents: b of each regime, from large scales to small ones.
        scales: wavelengths in m between the regimes, falling; one fewer than exponents.

    Returns:
        float32 (rows, columns).
    """
    ny, nx = (_good_length(2 * size) for size in shape)
    spectrum = np.fft.rfft2(rng.standard_normal((ny, nx), np.float32))
    # float32 frequencies: a large scene's amplitudes take half the memory
    fy, fx = np.fft.fftfreq(ny, pixel).astype(np.float32), np.fft.rfftfreq(nx, pixel).astype(np.float32)
    spectrum *= np.sqrt(power_law(np.hypot(fy[:, None], fx[None, :]), exponents, scales))
    field = np.fft.irfft2(spectrum, s=(ny, nx))[: shape[0], : shape[1]].astype(np.float32)
    field -= field.mean(dtype=np.float64)
    field /= max(float(field.std(dtype=np.float64)), 1e-30)
    return field


def power_law(frequency: npt.NDArray[np.floating], exponents: Sequence[float], scales: Sequence[float] = ()) -> Array:
    """Two-dimensional power at radial frequencies in 1/m: k^-(b+1) in each regime, continuous, 0 at frequency 0."""
    edges = [1 / scale for scale in scales]
    unit = edges[0] if edges else 1e-3  # where the power is 1; only the shape matters
    power = np.zeros(frequency.shape, np.float32)
    level = 1.0
    for number, exponent in enumerate(exponents):
        low = edges[number - 1] if number else 0.0
        high = edges[number] if number < len(edges) else np.inf
        anchor = low or unit
        inside = (frequency > low) & (frequency <= high)
        power[inside] = level * (frequency[inside] / anchor) ** -(exponent + 1)
        if number and np.isfinite(high):
            level *= (high / anchor) ** -(exponent + 1)
    return power


def _good_length(size: int) -> int:
    """A length at least ``size`` without large prime factors, for which the Fourier transform is quick."""
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1 and size % 2 == 0:
            return size
        size += 1
