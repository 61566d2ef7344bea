"""Products on one grid: extents, signs, types, nodata, and files that cannot be used."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from insarcast.core import InsarcastError, Manifest, Pair, line_of_sight, open_store
from insarcast.report.writing.words import reason
from insarcast.stack import align_products
from insarcast.stack.alignment.interferogram import without_gaps
from insarcast.stack.alignment.static import unit_vector

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


def test_look_vectors_are_those_of_the_published_angles() -> None:
    """An ascending and a descending pass: the unit vector from incidence and heading, whose angles HyP3 would write."""
    for incidence, heading in ((39.0, -12.0), (33.0, -168.0)):
        # A right-looking radar sees the satellite 90 degrees to the left of its heading, at heading - 90 clockwise from north.
        theta, phi = np.deg2rad(90 - incidence), np.deg2rad(90 - (heading - 90))
        found = unit_vector(np.array([[[theta, np.nan]], [[phi, phi]]], np.float32))
        np.testing.assert_allclose(found[:, 0, 0], line_of_sight(incidence, heading), atol=1e-6)
        assert np.isnan(found[:, 0, 1]).all()


def test_a_phase_of_0_is_data_only_where_an_interferogram_is_referenced() -> None:
    nan = np.nan
    cases = {  # the block's middle pixel, and whether it is data
        "reference": ([[9, 0.3, 9], [0.2, 0, -0.4], [9, 0.1, 9]], 0.9, True),
        "not coherent": ([[9, 0.3, 9], [0.2, 0, -0.4], [9, 0.1, 9]], 0.8, False),
        "coherence unknown": ([[9, 0.3, 9], [0.2, 0, -0.4], [9, 0.1, 9]], nan, False),
        "beside a masked pixel": ([[9, 0.3, 9], [0.2, 0, 0], [9, 0.1, 9]], 0.9, True),
        "at the edge": ([[9, 0.3, 9], [0.2, 0, nan], [9, 0.1, 9]], 0.9, True),
        "in the corner of an area": ([[9, 0.3, 9], [0.2, 0, 0], [9, 0, 9]], 0.9, False),
        "at the corner of the file": ([[9, 0.3, 9], [0.2, 0, nan], [9, nan, 9]], 0.9, False),
        "masked alone": ([[9, 3.3, 9], [3.2, 0, 3.4], [9, 3.1, 9]], 0.9, False),
        "one neighbour unwrapped wrongly": ([[9, 6.5, 9], [0.2, 0, -0.4], [9, 0.1, 9]], 0.9, True),
        "corners do not matter": ([[0, 0.3, 0], [0.2, 0, -0.4], [nan, 0.1, 0]], 0.9, True),
    }
    for name, (grown, coherence, kept) in cases.items():
        found = without_gaps(np.array(grown, np.float32), np.full((1, 1), coherence, np.float32), 0.85)
        assert found.shape == (1, 1)
        assert (found[0, 0] == 0) if kept else np.isnan(found[0, 0]), name


def test_a_reference_pixel_on_the_border_of_two_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The neighbours of a block's edge lie in the next block."""
    from insarcast.stack.alignment import align, groups

    phase = np.full((130, 140), 0.3, np.float32)
    phase[127, 128] = phase[64, 127] = 0
    phase[20:22, 127:129] = 0
    paths = [write(tmp_path / f"{k}.tif", phase) for k in range(3)]
    coherence: list[str | None] = [write(tmp_path / "c.tif", np.full((130, 140), 0.9, np.float32))] * 3
    listed = manifest(tmp_path, paths, coherence, conventions=CONVENTIONS | {"reference_zero": True, "nodata": 0.0})
    for module in (align, groups):
        monkeypatch.setattr(module, "EDGE", 128)
    align_products(listed, tmp_path / "i.zarr", "stop", mem_mb=1)  # a window is one shard
    values = open_store(tmp_path / "i.zarr").phase.values
    assert (values[:, 127, 128] == 0).all()
    assert (values[:, 64, 127] == 0).all()
    assert int(np.isnan(values).sum()) == 3 * 4


