"""One scene written as HyP3 products and as a LiCSAR frame: the readers must find the same in both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from numpy.lib.stride_tricks import sliding_window_view
from pyproj import Transformer
from rasterio.warp import Resampling, reproject, transform_bounds

from insarcast.acquire import acquire_products
from insarcast.core import Manifest, Study, open_store, read_manifest
from insarcast.stack import align_products, build_cube, close_loops, invert_network

SCENE = """
cubes:
  A:
    source: simulate
    simulate:
      layout: {layout}
      seed: 3
      area: {{rows: 40, columns: 44, water: 0.06}}
      acquisitions: {{count: 6, lags: [1, 2], annual: false, gap: 0, missing: 0, lost: 0, extent: {extent}}}
      bowls: [{{kind: steady, rate: -90, place: [0.5, 0.5], radius: 900}}]
      errors: {{unwrapping: 0, holes: 0.3, holes_radius: 300}}
"""


def align(folder: Path, layout: str, extent: int, name: str = "", area: list[float] | None = None) -> tuple[Manifest, xr.Dataset]:
    """Simulate, find and align, as the rules do."""
    place = folder / (name or f"{layout}{extent}")
    place.mkdir()
    (place / "study.yaml").write_text(SCENE.format(layout=layout, extent=extent))
    study = Study(place / "study.yaml")
    settings = {key: study.get(key, "A") for key in ("products", "gnss", "simulate")}
    out = place / "manifest.json"
    acquire_products(out, "simulate", data_root=None, originals="originals", cache=str(folder / "cache"), area=area, **settings)
    align_products(out, place / "ifgs.zarr", "stop")
    return read_manifest(out), open_store(place / "ifgs.zarr").load()


def align_folder(folder: Path, layout: str, products: Path, name: str) -> tuple[Manifest, xr.Dataset]:
    """The same of a folder of products."""
    place = folder / name
    place.mkdir()
    (place / "study.yaml").write_text(f"cubes: {{A: {{source: {layout}, products: {{folder: '{products}'}}}}}}")
    study = Study(place / "study.yaml")
    out = place / "manifest.json"
    settings = {key: study.get(key, "A") for key in ("products", "gnss")}
    acquire_products(out, layout, data_root=None, originals="originals", cache=str(folder / "cache"), **settings)
    align_products(out, place / "ifgs.zarr", "stop")
    return read_manifest(out), open_store(place / "ifgs.zarr").load()


def products_of(manifest: Manifest, folder: Path, name: str) -> Path:
    """A copy of the products of a simulated scene."""
    scene = next(parent for parent in Path(manifest.pairs[0].unwrapped).parents if parent.name == "products")
    return Path(shutil.copytree(scene, folder / name))


def change(path: Path, to: Callable[[np.ndarray], np.ndarray], **profile: Any) -> None:
    """Write a raster anew with other values."""
    with rasterio.open(path) as file:
        values, written = to(file.read(1)), file.profile | profile
    with rasterio.open(path, "w", **written | {"dtype": values.dtype}) as file:
        file.write(values, 1)


def place_within(ifgs: xr.Dataset) -> tuple[float, float]:
    """Longitude and latitude of a window that every interferogram measures."""
    whole = sliding_window_view(np.isfinite(ifgs.phase.values).all(0), (3, 3)).all((2, 3))
    inner = np.argwhere(whole) + 1
    row, col = min(inner.tolist(), key=lambda at: abs(at[0] - ifgs.sizes["y"] / 2) + abs(at[1] - ifgs.sizes["x"] / 2))
    to_degrees = Transformer.from_crs(ifgs.rio.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(float(ifgs.x[col]), float(ifgs.y[row]))
    return lon, lat


def build(folder: Path, layout: str, extent: int, lonlat: tuple[float, float], name: str = "") -> xr.Dataset:
    place = folder / (name or f"{layout}{extent}")
    close_loops(place / "ifgs.zarr", place / "closure.zarr", place / "network.parquet")
    options: dict[str, Any] = {
        "quality": {"min_coverage": 0, "min_coherence": 0},
        "closing": {"required": True, "max_rms": 99, "correct": False, "nullify": "none"},
        "bridge": False,
        "reference": {"lon": lonlat[0], "lat": lonlat[1], "window": 3, "min_coherence": 0},
        "settings": {"norm": "l2", "weights": "none", "device": "cpu", "min_pairs": 1.0},
    }
    files = {"inversion": place / "inversion.zarr", "decisions": place / "decisions.json"}
    invert_network(place / "ifgs.zarr", place / "closure.zarr", **files, vintage="full", threads=1, **options)
    preset = {"preset": "none", "thresholds": {}}
    build_cube(place / "ifgs.zarr", files["inversion"], place / "cube.zarr", "full", preset, 0, "")
    return open_store(place / "cube.zarr").load()


@pytest.mark.parametrize("extent", [0, 3])
def test_both_layouts_hold_the_same_interferograms(tmp_path: Path, extent: int) -> None:
    (hyp3, one), (licsar, two) = (align(tmp_path, layout, extent) for layout in ("hyp3", "licsar"))
    assert hyp3.dates == licsar.dates
    assert [pair.name for pair in hyp3.pairs] == [pair.name for pair in licsar.pairs]
    np.testing.assert_allclose(
        [pair.baseline or 0 for pair in hyp3.pairs], [pair.baseline or 0 for pair in licsar.pairs], atol=2e-4
    )
    assert hyp3.conventions["wavelength"] == pytest.approx(licsar.conventions["wavelength"], rel=1e-6)
    assert hyp3.conventions["heading"] == pytest.approx(licsar.conventions["heading"])
    assert hyp3.conventions["utc"] == pytest.approx(licsar.conventions["utc"], abs=1)
    two = two.sel(y=one.y, x=one.x)  # HyP3's extents may leave the frame's edge to no pair
    assert one.water.any()
    for k, pair in enumerate(hyp3.pairs):
        with rasterio.open(pair.unwrapped) as file:
            west, south, east, north = file.bounds
        inside = ((one.y > south) & (one.y < north) & (one.x > west) & (one.x < east)).values
        here, there = one.phase.values[k], np.where(inside & ~one.water.values, two.phase.values[k], np.nan)
        # The same pixels are data, the one that HyP3 sets to 0 included.
        np.testing.assert_array_equal(np.isfinite(here), np.isfinite(there), err_msg=pair.name)
        assert (here == 0).sum() == 1
        offset = here - there  # each layout has a constant of its own
        assert np.nanmax(offset) - np.nanmin(offset) < 1e-4
        both = np.isfinite(here)
        np.testing.assert_allclose(one.coherence.values[k][both], two.coherence.values[k][both], atol=1 / 510 + 1e-6)
    measured = np.isfinite(one.phase.values).any(0)
    np.testing.assert_allclose(one.los.values[:, measured], two.los.values[:, measured], atol=1e-6)
    np.testing.assert_allclose(one.height.values[measured], two.height.values[measured], atol=1e-3)


def test_both_layouts_give_the_same_cube(tmp_path: Path) -> None:
    for layout in ("hyp3", "licsar"):
        align(tmp_path, layout, 0)
    ifgs = open_store(tmp_path / "hyp30/ifgs.zarr")
    whole = sliding_window_view(np.isfinite(ifgs.phase.values).all(0), (3, 3)).all((2, 3))
    row, col = np.argwhere(whole)[0] + 1  # a window that water takes nothing from
    to_degrees = Transformer.from_crs(ifgs.rio.crs, "EPSG:4326", always_xy=True)
    lonlat = to_degrees.transform(float(ifgs.x[col]), float(ifgs.y[row]))
    one, two = (build(tmp_path, layout, 0, lonlat) for layout in ("hyp3", "licsar"))
    names = one.mask_reason.attrs["flag_meanings"].split()
    water = one.mask_reason.values == 1 << names.index("water")
    np.testing.assert_array_equal(one.mask.values, two.mask.values & ~water)
    assert one.mask.values.mean() > 0.5
    used = one.mask.values
    np.testing.assert_allclose(one.displacement.values[:, used], two.displacement.values[:, used], atol=1e-3)
    np.testing.assert_allclose(one.velocity.values[used], two.velocity.values[used], atol=1e-2)
    np.testing.assert_allclose(one.coherence.values[used], two.coherence.values[used], atol=1 / 510 + 1e-6)
    # And it is the scene's: the deformation that was put in, under the noise and the troposphere that were.
    truth = open_store(read_manifest(tmp_path / "hyp30/manifest.json").truth or "").load()
    moved = truth.displacement.sel(y=one.y, x=one.x) + truth.atmosphere.sel(y=one.y, x=one.x)
    seen, put = one.displacement.isel(time=-1).values[used], (moved.isel(time=-1) - moved.isel(time=0)).values[used]
    assert np.corrcoef(seen, put)[0, 1] > 0.9


def test_constants_of_the_pairs_change_nothing(tmp_path: Path) -> None:
    """Each interferogram is known but for a constant: whichever it is, the cube is the same."""
    found, ifgs = align(tmp_path, "licsar", 0)
    lonlat = place_within(ifgs)
    products = products_of(found, tmp_path, "shifted")
    rng = np.random.default_rng(3)
    for path in sorted(products.glob("GEOC/*/*.unw.tif")):
        shift = np.float32(rng.uniform(-60, 60))
        change(path, lambda phase, shift=shift: np.where(phase == 0, np.float32(0), phase + shift))
    align_folder(tmp_path, "licsar", products, "other")
    one = build(tmp_path, "licsar", 0, lonlat)
    two = build(tmp_path, "licsar", 0, lonlat, "other")
    np.testing.assert_array_equal(one.mask.values, two.mask.values)
    assert one.mask.values.mean() > 0.5
    # 60 rad in float32 are known to 4e-6 rad, a ten-thousandth of a mm.
    np.testing.assert_allclose(one.displacement.values, two.displacement.values, atol=1e-3)
    np.testing.assert_allclose(one.velocity.values, two.velocity.values, atol=1e-2)
    np.testing.assert_allclose(one.sigma.values, two.sigma.values, atol=1e-3)


def test_coherence_as_floats_is_that_of_the_other_layout(tmp_path: Path) -> None:
    """Older LiCSAR frames hold floats of 0 to 1; bytes are within half a step of 255 of them."""
    (hyp3, one), (licsar, two) = (align(tmp_path, layout, 0) for layout in ("hyp3", "licsar"))
    products = products_of(licsar, tmp_path, "floats")
    for pair in hyp3.pairs:
        with rasterio.open(pair.coherence) as file:
            exact = file.read(1)
        change(products / f"GEOC/{pair.name}/{pair.name}.geo.cc.tif", lambda _, exact=exact: exact)
    _, three = align_folder(tmp_path, "licsar", products, "other")
    np.testing.assert_array_equal(one.coherence.values, three.coherence.values)
    off = np.abs(two.coherence.values - three.coherence.values)
    assert 1e-3 < np.nanmax(off) <= 1 / 510 + 1e-6
    np.testing.assert_array_equal(two.phase.values, three.phase.values)


def test_both_layouts_cut_to_an_area_give_the_same_cube_and_that_of_the_whole(tmp_path: Path) -> None:
    _, whole = align(tmp_path, "hyp3", 0)
    corners = [(8, 30), (33, 10)]
    to_degrees = Transformer.from_crs(whole.rio.crs, "EPSG:4326", always_xy=True)
    lons, lats = zip(*(to_degrees.transform(float(whole.x[col]), float(whole.y[row])) for row, col in corners), strict=True)
    area = [min(lons), min(lats), max(lons), max(lats)]
    cut = {layout: align(tmp_path, layout, 0, f"cut_{layout}", area) for layout in ("hyp3", "licsar")}
    for found, ifgs in cut.values():
        assert list(found.area or []) == pytest.approx(area)
        assert (ifgs.sizes["y"], ifgs.sizes["x"]) < (32, 28)
        assert (ifgs.sizes["y"], ifgs.sizes["x"]) >= (26, 21)
    np.testing.assert_array_equal(cut["hyp3"][1].x, cut["licsar"][1].x)
    lonlat = place_within(cut["hyp3"][1])
    one, two = (build(tmp_path, layout, 0, lonlat, f"cut_{layout}") for layout in cut)
    full = build(tmp_path, "hyp3", 0, lonlat).sel(y=one.y, x=one.x)
    names = one.mask_reason.attrs["flag_meanings"].split()
    water = one.mask_reason.values == 1 << names.index("water")
    np.testing.assert_array_equal(one.mask.values, two.mask.values & ~water)
    used = one.mask.values
    assert used.mean() > 0.5
    np.testing.assert_allclose(one.displacement.values[:, used], two.displacement.values[:, used], atol=1e-3)
    np.testing.assert_allclose(one.coherence.values[used], two.coherence.values[used], atol=1 / 510 + 1e-6)
    np.testing.assert_array_equal(one.displacement.values[:, used], full.displacement.values[:, used])
    np.testing.assert_array_equal(used, full.mask.values)


def test_products_of_two_zones_give_the_cube_of_one(tmp_path: Path) -> None:
    """Two of the pairs as they would be if HyP3 had taken the next zone for them."""
    found, plain = align(tmp_path, "hyp3", 0)
    products = products_of(found, tmp_path, "zones")
    own = plain.rio.crs.to_epsg()
    moved = [found.pairs[1].name, found.pairs[4].name]
    for folder in sorted(path for path in products.iterdir() if path.is_dir()):
        if "_".join(part[:8] for part in folder.name.split("_")[1:3]) in moved:
            for path in folder.glob("*.tif"):
                kind = "nearest" if path.stem.endswith(("lv_phi", "water_mask", "unw_phase")) else "bilinear"
                into_zone(path, own + 1, kind)
    listed, mixed = align_folder(tmp_path, "hyp3", products, "mixed")
    assert [pair.name for pair in listed.pairs] == [pair.name for pair in found.pairs]
    notes = json.loads(mixed.attrs["skipped"])
    assert [(note["what"], note["name"]) for note in notes if note["what"] == "resampled"] == [
        ("resampled", name) for name in moved
    ]
    assert mixed.rio.crs.to_epsg() == own
    lonlat = place_within(mixed)
    one = build(tmp_path, "hyp3", 0, lonlat)
    two = build(tmp_path, "hyp3", 0, lonlat, "mixed").sel(y=one.y, x=one.x, method="nearest")
    both = one.mask.values & two.mask.values
    assert both.sum() > 0.85 * one.mask.values.sum()
    # What the resampling of two of nine pairs adds is small beside what moves (the bowl's tens of mm): here a pixel was moved by up
    # to a half twice, once into the zone and once back.
    off = (two.displacement.values - one.displacement.values)[:, both]
    moved_by = np.abs(one.displacement.values[-1][both])
    assert np.sqrt(np.mean(off**2)) < 1.5
    assert np.percentile(moved_by, 95) > 10
    np.testing.assert_allclose(two.los.values[:, both], one.los.values[:, both], atol=2e-3)


def into_zone(path: Path, epsg: int, kind: str) -> None:
    """Write a raster on another UTM zone, at the same pixel size."""
    with rasterio.open(path) as file:
        pixel = file.transform.a
        west, south, east, north = transform_bounds(file.crs, f"EPSG:{epsg}", *file.bounds)
        left, top = np.floor(west / pixel) * pixel, np.ceil(north / pixel) * pixel
        height, width = int(np.ceil((top - south) / pixel)), int(np.ceil((east - left) / pixel))
        transform = Affine(pixel, 0, left, 0, -pixel, top)
        out = np.zeros((height, width), file.dtypes[0])
        profile = file.profile | {"crs": f"EPSG:{epsg}", "transform": transform, "width": width, "height": height}
        mark = 255 if path.stem.endswith("water_mask") else 0
        reproject(
            file.read(1), out, src_transform=file.transform, src_crs=file.crs, dst_transform=transform, dst_crs=f"EPSG:{epsg}",
            src_nodata=mark, dst_nodata=mark, resampling=Resampling[kind],
        )  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(out, 1)
