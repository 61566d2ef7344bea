"""What a cube holds: its variables with units and names, empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from insarcast import __version__
from insarcast.core import blank

from .mask import FLAGS

_LAYERS = {
    "velocity": ("mm yr-1", "velocity along the line of sight, positive towards the satellite"),
    "velocity_sigma": ("mm yr-1", "standard error of the velocity"),
    "velocity_std": ("mm yr-1", "standard deviation of the velocity, bootstrap over dates"),
    "velocity_std_block": ("mm yr-1", "standard deviation of the velocity, circular block bootstrap of the residuals over dates"),
    "annual_amplitude": ("mm", "amplitude of the yearly course"),
    "annual_peak_day": ("day", "day of the year on which the yearly course is nearest to the satellite, 0 = 1 January"),
    "dem_error": ("m", "error of the DEM; its part is taken off the displacement"),
    "dem_error_sigma": ("m", "standard error of the DEM's error"),
    "coherence": ("1", "mean coherence"),
    "temporal_coherence": ("1", "temporal coherence of the network inversion"),
    "resid_rms": ("mm", "rms of the interferogram residuals"),
    "stc": ("mm", "spatio-temporal consistency"),
    "max_span": ("yr", "longest time without a bridged step"),
    "loop_phase_mean": ("rad", "mean absolute closure of the loops"),
    "n_unw": ("1", "interferograms used"),
    "n_gap": ("1", "bridged steps"),
    "n_gap_merged": ("1", "gaps: runs of bridged steps"),
    "n_loop": ("1", "closed loops"),
    "n_loop_err": ("1", "loops that miss closure by more than pi"),
    "n_pair_no_loop": ("1", "interferograms that no closed loop checks"),
}
# What an inversion may hold beside the displacement, and a cube passes on.
PASSED_ON = (
    "coherence", "temporal_coherence", "resid_rms", "loop_phase_mean", "n_unw", "n_loop", "n_loop_err", "n_pair_no_loop",
)  # fmt: skip
_DERIVED = ("velocity", "velocity_sigma", "velocity_std", "velocity_std_block", "stc", "max_span", "n_gap", "n_gap_merged")


def cube_template(
    static: xr.Dataset, data: xr.Dataset, vintage: str, config: str, fitted: Sequence[str], facts: dict[str, Any]
) -> xr.Dataset:
    """An empty cube for :func:`create_store`.

    Args:
        static: aligned interferograms, for height and line of sight; or the store of a ready series.
        data: the inversion, or the dates of that store.
        vintage: ``full`` or ``asof-yyyymmdd``.
        config: hash of the settings that made the cube.
        fitted: layers beyond the velocity that are fitted: ``annual_amplitude``, ``step_<yyyymmdd>``, ``dem_error``, ...
        facts: further attributes.
    """
    ny, nx, n = data.sizes["y"], data.sizes["x"], data.sizes["time"]
    cubic, flat = ("time", "y", "x"), ("y", "x")
    towards = {"units": "mm", "sign": "positive towards the satellite", "long_name": "displacement along the line of sight"}
    error = {"units": "mm", "long_name": "formal standard deviation of displacement"}
    flags = {"flag_masks": [1 << k for k in range(len(FLAGS))], "flag_meanings": " ".join(FLAGS)}
    grid: dict[str, Any] = {
        "displacement": (cubic, blank(np.float32, n, ny, nx), towards),
        "filled": (cubic, blank(np.bool_, n, ny, nx), {"long_name": "the step from the date before is bridged"}),
        "mask": (flat, blank(np.bool_, ny, nx), {"long_name": "True = use"}),
        "mask_reason": (flat, blank(np.uint32, ny, nx), flags),
        "los": (("enu", "y", "x"), blank(np.float32, 3, ny, nx), {"units": "1", "long_name": "unit vector ground to satellite"}),
    }
    if "sigma" in data:  # a ready series need not have one, and none is made up
        grid["sigma"] = (cubic, blank(np.float32, n, ny, nx), error)
    if "height" in static:
        grid["height"] = (flat, blank(np.float32, ny, nx), {"units": "m"})
    there = [*_DERIVED, *fitted, *(name for name in PASSED_ON if name in data)]
    for name in sorted(there, key=lambda name: (list(_LAYERS).index(name) if name in _LAYERS else -1, name)):
        units, text = _LAYERS[name] if name in _LAYERS else ("mm", f"step of {name.removeprefix('step_')}")
        kind = np.int32 if name.startswith("n_") else np.float32
        grid[name] = (flat, blank(kind, ny, nx), {"units": units, "long_name": text})
    attrs: dict[str, Any] = (
        dict(data.attrs.items())
        | {
            "reference_date": str(data.time.values[0].astype("datetime64[D]")),
            "as_of": vintage,
            "insarcast_version": __version__,
            "config_hash": config,
            "n_dates": n,
        }
        | ({"n_pairs": data.sizes["pair"]} if "pair" in data.sizes else {})
        | facts
    )
    coords = {"time": data.time, "y": data.y, "x": data.x, "enu": static.enu}
    template: xr.Dataset = xr.Dataset(grid, coords, attrs).rio.write_crs(data.rio.crs, inplace=True)
    return template
