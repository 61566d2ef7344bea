"""What a vintage sees of a displacement store, and series with gaps made whole without looking beyond it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, as_of, open_store

Float = npt.NDArray[np.float64]


def open_vintage(path: Path | str, vintage: str) -> xr.Dataset:
    """Open the displacement of a vintage: its own inversion, or the dates of a ready series up to its last one.

    Args:
        path: ``inversion.zarr`` of the vintage, or ``displacement.zarr`` of a ready series, which holds all dates.
        vintage: ``full`` or ``asof-yyyymmdd``.

    Raises:
        InsarcastError: the last date of the vintage is none of the series'.
    """
    data, last = open_store(path), as_of(vintage)
    if last is None:
        return data
    day = np.datetime64(f"{last[:4]}-{last[4:6]}-{last[6:]}")
    if "product" in data.attrs and day not in data.time.values:
        raise InsarcastError(f"There is no acquisition on {last} to forecast from; give dates that exist in forecast.origins.")
    return data.isel(time=slice(0, int(np.searchsorted(data.time.values, day, side="right"))))


def bridge_gaps(values: npt.NDArray[np.floating], years: Float, least: float) -> Float:
    """Series without gaps: straight lines between the dates before and after, the last value held to the end.

    A pixel that is first measured later than on the first date has no level against it: its series begins with 0 until then, so that
    its steps are right. The steps into and out of a date that is bridged are marked by ``filled`` of the store, and nobody scores them.

    Args:
        values: (n_dates, y, x) mm, NaN = not measured; the vintage's own dates, so that nothing later is known.
        years: (n_dates,) time in years.
        least: share of the dates on which a pixel must be measured; others become NaN on all of them.

    Returns:
        (n_dates, y, x) mm, complete or NaN on all dates.
    """
    whole = np.array(values, np.float64)
    known, n = np.isfinite(whole), len(years)
    count = known.sum(0)
    whole[:, count < max(2, np.ceil(least * n))] = np.nan
    some = (count < n) & np.isfinite(whole).any(0)
    if not some.any():
        return whole
    series, here = whole[:, some], known[:, some]
    at = np.arange(n)[:, None]
    before = np.maximum.accumulate(np.where(here, at, -1), 0)
    after = np.minimum.accumulate(np.where(here, at, n)[::-1], 0)[::-1]
    first, last = after[:1], before[-1:]
    before, after = np.where(before < 0, first, before), np.where(after == n, last, after)
    left, right = (np.take_along_axis(series, index, 0) for index in (before, after))
    span = years[after] - years[before]
    share = np.where(span > 0, (years[:, None] - years[before]) / np.where(span > 0, span, 1), 0)
    bridged = np.where(here, series, left + share * (right - left))
    whole[:, some] = np.where(first > 0, bridged - bridged[0], bridged)
    return whole
