"""Products of one stack on two UTM zones, or a part of a pixel apart, resampled onto one grid."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
import xarray as xr
from affine import Affine
from pyproj import Transformer
from rasterio.crs import CRS

from insarcast.core import InsarcastError, Manifest, Pair, open_store
from insarcast.stack import align_products
from insarcast.stack.alignment.grid import Grid
from insarcast.stack.alignment.warp import JUMP, Warp

WEST, EAST = 32614, 32615  # the zones on either side of 96 degrees west
DATES = ["20200101", "20200113", "20200125"]
NAMES = [(DATES[0], DATES[1]), (DATES[0], DATES[2]), (DATES[1], DATES[2])]
CONVENTIONS: dict[str, Any] = {
    "sign": "away", "wavelength": 0.0555, "nodata": 0.0, "los": [-0.62, -0.14, 0.77], "other_grid": "warp",
}  # fmt: skip
Array = npt.NDArray[Any]


def lattice(epsg: int, ny: int, nx: int, *, lon: float = -96.03, lat: float = 19.53, shift: float = 0.0) -> Grid:
    """A lattice of 80 m whose north-west corner is a place near the border of the zones."""
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(lon, lat)
    corner = (math.floor(x / 80) + shift) * 80, (math.floor(y / 80) - shift) * 80
    return Grid(CRS.from_epsg(epsg), Affine(80, 0, corner[0], 0, -80, corner[1]), ny, nx)


def places(grid: Grid) -> tuple[Array, Array]:
    """Metres east and north of a place of every pixel, the same ones for every grid."""
    x, y = np.meshgrid(grid.x, grid.y)
    east, north = Transformer.from_crs(grid.crs, f"EPSG:{WEST}", always_xy=True).transform(x, y)
    x0, y0 = Transformer.from_crs(4326, WEST, always_xy=True).transform(-96.03, 19.53)
    return east - x0, north - y0


def truth(grid: Grid) -> Array:
    """Phase in rad: two bowls, a ramp and a troposphere of some hundreds of metres."""
    x, y = places(grid)
    bowls = 8 * np.exp(-((x - 9e3) ** 2 + (y + 6e3) ** 2) / (2 * 1500**2)) + 5 * np.exp(
        -((x - 4e3) ** 2 + (y + 9e3) ** 2) / (2 * 600**2)
    )
    return np.asarray(2 + bowls + x / 2e4 + 1.5 * np.sin(x / 900) * np.cos(y / 1100))


def jumped(grid: Grid) -> Array:
    """Where the unwrapping is off by a cycle."""
    x, y = places(grid)
    return np.asarray(np.hypot(x - 13e3, y + 12e3) < 3e3)


def write(path: Path, values: Array, grid: Grid, nodata: float | None = 0) -> str:
    size = {"height": grid.ny, "width": grid.nx, "count": 1, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", **size, crs=grid.crs, transform=grid.transform, nodata=nodata) as file:
        file.write(values, 1)
    return str(path)


def stack(folder: Path, grids: list[Grid], **changes: Any) -> Path:
    """Three pairs of the same truth, each on its own lattice."""
    pairs = [
        Pair(*name, write(folder / f"{k}.tif", truth(grid).astype(np.float32), grid))
        for k, (name, grid) in enumerate(zip(NAMES, grids, strict=True))
    ]
    found = Manifest("hyp3", DATES, pairs, conventions=CONVENTIONS)
    replace(found, **changes).write(folder / "manifest.json")
    return folder / "manifest.json"


def grid_of(data: xr.Dataset) -> Grid:
    x, y = data.x.values, data.y.values
    return Grid(data.rio.crs, Affine(80, 0, x[0] - 40, 0, -80, y[0] + 40), len(y), len(x))


def resampled(values: Array, own: Grid, grid: Grid, jump: float = JUMP) -> Array:
    """All of a grid from values on another one."""
    warp, block = Warp(own, grid), (slice(0, grid.ny), slice(0, grid.nx))
    rows, cols = warp.footprint(block)
    padded = np.full((rows.stop - rows.start, cols.stop - cols.start), np.nan, np.float32)
    inner = (slice(max(rows.start, 0), min(rows.stop, own.ny)), slice(max(cols.start, 0), min(cols.stop, own.nx)))
    padded[inner[0].start - rows.start : inner[0].stop - rows.start, inner[1].start - cols.start : inner[1].stop - cols.start] = (
        values[inner]
    )
    return warp.resample(padded, block, jump)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_guarded_bilinear_beats_the_nearest_pixel_and_makes_no_half_cycles(noise: float) -> None:
    grid = lattice(WEST, 180, 220)
    own = lattice(EAST, 260, 300, lon=-96.07, lat=19.57)
    cycles = 2 * np.pi * jumped(own)
    values = (truth(own) + cycles + noise * np.random.default_rng(1).normal(size=cycles.shape)).astype(np.float32)
    errors, halves = {}, {}
    for name, jump in {"nearest": -1.0, "bilinear": math.inf, "guarded": JUMP}.items():
        found = resampled(values, own, grid, jump)
        assert np.isfinite(found).all()
        off = found - truth(grid)
        rest = off - 2 * np.pi * np.rint(off / (2 * np.pi))
        errors[name] = float(np.sqrt(np.mean((off - 2 * np.pi * jumped(grid))[np.abs(off - 2 * np.pi * jumped(grid)) < 3] ** 2)))
        halves[name] = int((np.abs(rest) > 1 + 6 * noise / np.sqrt(2)).sum())
    assert halves["nearest"] == halves["guarded"] == 0
    assert halves["bilinear"] > 20
    assert errors["guarded"] < (0.1 if noise == 0 else 0.75) * errors["nearest"]
    if noise == 0:
        assert errors["guarded"] < 0.01


def test_places_are_those_of_the_projection() -> None:
    """Between the places that are projected exactly, the error is a ten-thousandth of a pixel."""
    grid, own = lattice(WEST, 600, 700), lattice(EAST, 800, 900, lon=-96.1, lat=19.6)
    x, y = np.meshgrid(grid.x, grid.y)
    east, north = Transformer.from_crs(WEST, EAST, always_xy=True).transform(x, y)
    col = (east - own.transform.c) / 80 - 0.5
    index = np.broadcast_to(np.arange(own.nx, dtype=np.float32), (own.ny, own.nx))
    np.testing.assert_allclose(resampled(index, own, grid, math.inf), col, atol=1e-3)
    row = (own.transform.f - north) / 80 - 0.5
    index = np.broadcast_to(np.arange(own.ny, dtype=np.float32)[:, None], (own.ny, own.nx))
    np.testing.assert_allclose(resampled(index, own, grid, math.inf), row, atol=1e-3)


def test_nodata_never_mixes_in() -> None:
    grid, own = lattice(WEST, 60, 70), lattice(EAST, 90, 100, lon=-96.04, lat=19.54)
    values = np.full((own.ny, own.nx), 5.0, np.float32)
    values[40:50, 40:60] = np.nan
    values[np.random.default_rng(3).random(values.shape) < 0.1] = np.nan
    found = resampled(values, own, grid)
    np.testing.assert_allclose(found[np.isfinite(found)], 5.0, rtol=1e-6)
    # There is something exactly where the nearest pixel has something.
    nearest = resampled(values, own, grid, -1.0)
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(nearest))
    assert 0.05 < np.isnan(found).mean() < 0.3


def test_the_zone_of_most_pairs_is_the_grids_and_the_others_are_listed(tmp_path: Path) -> None:
    grids = [lattice(EAST, 90, 100), lattice(WEST, 80, 90), lattice(WEST, 80, 90)]
    align_products(stack(tmp_path, grids), tmp_path / "i.zarr", "stop")
    data = open_store(tmp_path / "i.zarr").load()
    assert data.rio.crs.to_epsg() == WEST
    assert data.phase.shape[0] == 3
    on = grid_of(data)
    assert (on.ny, on.nx) > (80, 90)  # the union, with the corners of the turned product
    number = [str(day)[:10] for day in data.date2.values].index("2020-01-13")
    for k in range(3):
        off = data.phase.values[k] - truth(on)
        # At an edge the place of a mean of fewer than four pixels is off by up to half a pixel.
        assert np.nanmax(np.abs(off)) < (0.1 if k == number else 1e-5)
        assert np.nanpercentile(np.abs(off), 97) < 0.01
        assert np.isfinite(off).sum() >= (90 * 100 - 400 if k == number else 80 * 90)
    notes = json.loads(data.attrs["skipped"])
    assert [(note["what"], note["name"]) for note in notes] == [("resampled", "20200101_20200113")]
    assert "it is on EPSG:32615, most are on EPSG:32614" in notes[0]["reason"]


def test_another_lattice_of_the_same_zone_is_resampled_or_refused(tmp_path: Path) -> None:
    """The lattices of two satellites' products can lie a part of a pixel apart."""
    grids = [lattice(WEST, 80, 90), lattice(WEST, 80, 90), lattice(WEST, 80, 90, shift=0.4)]
    listed = stack(tmp_path, grids)
    align_products(listed, tmp_path / "i.zarr", "stop")
    data = open_store(tmp_path / "i.zarr").load()
    on = grid_of(data)
    off = np.abs(data.phase.values - truth(on))
    assert np.nanmax(off[:2]) < 1e-5
    assert 1e-5 < np.nanmax(off[2]) < 0.1
    assert np.nanpercentile(off[2], 95) < 0.01
    assert "its pixels lie between the others'" in json.loads(data.attrs["skipped"])[0]["reason"]
    refused = stack(tmp_path, grids, conventions=CONVENTIONS | {"other_grid": "refuse"})
    with pytest.raises(InsarcastError, match="lies between the pixels of the others"):
        align_products(refused, tmp_path / "j.zarr", "stop")
    align_products(refused, tmp_path / "j.zarr", "skip")
    assert open_store(tmp_path / "j.zarr").sizes["pair"] == 2


