"""The store of a ready series on a grid: what is in it, and how it is written window by window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, Manifest, blank, create_store, give_back_memory, shard_edge, write_block

from ..alignment.groups import room
from ..temporal.functions import YEAR_DAYS
from .grid_series import INDICES, Array, Block, GridSeries
from .sizes import Sizes
from .windows import reading_windows
from .zero import Zero

RETROSPECTIVE = "retrospective"
_COPIES = 5  # of a window of displacement that are in memory together
_UNITS = {"height": "m", "resid_rms": "mm", "loop_phase_mean": "rad"}


class ReadyStore:
    """The store of a product, as cut."""

    def __init__(self, product: GridSeries, window: Block, found: Manifest, *, keep_water: bool) -> None:
        import rioxarray  # noqa: F401  (registers .rio)

        self.product, self.window, self.found = product, window, found
        self.grid = product.grid.part(window)
        self.layers = {name: read for name, read in product.layers.items() if not (keep_water and name == "water")}
        coords: dict[str, Any] = {
            "time": np.array([np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}", "ns") for d in product.dates]),
            "y": self.grid.y,
            "x": self.grid.x,
            "enu": ["east", "north", "up"],
        }
        if product.baselines is not None:
            coords["baseline"] = ("time", np.asarray(product.baselines, np.float64), {"units": "m"})
        self.placed: xr.Dataset = xr.Dataset(coords=coords).rio.write_crs(self.grid.crs, inplace=True)
        self.placed = self.placed.rio.write_transform(self.grid.transform, inplace=True)

    def raw(self, block: Block) -> Array:
        """(time, y, x) mm of a block of the cut grid, as the product has it."""
        return self.product.displacement(self._moved(block))

    def write(self, path: Path, zero: Zero, least: float, mem_mb: int, *, check: bool) -> dict[str, Any]:
        """Write the store window by window, and count."""
        give_back_memory()
        n, ny, nx = len(self.product.dates), self.grid.ny, self.grid.nx
        edge = shard_edge(n)
        create_store(self._template(zero, least), path, edge)
        years = ((self.placed.time.values - self.placed.time.values[0]) / np.timedelta64(1, "D")) / YEAR_DAYS
        sizes, measured, total, inverted, gaps = Sizes(years.astype(np.float64), (ny, nx)), np.zeros(n, np.int64), ny * nx, 0, 0
        bridged = np.zeros(2, np.int64)
        shift = zero.shift.astype(np.float32)[:, None, None]
        for block in reading_windows((ny, nx), n, edge, self.product.chunk, room(mem_mb, _COPIES)):
            values = self.raw(block)
            values -= shift
            known = np.isfinite(values)
            first = np.take_along_axis(values, known.argmax(0)[None], 0)
            values -= np.where(np.isfinite(first), first, np.float32(0))
            sizes.add(values)
            count = known.sum(0)
            measured += known.sum((1, 2))
            inverted, gaps = inverted + int((count > 0).sum()), gaps + int(((count > 0) & (count < n)).sum())
            filled = self._filled(block, known)
            steps = (filled[1:] & known[1:] & known[:-1]).sum(0)
            bridged += [int((steps > 0).sum()), int(steps.sum())]
            write_block(self._block(block, values, known, filled), path, block)
        if not inverted:
            raise InsarcastError(f"No pixel of {self.product.product} has a value; look at nodata, mask and area.")
        if empty := [date for date, held in zip(self.product.dates, measured, strict=True) if not held]:
            raise InsarcastError(
                f"{self.product.product} holds no value on {', '.join(empty[:5])}{' ...' if len(empty) > 5 else ''}; list such dates in "
                "products.exclude."
            )
        key = "series.units" if self.found.source == "rasters" else "the units of the file"
        return {
            "total": total, "inverted": inverted, "no_data": total - inverted, "with_gaps": gaps,
            "bridged": int(bridged[0]), "bridged_steps": int(bridged[1]),
            "measured": [round(held / inverted, 4) for held in measured.tolist()],
            "sizes": sizes.check(self.product.product, key) if check else {},
        }  # fmt: skip

    def _filled(self, block: Block, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """(time, y, x) steps that the product bridged, and those into and out of a date without a value."""
        product = self.product
        filled = product.filled(self._moved(block)).astype(np.bool_) if product.filled else np.zeros(known.shape, np.bool_)
        filled[1:] |= ~known[1:] | ~known[:-1]
        filled[0] = False
        filled &= known.any(0)
        return filled

    def _block(self, block: Block, values: Array, known: npt.NDArray[np.bool_], filled: npt.NDArray[np.bool_]) -> xr.Dataset:
        """What is written of a window."""
        here, product = self._moved(block), self.product
        layers: dict[str, Any] = {
            "displacement": (("time", "y", "x"), values),
            "filled": (("time", "y", "x"), filled),
            "los": (("enu", "y", "x"), product.line_of_sight(here)),
        }
        if product.sigma:
            layers["sigma"] = (("time", "y", "x"), np.where(known, product.sigma(here), np.float32(np.nan)))
        for name, read in self.layers.items():
            layer = read(here)
            layers[_stored(name)] = (("y", "x"), layer if _kind(name) is np.float32 else np.nan_to_num(layer).astype(_kind(name)))
        return xr.Dataset(layers)

    def _template(self, zero: Zero, least: float) -> xr.Dataset:
        n, ny, nx = len(self.product.dates), self.grid.ny, self.grid.nx
        cubic, flat = ("time", "y", "x"), ("y", "x")
        towards = {"units": "mm", "sign": "positive towards the satellite"}
        grid: dict[str, Any] = {
            "displacement": (cubic, blank(np.float32, n, ny, nx), towards),
            "filled": (cubic, blank(np.bool_, n, ny, nx)),
            "los": (("enu", "y", "x"), blank(np.float32, 3, ny, nx), {"units": "1"}),
        }
        if self.product.sigma:
            grid["sigma"] = (cubic, blank(np.float32, n, ny, nx), {"units": "mm"})
        for name in self.layers:
            grid[_stored(name)] = (flat, blank(_kind(name), ny, nx), {"units": _UNITS.get(name, "1")})
        attrs = {
            "source": self.found.source,
            "product": self.product.product,
            "evaluation": RETROSPECTIVE,
            "min_dates": least,
            "credits": self.found.credits,
            "Conventions": "CF-1.11",
        }
        if self.product.wavelength is not None:
            attrs["wavelength"] = self.product.wavelength
        template: xr.Dataset = self.placed.assign(grid).assign_attrs(attrs | zero.attributes)
        return template

    def _moved(self, block: Block) -> Block:
        """A block of the cut grid in the product's own."""
        rows, cols = (
            slice(part.start + base.start, part.stop + base.start) for part, base in zip(block, self.window, strict=True)
        )
        return rows, cols


def _stored(name: str) -> str:
    """A layer's name in the store: ``mask`` is the cube's own word."""
    return "product_mask" if name == "mask" else name


def _kind(name: str) -> Any:
    if name in ("mask", "water"):
        return np.bool_
    return np.int32 if name in INDICES and name.startswith("n_") else np.float32
