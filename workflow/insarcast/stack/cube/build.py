"""The cube of one vintage: displacement with velocity, noise indices and mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import blocks, create_store, open_store, shard_edge, write_block

from ..corrections.store import Corrections
from ..temporal.baselines import baselines_of, height_of_term
from ..temporal.functions import TimeFunctions, dem_shift, dem_term_error, make_time_functions
from ..temporal.velocity import fit_series, fitted_layers, velocity_layers
from ..temporal.vintage import bridge_gaps, open_vintage
from .mask import MaskTally, index_ratios, least_pixels, not_comparable, reasons, resolve_thresholds, untested
from .noise import consistency, gap_runs, spans, velocity_std
from .template import PASSED_ON, cube_template
from .terrain import in_shadow

Block = tuple[slice, slice]


def build_cube(
    ifgs: Path,
    inversion: Path,
    cube: Path,
    vintage: str,
    mask: dict[str, Any],
    seed: int,
    config: str,
    corrections: Sequence[Path] = (),
    velocity: dict[str, Any] | None = None,
    dem_error: bool = False,
) -> None:
    """Write the cube of a vintage by the contract of :mod:`insarcast.core.cube`.

    Args:
        ifgs: aligned interferograms, for height, line of sight and baselines; of a ready series on a grid its store.
        inversion: what :func:`invert_network` left for this vintage, or the store of :func:`read_displacement`, whose later dates
            are not looked at.
        cube: store to write.
        vintage: ``full`` or ``asof-yyyymmdd``.
        mask: ``preset``, ``thresholds``, and optionally ``min_pixels`` and ``shadow``.
        seed: of LiCSBAS' bootstrap.
        config: hash of the settings that made the cube.
        corrections: what :func:`estimate_corrections` left, in a list; empty where the study switches no correction on.
        velocity: ``annual``, ``steps``, ``sigma`` and ``block_days``; None: the defaults.
        dem_error: fit the DEM error and take its part off the displacement.

    Raises:
        InsarcastError: too few pixels are left by the mask, or the DEM error cannot be fitted.
    """
    static, data = open_store(ifgs), open_vintage(inversion, vintage)
    fix = Corrections.open(corrections)
    fix.check_dates(data.time.values)
    chosen = {"annual": "auto", "steps": [], "sigma": "autocorrelation", "block_days": None} | (velocity or {})
    functions = make_time_functions(
        data.time.values,
        annual=chosen["annual"],
        steps=chosen["steps"],
        baseline=baselines_of(static, data) if dem_error else None,
    )
    source, where = str(data.attrs.get("source", "")), "product" if "product" in data.attrs else "inversion"
    limits = resolve_thresholds(mask, float(functions.years[-1]), source)
    notes = functions.notes + untested(limits, set(map(str, data.data_vars)), where) + not_comparable(mask, source)
    facts = fix.attributes | {"time_functions": list(functions.names), "notes": notes}
    ny, nx, edge = data.sizes["y"], data.sizes["x"], shard_edge(len(functions.years))
    create_store(cube_template(static, data, vintage, config, fitted_layers(functions), facts), cube, edge)
    tally = MaskTally(limits)
    for block in blocks(ny, nx, edge):
        here = static.isel(y=block[0], x=block[1])
        part, layers = _derive(data, here, block, fix, functions, chosen, seed)
        inverted = np.isfinite(layers["velocity"])
        water = here.water.values if "water" in here else None
        shadow = in_shadow(static, block) if mask.get("shadow") else None
        indices = layers | index_ratios(layers, len(functions.years))
        product = here.product_mask.values if "product_mask" in here else None
        flags = reasons(indices, inverted, limits, water, shadow, product)
        tally.add(flags, indices, inverted)
        grid: dict[str, Any] = {name: (("y", "x"), values) for name, values in layers.items()}
        grid |= {"mask": (("y", "x"), flags == 0), "mask_reason": (("y", "x"), flags)}
        grid |= {name: (here[name].dims, here[name].values) for name in ("los", "height") if name in here}
        write_block(
            xr.Dataset(grid).assign({name: part[name].variable for name in ("displacement", "sigma", "filled") if name in part}),
            cube,
            block,
        )
    tally.check(least_pixels(mask))


def _derive(
    data: xr.Dataset,
    static: xr.Dataset,
    block: Block,
    fix: Corrections,
    functions: TimeFunctions,
    velocity: dict[str, Any],
    seed: int,
) -> tuple[xr.Dataset, dict[str, npt.NDArray[Any]]]:
    """One block: its variables with the displacement corrected, and all layers."""
    part = data.isel(y=block[0], x=block[1]).load()
    bordered = _bordered(data, block, fix)
    if "min_dates" in data.attrs:  # a ready series may have gaps, an inversion has none
        bordered = bridge_gaps(bordered, functions.years, data.attrs["min_dates"])
    inner = (slice(None), slice(1, -1), slice(1, -1))
    layers: dict[str, npt.NDArray[Any]] = {}
    if functions.baseline is not None:
        bordered, term = dem_shift(functions, bordered)
        up = static.los.values[2]
        error = dem_term_error(functions, fit_series(bordered[inner], functions)[1])
        layers |= {"dem_error": height_of_term(term[1:-1, 1:-1], up), "dem_error_sigma": np.abs(height_of_term(error, up))}
    displacement = bordered[inner]
    layers |= velocity_layers(displacement, functions, velocity, data.time.values[0])
    n_gap, span = spans(part.filled.values, functions.years)
    layers |= {
        "velocity_std": velocity_std(displacement, functions.years, seed),
        "stc": consistency(bordered),
        "max_span": np.where(np.isfinite(layers["velocity"]), span, np.nan),
    }
    layers = {name: values.astype(np.float32) for name, values in layers.items()}
    layers |= {"n_gap": n_gap, "n_gap_merged": gap_runs(part.filled.values)}
    part["displacement"] = part.displacement.copy(data=displacement.astype(np.float32))
    return part, layers | {name: part[name].values for name in PASSED_ON if name in part}


def _bordered(data: xr.Dataset, block: Block, fix: Corrections) -> npt.NDArray[np.float64]:
    """Corrected displacement of a block with a border of one pixel, NaN outside the scene."""
    ny, nx = data.sizes["y"], data.sizes["x"]
    rows, cols = (slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in zip(block, (ny, nx), strict=True))
    values = fix.apply(data.displacement.isel(y=rows, x=cols).values, (rows, cols)).astype(np.float64)
    pad = [(int(s.start == 0), int(s.stop == n)) for s, n in zip(block, (ny, nx), strict=True)]
    return np.pad(values, [(0, 0), *pad], constant_values=np.nan)
