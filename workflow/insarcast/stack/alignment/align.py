"""Products on one grid: the union of their extents, NaN where a product has nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
import xarray as xr

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
from .grid import Block, Grid
from .groups import EDGE, LAYERS, Group, Groups, as_number, kept, key_of, room, windows
from .interferogram import Interferogram
from .placing import place_products
from .static import StaticLayers

_GDAL_MB = 32  # GDAL would keep files in 5 % of the machine's memory
_UNIT = 2**24  # coherences are summed as integers of this unit: in any order the same


def align_products(
    manifest: Path, ifgs: Path, bad_file: str, cache: str | None = None, mem_mb: int = 4000, crop: bool = True
) -> None:
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
        bad_file: ``stop`` with a sentence at a file that is broken, empty or on a lattice that it cannot be resampled from, or ``skip``
            its pair.
        cache: folder that keeps what was read; None: nothing is kept.
        mem_mb: memory to stay within, MB.
        crop: cut the grid to the pixels that the manifest's area touches, where it has one; nothing outside is read.

    Raises:
        InsarcastError: a file cannot be used, or too few are left.
    """
    found = read_manifest(manifest)
    with kept(cache, ifgs) as folder, rasterio.Env(GDAL_CACHEMAX=_GDAL_MB):
        code = code_hash("align_products")
        facts = FileFacts(folder / "files.json", found.sha256, code)
        placed = place_products(found, bad_file, facts, found.area if crop else None)
        facts.save()
        grid = placed.grid
        pairs = sorted((pair for pair in found.pairs if pair.name in placed.products), key=lambda pair: (pair.date2, pair.date1))
        if not pairs:
            raise InsarcastError(f"No interferogram of {manifest} can be used; the first: {placed.notes[0]['reason']}")
        products = [placed.products[pair.name] for pair in pairs]
        static = StaticLayers(found.static, grid, found.conventions)
        names = ["phase", *(["coherence"] if any(product.coherence for product in products) else [])]
        common = {
            "code": code,
            "extent": [grid.crs.to_wkt(), list(grid.transform)[:6], grid.ny, grid.nx],
            "conventions": {key: found.conventions.get(key) for key in ("sign", "nodata", "reference_zero")},
            "coherence": len(names) > 1,
            "water": _hash_of_water(static, grid, mem_mb),
        }
        keys = [
            key_of(common, pair.name, {name: facts.sha256(layer.path) for name, layer in product.layers})
            for pair, product in zip(pairs, products, strict=True)
        ]
        store = Groups(folder / "ifgs", (grid.ny, grid.nx), names, flags=["measured"])
        _say(folder / "common.json", common, keys, store)
        groups = store.cut(keys)
        for group in groups:
            if not store.is_kept(group):
                here = products[group.number * LAYERS : (group.number + 1) * LAYERS]
                _read_group(store, group, here, static, found.conventions, names, mem_mb)
        template = _template(pairs, keys, store, grid, found, found.skipped + placed.notes, names, static.names)
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
    products: list[Interferogram],
    static: StaticLayers,
    conventions: dict[str, Any],
    names: list[str],
    mem_mb: int,
) -> None:
    """Read the interferograms of a group, those that are kept in another group from there."""
    store.begin(group)
    new = [index for index, key in enumerate(group.keys) if key not in store]
    count, total = np.zeros(len(products), np.int64), np.zeros(len(products), np.int64)
    for block in windows((static.grid.ny, static.grid.nx), 4 * LAYERS, room(mem_mb, 16)):
        values = {name: np.full((len(products), *_shape(block)), np.nan, np.float32) for name in names}
        coherence = values.get("coherence")
        water = _water(static, block) if "water" in static.names else None
        for index in new:
            values["phase"][index], quality = products[index].read(block, conventions)
            if coherence is not None and quality is not None:
                coherence[index] = quality
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


def _shape(block: Block) -> tuple[int, int]:
    return block[0].stop - block[0].start, block[1].stop - block[1].start


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
