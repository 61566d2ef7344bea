"""Velocity, annual course and steps of a block of displacement, with their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .functions import YEAR_DAYS, TimeFunctions

Float = npt.NDArray[np.float64]

SIGMAS = ("scatter", "autocorrelation", "bootstrap")
_CORRELATIONS = np.linspace(0.0, 0.95, 20)


def fit_series(displacement: Float, functions: TimeFunctions) -> tuple[Float, Float]:
    """Least-squares parameters of every pixel, and the residuals.

    Args:
        displacement: (n_dates, ...) mm.
        functions: of :func:`make_time_functions`.

    Returns:
        Parameters (n_parameters, ...) in the order of ``functions.names``, mm and mm/yr, NaN where a date is NaN; residuals
        (n_dates, ...) mm.
    """
    return np.tensordot(functions.operator, displacement, 1), np.tensordot(functions.residual_operator, displacement, 1)


@dataclass(frozen=True, eq=False)
class VelocityError:
    """Standard errors of the velocity: everything that does not depend on the pixel.

    Args:
        functions: of :func:`make_time_functions`.
        block_dates: dates in a block of the bootstrap; None: :func:`usual_block`.
    """

    functions: TimeFunctions
    block_dates: int | None = None

    def scatter(self, residual: Float) -> Float:
        """From the scatter about the fit, as if residuals of different dates were independent; (...) mm/yr."""
        row, freedom = self.functions.row("velocity"), self.functions.freedom
        square = (residual**2).sum(0)
        return np.sqrt(square * (row @ row) / freedom) if freedom > 0 else np.full(square.shape, np.nan)

    def autocorrelation(self, residual: Float) -> Float:
        """From the scatter, for residuals that follow a first-order autoregression from date to date; (...) mm/yr.

        The lag-1 correlation of a fit's residuals is smaller than that of the errors: the fit follows them. Both expectations,
        of that correlation and of the residuals' square sum, are known for each correlation of the errors, so the estimate is
        the correlation whose expectation is what is seen, and the standard error is exact for it. Negative ones count as none.
        """
        if self.functions.freedom <= 0:
            return self.scatter(residual)
        seen, gain = self._table()
        square = (residual**2).sum(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            lagged = np.nan_to_num((residual[1:] * residual[:-1]).sum(0) / square)  # no scatter (a reference pixel): no error
        return np.asarray(np.sqrt(square * np.interp(lagged, seen, gain)), np.float64)

    def bootstrap(self, residual: Float) -> Float:
        """Circular block bootstrap of the residuals over dates (Politis and Romano 1992), in its limit of all resamplings; (...) mm/yr.

        Residuals are drawn in blocks of consecutive dates that wrap around the record's end, put on the fit, and fitted again.
        The variance over all possible draws is a quadratic form of the residuals, so nothing is drawn at random. Residuals are
        enlarged by dates over degrees of freedom, for a fit leaves less than the errors were.
        """
        n, freedom = len(self.functions.years), self.functions.freedom
        if freedom <= 0:
            return self.scatter(residual)
        form = block_bootstrap_form(self.functions.row("velocity"), self.block_dates or usual_block(n))
        values, vectors = np.linalg.eigh(form)
        root = (vectors * np.sqrt(np.clip(values, 0, None)))[:, values > values.max() * 1e-12].T
        return np.asarray(np.sqrt((np.tensordot(root, residual, 1) ** 2).sum(0) * n / freedom), np.float64)

    def _table(self) -> tuple[Float, Float]:
        """Expected lag-1 correlation of the residuals, and the velocity's variance over their square sum, for rising correlations."""
        row, project = self.functions.row("velocity"), self.functions.residual_operator
        apart = np.abs(np.subtract.outer(np.arange(len(row)), np.arange(len(row))))
        seen, gain = [], []
        for correlation in _CORRELATIONS:
            errors = correlation**apart
            left = project @ errors @ project.T
            seen.append(np.trace(left, 1) / np.trace(left))
            gain.append(row @ errors @ row / np.trace(left))
        rising = [0, *(k for k in range(1, len(seen)) if seen[k] > max(seen[:k]))]
        return np.array(seen)[rising], np.array(gain)[rising]


