"""What a displacement series is made of: velocity, annual course, steps, and the part that a DEM error makes.

The dates are the same for all pixels, so one operator (parameters, dates) fits a whole block by one matrix product, and every
standard error is a quadratic form of the residuals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError

Float = npt.NDArray[np.float64]

YEAR_DAYS = 365.25
ANNUAL_YEARS = (
    2.0  # over simulated basins the yearly course pays for itself from about two years on; before, it costs more than it mends
)
_SPARE = 2  # dates more than parameters that a fit needs to say how well it fits
_MEASURED = 1e-4  # least share of a column that the other columns do not explain


@dataclass(frozen=True, eq=False)
class TimeFunctions:
    """The columns that displacement is fitted with, and one operator that fits them.

    Attributes:
        years: (n_dates,) time in years since the first date.
        names: parameters in order: ``constant``, ``velocity``, then ``cosine``, ``sine`` and ``step_<yyyymmdd>`` where they are fitted.
        design: (n_dates, n_parameters).
        operator: (n_parameters, n_dates): parameters = operator @ displacement.
        baseline: (n_dates,) perpendicular baseline in m relative to the first date, or None where no DEM error is fitted.
        dem_operator: (n_dates,) the DEM term in mm per m of baseline = dem_operator @ displacement.
        freedom: dates less all parameters, that of the DEM error included.
        notes: sentences on what was asked for and is not fitted.
    """

    years: Float
    names: tuple[str, ...]
    design: Float
    operator: Float
    baseline: Float | None
    dem_operator: Float | None
    freedom: int
    notes: list[str] = field(default_factory=list)

    @property
    def residual_operator(self) -> Float:
        """(n_dates, n_dates): residuals = residual_operator @ displacement."""
        fitted = self.design @ self.operator
        if self.baseline is not None and self.dem_operator is not None:
            fitted = fitted + np.outer(self.baseline, self.dem_operator)
        return np.asarray(np.eye(len(self.years)) - fitted, np.float64)

    def row(self, name: str) -> Float:
        """The operator's row of one parameter."""
        return np.asarray(self.operator[self.names.index(name)], np.float64)


def make_time_functions(
    dates: npt.NDArray[np.datetime64],
    *,
    annual: bool | str = "auto",
    steps: Sequence[str] = (),
    baseline: Float | None = None,
) -> TimeFunctions:
    """Lay out d(t) = c + v t [+ a cos + b sin] [+ steps] [+ DEM error].

    The DEM error's part is estimated beside a parabola in time, so that motion whose velocity changes does not leak into it
    (Fattahi and Amelung 2013: polynomial of order 2), and taken off before velocity, annual course and steps are fitted; the
    operator of these holds both, so their errors know of it.

    Args:
        dates: (n_dates,) ascending.
        annual: True, False, or ``auto``: where the record is at least two years long.
        steps: dates yyyymmdd or yyyy-mm-dd from which on the displacement is shifted.
        baseline: (n_dates,) perpendicular baseline in m, or None for no DEM error.

    Raises:
        InsarcastError: there are fewer dates than a velocity or the DEM error needs, or a step is no date.
    """
    days = ((dates - dates[0]) / np.timedelta64(1, "D")).astype(np.float64)
    years, notes = days / YEAR_DAYS, list[str]()
    columns: dict[str, Float] = {"constant": np.ones(len(years)), "velocity": years}
    for text in steps:
        day = _step_day(text)
        name = f"step_{str(day).replace('-', '')}"
        after = dates >= day
        if not after.any() or after.all():
            notes.append(f"The step of {day} is not fitted: all dates of the record are on one side of it.")
        elif name not in columns and not _add(columns, {name: after.astype(np.float64)}):
            notes.append(f"The step of {day} is not fitted: the dates cannot tell it from the other functions of time.")
    if annual is True or (annual == "auto" and years[-1] >= ANNUAL_YEARS):
        angle = 2 * np.pi * years
        if not _add(columns, {"cosine": np.cos(angle), "sine": np.sin(angle)}):
            notes.append(
                "The annual course is not fitted: there are too few dates, or too short a record, to tell it from a trend."
            )
    elif annual == "auto":
        notes.append(f"The annual course is not fitted: the record is {years[-1]:.2f} years long, less than {ANNUAL_YEARS:g}.")
    design = np.stack(list(columns.values()), 1)
    if len(years) < 2:
        raise InsarcastError("A velocity needs two dates.")
    operator, spent = np.asarray(np.linalg.pinv(design), np.float64), design.shape[1]
    shift = dem = None
    if baseline is not None:
        shift = baseline - baseline[0]
        dem = _dem_operator(columns, shift)
        operator, spent = operator @ (np.eye(len(years)) - np.outer(shift, dem)), spent + 1
    return TimeFunctions(years, tuple(columns), design, operator, shift, dem, len(years) - spent, notes)


