"""Tiny cubes that obey the contract: a sinking bowl with noise, in any vintage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

FLAGS = ["not_inverted", "temporal_coherence", "gap"]


def make_dates(n_dates: int, start: str = "2018-01-06", step: int = 12) -> np.ndarray:
    """Acquisition dates every ``step`` days, ``datetime64[D]``."""
    return np.datetime64(start, "D") + step * np.arange(n_dates)


def make_cube(
    n_dates: int = 13,
    ny: int = 12,
    nx: int = 14,
    vintage: str = "full",
    seed: int = 0,
    *,
    start: str = "2018-01-06",
    step: int = 12,
    rate: float = -200.0,
    noise: float = 3.0,
    reference: tuple[int, int] = (1, 1),
    window: int = 1,
    bridged: Sequence[int] = (),
    not_inverted: Sequence[tuple[int, int]] = ((0, 0),),
    masked: Sequence[tuple[int, int]] = ((0, 1),),
) -> xr.Dataset:
    """A cube in memory.

    Args:
        n_dates: dates of the full cube; a vintage ``asof-yyyymmdd`` holds those up to its own.
        ny: rows.
        nx: columns.
        vintage: ``full`` or ``asof-yyyymmdd``.
        seed: seed of the noise; the same seed gives the same ground in every vintage.
        start: first date.
        step: days between dates.
        rate: velocity at the bowl's centre in mm/yr, negative sinks.
        noise: standard deviation of each date's white noise in mm.
        reference: row and column of the reference point, whose window's mean is zero.
        window: edge of the reference window in pixels, odd.
        bridged: indices of dates whose step from the date before no interferogram supports.
        not_inverted: pixels without displacement.
        masked: pixels with displacement that the mask rejects.

    Returns:
        A dataset as build_cube writes it: dims (time, y, x), EPSG:4326.
    """
    import rioxarray  # noqa: F401

    dates = make_dates(n_dates, start, step)
    rows, cols = np.mgrid[:ny, :nx]
    bowl = np.exp(-((rows - 0.6 * ny) ** 2 + (cols - 0.6 * nx) ** 2) / (2 * (0.25 * nx) ** 2))
    years = (dates - dates[0]).astype(float) / 365.25
    ground = years[:, None, None] * rate * bowl
    ground = ground + noise * np.random.default_rng(seed).standard_normal(ground.shape)
    if vintage != "full":
        last = np.datetime64(f"{vintage[5:9]}-{vintage[9:11]}-{vintage[11:]}")
        dates, ground, years = (part[: int((dates <= last).sum())] for part in (dates, ground, years))
    half = window // 2
    own = (slice(reference[0] - half, reference[0] + half + 1), slice(reference[1] - half, reference[1] + half + 1))
    shift = ground - ground[:1]
    displacement = shift - shift[(slice(None), *own)].mean(axis=(1, 2), keepdims=True)
    for row, col in not_inverted:
        displacement[:, row, col] = np.nan
    good = np.isfinite(displacement[0])
    mask = good.copy()
    reason = np.where(good, 0, 1).astype("uint16")
    for row, col in masked:
        mask[row, col] = False
        reason[row, col] |= 2
    filled = np.zeros(displacement.shape, bool)
    filled[[index for index in bridged if index < len(dates)]] = True
    centred = years - years.mean()
    slope = np.tensordot(centred, displacement, 1) / (centred**2).sum()
    sigma = np.where(good, 0.5 * np.sqrt(np.arange(len(dates)))[:, None, None], np.nan)
    layers = {name: np.where(good, value, np.nan).astype("float32") for name, value in _indices(len(dates)).items()}
    cube = xr.Dataset(
        {
            "displacement": (("time", "y", "x"), displacement.astype("float32")),
            "sigma": (("time", "y", "x"), sigma.astype("float32")),
            "filled": (("time", "y", "x"), filled),
            "velocity": (("y", "x"), slope.astype("float32")),
            "velocity_sigma": (("y", "x"), np.where(good, 8.0, np.nan).astype("float32")),
            **{name: (("y", "x"), layer) for name, layer in layers.items()},
            "mask": (("y", "x"), mask),
            "mask_reason": (("y", "x"), reason),
            "los": (
                ("enu", "y", "x"),
                np.broadcast_to(np.array([-0.62, -0.14, 0.77])[:, None, None], (3, ny, nx)).astype("float32"),
            ),
            "height": (("y", "x"), np.full((ny, nx), 2240.0, "float32")),
        },
        coords={
            "time": dates.astype("datetime64[ns]"),
            "y": 19.45 - 0.0014 * np.arange(ny),
            "x": -99.15 + 0.0014 * np.arange(nx),
        },
        attrs={
            "reference_date": str(dates[0]),
            "reference_row": reference[0],
            "reference_col": reference[1],
            "reference_lat": 19.45 - 0.0014 * reference[0],
            "reference_lon": -99.15 + 0.0014 * reference[1],
            "reference_window": window,
            "wavelength": 0.05546576,
            "source": "simulated",
            "as_of": vintage,
            "insarcast_version": "test",
            "config_hash": "0",
            "n_pairs": 2 * len(dates) - 3,
            "n_dates": len(dates),
            "credits": ["simulated by the tests"],
        },
    )
    cube.displacement.attrs = {"units": "mm", "sign": "positive towards the satellite"}
    cube.sigma.attrs = {"units": "mm"}
    cube.velocity.attrs = cube.velocity_sigma.attrs = {"units": "mm yr-1"}
    cube.mask_reason.attrs = {"flag_masks": [1, 2, 4], "flag_meanings": " ".join(FLAGS)}
    return cube.rio.write_crs("EPSG:4326")


def _indices(n_dates: int) -> dict[str, float]:
    """Noise indices by their field names, one plausible number each."""
    return {
        "coherence": 0.6,
        "temporal_coherence": 0.9,
        "n_unw": 2.0 * n_dates - 3,
        "n_loop": n_dates - 2.0,
        "n_loop_err": 1.0,
        "n_gap": 0.0,
        "n_pair_no_loop": 0.0,
        "max_span": 0.4,
        "stc": 2.0,
        "resid_rms": 1.5,
        "velocity_std": 6.0,
    }


def write_cubes(folder: Path, vintages: Sequence[str] = (), **settings: object) -> tuple[list[Path], Path]:
    """Write a full cube and its as-of vintages as stores; returns the vintages' paths and the full cube's."""
    from insarcast.core import write_store

    paths = []
    for vintage in (*vintages, "full"):
        path = folder / vintage / "cube.zarr"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_store(make_cube(vintage=vintage, **settings), path)  # type: ignore[arg-type]
        paths.append(path)
    return paths[:-1], paths[-1]
