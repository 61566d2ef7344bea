"""Another reference point for a series that is already inverted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError

from ..network.reference import Reference, reference_from_config

Float = npt.NDArray[np.float64]

NOTE = "moved after the inversion; sigma is still that of each date at its pixel, without the new reference's own error"


def window_mean(
    values: npt.NDArray[Any], time: npt.NDArray[np.datetime64], where: str, key: str = "stack.reference.move"
) -> Float:
    """Mean of a window on each date.

    Args:
        values: (n_dates, y, x) mm.
        time: (n_dates,) dates, for the sentence.
        where: which window, for the sentence.
        key: which key of the study names it, for the sentence.

    Raises:
        InsarcastError: nothing in the window is inverted on some date.
    """
    flat = values.reshape(len(values), -1).astype(np.float64)
    known = np.isfinite(flat)
    if not known.any(1).all():
        gone = [str(day) for day in time[~known.any(1)].astype("datetime64[D]")]
        raise InsarcastError(
            f"Nothing in the window at {where} is measured on {', '.join(gone[:5])}{' ...' if len(gone) > 5 else ''}; give another "
            f"place ({key}), or a larger window."
        )
    return np.asarray(np.where(known, flat, 0).sum(1) / known.sum(1), np.float64)


def move_reference(cube: xr.Dataset, lon: float, lat: float, window: int = 3) -> xr.Dataset:
    """Make another place zero on all dates, without inverting again.

    ``displacement`` loses the mean of the new window on each date, ``velocity`` the window's. ``sigma``
    and ``velocity_sigma`` stay: they are formal errors of each pixel from its own interferograms and scatter, not of its difference to
    the reference, old or new. Indices that come from neighbours or interferograms do not depend on the reference.

    Args:
        cube: cube or inversion with ``displacement`` (time, y, x) mm.
        lon: longitude of the new reference, degrees east.
        lat: its latitude, degrees north.
        window: edge in pixels of the square whose mean becomes zero.

    Returns:
        A new dataset with attributes ``reference_*`` of the new place.

    Raises:
        InsarcastError: the place is outside the grid, or not inverted on some date.

    Example:
        >>> from insarcast import stack
        >>> from insarcast.core import open_cube
        >>> moved = stack.move_reference(open_cube("cube.zarr"), -99.17, 19.41)
    """
    place = reference_from_config(cube, lon, lat, window)
    rows, cols = place.slices(cube.sizes["y"], cube.sizes["x"])
    mean = window_mean(cube.displacement.isel(y=rows, x=cols).values, cube.time.values, f"{lat:.4f} N, {lon:.4f} E")
    level = xr.DataArray(mean.astype(np.float32), dims="time")
    moved = cube.assign(displacement=(cube.displacement - level).transpose(*cube.displacement.dims))
    moved.displacement.attrs = dict(cube.displacement.attrs)
    moved.displacement.encoding = dict(cube.displacement.encoding)
    if "velocity" in cube:
        # A slope is linear in the series: that of the window's mean is the mean of the window's slopes.
        slope = float(np.nanmean(cube.velocity.isel(y=rows, x=cols).values.astype(np.float64)))
        moved["velocity"] = cube.velocity.copy(data=(cube.velocity - np.float32(slope)).data)
    return moved.assign_attrs(moved_attributes(cube, place))


def moved_attributes(data: xr.Dataset, place: Reference) -> dict[str, Any]:
    """Attributes of a cube whose reference is at a new place; ``data`` has those of the old one."""
    record = place.record(data)
    old = {key: data.attrs[key] for key in ("reference_lon", "reference_lat") if key in data.attrs}
    return {
        **{f"reference_{key}": record[key] for key in ("row", "col", "lon", "lat", "window")},
        **{key.replace("reference_", "reference_moved_from_"): value for key, value in old.items()},
        "reference_note": NOTE,
    }
