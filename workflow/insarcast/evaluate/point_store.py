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
        chunk: points in a chunk; a layer of it (the last dimensions but one together) is stored in one piece.
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
            encoding[name] = {"chunks": _pieces(variable.shape, chunk)}
    lazy.to_zarr(path, mode="w", zarr_format=3, consolidated=False, compute=False, encoding=encoding)


def _pieces(shape: tuple[int, ...], chunk: int) -> tuple[int, ...]:
    """Chunks of at most 16 MiB or so: one of the first dimension where there are several."""
    whole = math.prod(shape[:-1]) * min(chunk, shape[-1]) * 4
    first = (1, *shape[1:-1]) if len(shape) > 2 and whole > 2**24 else shape[:-1]
    return (*first, min(chunk, shape[-1]))


def write_points(data: xr.Dataset, path: Path, window: slice) -> None:
    """Fill a chunk of points; ``data`` holds only variables over points."""
    bare: Any = data.drop_vars(list(data.coords))
    bare.to_zarr(path, mode="r+", consolidated=False, region={"point": window}, safe_chunks=False)
