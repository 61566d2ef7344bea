"""Delays from ERA5 on pressure levels: files that the user has fetched from the Climate Data Store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError

from .refractivity import geometric_height, vapour_from_relative, vapour_from_specific, zenith_delay

Float = npt.NDArray[np.float64]

# Names of the Climate Data Store since 2024, then those before.
_NAMES = {
    "time": ("valid_time", "time"),
    "level": ("pressure_level", "level", "isobaricInhPa"),
    "lat": ("latitude", "lat"),
    "lon": ("longitude", "lon"),
}
_NEAR = 90  # minutes
_STEP = 20.0  # m: the delay is straight enough between


@dataclass(frozen=True)
class Column:
    """Zenith delays of one date on the nodes of the weather model.

    Attributes:
        lat: (n_lat,) ascending, degrees.
        lon: (n_lon,) ascending, degrees from -180 to 180.
        height: (n_height,) m, ascending.
        delay: (n_lat, n_lon, n_height) m.
    """

    lat: Float
    lon: Float
    height: Float
    delay: Float

    def at(self, lat: Float, lon: Float, height: Float) -> Float:
        """Zenith delay in m at places and heights; NaN outside the nodes or where the height is not known."""
        from scipy.interpolate import RegularGridInterpolator

        inside = RegularGridInterpolator((self.lat, self.lon, self.height), self.delay, bounds_error=False)
        points = np.stack([lat.ravel(), lon.ravel(), height.ravel()], 1)
        found = np.full(len(points), np.nan)
        known = np.isfinite(points).all(1)
        if known.any():
            found[known] = inside(points[known])
        return np.asarray(found.reshape(lat.shape), np.float64)


@lru_cache(maxsize=512)
def read_column(paths: tuple[str, ...], date: str, time: str | None, lowest: float, highest: float) -> Column:
    """Integrate the fields of one date.

    Args:
        paths: NetCDF files of the date.
        date: ``yyyymmdd``.
        time: ``hh:mm`` of the acquisition in UTC; None where the files hold one hour only.
        lowest: lowest height that is wanted, m.
        highest: highest height that is wanted, m.

    Raises:
        InsarcastError: a file cannot be read, or lacks a variable or an hour.
    """
    fields = [_open(path) for path in paths]
    data = _at_time(xr.concat(fields, "time", join="inner") if len(fields) > 1 else fields[0], paths[0], date, time)
    data = data.sortby("level", ascending=False).sortby("lat").sortby("lon")
    pressure = data.level.values.astype(np.float64) * 100
    shape = (len(pressure), -1)
    t = data.t.values.astype(np.float64).reshape(shape)
    if "q" in data:
        e = vapour_from_specific(data.q.values.astype(np.float64).reshape(shape), pressure[:, None])
    else:
        e = vapour_from_relative(data.r.values.astype(np.float64).reshape(shape), t)
    lat = np.repeat(data.lat.values.astype(np.float64), data.sizes["lon"])
    height = geometric_height(data.z.values.astype(np.float64).reshape(shape), lat)
    wanted = np.arange(np.floor(lowest / _STEP) * _STEP, highest + 2 * _STEP, _STEP)
    delay = zenith_delay(pressure, t, e, height, lat, wanted)
    nodes = delay.T.reshape(data.sizes["lat"], data.sizes["lon"], len(wanted))
    return Column(data.lat.values.astype(np.float64), data.lon.values.astype(np.float64), wanted, nodes)


def _open(path: str) -> xr.Dataset:
    """The fields of a file by the names ``z``, ``t``, ``q`` or ``r`` over ``time``, ``level`` (hPa), ``lat``, ``lon``."""
    try:
        with xr.open_dataset(path) as file:  # NetCDF 4 by h5netcdf, classic NetCDF by scipy
            data = file.load()
    except (OSError, ValueError, TypeError) as error:
        raise InsarcastError(f"{path} cannot be read as NetCDF ({str(error).splitlines()[0]}); fetch it again.") from None
    names = {old: new for new, known in _NAMES.items() for old in known if old in data.variables and old != new}
    data = data.rename(names)
    lacking = [name for name in ("z", "t", "level", "lat", "lon") if name not in data.variables]
    lacking += [] if "q" in data or "r" in data else ["q (or r)"]
    if lacking:
        raise InsarcastError(
            f"{path} has no {lacking[0]}; ask ERA5 for geopotential (z), temperature (t) and specific humidity (q) on pressure levels."
        )
    data = data[[name for name in ("z", "t", "q", "r") if name in data]].reset_coords(drop=True)
    data = data.squeeze([dim for dim in data.dims if dim not in _NAMES and data.sizes[dim] == 1])
    if (
        set(data.dims) - {"time"} != {"level", "lat", "lon"}
        or data.sizes["level"] < 5
        or min(data.sizes["lat"], data.sizes["lon"]) < 2
    ):
        sizes = ", ".join(f"{name} {size}" for name, size in data.sizes.items())
        raise InsarcastError(f"{path} must hold at least 5 levels and 2 x 2 nodes, and no further dimension; it has {sizes}.")
    data = data.assign_coords(lon=(data.lon.values + 180) % 360 - 180)
    return data if "time" in data.dims else data.expand_dims("time")


def _at_time(data: xr.Dataset, path: str, date: str, time: str | None) -> xr.Dataset:
    """The fields at the time of the acquisition, linear between the two hours around it."""
    if data.sizes["time"] == 1:
        return data.isel(time=0)
    if time is None:
        raise InsarcastError(
            f"{path} holds {data.sizes['time']} hours; say when the satellite passed in stack.troposphere.time (UTC)."
        )
    wanted = np.datetime64(f"{date[:4]}-{date[4:6]}-{date[6:]}T{time}", "ns")
    data = data.sortby("time")
    hours = data.time.values
    nearest = int(np.argmin(np.abs(hours - wanted)))
    if abs(hours[nearest] - wanted) > np.timedelta64(_NEAR, "m"):
        raise InsarcastError(
            f"{path} has no hour within {_NEAR} minutes of {date} {time} UTC; fetch the two hours around the acquisition."
        )
    inside = min(max(wanted, hours[0]), hours[-1])
    return data.interp(time=inside)
