"""Products on one grid: the union of their extents, NaN where a product has nothing."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import xarray as xr
from affine import Affine

from insarcast.core import (
    InsarcastError,
    Manifest,
    Pair,
    blank,
    code_hash,
    create_store,
    read_manifest,
    write_block,
    write_json,
)

from .facts import FileFacts
from .grid import BadFileError, Grid, Layer
from .groups import EDGE, LAYERS, Group, Groups, as_number, kept, key_of, room, windows
from .static import StaticLayers

Array = npt.NDArray[np.float32]
Block = tuple[slice, slice]
Both = tuple[Layer, Layer | None]

NEAR_ZERO = 1.0  # rad; neighbours of an interferogram's own reference pixel are this near to it
PEAK = 0.9  # share of the file's largest coherence that it has at least
_GDAL_MB = 32  # GDAL would keep files in 5 % of the machine's memory
_UNIT = 2**24  # coherences are summed as integers of this unit: in any order the same


def align_products(manifest: Path, ifgs: Path, bad_file: str, cache: str | None = None, mem_mb: int = 4000) -> None:
    """Read the products of a manifest onto one grid.

    Writes dims (pair, y, x), pairs ordered by their later, then their earlier date: ``phase`` in rad, positive = away from the
    satellite whatever the product's own sign, NaN where nothing was measured and over water; ``coherence`` 0 to 1; and (y, x)
    ``height`` in m, ``los`` (enu), the unit vector ground -> satellite, and ``water``, what the products' own masks call so.
    Per pair ``key``, the hash of what it was made from, and ``n_measured`` and ``mean_coherence`` over the grid.

    What was read stays in the cache. As long as the grid, the conventions and the code are the same, only files that are new or
    have changed are read the next time; the store is the same, byte for byte, as one made from scratch.

    Args:
        manifest: the manifest that ``acquire`` left.
        ifgs: store to write.
        bad_file: ``stop`` with a sentence at a file that is broken, empty or on another lattice, or ``skip`` its pair.
        cache: folder that keeps what was read; None: nothing is kept.
        mem_mb: memory to stay within, MB.

    Raises:
        InsarcastError: a file cannot be used, or too few are left.
    """
    found = read_manifest(manifest)
    with kept(cache, ifgs) as folder, rasterio.Env(GDAL_CACHEMAX=_GDAL_MB):
        code = code_hash("align_products")
        facts = FileFacts(folder / "files.json", found.sha256, code)
        layers, grid, skipped = _survey(found.pairs, found.conventions.get("nodata"), bad_file, facts)
        facts.save()
        pairs = sorted((pair for pair in found.pairs if pair.name in layers), key=lambda pair: (pair.date2, pair.date1))
        if not pairs:
            raise InsarcastError(f"No interferogram of {manifest} can be used; the first: {skipped[0]['reason']}")
        both = [layers[pair.name] for pair in pairs]
        static = StaticLayers(found.static, grid, found.conventions)
        names = ["phase", *(["coherence"] if any(layer for _, layer in both) else [])]
        common = {
            "code": code,
            "extent": [grid.crs.to_wkt(), list(grid.transform)[:6], grid.ny, grid.nx],
            "conventions": {key: found.conventions.get(key) for key in ("sign", "nodata", "reference_zero")},
            "coherence": len(names) > 1,
            "water": _hash_of_water(static, grid, mem_mb),
        }
        keys = [key_of(common, pair.name, *(layer and facts.sha256(layer.path) for layer in layers[pair.name])) for pair in pairs]
        store = Groups(folder / "ifgs", (grid.ny, grid.nx), names, flags=["measured"])
        _say(folder / "common.json", common, keys, store)
        groups = store.cut(keys)
        for group in groups:
            if not store.is_kept(group):
                here = both[group.number * LAYERS : (group.number + 1) * LAYERS]
                _read_group(store, group, here, static, found.conventions, names, mem_mb)
        template = _template(pairs, keys, store, grid, found, found.skipped + skipped, names, static.names)
        create_store(template, ifgs, EDGE, dict.fromkeys(names, LAYERS))
        store.link(groups, ifgs)
        _write_static(store, groups, static, grid, ifgs, mem_mb)
        write_json(folder / "common.json", common)
        store.drop_others(groups)


def _say(record: Path, common: dict[str, Any], keys: list[str], store: Groups) -> None:
    """One line for the log: how much is new, and why everything is where it is."""
    old = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else None
    differs = [name for name in common if old is not None and old.get(name) != json.loads(json.dumps(common[name]))]
    why = f"; everything anew, for there is another {' and another '.join(differs)} than last time" if differs else ""
    known = sum(key in store for key in keys)
    print(f"{len(keys) - known} interferograms read, {known} kept{why}", flush=True)


def _hash_of_water(static: StaticLayers, grid: Grid, mem_mb: int) -> str | None:
    """Hash of the water mask, over which phase is NaN."""
    if "water" not in static.names:
        return None
    digest = hashlib.sha256()
    for block in windows((grid.ny, grid.nx), 64, room(mem_mb, 16)):
        digest.update(np.packbits(_water(static, block)).tobytes())
    return digest.hexdigest()


def _water(static: StaticLayers, block: Block) -> npt.NDArray[np.bool_]:
    """Water of a block, wherever a mask says something: it must not change because a new pair measures more."""
    return static.water(block, np.ones(_shape(block), np.bool_))


def _read_group(
    store: Groups,
    group: Group,
    both: list[Both],
    static: StaticLayers,
    conventions: dict[str, Any],
    names: list[str],
    mem_mb: int,
) -> None:
    """Read the interferograms of a group, those that are kept in another group from there."""
    store.begin(group)
    new = [index for index, key in enumerate(group.keys) if key not in store]
    count, total = np.zeros(len(both), np.int64), np.zeros(len(both), np.int64)
    for block in windows((static.grid.ny, static.grid.nx), 4 * LAYERS, room(mem_mb, 16)):
        values = {name: np.full((len(both), *_shape(block)), np.nan, np.float32) for name in names}
        coherence = values.get("coherence")
        water = _water(static, block) if "water" in static.names else None
        for index in new:
            phase, layer = both[index]
            if coherence is not None and layer is not None:
                coherence[index] = np.clip(layer.read(block, None), 0, 1)
            values["phase"][index] = _phase(phase, layer, block, None if coherence is None else coherence[index], conventions)
            if water is not None:
                values["phase"][index, water] = np.nan
            valid = np.isfinite(values["phase"][index])
            count[index] += int(valid.sum())
            if coherence is not None:
                total[index] += int(
                    np.rint(np.nan_to_num(coherence[index][valid]).astype(np.float64) * _UNIT).sum(dtype=np.int64)
                )
        measured = np.zeros(_shape(block), np.bool_)
        for name, data in values.items():
            store.read_kept(group, name, block, data)
        for layer_values in values["phase"]:
            measured |= np.isfinite(layer_values)
        store.fill(group, block, values | {"measured": measured[None]})
    store.finish(group, {group.keys[k]: _fact(int(count[k]), int(total[k]), "coherence" in names) for k in new})


def _fact(count: int, total: int, with_coherence: bool) -> dict[str, Any]:
    return {"n_measured": count, "mean_coherence": total / _UNIT / count if count and with_coherence else None}


def _write_static(store: Groups, groups: list[Group], static: StaticLayers, grid: Grid, ifgs: Path, mem_mb: int) -> None:
    """Write heights, line of sight and water, where any interferogram measures."""
    masks = [store.open(group, "measured") for group in groups]
    for block in windows((grid.ny, grid.nx), 64, room(mem_mb, 16)):
        data: dict[str, tuple[tuple[str, ...], npt.NDArray[Any]]] = {}
        measured = np.zeros(_shape(block), np.bool_)
        for mask in masks:
            measured |= mask[0, block[0], block[1]]
        if "water" in static.names:
            water = _water(static, block)
            data["water"] = (("y", "x"), water)
            measured |= water
        if "height" in static.names:
            data["height"] = (("y", "x"), static.height(block, measured))
        if "los" in static.names:
            data["los"] = (("enu", "y", "x"), static.los(block, measured))
        write_block(xr.Dataset(data), ifgs, block)


def _survey(
    pairs: list[Pair], nodata: float | None, bad_file: str, facts: FileFacts
) -> tuple[dict[str, Both], Grid, list[dict[str, str]]]:
    """Check every file and lay out the union of the extents.

    Returns:
        Pair name -> layers of phase and coherence; the common grid; and what was skipped.
    """
    base, good, skipped = _base_grid([pair.unwrapped for pair in pairs], facts), {}, []
    for pair in pairs:
        try:
            found = [facts.layer(path, base, nodata if kind == "phase" else None, kind) for kind, path in _files(pair)]
            good[pair.name] = (found[0], found[1] if len(found) > 1 else None)
        except BadFileError as error:
            if bad_file == "stop":
                raise BadFileError(
                    f"{str(error).rstrip('.')}; or set products.bad_file: skip, or list {pair.name} in products.exclude, to go on without it."
                ) from None
            skipped.append({"what": "pair", "name": pair.name, "reason": str(error)})
            print(f"skipped {pair.name}: {error}", file=sys.stderr)
    corners = [(layer.row, layer.col, facts.grid(layer.path)) for both in good.values() for layer in both if layer]
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


def _base_grid(paths: list[str], facts: FileFacts) -> Grid:
    """The lattice that most files share: one file on another CRS must not make all the others the odd ones."""
    seen: dict[tuple[str, float, float], tuple[int, Grid]] = {}
    for path in paths:
        try:
            grid = facts.grid(path)
        except BadFileError:
            continue  # named when its turn comes
        key = (grid.crs.to_wkt(), round(grid.transform.a, 9), round(grid.transform.e, 9))
        count, first = seen.get(key, (0, grid))
        seen[key] = (count + 1, first)
    if not seen:
        Grid.of(paths[0])
        raise InsarcastError(f"No file can be read as a raster; the first is {paths[0]}.")
    return max(seen.values(), key=lambda entry: entry[0])[1]


def _shape(block: Block) -> tuple[int, int]:
    return block[0].stop - block[0].start, block[1].stop - block[1].start


def _phase(layer: Layer, quality: Layer | None, block: Block, coherence: Array | None, conventions: dict[str, Any]) -> Array:
    """(y, x) phase in rad, positive away from the satellite."""
    nodata = conventions.get("nodata")
    if conventions.get("reference_zero") and nodata == 0 and coherence is not None and quality is not None:
        grown = (slice(block[0].start - 1, block[0].stop + 1), slice(block[1].start - 1, block[1].stop + 1))
        phase = without_gaps(layer.read(grown, nodata, keep_zero=True), coherence, PEAK * quality.top)
    else:
        phase = layer.read(block, nodata)
    return phase if conventions["sign"] == "away" else -phase


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


def _template(
    pairs: list[Pair],
    keys: list[str],
    store: Groups,
    grid: Grid,
    found: Manifest,
    skipped: list[dict[str, str]],
    names: list[str],
    static: list[str],
) -> xr.Dataset:
    import rioxarray  # noqa: F401  (registers .rio)

    shape = (len(pairs), grid.ny, grid.nx)
    kind = np.float32
    data: dict[str, Any] = {
        "phase": (("pair", "y", "x"), blank(kind, *shape), {"units": "rad", "sign": "positive away from the satellite"})
    }
    if "coherence" in names:
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
            "number": ("pair", np.arange(len(keys))),
            "key": ("pair", np.array(keys)),
            "n_measured": ("pair", np.array([store.facts[key]["n_measured"] for key in keys], np.int64), {"units": "1"}),
            "mean_coherence": ("pair", np.array([as_number(store.facts[key]["mean_coherence"]) for key in keys])),
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
