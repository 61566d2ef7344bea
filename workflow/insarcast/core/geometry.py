"""Line of sight and places on a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .errors import InsarcastError

if TYPE_CHECKING:
    import xarray as xr


def line_of_sight(incidence: float, heading: float) -> tuple[float, float, float]:
    """Unit vector ground -> satellite (east, north, up) of a right-looking radar.

    Args:
        incidence: angle between the line of sight and the local vertical, degrees.
        heading: flight direction, degrees clockwise from north (ascending about -12, descending about -168).

    Returns:
        ``(-sin(inc) cos(head), sin(inc) sin(head), cos(inc))``: the satellite stands to the left of what it looks at.
    """
    inc, head = np.deg2rad(incidence), np.deg2rad(heading)
    return (float(-np.sin(inc) * np.cos(head)), float(np.sin(inc) * np.sin(head)), float(np.cos(inc)))


def pixel_of(cube: xr.Dataset, lon: float, lat: float) -> tuple[int, int]:
    """Row and column of the pixel that holds a place.

    Args:
        cube: dataset with ``y`` and ``x`` (pixel centres) and a CRS known to rioxarray.
        lon: longitude, degrees east.
        lat: latitude, degrees north.

    Raises:
        InsarcastError: the place lies outside the grid.
    """
    from pyproj import Transformer

    projected = None if cube.rio.crs.is_geographic else Transformer.from_crs("EPSG:4326", cube.rio.crs, always_xy=True)
    x, y = (lon, lat) if projected is None else projected.transform(lon, lat)
    where = []
    for name, value in (("y", y), ("x", x)):
        centres = cube[name].values
        step = centres[1] - centres[0] if len(centres) > 1 else np.inf
        index = np.floor((value - centres[0]) / step + 0.5) if np.isfinite(step) else 0
        if not 0 <= index < len(centres):  # infinite, where the projection does not reach
            west, south = cube.x.values.min(), cube.y.values.min()
            bounds = (float(west), float(south), float(cube.x.values.max()), float(cube.y.values.max()))
            if projected is not None:
                bounds = projected.transform_bounds(*bounds, direction="INVERSE")
            raise InsarcastError(
                f"The place {lat:.4f} N, {lon:.4f} E lies outside the cube's grid, which reaches from {bounds[1]:.4f} to {bounds[3]:.4f} N "
                f"and from {bounds[0]:.4f} to {bounds[2]:.4f} E; give one inside it (stack.reference, gnss.stations), or, where the study has "
                "an area, a larger one or stack.crop: false."
            )
        where.append(int(index))
    return where[0], where[1]
