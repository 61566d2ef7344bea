"""Where points lie: the frame of a map of them, and the dense part of it."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from ...drawing.frame import Frame

MARGIN = 0.05  # of the longer side, between the outermost points and the edge of a map
FOOT = 0.07  # of the height, below the points: the scale bar stands there
NARROWEST = 0.5  # the shorter side of a map over its longer one
LEAST = 150.0  # m: no map is smaller, whatever few points lie on it
DENSE = 0.2  # where most points lie in a part of the map whose side is smaller than this share, that part is drawn large
MOST = 0.9  # of the points that such a part must hold


def dense_frame(cube: xr.Dataset, frame: Frame | None) -> Frame | None:
    """The frame around the points next to the median place, where it is a small part of the whole and holds nearly all points."""
    if frame is None or cube.sizes["point"] < 5:
        return None
    x, y = np.asarray(cube.x.values, float), np.asarray(cube.y.values, float)
    away = np.maximum(np.abs(x - np.median(x)), np.abs(y - np.median(y)))
    near = away <= np.quantile(away, MOST) + 1e-6
    part = points_frame(cube.isel(point=np.flatnonzero(near)))
    if part is None or near.all():
        return None
    small = max(part.right - part.left, part.top - part.bottom) < DENSE * max(frame.right - frame.left, frame.top - frame.bottom)
    return part if small else None


def points_frame(cube: xr.Dataset) -> Frame | None:
    """The frame around all points, with a margin, neither too narrow nor too small; None where points have no coordinates."""
    if "x" not in cube.coords or "point" not in cube.x.dims or not cube.sizes["point"]:
        return None
    crs = cube.attrs.get("crs")
    sides = [(float(np.nanmin(values)), float(np.nanmax(values))) for values in (cube.x.values, cube.y.values)]
    if not all(math.isfinite(end) for side in sides for end in side):
        return None
    widths = [high - low for low, high in sides]
    longest = max(*widths, LEAST if crs else 0.0) or 1.0
    grown = [max(width, NARROWEST * longest) + 2 * MARGIN * longest for width in widths]
    (left, right), (bottom, top) = (
        ((low + high - size) / 2, (low + high + size) / 2) for (low, high), size in zip(sides, grown, strict=True)
    )
    bottom -= FOOT * (top - bottom)
    return Frame(left, right, bottom, top, False, False, False, crs)
