"""Folders in LiCSAR's layout: places, baselines, metadata, and what is said of what cannot be used."""

from __future__ import annotations

import json
import math
import shutil
from functools import partial
from pathlib import Path

import acquired
import numpy as np
import pytest
import rasterio
from affine import Affine
from products import write_raster

from insarcast.acquire.interferograms.licsar_frame import read_bperp, read_metadata
from insarcast.core import InsarcastError, open_store
from insarcast.stack import align_products

FRAME = "005A_07021_131313"
DATES = ["20200101", "20200113", "20200125"]
PAIRS = ["20200101_20200113", "20200101_20200125", "20200113_20200125"]
LOS = {"E": -0.62, "N": -0.14, "U": 0.77}


def phase(seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).uniform(1, 5, (6, 7)).astype(np.float32)
    values[0, :3] = 0
    values[5, 6] = np.inf
    return values


def write_frame(folder: Path, pairs: str = "GEOC", frame: str = "GEOC", *, byte: bool = True) -> None:
    """Three interferograms of 6 x 7 pixels, the frame's layers, metadata and baselines."""
    for seed, pair in enumerate(PAIRS):
        write_raster(folder / pairs / pair / f"{pair}.geo.unw.tif", phase(seed), nodata=None)
        coherence = np.full((6, 7), 204, np.uint8) if byte else np.full((6, 7), 0.8, np.float32)
        write_raster(folder / pairs / pair / f"{pair}.geo.cc.tif", coherence, nodata=None)
    for letter, value in (LOS | {"hgt": 2240}).items():
        layer = np.full((6, 7), value, np.float32)
        layer[0, 0] = 0
        write_raster(folder / frame / f"{FRAME}.geo.{letter}.tif", layer, nodata=None)
    (folder / frame / "metadata.txt").write_text("master=20200101\ncenter_time=12:30:15.5\n")
    (folder / frame / "baselines").write_text("20200101 20200113 40.5 12\n20200101 20200125 -10.0 24\n")


acquire = partial(acquired.acquire, source="licsar")
sentence = partial(acquired.refused, source="licsar")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p").mkdir()
    return tmp_path / "p"


@pytest.mark.parametrize(
    ("pairs", "frame", "byte"),
    [("GEOC", "GEOC", True), (".", ".", False), ("interferograms", "metadata", True), ("GEOC", ".", False)],
)
def test_every_layout_gives_the_same_stack(folder: Path, pairs: str, frame: str, byte: bool) -> None:
    write_frame(folder, pairs, frame, byte=byte)
    found = acquire(folder)
    assert found.skipped == []
    assert found.dates == DATES
    assert [pair.baseline for pair in found.pairs] == [40.5, -10.0, -50.5]
    assert found.conventions["wavelength"] == pytest.approx(0.0554658, abs=1e-7)
    assert found.conventions["utc"] == 12 * 3600 + 30 * 60 + 15.5
    assert sorted(found.static) == ["dem", "los_east", "los_north", "los_up"]
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    data = open_store(folder.parent / "i.zarr").load()
    lost = np.zeros((6, 7), bool)
    lost[0, :3] = lost[5, 6] = True
    for k in range(3):
        np.testing.assert_array_equal(np.isnan(data.phase.values[k]), lost)
        np.testing.assert_array_equal(data.phase.values[k][~lost], phase(k)[~lost])  # positive away, as it is
    np.testing.assert_allclose(data.coherence.values, 0.8, atol=1 / 510)
    np.testing.assert_allclose(data.los.values[:, 1:], np.broadcast_to(np.float32([*LOS.values()])[:, None, None], (3, 5, 7)))
    assert np.isnan(data.los.values[:, 0, 0]).all()  # 0 is no direction
    assert np.isnan(data.height.values[0, 0])
    assert data.height.values[1, 1] == 2240


def test_the_portal_is_named(folder: Path) -> None:
    write_frame(folder)
    first, citation = acquire(folder).credits
    assert "contains modified Copernicus Sentinel data" in first
    assert "COMET" in first
    assert "Lazecký" in citation


def test_an_isolated_zero_stays_nodata(folder: Path) -> None:
    """LiCSAR refers no interferogram to a pixel: 0 is nodata there, whatever is around it."""
    write_frame(folder)
    values = np.full((6, 7), 0.1, np.float32)
    values[3, 3] = 0
    write_raster(folder / f"GEOC/{PAIRS[0]}/{PAIRS[0]}.geo.unw.tif", values, nodata=None)
    acquire(folder)
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    assert np.argwhere(np.isnan(open_store(folder.parent / "i.zarr").phase.values[0])).tolist() == [[3, 3]]


