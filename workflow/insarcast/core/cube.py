"""The cube contract: what a cube is, and how stores are opened and written.

A cube is one line of sight: an ``xarray.Dataset`` in Zarr v3 with dims ``(time, y, x)`` or ``(time, point)``.
Displacement is in mm along the line of sight, positive towards the satellite, 0 at the reference date and point.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from .arrays import CHUNK, compressors, create_array, forget_arrays, grouped, opened_array
from .errors import InsarcastError
from .memory import give_back_memory

Block = tuple[slice, slice]

POINTS = 1024  # in a chunk of a cube of points
_SHARD_BYTES = 16 * 2**20
_UNITS = {
    "displacement": "mm",
    "sigma": "mm",
    "velocity": "mm yr-1",
    "velocity_sigma": "mm yr-1",
}
_SIGN = "positive towards the satellite"


def shard_edge(layers: int) -> int:
    """Edge in pixels of a square shard that holds ``layers`` float32 layers in at most 16 MiB, a multiple of the chunk's."""
    return CHUNK * max(1, min(8, int(math.sqrt(_SHARD_BYTES / (4 * max(layers, 1)))) // CHUNK))


def blocks(ny: int, nx: int, edge: int) -> Iterator[Block]:
    """Windows of at most ``edge`` x ``edge`` pixels that cover a grid, row by row; aligned to shards of that edge."""
    for top in range(0, ny, edge):
        for left in range(0, nx, edge):
            yield slice(top, min(top + edge, ny)), slice(left, min(left + edge, nx))


def _encoding(data: xr.Dataset, edge: int | None) -> dict[str, dict[str, Any]]:
    """Sharded, time in one chunk; space in chunks of 128 pixels or 1024 points, so that a time series costs one small read."""
    encoding: dict[str, dict[str, Any]] = {}
    for name, variable in data.variables.items():
        space = ("y", "x") if "y" in variable.dims else ("point",)
        if variable.ndim < 2 or not set(space) <= set(variable.dims) or not variable.size:  # no loops: nothing to shard
            continue
        layers = math.prod(size for dim, size in variable.sizes.items() if dim not in space)
        width, wide = (CHUNK, edge or shard_edge(layers)) if len(space) == 2 else (POINTS, _shard_points(layers))
        chunks, shards = [], []
        for dim, size in variable.sizes.items():
            if dim in space:
                chunk = min(width, size)
                chunks.append(chunk)
                shards.append(chunk * math.ceil(min(wide, size) / chunk))
            else:
                chunks.append(size)
                shards.append(size)
        encoding[str(name)] = {"chunks": tuple(chunks), "shards": tuple(shards), "compressors": compressors()}
    return encoding


def _shard_points(layers: int) -> int:
    """Points in a shard that holds ``layers`` float32 layers in at most 16 MiB, a multiple of the chunk's; one chunk at least."""
    return POINTS * max(1, _SHARD_BYTES // (4 * max(layers, 1)) // POINTS)


def blank(dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[Any]:
    """Zeros that take no memory, to stand for a variable in the template of :func:`create_store`.

    A template's CRS is written with ``inplace=True``: rioxarray would copy the zeros to their full size otherwise.
    """
    return np.broadcast_to(np.zeros((), dtype), shape)


def create_store(template: xr.Dataset, path: Path, edge: int, groups: Mapping[str, int] | None = None) -> None:
    """Write coordinates, attributes and empty variables of ``template``; blocks of ``edge`` pixels are filled in later.

    Variables with ``y`` and ``x`` may be dask or zero-strided arrays: only their shapes and types count, and a block that is
    never filled holds NaN (False, 0). Others are written now. ``groups``: names of variables whose first dim is cut into groups of
    that many layers.
    """
    give_back_memory()
    grid = [name for name in template.data_vars if {"y", "x"} <= set(template[name].dims) and template[name].size]
    rest = _with_grid_mapping(template.drop_vars(grid))
    for variable in rest.variables.values():
        variable.load()  # a lazy coordinate, as of an opened store, would never be computed
    rest.to_zarr(path, mode="w", zarr_format=3, consolidated=False, encoding=_encoding(rest, edge))
    encoding = _encoding(template[grid], edge)
    for layered, size in (groups or {}).items():
        encoding[layered] = grouped(size, template.sizes["y"], template.sizes["x"], edge)
    for name in grid:
        variable = template[name].variable
        mapping = template[name].encoding.get("grid_mapping") or variable.attrs.get("grid_mapping") or _mapping(template)
        attributes = dict(variable.attrs) | ({"grid_mapping": mapping} if mapping else {})
        create_array(path, str(name), variable.shape, variable.dtype, variable.dims, attributes, **encoding[str(name)])


def _mapping(template: xr.Dataset) -> str | None:
    """Name of the coordinate that holds the CRS."""
    return next((str(name) for name, variable in template.coords.items() if "crs_wkt" in variable.attrs), None)


def _with_grid_mapping(data: xr.Dataset) -> xr.Dataset:
    """The dataset without encodings; the name of the grid mapping moves to the attributes, for an encoding given at writing replaces it.

    Text becomes variable-length strings: Zarr v3 has no specification of fixed-length ones.
    """
    clean = data.copy()
    for name in [n for n, v in data.variables.items() if v.dtype.kind == "U"]:
        clean[name] = clean[name].astype(np.dtypes.StringDType())
    for variable in clean.variables.values():
        mapping = variable.encoding.get("grid_mapping")
        variable.encoding = {}
        if mapping and "y" in variable.dims and variable.ndim > 1:
            variable.attrs["grid_mapping"] = mapping
    return clean


def write_block(data: xr.Dataset, path: Path, block: Block) -> None:
    """Fill one block of a store made by :func:`create_store`; ``data`` holds only variables with ``y`` and ``x``."""
    window = {"y": block[0], "x": block[1]}
    for name, variable in data.data_vars.items():
        array, dims = opened_array(path, str(name))  # not to_zarr: it reads the whole store's metadata again for every block
        array[tuple(window.get(dim, slice(None)) for dim in dims)] = variable.transpose(*dims).values


def add_to_store(data: xr.Dataset, path: Path) -> None:
    """Add small variables to a store; its attributes stay (xarray would replace them by the added dataset's)."""
    data.assign_attrs(open_store(path).attrs).to_zarr(path, mode="a", zarr_format=3, consolidated=False)


def write_store(data: xr.Dataset, path: Path) -> None:
    """Write a dataset that fits in memory as sharded Zarr v3."""
    clean = _with_grid_mapping(data)
    forget_arrays()
    clean.to_zarr(path, mode="w", zarr_format=3, consolidated=False, encoding=_encoding(clean, None))


def append_points(data: xr.Dataset, path: Path) -> None:
    """Write a share of the points of a store, the first one anew, each further one behind the others (dimension ``point``)."""
    if not path.exists():
        write_store(data, path)
        return
    rest = _with_grid_mapping(data).drop_vars([name for name, variable in data.variables.items() if "point" not in variable.dims])
    rest.to_zarr(path, append_dim="point", zarr_format=3, consolidated=False)


def open_store(path: Path | str) -> xr.Dataset:
    """Open a store lazily, with its CRS; dask chunks are the store's shards.

    Raises:
        InsarcastError: there is no readable store.
    """
    import rioxarray  # noqa: F401  (registers .rio)

    try:
        with warnings.catch_warnings():
            # Snakemake keeps a time stamp inside a directory output; zarr warns about every file it does not know.
            warnings.filterwarnings("ignore", message="Object at .snakemake_timestamp")
            store: xr.Dataset = xr.open_zarr(path, consolidated=False, decode_coords="all")
            return store
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise InsarcastError(f"{path} is no readable store ({error}); delete it and run again.") from error


def open_cube(path: Path | str) -> xr.Dataset:
    """Open a cube and hold it to the contract.

    Raises:
        InsarcastError: a variable is missing, or has wrong units, sign or dims; the sentence names it.
    """
    cube = open_store(path)
    check_cube(cube, str(path))
    return cube


def check_cube(cube: xr.Dataset, where: str = "the cube") -> None:
    """Raise an InsarcastError that names the first variable of ``cube`` that breaks the contract."""
    for name in ("displacement", "mask"):
        if name not in cube:
            raise InsarcastError(f"{where} has no variable '{name}'; it is no cube.")
    space = ("y", "x") if "y" in cube.displacement.dims else ("point",)
    for name in ("displacement", "sigma", "filled"):
        if name in cube and cube[name].dims != ("time", *space):
            raise InsarcastError(f"{where}: '{name}' has dims {cube[name].dims}, it must have {('time', *space)}.")
    if cube.mask.dims != space or cube.mask.dtype != bool:
        raise InsarcastError(
            f"{where}: 'mask' must be bool over {space}, True = use; it is {cube.mask.dtype} over {cube.mask.dims}."
        )
    for name, units in _UNITS.items():
        if name in cube and cube[name].attrs.get("units") != units:
            raise InsarcastError(
                f"{where}: '{name}' is in {cube[name].attrs.get('units', 'no units')!r}, it must be in {units!r}."
            )
    if _SIGN not in cube.displacement.attrs.get("sign", ""):
        raise InsarcastError(f"{where}: the sign of 'displacement' must be stated as '{_SIGN}'.")
    if cube.sizes["time"] > 1 and not (np.diff(cube.time.values) > np.timedelta64(0)).all():
        raise InsarcastError(f"{where}: the dates are not ascending.")


def as_of(vintage: str) -> str | None:
    """Last date ``yyyymmdd`` that a vintage may see; None for ``full``."""
    return None if vintage == "full" else vintage.removeprefix("asof-")
