"""One map per model from its tiles, block by block, and how visible the seams are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from insarcast import __version__
from insarcast.core import (
    InsarcastError,
    Tile,
    blank,
    blocks,
    create_store,
    open_cube,
    read_tiles,
    shard_edge,
    write_block,
    write_json,
    write_store,
)

from .layout import find_seams
from .maps import blend_block
from .parts import Parts, read_parts
from .points import blend_past
from .seams import SeamMeter
from .sentences import Halo, choose_halo, describe
from .weights import weigh_tiles


def stitch_tiles(
    batches: Sequence[Path],
    tiles: Path,
    full: Path,
    forecast: Path,
    past: Path,
    seams: Path,
    blend: str,
    halo: int | None,
) -> None:
    """Join the tile forecasts of one model.

    Args:
        batches: folders of the model's batches, each with ``batch.json`` and ``tile-0007.zarr``, ``tile-0007-past.zarr`` of its
            tiles; a batch may be empty, and a tile that failed or was skipped has no stores.
        tiles: table of the scene's tiles.
        full: the newest cube: the grid and its CRS, and which pixels are usable.
        forecast: store to write: ``increment`` (origin, horizon, quantile, y, x) and ``sd`` (origin, horizon, y, x), mm in the
            line of sight, positive towards the satellite; NaN where no tile has a forecast.
        past: store to write: the earlier origins, see :func:`insarcast.stitch.points.blend_past`.
        seams: JSON to write: what was blended, how, and the seam measure (:class:`insarcast.stitch.seams.SeamMeter`).
        blend: ``hann``, ``linear`` or ``none``, see :func:`insarcast.stitch.weights.weigh_tiles`.
        halo: outermost pixels of a window that weigh nothing where another tile follows; None: as far as the models see, the
            median of the radii measured for the tiles.

    Raises:
        InsarcastError: a batch or tile is missing, tiles disagree on dates or place, or no tile has a forecast.
    """
    grid, layout = open_cube(full), read_tiles(tiles)
    _check_layout(layout, grid, tiles)
    parts = read_parts(batches, layout, grid)
    all_seams = find_seams(layout)
    chosen = choose_halo(halo, parts.receptive_field, [seam.overlap for seam in all_seams])
    weights = weigh_tiles(layout, blend, chosen.wanted)
    template = _template(parts, grid, blend)
    create_store(template, forecast, edge := shard_edge(template.increment[..., 0, 0].size))
    there = {part.tile.tile for part in parts.parts}
    measurable = [seam for seam in all_seams if {seam.before.tile, seam.after.tile} <= there]
    meter = SeamMeter(measurable, template.sd[..., 0, 0].size)
    median = int(np.flatnonzero(template["quantile"].values == 0.5)[0])
    uncovered = 0
    for block in blocks(grid.sizes["y"], grid.sizes["x"], edge):
        measured = meter.region(block)
        blended, unblended = blend_block(parts.parts, weights, measured or block, measured is not None)
        inside = blended.isel(y=slice(0, block[0].stop - block[0].start), x=slice(0, block[1].stop - block[1].start))
        write_block(inside, forecast, block)
        if unblended is not None:
            meter.add(block, [blended.increment.values[:, :, median], unblended])
        newest = inside.increment.values[-1, :, median]
        uncovered += int((grid.mask[block].values & ~np.isfinite(newest).any(axis=0)).sum())
    earlier = blend_past(parts.parts, weights, grid.sizes["x"])
    attrs = {key: template.attrs[key] for key in ("model", "label", "seed", "insarcast_version") if key in template.attrs}
    write_store(earlier.assign_attrs(attrs), past)
    write_json(seams, _record(parts, blend, chosen, meter, template, len(layout), uncovered))


def _check_layout(layout: Sequence[Tile], grid: xr.Dataset, path: Path) -> None:
    ends = (max((tile.core_bottom for tile in layout), default=0), max((tile.core_right for tile in layout), default=0))
    if ends != (grid.sizes["y"], grid.sizes["x"]):
        raise InsarcastError(
            f"{path} is of a grid of {ends[0]} x {ends[1]} pixels, the cube has {grid.sizes['y']} x {grid.sizes['x']}; delete it and run again."
        )


def _template(parts: Parts, grid: xr.Dataset, blend: str) -> xr.Dataset:
    """The empty map: dates and levels of the tiles on the scene's grid."""
    first = parts.parts[0].forecast
    outer = tuple(first.sizes[dim] for dim in ("origin", "horizon", "quantile"))
    if 0.5 not in first["quantile"].values:
        raise InsarcastError(f"The tiles of {parts.model} have no quantile 0.5; delete them and run again.")
    empty = blank("float32", *outer, grid.sizes["y"], grid.sizes["x"])
    meaning = {"units": "mm", "sign": "positive towards the satellite"}
    # A tile that was tried again has a seed of its own; the map bears that of most.
    seed = Counter(part.forecast.attrs.get("seed") for part in parts.parts).most_common(1)[0][0]
    common = {key: value for key, value in first.attrs.items() if key != "tile"}
    template = xr.Dataset(
        {
            "increment": (("origin", "horizon", "quantile", "y", "x"), empty, meaning),
            "sd": (("origin", "horizon", "y", "x"), empty[:, :, 0], {"units": "mm"}),
        },
        coords={
            "origin": first.origin.values,
            "horizon": first.horizon.values,
            "quantile": first["quantile"].values,
            "target_time": (("origin", "horizon"), first.target_time.values),
            "y": grid.y,
            "x": grid.x,
        },
        attrs={**common, "model": parts.model, "seed": seed, "blend": blend, "insarcast_version": __version__},
    )
    return template.rio.write_crs(grid.rio.crs, inplace=True) if grid.rio.crs is not None else template


def _record(
    parts: Parts, blend: str, halo: Halo, meter: SeamMeter, template: xr.Dataset, tiles: int, uncovered: int
) -> dict[str, Any]:
    seam = meter.result(template.horizon.values.tolist())
    failed, skipped = parts.with_status("failed"), parts.with_status("skipped")
    return {
        "model": parts.model,
        "blend": blend,
        "overlap": halo.overlap,
        "halo": halo.used,
        "halo_wanted": halo.wanted,
        "receptive_field": parts.receptive_field,
        "sentence": describe(blend, halo, seam, tiles, failed, skipped, uncovered),
        "seam": seam,
        "tiles": parts.counts,
        "failed": failed,
        "skipped": skipped,
        "uncovered": uncovered,
    }
