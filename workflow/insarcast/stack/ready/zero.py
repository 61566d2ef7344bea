"""Where a ready series on a grid is zero: at the product's own reference, or where the study wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, pixel_of

from ..corrections.moving import window_mean
from ..corrections.record import said_place
from ..network.reference import Reference, reference_from_config
from .grid_series import Array, GridSeries

Float = npt.NDArray[np.float64]

_ZERO = 1e-3  # mm: the product's own reference is zero up to rounding


@dataclass(frozen=True)
class Zero:
    """The reference of a ready series.

    Attributes:
        shift: (n_dates,) mm to take off every pixel.
        record: row, col, lon, lat, window, method and sentence for the record; without a place where none is zero as far as is known, then
            ``zero`` says in a few words where it is.
    """

    shift: Float
    record: dict[str, Any]

    @property
    def attributes(self) -> dict[str, Any]:
        """``reference_*`` of a cube; none where the place is not known."""
        keys = ("row", "col", "lon", "lat", "window")
        return {f"reference_{key}": self.record[key] for key in keys if key in self.record}


def find_zero(series: GridSeries, placed: xr.Dataset, read: Any, settings: dict[str, Any]) -> Zero:
    """The study's reference if it names one, else the product's own.

    Args:
        series: the product.
        placed: dataset with the coordinates and CRS of the grid, as cut.
        read: block of that grid -> (n_dates, y, x) mm.
        settings: the study's ``stack.reference``: lon, lat, window.

    Raises:
        InsarcastError: the place that the study names lies outside, or is not measured on some date.
    """
    n = len(series.dates)
    if settings["lon"] is not None:
        place = reference_from_config(placed, settings["lon"], settings["lat"], settings["window"])
        rows, cols = place.slices(placed.sizes["y"], placed.sizes["x"])
        where = said_place(settings["lon"], settings["lat"])
        mean = window_mean(read((rows, cols)), placed.time.values, where, key="stack.reference")
        said = "The reference point is the study's choice; the series were referred to it anew."
        return Zero(mean, place.record(placed) | {"sentence": said})
    stays = Zero(np.zeros(n), {"method": "product"})
    if series.reference is None:
        stays.record["zero"] = "the product's own, at a place that it does not name"
        stays.record["sentence"] = (
            f"The product ({series.product}) does not say where it is zero; its own reference is kept. stack.reference.lon and lat set another."
        )
        return stays
    lon, lat = series.reference
    try:
        row, col = pixel_of(placed, lon, lat)
    except InsarcastError:
        stays.record["zero"] = f"the product's own, {said_place(lon, lat)}, outside of the grid"
        stays.record["sentence"] = f"The reference is the product's own, at {said_place(lon, lat)}, outside of the grid."
        return stays
    own: Array = read((slice(row, row + 1), slice(col, col + 1)))
    known = own[np.isfinite(own)]  # the product's mask may leave out its own reference on some dates
    if not known.size or np.abs(known - known[0]).max() > _ZERO:
        stays.record["zero"] = f"the product's own, which is not zero at {said_place(lon, lat)}, the place that it names"
        stays.record["sentence"] = (
            f"The product ({series.product}) names {said_place(lon, lat)} as its reference, but is not zero there on all dates; its series are "
            "kept as they are. stack.reference.lon and lat set another."
        )
        return stays
    place = Reference(row, col, 1, "product", "The reference is the product's own.")
    return Zero(np.zeros(n), place.record(placed))
