"""The spatio-temporal filter: displacement without the air of each date, as a series of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, blank, blocks, create_store, open_cube, shard_edge, write_block

from ..cube.terrain import metres
from ..temporal.functions import YEAR_DAYS, make_time_functions
from .date_noise import noise_of_dates
from .smoother import Smoother

Float = npt.NDArray[np.float64]
Window = tuple[slice, slice]

WINDOW = 9
_FEWEST = 4  # dates; with fewer there is nothing to tell noise by
_SAMPLE = 256  # rows and columns that the dates' noise is found from
_VALUES = 16_000_000  # float64 values of a slab and of its candidates in memory at once
_REFINEMENTS = 3


def filter_series(
    displacement: npt.NDArray[np.floating],
    days: npt.NDArray[np.floating],
    pixel: float,
    *,
    causal: bool = False,
    window: int = WINDOW,
    reference: Window | None = None,
    noise: npt.NDArray[np.floating] | None = None,
) -> npt.NDArray[Any]:
    """Filter displacement series: what is left is the motion that the dates together make likely.

    Noise of a date (the air above all) has nothing to do with that of another, motion has. Each series is a line, a smooth
    deviation and noise; how smooth is weighed by evidence of the pixel's neighbourhood, and dates with rough air, found by the
    variogram of what is left, weigh less. There is no fixed kernel, so that the record's ends are not bent (the fault of a moving
    Gaussian mean), a bowl wider than a kernel is not taken for air, and a series without noise is left as it is.

    >>> import numpy as np
    >>> from insarcast import stack
    >>> days = np.arange(40) * 12.0
    >>> truth = np.broadcast_to(-0.1 * days[:, None, None], (40, 20, 20))                # mm, + towards the satellite
    >>> air = np.random.default_rng(0).normal(size=(40, 1, 1)) * np.linspace(0, 5, 20)   # 0 at the reference, as truth is
    >>> filtered = stack.filter_series(truth + air - air[0], days, pixel=80)
    >>> round(float(np.std(filtered - truth) / np.std(air - air[0])), 1)
    0.3

    Args:
        displacement: (n_dates, y, x) mm, 0 at the first date; NaN where missing, and NaN again in the result.
        days: (n_dates,) time in days, ascending; irregular as it may be.
        pixel: size of a pixel in m.
        causal: the value of a date is made from that date and earlier ones alone, so that a forecast may learn from it.
        window: edge in pixels of the square whose evidence is pooled, odd.
        reference: rows and columns of the reference window: its mean is 0 in the result, too.
        noise: (n_dates,) variance of each date's noise in units of the usual one; None: found from the series.

    Returns:
        Like ``displacement``; 0 at the first date.

    Raises:
        InsarcastError: shapes do not fit, days are not ascending, the window has no middle, or a pixel no size.
    """
    times = np.asarray(days, np.float64)
    if displacement.ndim != 3 or displacement.shape[0] != len(times):
        raise InsarcastError(
            f"filter_series: displacement has shape {displacement.shape}, but there are {len(times)} days; give (n_dates, y, x)."
        )
    if len(times) > 1 and (np.diff(times) <= 0).any():
        raise InsarcastError("filter_series: days must be ascending.")
    if not 0 < pixel < np.inf:
        raise InsarcastError(f"filter_series: pixel is {pixel:g}, but must be the size of a pixel in m, above 0.")
    if window < 1 or window % 2 == 0:
        raise InsarcastError(f"filter_series: a window of {window} pixels has no middle; give an odd number.")
    if len(times) < _FEWEST:
        return displacement.copy()
    years = (times - times[0]) / YEAR_DAYS
    if noise is None:
        noise = sample_noise(displacement, years, pixel, causal)
    found = _by_slabs(displacement, Smoother(years, np.asarray(noise, np.float64)), causal, window)
    return found if reference is None else _referred(found, reference_mean(found, reference))


def _by_slabs(displacement: npt.NDArray[np.floating], smoother: Smoother, causal: bool, window: int) -> npt.NDArray[Any]:
    """Some rows at a time with those that their windows reach, so that the candidates' arrays stay within bounds."""
    found = np.empty_like(displacement)
    half, (n, ny, nx) = window // 2, displacement.shape
    rows = max(1, _VALUES // (nx * (6 * n + 6 * len(smoother.candidates))) - 2 * half)
    for top in range(0, ny, rows):
        first, last = max(top - half, 0), min(top + rows + half, ny)
        slab = _filter(displacement[:, first:last].astype(np.float64), smoother, causal, window)
        found[:, top : top + rows] = slab[:, top - first : top - first + rows]
    return found


def sample_noise(displacement: npt.NDArray[np.floating], years: Float, pixel: float, causal: bool) -> Float:
    """Noise of the dates from pixels on a regular stride, at most 256 rows and columns; see :func:`noise_of_dates`."""
    stride = max(1, -(-max(displacement.shape[1:]) // _SAMPLE))
    sample = displacement[:, ::stride, ::stride].astype(np.float64)
    return noise_of_dates(sample, years, pixel * stride, causal=causal)


def reference_mean(found: npt.NDArray[np.floating], reference: Window) -> Float:
    """(n_dates,) mean over the reference window, 0 where nothing is there."""
    window = found[:, reference[0], reference[1]].reshape(len(found), -1).astype(np.float64)
    known = np.isfinite(window)
    return np.asarray(np.where(known, window, 0).sum(1) / np.maximum(known.sum(1), 1), np.float64)


def _referred(found: npt.NDArray[Any], mean: Float) -> npt.NDArray[Any]:
    return (found - mean[:, None, None]).astype(found.dtype)


def _filter(values: Float, smoother: Smoother, causal: bool, window: int) -> Float:
    """One slab: the filtered series, NaN where the raw one is."""
    missing = ~np.isfinite(values)
    if causal:
        return np.where(missing, np.nan, smoother.follow(values, window)[0])
    gone = missing.sum(0) > len(values) - _FEWEST
    full = _completed(np.where(gone, np.nan, values), missing, smoother)
    found, _ = smoother.smooth(full, window)
    found = np.where(gone, values, found - found[0])
    return np.where(missing, np.nan, found)


def _completed(values: Float, missing: npt.NDArray[np.bool_], smoother: Smoother) -> Float:
    """Series with missing dates filled by their own smooth series, in some rounds from straight lines between dates."""
    some = missing.any(0) & np.isfinite(values).any(0)
    if not some.any():
        return values
    part, holes = values[:, some], missing[:, some]
    for series, hole in zip(part.T, holes.T, strict=True):
        series[hole] = np.interp(smoother.years[hole], smoother.years[~hole], series[~hole])
    for _ in range(_REFINEMENTS):
        smooth, _ = smoother.smooth(part[:, :, None], 1)
        part = np.where(holes, smooth[:, :, 0], part)
    values = values.copy()
    values[:, some] = part
    return values


def filter_cube(
    cube: Path, filtered: Path, method: str, causal: bool, window: int, velocity: dict[str, Any] | None = None
) -> None:
    """Filter a cube of a vintage; its displacement is not touched.

    Writes ``displacement_filtered`` (time, y, x) mm, 0 at the first date and in the mean of the reference window,
    ``velocity_filtered`` (y, x) mm/yr, and ``date_noise`` (time), the variance of each date's noise in units of the usual one.

    Args:
        cube: the cube.
        filtered: store to write.
        method: ``smooth``, what :func:`filter_series` does.
        causal: as there.
        window: as there.
        velocity: the study's ``stack.velocity``: functions of time that are fitted beside the velocity.

    Raises:
        InsarcastError: there is no such method.
    """
    if method != "smooth":
        raise InsarcastError(f"stack.filter.method: {method} is no filter; there is smooth.")
    data = open_cube(cube)
    chosen = velocity or {}
    functions = make_time_functions(data.time.values, annual=chosen.get("annual", "auto"), steps=chosen.get("steps", []))
    n, ny, nx = data.displacement.shape
    pixel = float(np.mean([np.abs(np.diff(axis)).mean() for axis in metres(data) if len(axis) > 1] or [1.0]))
    edge = shard_edge(n)
    smoother = Smoother(functions.years, _scene_noise(data, functions.years, pixel, causal, edge))
    create_store(_template(data, smoother.noise, method, causal), filtered, edge)
    zero = np.zeros(n)
    if "reference_row" in data.attrs:  # a ready series need not say where it is zero
        before, after = (data.attrs["reference_window"] - 1) // 2, data.attrs["reference_window"] // 2 + 1
        place = [
            slice(max(data.attrs[f"reference_{k}"] - before, 0), data.attrs[f"reference_{k}"] + after) for k in ("row", "col")
        ]
        zero = reference_mean(_with_halo(data, (place[0], place[1]), smoother, causal, window), (slice(None), slice(None)))
    for block in blocks(ny, nx, edge):
        found = _referred(_with_halo(data, block, smoother, causal, window), zero)
        rate = np.tensordot(functions.row("velocity"), found.astype(np.float64), 1).astype(np.float32)
        write_block(
            xr.Dataset({"displacement_filtered": (("time", "y", "x"), found), "velocity_filtered": (("y", "x"), rate)}),
            filtered,
            block,
        )


def _with_halo(data: xr.Dataset, block: Window, smoother: Smoother, causal: bool, window: int) -> npt.NDArray[Any]:
    """A block, filtered with the evidence of the pixels around it."""
    half, shape = window // 2, data.displacement.shape[1:]
    whole = [slice(max(s.start - half, 0), min(s.stop + half, n)) for s, n in zip(block, shape, strict=True)]
    values = data.displacement.isel(y=whole[0], x=whole[1]).values
    found = _by_slabs(values, smoother, causal, window) if len(values) >= _FEWEST else values
    inner = [slice(s.start - w.start, min(s.stop, n) - w.start) for s, w, n in zip(block, whole, shape, strict=True)]
    return found[:, inner[0], inner[1]]


def _scene_noise(data: xr.Dataset, years: Float, pixel: float, causal: bool, edge: int) -> Float:
    """Noise of the dates from a sample of the scene, read block by block."""
    n, ny, nx = data.displacement.shape
    if n < _FEWEST:
        return np.ones(n)
    stride = max(1, -(-max(ny, nx) // _SAMPLE))
    sample = np.full((n, len(range(0, ny, stride)), len(range(0, nx, stride))), np.nan)
    for block in blocks(ny, nx, edge):
        first = [-(-s.start // stride) * stride for s in block]
        part = data.displacement.isel(y=slice(first[0], block[0].stop, stride), x=slice(first[1], block[1].stop, stride)).values
        rows, cols = (f // stride for f in first)
        sample[:, rows : rows + part.shape[1], cols : cols + part.shape[2]] = part
    return noise_of_dates(sample, years, pixel * stride, causal=causal)


def _template(data: xr.Dataset, noise: Float, method: str, causal: bool) -> xr.Dataset:
    n, ny, nx = data.displacement.shape
    sign = {"sign": "positive towards the satellite"}
    grid: dict[str, Any] = {
        "displacement_filtered": (
            ("time", "y", "x"),
            blank(np.float32, n, ny, nx),
            {"units": "mm", "long_name": "displacement along the line of sight, filtered", **sign},
        ),
        "velocity_filtered": (
            ("y", "x"),
            blank(np.float32, ny, nx),
            {"units": "mm yr-1", "long_name": "velocity of the filtered displacement", **sign},
        ),
        "date_noise": ("time", noise, {"units": "1", "long_name": "variance of the noise of the date against the usual one"}),
    }
    attrs = {name: value for name, value in data.attrs.items() if name.startswith(("reference_", "as_of", "source", "config"))}
    attrs |= {"Conventions": "CF-1.11", "filter": method, "causal": int(causal)}
    template: xr.Dataset = xr.Dataset(grid, {"time": data.time, "y": data.y, "x": data.x}, attrs).rio.write_crs(
        data.rio.crs, inplace=True
    )
    return template
