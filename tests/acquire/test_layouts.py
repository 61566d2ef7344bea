"""One scene written as HyP3 products and as a LiCSAR frame: the readers must find the same in both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from numpy.lib.stride_tricks import sliding_window_view
from pyproj import Transformer

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


def align(folder: Path, layout: str, extent: int) -> tuple[Manifest, xr.Dataset]:
    """Simulate, find and align, as the rules do."""
    place = folder / f"{layout}{extent}"
    place.mkdir()
    (place / "study.yaml").write_text(SCENE.format(layout=layout, extent=extent))
    study = Study(place / "study.yaml")
    settings = {key: study.get(key, "A") for key in ("products", "gnss", "simulate")}
    out = place / "manifest.json"
    acquire_products(out, "simulate", data_root=None, originals="originals", cache=str(folder / "cache"), **settings)
    align_products(out, place / "ifgs.zarr", "stop")
    return read_manifest(out), open_store(place / "ifgs.zarr").load()


def build(folder: Path, layout: str, extent: int, lonlat: tuple[float, float]) -> xr.Dataset:
    place = folder / f"{layout}{extent}"
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