def test_pixels_of_another_size_are_refused_in_any_zone(tmp_path: Path) -> None:
    coarse = lattice(EAST, 40, 45)
    coarse = Grid(coarse.crs, coarse.transform @ Affine.scale(2), 40, 45)
    listed = stack(tmp_path, [lattice(WEST, 80, 90), lattice(WEST, 80, 90), coarse])
    with pytest.raises(
        InsarcastError, match=r"2\.tif on EPSG:32615 has pixels of 2\.0. x 2\.0. of the others'.*20200113_20200125"
    ):
        align_products(listed, tmp_path / "i.zarr", "stop")


def test_all_that_belongs_to_a_product_goes_with_it(tmp_path: Path) -> None:
    """Coherence, connected components, the product's own reference pixel and the static layers of a resampled product."""
    grids = [lattice(WEST, 80, 90), lattice(WEST, 80, 90), lattice(EAST, 100, 120, lon=-96.035, lat=19.54)]
    pairs, static = [], {name: [] for name in ("dem", "lv_theta", "lv_phi", "water")}
    for k, (name, grid) in enumerate(zip(NAMES, grids, strict=True)):
        x, y = places(grid)
        phase = (truth(grid) + 30).astype(np.float32)
        coherence = (0.5 + 0.3 * np.sin(x / 2000)).astype(np.float32)
        labels = (np.hypot(x - 4e3, y + 4e3) > 700).astype(np.uint8)
        masked = np.hypot(x - 2e3, y + 2e3) < 500
        phase[masked] = 0
        row, col = 40, 40  # the reference, smooth and near 0 around it
        phase[row - 3 : row + 4, col - 3 : col + 4] = 0.2
        phase[row, col], coherence[row, col] = 0, 0.95
        files = {"phase": phase, "coherence": coherence, "labels": labels}
        paths = {tag: write(tmp_path / f"{k}_{tag}.tif", values, grid) for tag, values in files.items()}
        pairs.append(Pair(*name, paths["phase"], paths["coherence"], 0.0, paths["labels"]))
        layers = {
            "dem": (100 + x / 100).astype(np.float32), "lv_theta": np.full(x.shape, 0.9 + 0.01 * (k == 2), np.float32),
            "lv_phi": np.full(x.shape, 3.0, np.float32), "water": (np.hypot(x - 6e3, y + 2e3) > 400).astype(np.uint8),
        }  # fmt: skip
        for tag, values in layers.items():
            static[tag].append(write(tmp_path / f"{k}_{tag}.tif", values, grid, None if tag == "water" else 0))
    conventions = CONVENTIONS | {"los": None, "angles": "hyp3", "static_nodata": {"lv_theta": 0.0, "lv_phi": 0.0}}
    found = Manifest("hyp3", DATES, pairs, static, conventions=conventions | {"reference_zero": True})
    found.write(tmp_path / "manifest.json")
    align_products(tmp_path / "manifest.json", tmp_path / "i.zarr", "stop")
    data = open_store(tmp_path / "i.zarr").load()
    on = grid_of(data)
    x, y = places(on)
    x0, y0 = (axis[40, 40] for axis in places(grids[2]))
    far = np.hypot(x - x0, y - y0) > 400  # where phase was not made flat around the reference
    one, two = data.phase.values[1], data.phase.values[2]
    both = np.isfinite(one) & np.isfinite(two) & far
    both &= np.hypot(x - places(grids[0])[0][40, 40], y - places(grids[0])[1][40, 40]) > 400
    assert both.sum() > 4000
    assert np.abs(one - two)[both].max() < 0.1
    assert np.percentile(np.abs(one - two)[both], 97) < 0.01
    np.testing.assert_allclose(data.coherence.values[2][both], (0.5 + 0.3 * np.sin(x / 2000))[both], atol=0.01)
    for centre, radius in (((4e3, -4e3), 700), ((2e3, -2e3), 500), ((6e3, -2e3), 400)):
        distance = np.hypot(x - centre[0], y - centre[1])
        assert np.isnan(two[distance < radius - 60]).all()
        ring = (distance > radius + 60) & (distance < radius + 200)
        assert np.isfinite(two[ring]).all()
    near = np.hypot(x - x0, y - y0) < 60  # the reference's own pixel and what is made from it
    assert np.isfinite(two[near]).all()
    # Layers of the grid's own zone come first; the rest is filled from the other.
    theta = np.arcsin(data.los.values[2])
    inside = np.isfinite(one)
    np.testing.assert_allclose(theta[inside], 0.9, atol=1e-6)
    only = np.isfinite(two) & ~np.isfinite(data.phase.values[:2]).any(0)
    only[:80, :90] = False
    assert only.sum() > 500
    np.testing.assert_allclose(theta[only & np.isfinite(theta)], 0.91, atol=1e-6)
    measured = np.isfinite(data.phase.values).any(0)
    assert np.isfinite(theta[measured]).all()
    off = np.abs(data.height.values - (100 + x / 100))[measured]
    assert np.isfinite(off).all()
    assert off.max() < 0.45  # half a pixel's rise, at the edge
    assert np.percentile(off, 97) < 0.01
