"""Products on one grid: extents, signs, types, nodata, and files that cannot be used."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from insarcast.core import InsarcastError, Manifest, Pair, open_store
from insarcast.stack import align_products

PIXEL = 0.001
DATES = ["20200101", "20200113", "20200125"]
CONVENTIONS: dict[str, Any] = {"sign": "away", "wavelength": 0.0555, "nodata": None, "los": [-0.62, -0.14, 0.77]}


def write(
    path: Path, values: np.ndarray, *, row: float = 0, col: float = 0, nodata: float | None = 0, crs: str = "EPSG:4326"
) -> str:
    transform = Affine(PIXEL, 0, -99 + col * PIXEL, 0, -PIXEL, 20 - row * PIXEL)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=values.shape[0],
        width=values.shape[1],
        count=1,
        dtype=values.dtype,
        crs=crs,
        transform=transform,
        nodata=nodata,
    ) as file:
        file.write(values, 1)
    return str(path)


def layer(seed: int, ny: int = 8, nx: int = 10) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1, 5, (ny, nx)).astype(np.float32)


def manifest(folder: Path, unwrapped: list[str], coherence: list[str | None] | None = None, **changes: Any) -> Path:
    names = [(DATES[0], DATES[1]), (DATES[1], DATES[2]), (DATES[0], DATES[2])][: len(unwrapped)]
    pairs = [Pair(*name, path, (coherence or [None] * 3)[k]) for k, (name, path) in enumerate(zip(names, unwrapped, strict=True))]
    found = Manifest("geotiff", DATES, pairs, conventions=CONVENTIONS)
    replace(found, **changes).write(folder / "manifest.json")
    return folder / "manifest.json"


def test_unequal_extents_become_their_union_with_nan(tmp_path: Path) -> None:
    one, two = layer(1), layer(2, 6, 12)
    paths = [write(tmp_path / "a.tif", one), write(tmp_path / "b.tif", two, row=-2, col=3)]
    align_products(manifest(tmp_path, paths), tmp_path / "i.zarr", "stop")
    data = open_store(tmp_path / "i.zarr").load()
    assert data.phase.shape == (2, 10, 15)
    np.testing.assert_array_equal(data.phase.values[0, 2:, :10], one)
    np.testing.assert_array_equal(data.phase.values[1, :6, 3:], two)
    assert np.isnan(data.phase.values[0, :2]).all()
    assert np.isnan(data.phase.values[1, 6:]).all()
    assert float(data.y[0]) == pytest.approx(20 + 2 * PIXEL - PIXEL / 2)
    assert data.rio.crs.to_epsg() == 4326
    np.testing.assert_allclose(data.los.values[:, 0, 0], CONVENTIONS["los"], rtol=1e-6)


def test_sign_nodata_and_byte_coherence(tmp_path: Path) -> None:
    phase, byte = layer(1), np.full((8, 10), 204, np.uint8)
    phase[0, 0], phase[0, 1], phase[0, 2] = 0, np.nan, -9999
    byte[3, 3] = 0
    unw, coh = write(tmp_path / "a.tif", phase, nodata=None), write(tmp_path / "c.tif", byte)
    conventions = CONVENTIONS | {"sign": "towards", "nodata": -9999.0}
    align_products(manifest(tmp_path, [unw], [coh], conventions=conventions), tmp_path / "i.zarr", "stop")
    data = open_store(tmp_path / "i.zarr").load()
    assert data.phase.values[0, 0, 0] == 0  # 0 is a measurement when nodata is something else
    assert np.isnan(data.phase.values[0, 0, 1:3]).all()
    np.testing.assert_array_equal(data.phase.values[0, 1:], -phase[1:])
    assert data.coherence.values[0, 0, 0] == pytest.approx(0.8)
    assert np.isnan(data.coherence.values[0, 3, 3])


def test_heights_on_another_lattice_are_warped(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.tif", layer(1))]
    plane = (100 + 10 * np.arange(40, dtype=np.float32))[None, :] * np.ones((40, 1), np.float32)
    dem = write(tmp_path / "d.tif", plane, row=-10, col=-10, nodata=None)
    align_products(manifest(tmp_path, paths, static={"dem": [dem]}), tmp_path / "i.zarr", "stop")
    height = open_store(tmp_path / "i.zarr").height.values
    np.testing.assert_allclose(height, np.broadcast_to(200 + 10 * np.arange(10), (8, 10)), rtol=1e-5)


@pytest.mark.parametrize("case", ["truncated", "crs", "empty", "half a pixel", "pixel size", "no raster", "gone", "coherence"])
def test_a_bad_file_is_a_sentence_or_a_listed_skip(tmp_path: Path, case: str) -> None:
    paths = [write(tmp_path / f"{k}.tif", layer(k)) for k in range(3)]
    bad = tmp_path / "1.tif"
    coherence: list[str | None] = [None] * 3
    words = {
        "truncated": "truncated", "crs": "EPSG:32614", "empty": "nothing but nodata", "half a pixel": "between the pixels",
        "pixel size": "has pixels of", "no raster": "no raster", "gone": "no longer there", "coherence": "coherence up to 5",
    }[case]  # fmt: skip
    if case == "truncated":
        bad.write_bytes(bad.read_bytes()[:-200])
    elif case == "crs":
        write(bad, layer(1), crs="EPSG:32614")
    elif case == "empty":
        write(bad, np.zeros((8, 10), np.float32))
    elif case == "half a pixel":
        write(bad, layer(1), row=0.5)
    elif case == "pixel size":
        with rasterio.open(bad, "r+") as file:
            file.transform = Affine(2 * PIXEL, 0, -99, 0, -PIXEL, 20)
    elif case == "no raster":
        bad.write_text("<html>please log in</html>")
    elif case == "gone":
        bad.unlink()
    else:
        coherence[1] = write(tmp_path / "c.tif", layer(1) + 1)
        coherence[0] = coherence[2] = write(tmp_path / "g.tif", layer(1) / 10)
    listed = manifest(tmp_path, paths, coherence)
    with pytest.raises(InsarcastError) as error:
        align_products(listed, tmp_path / "i.zarr", "stop")
    sentence = str(error.value)
    assert words in sentence
    assert "\n" not in sentence
    assert "20200113_20200125" in sentence  # which pair to exclude
    align_products(listed, tmp_path / "j.zarr", "skip")
    data = open_store(tmp_path / "j.zarr")
    assert data.sizes["pair"] == 2
    assert '"name": "20200113_20200125"' in data.attrs["skipped"]
    assert words in data.attrs["skipped"]


def test_the_first_file_on_another_crs_does_not_make_the_others_odd(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{k}.tif", layer(k), crs="EPSG:32614" if k == 0 else "EPSG:4326") for k in range(3)]
    with pytest.raises(InsarcastError, match=r"0\.tif is on EPSG:32614, the others are on EPSG:4326"):
        align_products(manifest(tmp_path, paths), tmp_path / "i.zarr", "stop")


def test_the_studys_nodata_adds_to_the_files_own(tmp_path: Path) -> None:
    phase = layer(1)
    phase[0, 0], phase[0, 1] = -9999, 0
    path = write(tmp_path / "a.tif", phase, nodata=-9999)
    align_products(manifest(tmp_path, [path], conventions=CONVENTIONS | {"nodata": 0.0}), tmp_path / "i.zarr", "stop")
    assert np.isnan(open_store(tmp_path / "i.zarr").phase.values[0, 0, :2]).all()
    whole = write(tmp_path / "b.tif", np.full((8, 10), 3, np.int16), nodata=None)
    align_products(manifest(tmp_path, [whole], conventions=CONVENTIONS | {"nodata": -99999.0}), tmp_path / "j.zarr", "stop")
    assert (open_store(tmp_path / "j.zarr").phase.values == 3).all()


def test_a_product_that_changed_since_it_was_found_is_not_used(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", layer(1))
    listed = manifest(tmp_path, [path], sha256={path: "0" * 64})
    with pytest.raises(InsarcastError, match="has changed since it was found"):
        align_products(listed, tmp_path / "i.zarr", "stop")
