"""From pressure, temperature and vapour along the height to the delay above each height."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

# Smith & Weintraub (1953) as used by Doin et al. (2009) and Jolivet et al. (2011).
K1 = 0.776  # K Pa-1
K2 = 0.716  # K Pa-1
K3 = 3.75e3  # K2 Pa-1
R_DRY = 287.05  # J kg-1 K-1
R_VAPOUR = 461.495  # J kg-1 K-1
G0 = 9.80665  # m s-2
_EARTH = 6_371_000.0  # m


def zenith_delay(pressure: Float, temperature: Float, vapour: Float, height: Float, latitude: Float, wanted: Float) -> Float:
    """Zenith delay between each wanted height and space.

    Hydrostatic: ``1e-6 k1 R_d / g P`` with the pressure P at the height and gravity g of the column above it (Saastamoinen 1972).
    Wet: ``1e-6`` times the integral of ``(k2 - k1 R_d / R_v) e / T + k3 e / T^2`` from the height to the highest level (Jolivet et
    al. 2011, equation 1). Between levels the logarithm of the pressure is a spline of the height, temperature and the vapour pressure go
    linearly; below the lowest level they go on as between the lowest two.

    Args:
        pressure: (n_levels,) Pa, from the ground upwards (falling).
        temperature: (n_levels, n) K.
        vapour: (n_levels, n) partial pressure of water vapour, Pa.
        height: (n_levels, n) geometric height of the levels, m.
        latitude: (n,) degrees.
        wanted: (n_heights,) m, ascending, evenly spaced.

    Returns:
        (n_heights, n) m.
    """
    from scipy.interpolate import CubicSpline

    delay = np.empty((len(wanted), height.shape[1]))
    step = float(wanted[1] - wanted[0])
    for column in range(height.shape[1]):
        z = height[:, column]
        top = max(z[-1], wanted[-1] + step)
        fine = wanted[0] + step * np.arange(int(np.ceil((top - wanted[0]) / step)) + 1)
        inside = np.clip(fine, z[0], z[-1])
        log = CubicSpline(z, np.log(pressure), bc_type="natural")
        at = np.exp(log(inside) + log(inside, 1) * (fine - inside))
        t, e = _along(z, temperature[:, column], fine), np.clip(_along(z, vapour[:, column], fine), 0, None)
        e[fine > z[-1]] = 0
        wet = 1e-6 * ((K2 - K1 * R_DRY / R_VAPOUR) * e / t + K3 * e / t**2)
        layers = (wet[1:] + wet[:-1]) / 2 * step
        above = np.concatenate([np.cumsum(layers[::-1])[::-1], [0.0]])
        dry = 1e-6 * K1 * R_DRY / column_gravity(latitude[column], fine) * at
        delay[:, column] = (dry + above)[: len(wanted)]
    return delay


def column_gravity(latitude: float, height: Float) -> Float:
    """Mean gravity of the air above a height, m s-2 (Saastamoinen 1972)."""
    return np.asarray(9.784 * (1 - 0.00266 * np.cos(2 * np.deg2rad(latitude)) - 0.00028 * height / 1000))


def geometric_height(geopotential: Float, latitude: Float) -> Float:
    """Height in m of a geopotential in m2 s-2: gravity falls with height and grows towards the poles (Mahoney 2001)."""
    level = geopotential / G0
    ratio = 9.80620 * (1 - 0.0026442 * np.cos(2 * np.deg2rad(latitude)) + 5.8e-6 * np.cos(2 * np.deg2rad(latitude)) ** 2) / G0
    return np.asarray(level * _EARTH / (ratio * _EARTH - level), np.float64)


def vapour_from_specific(q: Float, pressure: Float) -> Float:
    """Vapour pressure (Pa) of a specific humidity (kg/kg)."""
    ratio = R_DRY / R_VAPOUR
    return np.asarray(q * pressure / (ratio + (1 - ratio) * q), np.float64)


def vapour_from_relative(r: Float, temperature: Float) -> Float:
    """Vapour pressure (Pa) of a relative humidity (%), over water, ice or both as ECMWF's model has it (IFS, part IV, 7.4.2)."""
    t = temperature
    water = 611.21 * np.exp(17.502 * (t - 273.16) / (t - 32.19))
    ice = 611.21 * np.exp(22.587 * (t - 273.16) / (t + 0.7))
    share = np.clip((t - 250.16) / (273.16 - 250.16), 0, 1) ** 2
    return np.asarray(r / 100 * (share * water + (1 - share) * ice), np.float64)


def _along(z: Float, values: Float, wanted: Float) -> Float:
    """Linear interpolation, continued below the lowest level by the slope between the lowest two, constant above the highest."""
    found = np.interp(wanted, z, values)
    below = wanted < z[0]
    found[below] = values[0] + (values[1] - values[0]) / (z[1] - z[0]) * (wanted[below] - z[0])
    return np.asarray(found, np.float64)
