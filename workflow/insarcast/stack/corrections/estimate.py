"""The corrections of one vintage: estimated one after the other, each on what the one before left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import open_store, write_json

from ..network.reference import Reference, reference_from_config
from ..temporal.vintage import open_vintage
from .height import estimate_height_delay
from .layers import delay_at, write_layers
from .maps import DelayMaps
from .moving import moved_attributes, window_mean
from .ramps import estimate_ramps
from .record import height_entry, maps_entry, moved_entry, ramp_entry
from .sample import draw_sample
from .store import Corrections

Float = npt.NDArray[np.float64]


def estimate_corrections(
    ifgs: Path,
    inversion: Path,
    corrections: Path,
    record: Path,
    vintage: str,
    troposphere: dict[str, Any],
    deramp: dict[str, Any],
    move: dict[str, Any] | None,
    delays: Sequence[Path] = (),
) -> None:
    """Estimate what is taken off the displacement of each date: delay maps, delay with height, ramp, then the new reference.

    Everything comes from the vintage's own dates. The corrected displacement is zero at the first date and at the reference window.

    Args:
        ifgs: aligned interferograms, for heights and line of sight; of a ready series on a grid its store.
        inversion: what :func:`invert_network` left for this vintage, or the store of :func:`read_displacement`.
        corrections: store to write, see :class:`insarcast.stack.corrections.store.Corrections`.
        record: JSON to write: what was corrected on which date, and how rough the dates were before and after.
        vintage: ``full`` or ``asof-yyyymmdd``.
        troposphere: ``method``, ``missing``, ``time``, ``height``.
        deramp: ``surface``, ``force``.
        move: ``lon``, ``lat``, ``window`` of another reference, or None.
        delays: JSON of :func:`insarcast.acquire.find_delays` in a list; empty where no delays come from outside.

    Raises:
        InsarcastError: dates without a delay, maps that do not cover the scene, a ramp that would take the motion off, or a reference
            that is not measured on every date.
    """
    static, data = open_store(ifgs), open_vintage(inversion, vintage)
    dates = [str(day).replace("-", "") for day in data.time.values.astype("datetime64[D]")]
    maps = DelayMaps(delays[0], static, dates, troposphere) if delays else None
    kind, surface = troposphere["height"], deramp["surface"]
    counts = write_layers(corrections, static, data, maps, heights=kind != "none")
    small: dict[str, Any] = {}
    attrs: dict[str, Any] = {"corrections_missing": maps.missing} if maps and maps.missing else {}
    steps: list[dict[str, Any]] = []
    pixels: dict[str, Any] | None = None
    if maps or kind != "none" or surface != "none":
        sample = draw_sample(static, data)
        if maps:
            before, sample = sample, sample.less(delay_at(corrections, sample))
            steps.append(maps_entry(maps.method, maps.missing, counts, before, sample))
        if kind != "none":
            found = estimate_height_delay(sample, kind)
            before, sample = sample, sample.less(found.at(sample.height))
            steps.append(height_entry(kind, found, before, sample))
            if "height" in static:
                small |= {
                    "height_coefficient": (("time", "height_power"), found.coefficients),
                    "height_power": ("height_power", list(found.powers)),
                }
        if surface != "none":
            ramp = estimate_ramps(sample, surface, force=deramp["force"])
            before, sample = sample, sample.less(ramp.at(sample))
            steps.append(ramp_entry(ramp, forced=bool(ramp.objection), before=before, after=sample))
            small["ramp_coefficient"] = (("time", "ramp_term"), ramp.coefficients)
            attrs["ramp"] = surface
        pixels = {"used": len(sample), "kind": sample.kind}
    small["offset"] = ("time", np.zeros(len(dates)))
    layers = xr.Dataset(small)
    fix = Corrections(open_store(corrections).assign(layers.variables).assign_attrs(attrs))
    place = None
    if "reference_row" in data.attrs:  # a ready series need not say where it is zero
        row, col, window = (int(data.attrs[f"reference_{key}"]) for key in ("row", "col", "window"))
        place = Reference(row, col, window, "inversion", "")
    if move:
        place = reference_from_config(data, move["lon"], move["lat"], move["window"])
        attrs |= moved_attributes(data, place)
        steps.append(moved_entry(data, attrs))
    zero = _zero(data, fix, place) if place else np.zeros(len(dates))
    layers["offset"] = ("time", zero, {"units": "mm", "long_name": "what makes the reference window zero"})
    attrs["corrections"] = "; ".join(step["sentence"] for step in steps)
    layers.assign_attrs(attrs).to_zarr(corrections, mode="a", zarr_format=3, consolidated=False)
    write_json(record, {"vintage": vintage, "dates": dates, "pixels": pixels, "steps": steps})


def _zero(data: xr.Dataset, fix: Corrections, place: Reference) -> Float:
    """(n_dates,) mm: mean of the corrected displacement over the reference window."""
    window = place.slices(data.sizes["y"], data.sizes["x"])
    series = data.displacement.isel(y=window[0], x=window[1]).values.astype(np.float64)
    lon, lat = (place.record(data)[key] for key in ("lon", "lat"))
    return window_mean(fix.apply(series, window), data.time.values, f"{lat:.4f} N, {lon:.4f} E")
