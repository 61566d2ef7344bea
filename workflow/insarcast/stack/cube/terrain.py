"""What the radar cannot see: ground that turns away from it more steeply than it looks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError


def in_shadow(static: xr.Dataset, block: tuple[slice, slice]) -> npt.NDArray[np.bool_]:
    """Pixels in radar shadow or layover by their own slope.

    Shadow: the ground's normal makes more than 90 degrees with the direction to the satellite. Layover: the ground leans
    towards the satellite more steeply than the incidence angle, so that higher ground is nearer to the radar. Shadow that a
    mountain casts on ground behind it is not found.

    Args:
        static: aligned interferograms with ``height`` and ``los``.
        block: rows and columns.

    Returns:
        (y, x); False where height or line of sight are not known.

    Raises:
        InsarcastError: there is no height, or no line of sight.
    """
    if "height" not in static or "los" not in static:
        raise InsarcastError(
            "stack.mask.shadow needs a DEM and the line of sight; give products.dem and products.incidence, or set it to false."
        )
    ny, nx = static.sizes["y"], static.sizes["x"]
    rows, cols = (slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in zip(block, (ny, nx), strict=True))
    around = static.isel(y=rows, x=cols)
    height = around.height.values.astype(np.float64)
    inner = tuple(slice(s.start - r.start, s.stop - r.start) for s, r in zip(block, (rows, cols), strict=True))
    if min(height.shape) < 2:
        return np.zeros((block[0].stop - block[0].start, block[1].stop - block[1].start), np.bool_)
    y, x = metres(around)
    up_north, up_east = np.gradient(height, y, x)
    east, north, up = around.los.values.astype(np.float64)
    facing = up - east * up_east - north * up_north  # normal . los, times the normal's length
    # Moving away from the radar on the ground along its look: range falls where the slope beats the incidence angle.
    flat = np.hypot(east, north)
    with np.errstate(invalid="ignore", divide="ignore"):
        rising = -(up_east * east + up_north * north) / flat  # slope of the ground in the direction away from the radar
        found = (facing <= 0) | (rising * up >= flat)
    return np.asarray(found[inner], np.bool_)


def metres(data: xr.Dataset) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Coordinates y and x in m: projected ones as they are, degrees on a sphere at the middle latitude."""
    y, x = data.y.values.astype(np.float64), data.x.values.astype(np.float64)
    if not data.rio.crs.is_geographic:
        return y, x
    degree = np.pi / 180 * 6_371_000.0
    return y * degree, x * degree * np.cos(np.deg2rad(y.mean()))
