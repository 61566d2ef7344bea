"""What the corrections need of every pixel, written block by block: delay maps and heights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, blank, blocks, create_store, open_store, shard_edge, write_block

from .maps import DelayMaps
from .sample import Sample

Float = npt.NDArray[np.float64]

_UNCOVERED = 0.05  # largest share of the inverted pixels that delay maps may miss


def write_layers(path: Path, static: xr.Dataset, data: xr.Dataset, maps: DelayMaps | None, *, heights: bool) -> tuple[int, int]:
    """Write the store with ``delay`` (time, y, x) mm, if there are maps, and ``height`` (y, x) m, if it is asked for.

    Returns:
        Inverted pixels, and how many of them the maps do not cover.

    Raises:
        InsarcastError: the maps miss more than a twentieth of the inverted pixels.
    """
    n, ny, nx = (data.sizes[name] for name in ("time", "y", "x"))
    heights = heights and "height" in static
    variables: dict[str, Any] = {}
    if maps:
        text = "apparent displacement by the delay, positive towards the satellite, 0 at the first date"
        variables["delay"] = (("time", "y", "x"), blank(np.float32, n, ny, nx), {"units": "mm", "long_name": text})
    if heights:
        variables["height"] = (("y", "x"), blank(np.float32, ny, nx), {"units": "m"})
    template = xr.Dataset(variables, {name: data[name] for name in ("time", "y", "x")}).rio.write_crs(data.rio.crs, inplace=True)
    edge = shard_edge(n)
    create_store(template, path, edge)
    inverted = uncovered = 0
    for block in blocks(ny, nx, edge) if variables else ():
        layers: dict[str, Any] = {}
        if maps:
            delay = maps.read(block)
            layers["delay"] = (("time", "y", "x"), delay.astype(np.float32))
            here = np.isfinite(data.displacement.isel(time=-1, y=block[0], x=block[1]).values)
            inverted += int(here.sum())
            uncovered += int((here & np.isnan(delay[0])).sum())
        if heights:
            layers["height"] = (("y", "x"), static.height.isel(y=block[0], x=block[1]).values)
        write_block(xr.Dataset(layers), path, block)
    if maps and uncovered > _UNCOVERED * inverted:
        raise InsarcastError(
            f"The delays of {maps.method} miss {uncovered} of the {inverted} inverted pixels on some date; fetch them for a larger area."
        )
    return inverted, uncovered


def delay_at(path: Path, sample: Sample) -> Float:
    """(n_dates, n) mm of the stored maps at a sample's pixels, block by block."""
    delay = open_store(path).delay
    out = np.empty((delay.sizes["time"], len(sample)))
    for block in blocks(delay.sizes["y"], delay.sizes["x"], shard_edge(delay.sizes["time"])):
        inside = np.ones(len(sample), np.bool_)
        for part, numbers in zip(block, (sample.rows, sample.cols), strict=True):
            inside &= (numbers >= part.start) & (numbers < part.stop)
        if inside.any():
            values = delay.isel(y=block[0], x=block[1]).values
            out[:, inside] = values[:, sample.rows[inside] - block[0].start, sample.cols[inside] - block[1].start]
    return out
