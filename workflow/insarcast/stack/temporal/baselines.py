"""Where the satellite was: perpendicular baseline of each date, and what a metre of it does to a pixel of wrong height."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError

Float = npt.NDArray[np.float64]
Dates = npt.NDArray[np.datetime64]

ORBIT_HEIGHT = 693_000.0  # m, Sentinel-1
EARTH_RADIUS = 6_371_000.0  # m


def date_baselines(dates: Dates, date1: Dates, date2: Dates, baseline: Float) -> Float:
    """Perpendicular baseline of every date relative to the first, by least squares from those of the pairs.

    Args:
        dates: (n_dates,) ascending.
        date1: (n_pairs,) first date of each pair; pairs of other dates do not count.
        date2: (n_pairs,) second date.
        baseline: (n_pairs,) m, NaN where not known.

    Returns:
        (n_dates,) m, 0 at the first date.

    Raises:
        InsarcastError: the pairs with a known baseline do not tie all dates together; the sentence names one that is missing.
    """
    number = {day: index for index, day in enumerate(dates)}
    rows = [
        (number[one], number[two], value)
        for one, two, value in zip(date1, date2, baseline, strict=True)
        if one in number and two in number and np.isfinite(value)
    ]
    matrix = np.zeros((len(rows), len(dates)))
    for row, (one, two, _) in enumerate(rows):
        matrix[row, one], matrix[row, two] = -1.0, 1.0
    tied = {0}
    while True:
        more = {b for a, b, _ in rows if a in tied} | {a for a, b, _ in rows if b in tied}
        if more <= tied:
            break
        tied |= more
    lost = [str(day.astype("datetime64[D]")) for index, day in enumerate(dates) if index not in tied]
    if lost:
        raise InsarcastError(
            f"stack.dem_error needs perpendicular baselines that tie all dates together; none leads to {lost[0]}"
            f"{f' and {len(lost) - 1} more' if len(lost) > 1 else ''}; give products.baselines, or set stack.dem_error: false."
        )
    found = np.linalg.lstsq(matrix[:, 1:], np.array([value for *_, value in rows]), rcond=None)[0]
    return np.concatenate([[0.0], found])


def height_of_term(term: Float, up: npt.NDArray[np.floating]) -> Float:
    """DEM error in m from the displacement that it makes per metre of perpendicular baseline.

    A DEM that is z m too low makes phase 4 pi B z / (lambda R sin(incidence)), hence displacement -B z / (R sin(incidence));
    R is the slant range from a circular orbit of 693 km over a round Earth. The sign of z follows that of the baselines.

    Args:
        term: (y, x) mm per m.
        up: (y, x) up component of the unit vector ground -> satellite, the cosine of the incidence angle.
    """
    cosine = up.astype(np.float64)
    sine2 = 1 - cosine**2
    reach = np.sqrt((EARTH_RADIUS + ORBIT_HEIGHT) ** 2 - EARTH_RADIUS**2 * sine2) - EARTH_RADIUS * cosine
    return np.asarray(-term / 1000 * reach * np.sqrt(sine2), np.float64)


def baselines_of(ifgs: xr.Dataset, pairs: xr.Dataset) -> Float:
    """Baselines of the dates of an inversion, from those pairs of the interferogram store that it used; or a ready series' own.

    Args:
        ifgs: aligned interferograms with the coordinate ``baseline``.
        pairs: the inversion, with ``time`` and the dates of its pairs, ``date1`` and ``date2``; or a ready series, which has no pairs but may
            have the ``baseline`` of its dates.

    Raises:
        InsarcastError: as :func:`date_baselines`; or a ready series has no baselines.
    """
    if "pair" not in pairs.dims:
        if "baseline" not in pairs.coords or not np.isfinite(pairs.baseline.values).all():
            raise InsarcastError(
                f"stack.dem_error needs perpendicular baselines, which {pairs.attrs.get('product', 'the series')} does not have for each "
                "date; set stack.dem_error: false."
            )
        return np.asarray(pairs.baseline.values - pairs.baseline.values[0], np.float64)
    used = set(zip(pairs.date1.values, pairs.date2.values, strict=True))
    kept = [k for k, key in enumerate(zip(ifgs.date1.values, ifgs.date2.values, strict=True)) if key in used]
    return date_baselines(
        pairs.time.values, ifgs.date1.values[kept], ifgs.date2.values[kept], ifgs.baseline.values[kept].astype(np.float64)
    )