def test_baselines_of_nine_columns(folder: Path) -> None:
    write_frame(folder)
    (folder / "GEOC/baselines").write_text(
        "  1  20200101  20200113   40.5   12.0   0.0   12.0   0.0   40.5\n"
        "  2  20200113  20200125  -50.5   12.0  12.0   24.0  40.5  -10.0\n"
    )
    assert [pair.baseline for pair in acquire(folder).pairs] == [40.5, -10.0, -50.5]


@pytest.mark.parametrize("text", [None, "", "20200101 20200113 40.5 12\n"])
def test_missing_empty_or_incomplete_baselines_are_listed(folder: Path, text: str | None) -> None:
    write_frame(folder)
    if text is None:
        (folder / "GEOC/baselines").unlink()
    else:
        (folder / "GEOC/baselines").write_text(text)
    found = acquire(folder)
    assert {entry["what"] for entry in found.skipped} == {"baseline"}
    assert [pair.baseline for pair in found.pairs] == ([40.5, None, None] if text else [None] * 3)
    assert len(found.skipped) == (2 if text else 1)


@pytest.mark.parametrize(
    "line", ["<html>", "20200101 20200113 fifty 12", "20200101 20200113 4 5 6", "20200101 20201313 4 12", "1 2 3 4"]
)
def test_garbage_in_the_baselines_is_a_sentence(folder: Path, line: str) -> None:
    write_frame(folder)
    with open(folder / "GEOC/baselines", "a") as file:
        file.write(f"{line}\n")
    said = sentence(folder)
    assert f"line 3 ('{line}')" in said
    assert "delete it to go on" in said


def test_the_frequency_of_another_sensor(tmp_path: Path) -> None:
    path = tmp_path / "metadata.txt"
    path.write_text("center_time=1:00:00\nradar_freq=1.27e9\nheading=-10.2\navg_incidence_angle=38.1\n")
    found = read_metadata(path)
    assert found.wavelength == pytest.approx(0.236, abs=1e-3)  # L band
    assert (found.heading, found.incidence, found.utc) == (-10.2, 38.1, 3600)
    assert read_metadata(None).wavelength == pytest.approx(299_792_458 / 5.405e9)
    path.write_text("center_time=1 day, 0:00:12.5\n")
    assert read_metadata(path).utc == 12.5
    path.write_text("radar_freq=12\n")
    with pytest.raises(InsarcastError, match="no radar's frequency"):
        read_metadata(path)
    (tmp_path / "b").write_text("\n\n")
    assert read_bperp(tmp_path / "b") == {}


def test_without_up_the_angles_are_asked_for(folder: Path) -> None:
    write_frame(folder)
    (folder / f"GEOC/{FRAME}.geo.U.tif").unlink()
    said = sentence(folder)
    assert "<frame>.geo.U.tif" in said
    assert "<frame>.geo.E.tif" not in said
    assert "products.incidence and products.heading" in said
    found = acquire(folder, incidence=39, heading=-12)
    assert sorted(found.static) == ["dem"]
    assert found.conventions["los"][2] == pytest.approx(math.cos(math.radians(39)))
    why = "there is none, so the line of sight is that of an incidence of 39 and a heading of -12 degrees, one direction for all pixels"
    assert {"what": "file", "name": "<frame>.geo.U.tif", "reason": why} in found.skipped


def test_layers_of_two_frames_are_refused(folder: Path) -> None:
    write_frame(folder)
    shutil.copy(folder / f"GEOC/{FRAME}.geo.U.tif", folder / "012D_01234_111111.geo.U.tif")
    assert "one cube is one frame" in sentence(folder)
    (folder / "012D_01234_111111.geo.U.tif").unlink()
    shutil.copy(folder / f"GEOC/{FRAME}.geo.U.tif", folder)  # the same layer twice is no other frame
    assert len(acquire(folder).pairs) == 3


@pytest.mark.parametrize("missing", ["unw", "cc"])
def test_an_incomplete_pair_stops_or_is_listed(folder: Path, missing: str) -> None:
    write_frame(folder)
    extra = folder / "GEOC/20200125_20200206"
    extra.mkdir()
    kept = {"unw": "cc", "cc": "unw"}[missing]
    shutil.copy(folder / f"GEOC/{PAIRS[0]}/{PAIRS[0]}.geo.{kept}.tif", extra / f"20200125_20200206.geo.{kept}.tif")
    assert f"20200125_20200206.geo.{missing}.tif" in sentence(folder)
    found = acquire(folder, bad_file="skip")
    assert found.dates == DATES
    assert [entry["name"] for entry in found.skipped] == ["20200125_20200206"]


