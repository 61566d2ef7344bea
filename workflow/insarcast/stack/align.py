"""Products on one grid: the union of their extents, NaN where a product has nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from affine import Affine
from rasterio.windows import Window

from insarcast.core import (
    InsarcastError,
    Manifest,
    Pair,
    blank,
    blocks,
    create_store,
    file_sha256,
    read_manifest,
    shard_edge,
    write_block,
)

from .grid import BadFileError, Grid, Layer, open_raster, read_window

Array = npt.NDArray[np.float32]


def align_products(manifest: Path, ifgs: Path, bad_file: str) -> None:
    """Read the products of a manifest onto one grid.

    Writes dims (pair, y, x): ``phase`` in rad, positive = away from the satellite whatever the product's own sign, NaN where
    nothing was measured; ``coherence`` 0 to 1; and (y, x) ``height`` in m and ``los`` (enu), the unit vector ground -> satellite.

    Args:
        manifest: the manifest that ``acquire`` left.
        ifgs: store to write.
        bad_file: ``stop`` with a sentence at a file that is broken, empty or on another lattice, or ``skip`` its pair.

    Raises:
        InsarcastError: a file cannot be used, or too few are left.
    """
    found = read_manifest(manifest)
    for path, known in found.sha256.items():
        if Path(path).is_file() and file_sha256(Path(path)) != known:
            raise InsarcastError(f"{path} has changed since it was found; run again, then it is found anew.")
    layers, grid, skipped = _survey(found.pairs, found.conventions.get("nodata"), bad_file)
    pairs = [pair for pair in found.pairs if pair.name in layers]
    if not pairs:
        raise InsarcastError(f"No interferogram of {manifest} can be used; the first: {skipped[0]['reason']}")
    edge = shard_edge(len(pairs))
    create_store(_template(pairs, grid, found, found.skipped + skipped), ifgs, edge)
    away = 1.0 if found.conventions["sign"] == "away" else -1.0
    nodata = found.conventions.get("nodata")
    static = _static_readers(found.static, grid, found.conventions.get("los"))
    for block in blocks(grid.ny, grid.nx, edge):
        phase = np.stack([layers[pair.name][0].read(block, nodata) for pair in pairs]) * np.float32(away)
        data: dict[str, tuple[tuple[str, ...], Array]] = {"phase": (("pair", "y", "x"), phase)}
        if any(layers[pair.name][1] for pair in pairs):
            data["coherence"] = (
                ("pair", "y", "x"),
                np.stack([_coherence(layers[pair.name][1], block, phase[0].shape) for pair in pairs]),
            )
        for name, read in static.items():
            values = read(block)
            data[name] = (("enu", "y", "x") if name == "los" else ("y", "x"), values)
        write_block(xr.Dataset(data), ifgs, block)


def _survey(
    pairs: list[Pair], nodata: float | None, bad_file: str
) -> tuple[dict[str, tuple[Layer, Layer | None]], Grid, list[dict[str, str]]]:
    """Check every file and lay out the union of the extents.

    Returns:
        Pair name -> layers of phase and coherence; the common grid; and what was skipped.
    """
    base, good, skipped = _base_grid([pair.unwrapped for pair in pairs]), {}, []
    for pair in pairs:
        try:
            found = [_place(path, base, nodata if kind == "phase" else None, kind) for kind, path in _files(pair)]
            good[pair.name] = (found[0], found[1] if len(found) > 1 else None)
        except BadFileError as error:
            if bad_file == "stop":
                raise BadFileError(
                    f"{str(error).rstrip('.')}; or set products.bad_file: skip, or list {pair.name} in products.exclude, to go on without it."
                ) from None
            skipped.append({"what": "pair", "name": pair.name, "reason": str(error)})
            print(f"skipped {pair.name}: {error}", file=sys.stderr)
    corners = [(layer.row, layer.col, Grid.of(layer.path)) for both in good.values() for layer in both if layer]
    if not corners:
        return {}, base, skipped
    top, left = min(c[0] for c in corners), min(c[1] for c in corners)
    bottom, right = max(c[0] + c[2].ny for c in corners), max(c[1] + c[2].nx for c in corners)
    moved = {
        name: (phase.moved(top, left), coherence and coherence.moved(top, left)) for name, (phase, coherence) in good.items()
    }
    return moved, Grid(base.crs, base.transform @ Affine.translation(left, top), bottom - top, right - left), skipped


def _files(pair: Pair) -> list[tuple[str, str]]:
    return [("phase", pair.unwrapped), *([("coherence", pair.coherence)] if pair.coherence else [])]


def _base_grid(paths: list[str]) -> Grid:
    """The lattice that most files share: one file on another CRS must not make all the others the odd ones."""
    seen: dict[tuple[str, float, float], tuple[int, Grid]] = {}
    for path in paths:
        try:
            grid = Grid.of(path)
        except BadFileError:
            continue  # named when its turn comes
        key = (grid.crs.to_wkt(), round(grid.transform.a, 9), round(grid.transform.e, 9))
        count, first = seen.get(key, (0, grid))
        seen[key] = (count + 1, first)
    if not seen:
        Grid.of(paths[0])
        raise InsarcastError(f"No file can be read as a raster; the first is {paths[0]}.")
    return max(seen.values(), key=lambda entry: entry[0])[1]


def _place(path: str, base: Grid, nodata: float | None, kind: str) -> Layer:
    """Place a file on the lattice after reading it once; raises BadFileError if it is broken or empty."""
    grid = Grid.of(path)
    row, col = base.offset(grid, path)
    layer, any_valid, top = Layer(path, row, col), False, -np.inf
    for block in blocks(grid.ny, grid.nx, 2048):
        moved = (slice(block[0].start + row, block[0].stop + row), slice(block[1].start + col, block[1].stop + col))
        values = layer.read(moved, nodata)
        valid = np.isfinite(values)
        any_valid = any_valid or bool(valid.any())
        top = max(top, float(values[valid].max())) if valid.any() else top
    if not any_valid:
        raise BadFileError(f"{path} holds nothing but nodata; fetch it again.")
    if kind == "coherence" and top > 1.001:
        raise BadFileError(f"{path} holds coherence up to {top:g}; it must be 0 to 1 (float) or 0 to 255 (uint8).")
    return layer


def _coherence(layer: Layer | None, block: tuple[slice, slice], shape: tuple[int, ...]) -> Array:
    if layer is None:
        return np.full(shape, np.nan, np.float32)
    with np.errstate(invalid="ignore"):
        return np.clip(layer.read(block, None), 0, 1)


def _static_readers(
    static: dict[str, list[str]], grid: Grid, los: list[float] | None
) -> dict[str, Callable[[tuple[slice, slice]], Array]]:
    """What reads a block of each layer that does not change in time."""
    readers: dict[str, Callable[[tuple[slice, slice]], Array]] = {}
    if "dem" in static:
        readers["height"] = lambda block: _mosaic(static["dem"], grid, block)
    if "los_east" in static:
        names = [static[f"los_{part}"] for part in ("east", "north", "up")]
        readers["los"] = lambda block: np.stack([_mosaic(paths, grid, block) for paths in names])
    elif los is not None:
        vector = np.asarray(los, np.float32)[:, None, None]
        readers["los"] = lambda block: np.broadcast_to(
            vector, (3, block[0].stop - block[0].start, block[1].stop - block[1].start)
        ).copy()
    return readers


def _mosaic(paths: list[str], grid: Grid, block: tuple[slice, slice]) -> Array:
    """A block of a layer in several files: the first fills it, the next fill what is left."""
    out = _warped(paths[0], grid, block)
    for path in paths[1:]:
        holes = np.isnan(out)
        if not holes.any():
            break
        out[holes] = _warped(path, grid, block)[holes]
    return out


def _warped(path: str, grid: Grid, block: tuple[slice, slice]) -> Array:
    """A block of a file that may lie on any lattice, bilinear; NaN outside it."""
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    out = np.full((block[0].stop - block[0].start, block[1].stop - block[1].start), np.nan, np.float32)
    corner = grid.transform @ Affine.translation(block[1].start, block[0].start)
    with open_raster(path) as file, WarpedVRT(
        file, crs=grid.crs, transform=corner, height=out.shape[0], width=out.shape[1], resampling=Resampling.bilinear,
        nodata=np.nan, src_nodata=file.nodata, dtype="float32",
    ) as warped:  # fmt: skip
        return read_window(warped, path, Window(0, 0, out.shape[1], out.shape[0])).astype(np.float32)


def _template(pairs: list[Pair], grid: Grid, found: Manifest, skipped: list[dict[str, str]]) -> xr.Dataset:
    import rioxarray  # noqa: F401  (registers .rio)

    shape = (len(pairs), grid.ny, grid.nx)
    kind = np.float32
    data: dict[str, Any] = {
        "phase": (("pair", "y", "x"), blank(kind, *shape), {"units": "rad", "sign": "positive away from the satellite"})
    }
    if any(pair.coherence for pair in pairs):
        data["coherence"] = (("pair", "y", "x"), blank(kind, *shape), {"units": "1"})
    if "dem" in found.static:
        data["height"] = (("y", "x"), blank(kind, *shape[1:]), {"units": "m"})
    data["los"] = (("enu", "y", "x"), blank(kind, 3, *shape[1:]), {"units": "1", "long_name": "unit vector ground to satellite"})
    template = xr.Dataset(
        data,
        coords={
            "date1": ("pair", _days([pair.date1 for pair in pairs])),
            "date2": ("pair", _days([pair.date2 for pair in pairs])),
            "baseline": ("pair", np.array([np.nan if p.baseline is None else p.baseline for p in pairs]), {"units": "m"}),
            "enu": ["east", "north", "up"],
            "y": grid.y,
            "x": grid.x,
        },
        attrs={
            "source": found.source,
            "wavelength": found.conventions["wavelength"],
            "skipped": json.dumps(skipped),
            "credits": found.credits,
            "Conventions": "CF-1.11",
        },
    )
    placed: xr.Dataset = template.rio.write_crs(grid.crs, inplace=True).rio.write_transform(grid.transform, inplace=True)
    return placed


def _days(names: list[str]) -> npt.NDArray[np.datetime64]:
    return np.array([np.datetime64(f"{d[:4]}-{d[4:6]}-{d[6:]}", "ns") for d in names])
