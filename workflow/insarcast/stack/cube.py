"""The cube of one vintage: displacement with velocity, noise indices and mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast import __version__
from insarcast.core import blank, blocks, create_store, open_store, shard_edge, write_block

from .corrections.store import Corrections
from .mask import FLAGS, INDICES, check_some_left, reasons, resolve_thresholds
from .noise import YEAR_DAYS, consistency, spans, velocity, velocity_std

_LAYERS = {
    "velocity": ("mm yr-1", "velocity along the line of sight, positive towards the satellite"),
    "velocity_sigma": ("mm yr-1", "standard error of the velocity from the scatter about the line"),
    "velocity_std": ("mm yr-1", "standard deviation of the velocity, bootstrap over dates"),
    "coherence": ("1", "mean coherence"),
    "temporal_coherence": ("1", "temporal coherence of the network inversion"),
    "resid_rms": ("mm", "rms of the interferogram residuals"),
    "stc": ("mm", "spatio-temporal consistency"),
    "max_span": ("yr", "longest time without a bridged step"),
    "n_unw": ("1", "interferograms used"),
    "n_gap": ("1", "bridged steps"),
    "n_loop": ("1", "closed loops"),
    "n_loop_err": ("1", "loops that miss closure by more than pi"),
    "n_pair_no_loop": ("1", "interferograms that no closed loop checks"),
}
_COUNTS = ("n_unw", "n_gap", "n_loop", "n_loop_err", "n_pair_no_loop")


def build_cube(
    ifgs: Path,
    inversion: Path,
    cube: Path,
    vintage: str,
    mask: dict[str, Any],
    seed: int,
    config: str,
    corrections: Sequence[Path] = (),
) -> None:
    """Write the cube of a vintage by the contract of :mod:`insarcast.core.cube`.

    Args:
        ifgs: aligned interferograms, for height and line of sight.
        inversion: what :func:`invert_network` left for this vintage.
        cube: store to write.
        vintage: ``full`` or ``asof-yyyymmdd``.
        mask: ``preset`` and ``thresholds``.
        seed: of the bootstrap.
        config: hash of the settings that made the cube.
        corrections: what :func:`estimate_corrections` left, in a list; empty where the study switches no correction on.

    Raises:
        InsarcastError: every pixel is masked.
    """
    static, data = open_store(ifgs), open_store(inversion)
    years = ((data.time.values - data.time.values[0]) / np.timedelta64(1, "D")).astype(np.float64) / YEAR_DAYS
    fix = Corrections.open(corrections)
    fix.check_dates(data.time.values)
    limits = resolve_thresholds(mask, float(years[-1]))
    ny, nx, edge = data.sizes["y"], data.sizes["x"], shard_edge(len(years))
    create_store(_template(static, data, vintage, config).assign_attrs(fix.attributes), cube, edge)
    tally = _Tally()
    for block in blocks(ny, nx, edge):
        part = data.isel(y=block[0], x=block[1]).load()
        part["displacement"] = part.displacement.copy(data=fix.apply(part.displacement.values, block))
        layers = _layers(part, _bordered(data, block, fix), years, seed)
        indices = layers | _ratios(layers, len(years))
        inverted = np.isfinite(layers["velocity"])
        here = static.isel(y=block[0], x=block[1])
        flags = reasons(indices, inverted, limits, here.water.values if "water" in here else None)
        tally.add(flags, indices, inverted, limits)
        grid: dict[str, Any] = {name: (("y", "x"), values) for name, values in layers.items()}
        grid |= {"mask": (("y", "x"), flags == 0), "mask_reason": (("y", "x"), flags)}
        grid |= {name: (here[name].dims, here[name].values) for name in ("los", "height") if name in here}
        write_block(
            xr.Dataset(grid).assign({name: part[name].variable for name in ("displacement", "sigma", "filled")}), cube, block
        )
    check_some_left(tally.masked, tally.best, limits, tally.total, tally.left)


class _Tally:
    """Counts over all blocks, for the sentence when nothing is left."""

    def __init__(self) -> None:
        self.masked: dict[str, int] = {}
        self.best: dict[str, float] = {}
        self.total = self.left = 0

    def add(
        self,
        flags: npt.NDArray[np.uint16],
        indices: dict[str, npt.NDArray[Any]],
        inverted: npt.NDArray[np.bool_],
        limits: dict[str, float],
    ) -> None:
        self.total += int(inverted.sum())
        self.left += int((flags == 0).sum())
        for name in limits:
            self.masked[name] = self.masked.get(name, 0) + int((flags >> FLAGS.index(name) & 1).sum())
            values = indices[name][inverted & np.isfinite(indices[name])] if name in indices else np.empty(0)
            if len(values):
                pick = max if INDICES[name] == "below" else min
                here = float(pick(values.min(), values.max()))
                self.best[name] = pick(self.best.get(name, here), here)


def _bordered(data: xr.Dataset, block: tuple[slice, slice], fix: Corrections) -> npt.NDArray[np.float64]:
    """Corrected displacement of a block with a border of one pixel, NaN outside the scene."""
    ny, nx = data.sizes["y"], data.sizes["x"]
    rows, cols = (slice(max(s.start - 1, 0), min(s.stop + 1, n)) for s, n in zip(block, (ny, nx), strict=True))
    values = fix.apply(data.displacement.isel(y=rows, x=cols).values, (rows, cols)).astype(np.float64)
    pad = [(int(s.start == 0), int(s.stop == n)) for s, n in zip(block, (ny, nx), strict=True)]
    return np.pad(values, [(0, 0), *pad], constant_values=np.nan)


def _layers(
    part: xr.Dataset, bordered: npt.NDArray[np.float64], years: npt.NDArray[np.float64], seed: int
) -> dict[str, npt.NDArray[Any]]:
    displacement = bordered[:, 1:-1, 1:-1]
    rate, error = velocity(displacement, years)
    n_gap, span = spans(part.filled.values, years)
    layers = {
        "velocity": rate,
        "velocity_sigma": error,
        "velocity_std": velocity_std(displacement, years, seed),
        "stc": consistency(bordered),
        "max_span": np.where(np.isfinite(rate), span, np.nan),
    }
    layers = {name: values.astype(np.float32) for name, values in layers.items()} | {"n_gap": n_gap}
    kept = ("coherence", "temporal_coherence", "resid_rms", "n_unw", "n_loop", "n_loop_err", "n_pair_no_loop")
    return layers | {name: part[name].values for name in kept if name in part}


def _ratios(layers: dict[str, npt.NDArray[Any]], n_dates: int) -> dict[str, npt.NDArray[np.float64]]:
    """Indices that are only thresholded, not stored."""
    loops = np.maximum(layers["n_loop"], 1)
    return {"n_unw_ratio": layers["n_unw"] / n_dates, "loop_err_ratio": layers["n_loop_err"] / loops}


def _template(static: xr.Dataset, data: xr.Dataset, vintage: str, config: str) -> xr.Dataset:
    ny, nx, n = data.sizes["y"], data.sizes["x"], data.sizes["time"]
    towards = {"units": "mm", "sign": "positive towards the satellite", "long_name": "displacement along the line of sight"}
    grid: dict[str, Any] = {
        "displacement": (("time", "y", "x"), blank(np.float32, n, ny, nx), towards),
        "sigma": (
            ("time", "y", "x"),
            blank(np.float32, n, ny, nx),
            {"units": "mm", "long_name": "formal standard deviation of displacement"},
        ),
        "filled": (("time", "y", "x"), blank(np.bool_, n, ny, nx), {"long_name": "the step from the date before is bridged"}),
        "mask": (("y", "x"), blank(np.bool_, ny, nx), {"long_name": "True = use"}),
        "mask_reason": (
            ("y", "x"),
            blank(np.uint16, ny, nx),
            {"flag_masks": [1 << k for k in range(len(FLAGS))], "flag_meanings": " ".join(FLAGS)},
        ),
        "los": (("enu", "y", "x"), blank(np.float32, 3, ny, nx), {"units": "1", "long_name": "unit vector ground to satellite"}),
    }
    if "height" in static:
        grid["height"] = (("y", "x"), blank(np.float32, ny, nx), {"units": "m"})
    for name, (units, text) in _LAYERS.items():
        if name != "coherence" or "coherence" in data:
            kind = np.int32 if name in _COUNTS else np.float32
            grid[name] = (("y", "x"), blank(kind, ny, nx), {"units": units, "long_name": text})
    attrs = dict(data.attrs.items()) | {
        "reference_date": str(data.time.values[0].astype("datetime64[D]")),
        "as_of": vintage,
        "insarcast_version": __version__,
        "config_hash": config,
        "n_pairs": data.sizes["pair"],
        "n_dates": n,
    }
    coords = {"time": data.time, "y": data.y, "x": data.x, "enu": static.enu}
    template: xr.Dataset = xr.Dataset(grid, coords, attrs).rio.write_crs(data.rio.crs, inplace=True)
    return template