def test_a_web_page_in_the_place_of_a_raster(folder: Path) -> None:
    """The portal answers some requests with a page."""
    write_frame(folder)
    (folder / f"GEOC/{PAIRS[1]}/{PAIRS[1]}.geo.unw.tif").write_text("<html>moved</html>")
    assert "no raster that can be opened" in sentence(folder)


@pytest.mark.parametrize("garbage", [1e30, -3e38, 2e5, np.nan, -np.inf])
def test_patches_of_numbers_that_are_no_phase(folder: Path, garbage: float) -> None:
    """LiCSBAS #155: corrupted interferograms whose standard deviation is infinite."""
    write_frame(folder)
    values = phase(1)
    values[3, 2:5] = garbage
    write_raster(folder / f"GEOC/{PAIRS[1]}/{PAIRS[1]}.geo.unw.tif", values, nodata=None)
    acquire(folder)
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    data = open_store(folder.parent / "i.zarr").load()
    assert data.n_measured.values.tolist() == [38, 35, 38]
    assert np.isnan(data.phase.values[1, 3, 2:5]).all()
    assert np.nanstd(data.phase.values[1]) < 2


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_pair_with_nothing_in_it(folder: Path, value: float) -> None:
    """The archive has pairs of some dates that are empty at the source."""
    write_frame(folder)
    write_raster(folder / f"GEOC/{PAIRS[1]}/{PAIRS[1]}.geo.unw.tif", np.full((6, 7), value, np.float32), nodata=None)
    acquire(folder)
    with pytest.raises(InsarcastError, match="holds nothing but nodata"):
        align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "skip")
    data = open_store(folder.parent / "i.zarr")
    assert [entry["name"] for entry in json.loads(data.attrs["skipped"])] == [PAIRS[1]]
    assert data.sizes["pair"] == 2


def test_a_raster_that_ends_early(folder: Path) -> None:
    write_frame(folder)
    path = folder / f"GEOC/{PAIRS[1]}/{PAIRS[1]}.geo.unw.tif"
    path.write_bytes(path.read_bytes()[:-60])
    assert PAIRS[1] in sentence(folder)
    assert [entry["name"] for entry in acquire(folder, bad_file="skip").skipped] == [PAIRS[1]]


def test_rasters_whose_places_differ_in_the_last_digits(folder: Path) -> None:
    """LiCSBAS #25: unw.tif names the resolution in another precision than the other files."""
    write_frame(folder)
    with rasterio.open(folder / f"GEOC/{PAIRS[1]}/{PAIRS[1]}.geo.unw.tif", "r+") as file:
        place = file.transform
        file.transform = Affine(place.a * (1 + 1e-7), 0, place.c + 1e-9, 0, place.e * (1 - 1e-7), place.f)
    acquire(folder)
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    data = open_store(folder.parent / "i.zarr").load()
    np.testing.assert_array_equal(data.phase.values[1][1:5], phase(1)[1:5])


def test_texts_as_other_systems_write_them(folder: Path) -> None:
    write_frame(folder)
    (folder / "GEOC/metadata.txt").write_bytes(b"\xef\xbb\xbfmaster=20200101\r\ncenter_time = 1:02:03\r\nheading=-10.1 deg\r\n")
    (folder / "GEOC/baselines").write_bytes(b"20200101 20200113 40.5 12.0\r\n20200101 20200125 -10.0 24.0\r\n")
    found = acquire(folder)
    assert [pair.baseline for pair in found.pairs] == [40.5, -10.0, -50.5]
    assert (found.conventions["utc"], found.conventions["heading"]) == (3723, -10.1)


def test_second_folders_and_odd_names_are_listed(folder: Path) -> None:
    write_frame(folder)
    shutil.copytree(folder / "GEOC" / PAIRS[0], folder / "interferograms" / PAIRS[0])
    (folder / "GEOC/20209901_20200113").mkdir()
    found = acquire(folder)
    listed = {entry["name"]: entry["reason"] for entry in found.skipped}
    assert listed["interferograms/" + PAIRS[0]] == f"a second folder of the pair; GEOC/{PAIRS[0]} is used"
    assert "no dates" in listed["GEOC/20209901_20200113"]


def test_nothing_there(folder: Path) -> None:
    assert "the folder is empty" in sentence(folder)
    (folder / "frame.zip").write_bytes(b"PK")
    assert "frame.zip: unpack them" in sentence(folder)


def test_two_dates_are_too_few(folder: Path) -> None:
    write_frame(folder)
    said = sentence(folder, end="2020-01-13")
    assert "needs at least three" in said
    assert "after products.end" in said