def _step_day(text: str) -> np.datetime64:
    try:
        plain = str(text).replace("-", "")
        return np.datetime64(f"{plain[:4]}-{plain[4:6]}-{plain[6:]}", "D")
    except ValueError:
        raise InsarcastError(f"stack.velocity.steps has '{text}', which is no date; write '20180219'.") from None


def _add(columns: dict[str, Float], new: dict[str, Float]) -> bool:
    """Add columns if dates remain to judge the fit and each says something that the others do not."""
    design = np.stack([*columns.values(), *new.values()], 1)
    n, count = design.shape
    if n < count + _SPARE:
        return False
    for index in range(count):
        rest = np.delete(design, index, 1)
        own = design[:, index] - rest @ np.linalg.lstsq(rest, design[:, index], rcond=None)[0]
        if own @ own < _MEASURED * (design[:, index] @ design[:, index]):
            return False
    columns.update(new)
    return True


def _dem_operator(columns: dict[str, Float], baseline: Float) -> Float:
    """The row that estimates the DEM term beside the functions of time and a parabola."""
    years = columns["velocity"]
    beside = np.stack([*columns.values(), (years - years.mean()) ** 2], 1)
    own = baseline - beside @ np.linalg.lstsq(beside, baseline, rcond=None)[0]
    if len(years) < beside.shape[1] + 1 + _SPARE or own @ own < max(_MEASURED * float(baseline @ baseline), _MEASURED):
        raise InsarcastError(
            f"stack.dem_error needs more than the {len(years)} dates of this record, or perpendicular baselines that differ; "
            "set stack.dem_error: false."
        )
    return np.asarray(own / (own @ own), np.float64)


def dem_term_error(functions: TimeFunctions, residual: Float) -> Float:
    """Standard error of the DEM term from the scatter about the fit, (...) mm per m; NaN where no date is left to tell it.

    Args:
        functions: with a baseline.
        residual: (n_dates, ...) mm, of :func:`insarcast.stack.temporal.velocity.fit_series`.
    """
    square, row = (residual**2).sum(0), functions.dem_operator
    if row is None or functions.freedom < 1:
        return np.full(square.shape, np.nan)
    return np.asarray(np.sqrt(square * (row @ row) / functions.freedom), np.float64)


def dem_shift(functions: TimeFunctions, displacement: npt.NDArray[np.floating]) -> tuple[npt.NDArray[Any], Float]:
    """Displacement without the part of the DEM error, and that part per m of baseline.

    Args:
        functions: with a baseline.
        displacement: (n_dates, ...) mm.

    Returns:
        The corrected displacement, still 0 at the first date and wherever it was 0, and the DEM term (...) in mm per m.
    """
    if functions.baseline is None or functions.dem_operator is None:
        raise InsarcastError("These time functions have no DEM error.")
    term = np.tensordot(functions.dem_operator, displacement.astype(np.float64), 1)
    shape = (-1,) + (1,) * term.ndim
    return (displacement - functions.baseline.reshape(shape) * term).astype(displacement.dtype), term
