"""A ready series on a grid as one store, which the cubes of all vintages are made from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rasterio

from insarcast.core import Manifest, read_manifest, write_json

from .grid_series import Block, GridSeries, open_grid_series
from .store import RETROSPECTIVE, ReadyStore
from .zero import find_zero

_GDAL_MB = 64  # GDAL would keep files in 5 % of the machine's memory
# Of the record's pixels; ``bridged``: with a value on both dates of a step that the product says no interferogram supports.
_COUNTED = ("total", "inverted", "no_data", "with_gaps", "bridged", "bridged_steps")


def read_displacement(
    manifest: Path,
    displacement: Path,
    record: Path,
    reference: dict[str, Any],
    series: dict[str, Any],
    water: str = "mask",
    crop: bool = True,
    idle: Mapping[str, str] | None = None,
    mem_mb: int = 4000,
) -> None:
    """Read a ready series on a grid: cut, referred to its first date and to the reference point, NaN where nothing was measured.

    The store has what :func:`insarcast.stack.build_cube` reads of an inversion and of aligned interferograms: ``displacement`` (time, y, x) mm,
    positive towards the satellite, 0 on the first date (a pixel that is measured later begins with 0 then); ``sigma`` where the product has
    one; ``filled``, steps into and out of a date on which a pixel is not measured; noise indices; ``los``, ``height``, ``water`` and
    ``product_mask``.

    Reference, filters and masks of the product have seen all of its dates. So a vintage of it is its dates up to then and nothing else, and
    forecasts from it are tried in retrospect: the attribute ``evaluation`` says so.

    Args:
        manifest: the manifest that ``acquire`` left.
        displacement: store to write.
        record: JSON to write: what was read, its reference, what was left out.
        reference: the study's ``stack.reference``: lon, lat, window.
        series: the study's ``series``: ``min_dates``, the share of dates on which a pixel must be measured; ``check_size``.
        water: ``mask`` pixels that the product calls water, or ``keep`` them.
        crop: cut the grid to the manifest's area, where it has one.
        idle: keys of the study that have no effect on this cube -> why; they are listed.
        mem_mb: memory to stay within, MB.

    Raises:
        InsarcastError: a file cannot be read, a date or the whole grid holds nothing, the size is that of other units, or the reference is
            not measured.
    """
    found = read_manifest(manifest)
    with rasterio.Env(GDAL_CACHEMAX=_GDAL_MB):
        product = open_grid_series(found)
        window = _window(product, found, crop)
        store = ReadyStore(product, window, found, keep_water=water == "keep")
        zero = find_zero(product, store.placed, store.raw, reference)
        counts = store.write(displacement, zero, float(series["min_dates"]), mem_mb, check=bool(series["check_size"]))
    write_json(
        record,
        {
            "product": product.product,
            "stated": product.stated,
            "done": list(product.done),
            "evaluation": RETROSPECTIVE,
            "dates": found.dates,
            "dates_found": len(found.dates) + sum(entry["what"] == "date" for entry in found.skipped),
            "pairs": [],
            "triplets": [],
            "dropped": [{**entry, "count": None} for entry in [*found.skipped, *_unused(idle or {})]],
            "reference": zero.record,
            "pixels": {key: counts[key] for key in _COUNTED},
            "measured": counts["measured"],
            "sizes": counts["sizes"],
            "has": {"sigma": product.sigma is not None, "layers": sorted(product.layers)},
        },
    )


def _window(product: GridSeries, found: Manifest, crop: bool) -> Block:
    """Rows and columns that are read."""
    return product.grid.window(found.area) if crop and found.area else (slice(0, product.grid.ny), slice(0, product.grid.nx))


def _unused(idle: Mapping[str, str]) -> list[dict[str, str]]:
    """Keys without effect, as lines of what was not used."""
    return [{"what": "key", "name": key, "reason": f"no effect here: {why}"} for key, why in idle.items()]