def test_windows_of_any_width_give_the_same_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from insarcast.stack.alignment import align, groups

    paths = [write(tmp_path / f"{k}.tif", layer(k, 140, 300), row=5 * k, col=40 * k) for k in range(3)]
    heights = [write(tmp_path / f"h{k}.tif", layer(9, 140, 300), row=5 * k, col=40 * k) for k in range(3)]
    listed = manifest(tmp_path, paths, static={"dem": heights})
    for module in (align, groups):
        monkeypatch.setattr(module, "EDGE", 128)
    align_products(listed, tmp_path / "wide.zarr", "stop")
    align_products(listed, tmp_path / "narrow.zarr", "stop", mem_mb=1)
    files = sorted(path.relative_to(tmp_path / "wide.zarr") for path in (tmp_path / "wide.zarr").rglob("*") if path.is_file())
    assert len(files) > 10
    for name in files:
        assert (tmp_path / "wide.zarr" / name).read_bytes() == (tmp_path / "narrow.zarr" / name).read_bytes(), name


def test_layers_in_many_files_are_filled_from_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty products of nearly one extent: the largest file fills a block, and the others are opened only to be placed."""
    from insarcast.stack.alignment import grid

    names = [(f"202001{d:02d}", f"202001{d + 1:02d}") for d in range(1, 21)]
    pairs = [Pair(*name, write(tmp_path / f"{k}.tif", layer(k, 20, 20), row=k % 3)) for k, name in enumerate(names)]
    big = layer(77, 30, 30)
    big[25, 3] = 0
    heights = [write(tmp_path / f"h{k}.tif", layer(50 + k, 20, 20), row=k % 3) for k in range(19)]
    heights.append(write(tmp_path / "big.tif", big, row=-2))
    found = Manifest("hyp3", DATES, pairs, {"dem": heights}, conventions=CONVENTIONS | {"static_nodata": {"dem": 0.0}})
    found.write(tmp_path / "manifest.json")
    opened: list[str] = []
    plain = grid.open_raster

    def counted(path: str) -> Any:
        opened.append(Path(path).name)
        return plain(path)

    monkeypatch.setattr(grid, "open_raster", counted)
    align_products(tmp_path / "manifest.json", tmp_path / "i.zarr", "stop")
    data = open_store(tmp_path / "i.zarr").load()
    np.testing.assert_array_equal(data.height.values, big[2:24, :20])
    assert max(opened.count(Path(path).name) for path in heights[:19]) == 1


def test_holes_are_filled_by_the_next_file_where_something_is_measured(tmp_path: Path) -> None:
    one, two, phase = layer(1), layer(2), layer(3)
    one[0, 0] = one[4, 4] = one[7, 9] = 0
    two[4, 4] = 0
    phase[0, 0] = 0
    paths = [write(tmp_path / "a.tif", phase)] * 3
    files = [write(tmp_path / "h1.tif", one), write(tmp_path / "h2.tif", two)]
    listed = manifest(tmp_path, paths, static={"dem": files})
    align_products(listed, tmp_path / "i.zarr", "stop")
    height = open_store(tmp_path / "i.zarr").height.values
    assert height[7, 9] == two[7, 9]
    assert np.argwhere(np.isnan(height)).tolist() == [[0, 0], [4, 4]]
    assert height[1, 1] == one[1, 1]


def test_look_vectors_come_from_one_product_each(tmp_path: Path) -> None:
    """East, north and up of a pixel are of one file pair, whatever holes another product has in one of its angles."""
    paths = [write(tmp_path / "a.tif", layer(3))] * 3
    angles = {"lv_theta": [0.9, 0.8], "lv_phi": [3.0, 2.0]}
    static: dict[str, list[str]] = {name: [] for name in angles}
    for k in range(2):
        for name, values in angles.items():
            field = np.full((8, 10), values[k], np.float32)
            if k == 0 and name == "lv_phi":
                field[2, 2] = 0
            static[name].append(write(tmp_path / f"{name}{k}.tif", field, nodata=None))
    conventions = CONVENTIONS | {"los": None, "angles": "hyp3", "static_nodata": {"lv_theta": 0.0, "lv_phi": 0.0}}
    align_products(manifest(tmp_path, paths, static=static, conventions=conventions), tmp_path / "i.zarr", "stop")
    los = open_store(tmp_path / "i.zarr").los.values
    for place, (theta, phi) in {(0, 0): (0.9, 3.0), (2, 2): (0.8, 2.0)}.items():
        expected = [np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), np.sin(theta)]
        np.testing.assert_allclose(los[(slice(None), *place)], expected, rtol=1e-6)


def test_water_is_masked_with_its_own_reason(tmp_path: Path) -> None:
    from insarcast.stack import build_cube, close_loops, invert_network
    from tests.stack.conftest import SETTINGS

    lake = np.ones((8, 10), np.uint8)
    lake[5:, 7:] = 0
    paths = [write(tmp_path / f"{k}.tif", layer(0) * (k + 1)) for k in range(3)]
    static = {"water": [write(tmp_path / "w.tif", lake, nodata=0)]}  # 0 is water even where it is tagged as nodata
    align_products(manifest(tmp_path, paths, static=static), tmp_path / "i.zarr", "stop")
    assert np.isnan(open_store(tmp_path / "i.zarr").phase.values[:, 5:, 7:]).all()
    close_loops(tmp_path / "i.zarr", tmp_path / "c.zarr", tmp_path / "n.parquet")
    invert_network(
        tmp_path / "i.zarr", tmp_path / "c.zarr", tmp_path / "v.zarr", tmp_path / "d.json", vintage="full", threads=1,
        **SETTINGS
        | {"closing": {"required": False, "max_rms": 99, "correct": False, "nullify": "none"}}
        | {"reference": {"lon": -98.9985, "lat": 19.9985, "window": 1, "min_coherence": 0}},
    )  # fmt: skip
    build_cube(tmp_path / "i.zarr", tmp_path / "v.zarr", tmp_path / "q.zarr", "full", {"preset": "none", "thresholds": {}}, 0, "")
    cube = open_store(tmp_path / "q.zarr").load()
    names = cube.mask_reason.attrs["flag_meanings"].split()
    assert "water" in names
    np.testing.assert_array_equal(cube.mask_reason.values == 1 << names.index("water"), lake == 0)
    np.testing.assert_array_equal(cube.mask.values, lake == 1)
    assert reason("water") == "water"


@pytest.mark.parametrize(
    ("values", "shares"),
    [
        (np.array([[0, 51, 204, 255]], np.uint8), [0, 0.2, 0.8, 1]),
        (np.array([[0, 51, 204, 255]], np.int16), [0, 0.2, 0.8, 1]),
        (np.array([[0, 51, 204, 255]], np.float32), [0, 0.2, 0.8, 1]),  # bytes that were saved as floats
        (np.array([[0, 0.2, 0.8, 1]], np.float32), [0, 0.2, 0.8, 1]),
        (np.array([[0, 0.2, 0.8, 1.0004]], np.float64), [0, 0.2, 0.8, 1]),
        (np.array([[-0.01, 0.2, np.nan, 1]], np.float32), [0, 0.2, np.nan, 1]),
        (np.array([[0, 51.5, 204, 255]], np.float32), None),
        (np.array([[0, 5100, 20400, 25500]], np.int16), None),
        (np.array([[0, 51, 204, 256]], np.float32), None),
    ],
)
@pytest.mark.parametrize("nodata", [None, 0])
def test_coherence_in_every_type_it_is_written_in(
    tmp_path: Path, values: np.ndarray, shares: list[float] | None, nodata: float | None
) -> None:
    """A tagged 0 is nodata, any other a coherence of 0."""
    paths = [write(tmp_path / "a.tif", layer(3, 1, 4))] * 3
    coherence: list[str | None] = [write(tmp_path / "c.tif", values, nodata=nodata)] * 3
    listed = manifest(tmp_path, paths, coherence)
    if shares is None:
        with pytest.raises(InsarcastError, match=r"holds coherence up to .* it must be 0 to 1, or 0 to 255 in whole numbers"):
            align_products(listed, tmp_path / "i.zarr", "stop")
        return
    align_products(listed, tmp_path / "i.zarr", "stop")
    expected = np.array(shares)
    if nodata == 0:
        expected[values[0] == 0] = np.nan
    data = open_store(tmp_path / "i.zarr").load()
    np.testing.assert_allclose(data.coherence.values[0, 0], expected, atol=1e-6)
    assert np.isfinite(data.phase.values).all()  # the phase does not depend on it


def test_bytes_are_shares_in_coherence_only(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.tif", layer(3))] * 3
    dem = write(tmp_path / "d.tif", np.full((8, 10), 200, np.uint8), nodata=None)
    align_products(manifest(tmp_path, paths, static={"dem": [dem]}), tmp_path / "i.zarr", "stop")
    assert (open_store(tmp_path / "i.zarr").height.values == 200).all()
