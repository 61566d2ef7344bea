"""What the finders of ready series on a grid share: which dates of a file are used, and where its pixels lie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError, line_of_sight

from ..patterns import is_date
from ..select import Skipped, select_dates

LEAST = 3  # dates that a series needs


def choose_dates(days: Sequence[str], products: dict[str, Any], where: Path) -> tuple[list[str], list[int], list[Skipped]]:
    """Dates of a file that the study wants, and where they are in it.

    Args:
        days: ``yyyymmdd`` of the file's layers, in its own order.
        products: the study's ``products``: start, end, exclude.
        where: the file, for the sentence.

    Returns:
        The wanted dates, ascending, their positions in the file, and what was left out.

    Raises:
        InsarcastError: a date is none or stands twice, or fewer than three are left.
    """
    for at, day in enumerate(days):
        if not is_date(day):
            raise InsarcastError(
                f"Date {at + 1} of {where} is '{day[:20]}', which is no day of the calendar; make the file anew."
            )
    if twice := sorted({day for day in days if days.count(day) > 1}):
        raise InsarcastError(
            f"{where} has the date {twice[0]} twice; a series has one displacement a day, so remove one of them."
        )
    wanted, skipped = select_dates(days, products)
    if len(wanted) < LEAST:
        raise InsarcastError(
            f"{where} has {len(days)} dates, of which {len(wanted)} are left, but a time series needs at least {LEAST}; widen "
            "products.start, end and exclude, or give a longer series."
        )
    return wanted, [days.index(day) for day in wanted], skipped


def lattice(
    crs: str, corner: tuple[float, float], step: tuple[float, float], shape: Sequence[int], where: Path
) -> dict[str, Any]:
    """A north-up lattice as the manifest holds it: crs, transform (as of GDAL's affine, a to f), ny and nx.

    Args:
        crs: ``EPSG:32611``, or well-known text.
        corner: x and y of the north-western corner of the north-western pixel.
        step: from pixel to pixel eastwards and southwards, the second negative.
        shape: rows and columns.
        where: the file, for the sentence.

    Raises:
        InsarcastError: steps are zero, of the wrong sign or no numbers, or degrees lie outside the globe.
    """
    ny, nx = (int(size) for size in shape)
    (west, north), (dx, dy) = corner, step
    if not all(map(math.isfinite, (*corner, *step))) or dx <= 0 or dy >= 0:
        raise InsarcastError(
            f"{where} is not north-up: from pixel to pixel it goes {dx:g} eastwards and {dy:g} northwards; the first must be "
            "positive and the second negative, so warp it."
        )
    if crs == "EPSG:4326" and not (-90.5 <= north + ny * dy <= north <= 90.5 and -361 <= west <= west + nx * dx <= 361):
        raise InsarcastError(
            f"{where} reaches from {west:g} to {west + nx * dx:g} E and from {north + ny * dy:g} to {north:g} N, which are no degrees; "
            "its coordinates are in another CRS than it says."
        )
    return {"crs": crs, "transform": [dx, 0.0, west, 0.0, dy, north], "ny": ny, "nx": nx}


def lattice_of_centres(
    crs: str, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], shape: Sequence[int], where: Path
) -> dict[str, Any]:
    """The same from the centres of columns and rows, from west to east and from north to south.

    Raises:
        InsarcastError: they are not as many as the pixels, or not evenly spaced.
    """
    if (len(y), len(x)) != tuple(shape) or min(shape) < 2:
        raise InsarcastError(
            f"The displacement of {where} has {shape[0]} x {shape[1]} pixels, but y and x {len(y)} and {len(x)}."
        )
    dx, dy = float((x[-1] - x[0]) / (len(x) - 1)), float((y[-1] - y[0]) / (len(y) - 1))
    if np.abs(np.diff(x) - dx).max() > 0.01 * abs(dx) or np.abs(np.diff(y) - dy).max() > 0.01 * abs(dy):
        raise InsarcastError(f"The pixels of {where} are not evenly spaced; fetch or make it again.")
    return lattice(crs, (float(x[0]) - dx / 2, float(y[0]) - dy / 2), (dx, dy), shape, where)


def place_of(grid: dict[str, Any], row: float, col: float) -> list[float]:
    """Longitude and latitude of a pixel's centre."""
    from pyproj import Transformer

    dx, _, west, _, dy, north = grid["transform"]
    x, y = west + (col + 0.5) * dx, north + (row + 0.5) * dy
    lon, lat = Transformer.from_crs(grid["crs"], "EPSG:4326", always_xy=True).transform(x, y)
    return [float(lon), float(lat)]


def pixel_at(grid: dict[str, Any], lon: float, lat: float) -> list[int] | None:
    """Row and column of the pixel that holds a place, or None where it lies outside."""
    from pyproj import Transformer

    dx, _, west, _, dy, north = grid["transform"]
    x, y = Transformer.from_crs("EPSG:4326", grid["crs"], always_xy=True).transform(lon, lat)
    row, col = (y - north) / dy, (x - west) / dx
    return [int(row), int(col)] if 0 <= row < grid["ny"] and 0 <= col < grid["nx"] else None


def check_crs(name: str, where: Path) -> str:
    """The name of a CRS, if there is one of that name.

    Raises:
        InsarcastError: there is none.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        CRS.from_user_input(name)
    except CRSError:
        raise InsarcastError(
            f"{where} is on {name[:40]}, which is no coordinate reference system that is known; correct it."
        ) from None
    return name


def line_of_sight_of(products: Mapping[str, Any], has_vectors: bool, lacking: str) -> list[float] | None:
    """One unit vector ground -> satellite, of the study's angles, or None where the product has layers of it.

    Args:
        products: the study's ``products``: incidence and heading, both or neither.
        has_vectors: whether there are layers.
        lacking: the sentence where there is neither.

    Raises:
        InsarcastError: nothing says it.
    """
    if products["incidence"] is not None and products["heading"] is not None:
        return list(line_of_sight(products["incidence"], products["heading"]))
    if not has_vectors:
        raise InsarcastError(lacking)
    return None