def usual_block(n_dates: int) -> int:
    """Dates in a block where nothing else is asked for: 1.5 times the cube root of their number."""
    return int(max(1, min(n_dates, round(1.5 * n_dates ** (1 / 3)))))


def block_bootstrap_form(row: Float, length: int) -> Float:
    """Matrix Q: the variance of ``row @ resampled`` over circular block bootstraps of residuals e is e @ Q @ e.

    Args:
        row: (n,) weights of the dates.
        length: dates in a block; the last block is cut at the record's end.
    """
    n = len(row)
    form = np.zeros((n, n))
    starts = np.arange(n)
    for first in range(0, n, length):
        part = row[first : first + length]
        draws = np.zeros((n, n))  # (start, residual): what a block that starts there adds
        for offset, weight in enumerate(part):
            draws[starts, (starts + offset) % n] += weight
        draws -= draws.mean(0)
        form += draws.T @ draws / n
    return form


def annual_course(parameters: Float, functions: TimeFunctions, first: np.datetime64) -> tuple[Float, Float]:
    """Amplitude in mm, and day of the year (0 = 1 January) on which the ground is nearest to the satellite; both (...).

    Args:
        parameters: (n_parameters, ...) of :func:`fit_series`.
        functions: with an annual course.
        first: first date.
    """
    cosine, sine = (parameters[functions.names.index(name)] for name in ("cosine", "sine"))
    day = first.astype("datetime64[D]")
    start = float((day - day.astype("datetime64[Y]").astype("datetime64[D]")) / np.timedelta64(1, "D"))
    peak = np.arctan2(sine, cosine) / (2 * np.pi) * YEAR_DAYS
    return np.hypot(cosine, sine), np.mod(start + peak, YEAR_DAYS)


def velocity_layers(
    displacement: Float, functions: TimeFunctions, settings: dict[str, Any], first: np.datetime64
) -> dict[str, Float]:
    """Layers of a block for the cube.

    Args:
        displacement: (n_dates, y, x) mm; where a DEM error is fitted, before its part is taken off.
        functions: of :func:`make_time_functions`.
        settings: ``sigma``, one of :data:`SIGMAS`, and ``block_days``, days in a block of the bootstrap or None.
        first: first date.

    Returns:
        ``velocity``, ``velocity_sigma``, ``velocity_std_block``, and where fitted ``annual_amplitude``, ``annual_peak_day`` and
        ``step_<yyyymmdd>``, all (y, x).
    """
    parameters, residual = fit_series(displacement, functions)
    errors = VelocityError(functions, block_dates(settings["block_days"], functions.years))
    block = errors.bootstrap(residual)
    named = {"scatter": errors.scatter, "autocorrelation": errors.autocorrelation}
    layers = {
        "velocity": parameters[functions.names.index("velocity")],
        "velocity_sigma": named[settings["sigma"]](residual) if settings["sigma"] in named else block,
        "velocity_std_block": block,
    }
    if "cosine" in functions.names:
        layers["annual_amplitude"], layers["annual_peak_day"] = annual_course(parameters, functions, first)
    steps = [name for name in functions.names if name.startswith("step_")]
    return layers | {name: parameters[functions.names.index(name)] for name in steps}


def fitted_layers(functions: TimeFunctions) -> list[str]:
    """Names of the layers beyond the velocity that a cube gets from its time functions."""
    annual = ["annual_amplitude", "annual_peak_day"] if "cosine" in functions.names else []
    dem = [] if functions.baseline is None else ["dem_error", "dem_error_sigma"]
    return [*annual, *(name for name in functions.names if name.startswith("step_")), *dem]


def block_dates(days: float | None, years: Float) -> int | None:
    """Dates in a block of so many days, at the median interval."""
    if days is None:
        return None
    return int(np.clip(round(days / (np.median(np.diff(years)) * YEAR_DAYS)), 1, len(years)))
