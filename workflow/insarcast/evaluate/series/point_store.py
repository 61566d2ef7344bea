"""Stores over points that are written chunk by chunk."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr


def create_points(template: xr.Dataset, path: Path, chunk: int) -> None:
    """Write coordinates, attributes and variables without points; variables over points are filled in later.

    Args:
        template: variables whose last dimension is ``point`` may be zero-strided, see :func:`insarcast.core.blank`.
        path: store to write.
        chunk: points in a chunk.
    """
    import dask.array

    lazy, encoding = template.copy(), {}
    for name, variable in template.variables.items():
        variable.encoding = {}
        if variable.dtype.kind == "U":
            lazy[name] = template[name].astype(np.dtypes.StringDType())
        if name in template.data_vars and variable.dims[-1:] == ("point",):
            # Not .chunk(): dask names an array by hashing it, for which it would copy the zero-strided template to its full size.
            lazy[name] = template[name].copy(data=dask.array.zeros(variable.shape, dtype=variable.dtype, chunks=-1))
            encoding[name] = {"chunks": _pieces(variable, chunk)}
    lazy.to_zarr(path, mode="w", zarr_format=3, consolidated=False, compute=False, encoding=encoding)


def _pieces(variable: xr.Variable, chunk: int) -> tuple[int, ...]:
    """All layers of a chunk of points in one piece, or, above 16 MiB, the origins of each model and horizon."""
    *layers, points = variable.shape
    if math.prod(layers) * min(chunk, points) * 4 > 2**24:
        layers = [size if dim == "origin" else 1 for dim, size in zip(variable.dims[:-1], layers, strict=True)]
    return (*layers, min(chunk, points))


def write_points(data: xr.Dataset, path: Path, window: slice) -> None:
    """Fill a chunk of points; ``data`` holds only variables over points."""
    bare: Any = data.drop_vars(list(data.coords))
    bare.to_zarr(path, mode="r+", consolidated=False, region={"point": window}, safe_chunks=False)
