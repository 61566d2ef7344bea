"""Products on one grid: the union of their extents, NaN where a product has nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from affine import Affine

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

from .grid import BadFileError, Grid, Layer
from .static import StaticLayers

Array = npt.NDArray[np.float32]
Block = tuple[slice, slice]
Both = tuple[Layer, Layer | None]

NEAR_ZERO = 1.0  # rad; neighbours of an interferogram's own reference pixel are this near to it
PEAK = 0.9  # share of the file's largest coherence that it has at least
_WINDOW_BYTES = 256 * 2**20  # of phase, and as much of coherence


def align_products(manifest: Path, ifgs: Path, bad_file: str) -> None:
    """Read the products of a manifest onto one grid.

    Writes dims (pair, y, x): ``phase`` in rad, positive = away from the satellite whatever the product's own sign, NaN where
    nothing was measured and over water; ``coherence`` 0 to 1; and (y, x) ``height`` in m, ``los`` (enu), the unit vector ground
    -> satellite, and ``water``, what the products' own masks call so.

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
    static = StaticLayers(found.static, grid, found.conventions)
    create_store(_template(pairs, grid, found, found.skipped + skipped, static.names), ifgs, edge)
    both = [layers[pair.name] for pair in pairs]
    has_coherence = any(layer for _, layer in both)
    for block in _windows(grid.ny, grid.nx, edge, len(pairs)):
        coherence = _coherence(both, block) if has_coherence else None
        phase = _phase(both, block, coherence, found.conventions)
        measured = np.asarray(np.isfinite(phase).any(0))
        data: dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]] = {"phase": (("pair", "y", "x"), phase)}
        if coherence is not None:
            data["coherence"] = (("pair", "y", "x"), coherence)
        if "water" in static.names:
            water = static.water(block, measured)
            phase[:, water] = np.nan
            data["water"] = (("y", "x"), water)
        if "height" in static.names:
            data["height"] = (("y", "x"), static.height(block, measured))
        if "los" in static.names:
            data["los"] = (("enu", "y", "x"), static.los(block, measured))
        write_block(xr.Dataset(data), ifgs, block)


def _survey(pairs: list[Pair], nodata: float | None, bad_file: str) -> tuple[dict[str, Both], Grid, list[dict[str, str]]]:
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
    layer, any_valid, top = Layer(path, row, col, share=kind == "coherence"), False, -np.inf
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
    return replace(layer, top=top)


def _windows(ny: int, nx: int, edge: int, layers: int) -> Iterator[Block]:
    """Windows that hold whole shards and as much as memory allows: a file is opened once per window, and its rows are packed whole."""
    wide = edge * max(1, _WINDOW_BYTES // (4 * layers * edge * edge))
    for top in range(0, ny, edge):
        for left in range(0, nx, wide):
            yield slice(top, min(top + edge, ny)), slice(left, min(left + wide, nx))


def _shape(block: Block) -> tuple[int, int]:
    return block[0].stop - block[0].start, block[1].stop - block[1].start


def _coherence(both: list[Both], block: Block) -> Array:
    """(pair, y, x) coherence, 0 to 1; NaN for a pair without."""
    out = np.full((len(both), *_shape(block)), np.nan, np.float32)
    for values, (_, layer) in zip(out, both, strict=True):
        if layer is not None:
            values[:] = layer.read(block, None)
    return np.clip(out, 0, 1, out=out)


def _phase(both: list[Both], block: Block, coherence: Array | None, conventions: dict[str, Any]) -> Array:
    """(pair, y, x) phase in rad, positive away from the satellite."""
    out = np.empty((len(both), *_shape(block)), np.float32)
    nodata = conventions.get("nodata")
    for index, (values, (layer, quality)) in enumerate(zip(out, both, strict=True)):
        if conventions.get("reference_zero") and nodata == 0 and coherence is not None and quality is not None:
            grown = (slice(block[0].start - 1, block[0].stop + 1), slice(block[1].start - 1, block[1].stop + 1))
            values[:] = without_gaps(layer.read(grown, nodata, keep_zero=True), coherence[index], PEAK * quality.top)
        else:
            values[:] = layer.read(block, nodata)
    if conventions["sign"] != "away":
        np.negative(out, out=out)
    return out


def without_gaps(grown: Array, coherence: Array, least: float) -> Array:
    """Phase with NaN for 0, except where 0 was measured: at the pixel an interferogram is referenced to.

    HyP3 subtracts from an interferogram its phase at its most coherent pixel, and writes 0 for what it masks as well. The
    reference pixel is told by three marks: its coherence is near the largest of the file, at least three of its four neighbours
    are measured, and their phase is near its own. A masked pixel is incoherent, lies in an area of 0, or has neighbours of any
    phase; one that passes all the same is wrong by about :data:`NEAR_ZERO` at most.

    Args:
        grown: (y + 2, x + 2) phase in rad, the block with one more pixel on every side; NaN where nothing was measured.
        coherence: (y, x) coherence of the block.
        least: coherence that the reference pixel has at least.

    Returns:
        (y, x) phase.
    """
    inner = grown[1:-1, 1:-1]
    out: Array = np.where(inner == 0, np.float32(np.nan), inner)
    around = np.stack([grown[:-2, 1:-1], grown[2:, 1:-1], grown[1:-1, :-2], grown[1:-1, 2:]])
    single = (inner == 0) & (coherence > 0) & (coherence >= least) & ((np.isfinite(around) & (around != 0)).sum(0) >= 3)
    for row, col in np.argwhere(single):
        beside = around[:, row, col]
        if abs(np.median(beside[np.isfinite(beside) & (beside != 0)])) <= NEAR_ZERO:
            out[row, col] = 0
    return out


def _template(pairs: list[Pair], grid: Grid, found: Manifest, skipped: list[dict[str, str]], static: list[str]) -> xr.Dataset:
    import rioxarray  # noqa: F401  (registers .rio)

    shape = (len(pairs), grid.ny, grid.nx)
    kind = np.float32
    data: dict[str, Any] = {
        "phase": (("pair", "y", "x"), blank(kind, *shape), {"units": "rad", "sign": "positive away from the satellite"})
    }
    if any(pair.coherence for pair in pairs):
        data["coherence"] = (("pair", "y", "x"), blank(kind, *shape), {"units": "1"})
    if "height" in static:
        data["height"] = (("y", "x"), blank(kind, *shape[1:]), {"units": "m"})
    if "water" in static:
        data["water"] = (("y", "x"), blank(np.bool_, *shape[1:]), {"long_name": "the products' own masks say water"})
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
