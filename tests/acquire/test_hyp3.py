"""Folders of HyP3 products: names, parameter files, look vectors, and what is said of products that cannot be used."""

from __future__ import annotations

import math
import shutil
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import acquired
import numpy as np
import pytest
import rasterio
from affine import Affine

from insarcast.acquire.interferograms.hyp3_parameters import read_parameters
from insarcast.acquire.interferograms.hyp3_product import parse_name
from insarcast.core import InsarcastError, open_store
from insarcast.stack import align_products

DATES = ["20200604", "20200616", "20200628"]
PAIRS = [("20200604", "20200616"), ("20200604", "20200628"), ("20200616", "20200628")]
ORBIT = {"20200604": 32865, "20200616": 33040}  # S1A, 175 apart: one relative orbit, (32865 - 73) % 175 + 1 = 68
THETA, PHI = math.radians(90 - 39.0), math.radians(-168.0)  # incidence 39 degrees, an ascending track: the satellite in the west
TEXT = """Reference Granule: S1A_IW_SLC__1SDV_{date1}T123456_{date1}T123523_0{orbit}_03CE5A_1234
Secondary Granule: S1A_IW_SLC__1SDV_{date2}T123456_{date2}T123523_033040_03D3E2_5678
Reference Pass Direction: ASCENDING
Reference Orbit Number: {orbit}
Baseline: {baseline}
UTC time: 45296.5
Heading: {heading}
Spacecraft height: 705239.4029000001
Earth radius at nadir: 6362008.3766
Slant range near: 803591.1723
Slant range center: 882714.7457
Slant range far: 961838.3190
Unwrapping type: mcf
"""


def gamma(date1: str, date2: str, code: str = "F8BF") -> str:
    return f"S1AA_{date1}T123456_{date2}T123457_VVP012_INT80_G_ueF_{code}"


def write(path: Path, values: np.ndarray, row: int = 0, col: int = 0, crs: str = "EPSG:32614", nodata: float | None = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = Affine(80, 0, 480_000 + 80 * col, 0, -80, 2_160_000 - 80 * row)
    size = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": values.dtype}
    with rasterio.open(path, "w", driver="GTiff", **size, crs=crs, transform=transform, nodata=nodata) as file:
        file.write(values, 1)


def field(seed: int, ny: int = 8, nx: int = 10) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1, 5, (ny, nx)).astype(np.float32)


def write_product(folder: Path, name: str, seed: int = 0, *, flat: bool = False, row: int = 0, **changes: Any) -> Path:
    """One product of 8 x 10 pixels; a tag given as None is not written, an array replaces its layer, ``text`` the parameters."""
    place = folder if flat else folder / name
    found = parse_name(place, name)
    assert found is not None
    crs = changes.pop("crs", "EPSG:32614")
    values = {
        "date1": found.date1,
        "date2": found.date2,
        "orbit": ORBIT.get(found.date1, 33040),
        "baseline": 12.5 + seed,
        "heading": -12.3,
    }
    text = changes.pop("text", TEXT)
    land = np.ones((8, 10), np.uint8)
    layers: dict[str, np.ndarray | None] = {
        "unw_phase": field(seed), "corr": np.full((8, 10), 0.7, np.float32), "dem": np.full((8, 10), 2240, np.float32),
        "lv_theta": np.full((8, 10), THETA, np.float32), "lv_phi": np.full((8, 10), PHI, np.float32), "water_mask": land,
        "conncomp": None,
    }  # fmt: skip
    for tag, array in (layers | {key: value for key, value in changes.items() if key in layers}).items():
        if array is not None:
            write(place / f"{name}_{tag}.tif", array, row, crs=crs, nodata=None if tag == "water_mask" else 0)
    if text is not None:
        (place / f"{name}.txt").write_text(text.format(**values | {key: v for key, v in changes.items() if key in values}))
        (place / f"{name}.README.md.txt").write_text("Heading: 1000\nBaseline: none\n")
    return place


def write_stack(folder: Path, **changes: Any) -> list[str]:
    """Three products, each with its own extent."""
    names = [gamma(*pair) for pair in PAIRS]
    for seed, name in enumerate(names):
        write_product(folder, name, seed, row=seed, **changes)
    return names


acquire = partial(acquired.acquire, source="hyp3")
sentence = partial(acquired.refused, source="hyp3")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p").mkdir()
    return tmp_path / "p"


@pytest.mark.parametrize(
    ("name", "dates", "path"),
    [
        ("S1AA_20190610T135156_20190622T135157_VVP012_INT80_G_ueF_F8BF", ("20190610", "20190622"), None),
        ("S1AC_20251001T204513_20251007T204359_HHR006_INT40_G_ueF_1DBE", ("20251001", "20251007"), None),
        ("S1_056072_IW2_20220814_20220907_VV_INT80_E09B", ("20220814", "20220907"), None),
        ("S1_044_000000s1n00-093117s2n01-093118s3n01_IW_20250718_20250730_VV_INT80_B4FA", ("20250718", "20250730"), 44),
        ("S1A_064_E053_1_N27_3_E054_1_N27_8_20200604_20200616_VV_INT80_7EB5", ("20200604", "20200616"), 64),
        ("S1AA_20190610T135156_20190622T135157_VVP012_INT80_G_ueF_F8BF_unw_phase", None, None),
        ("S1AA_20190699T135156_20190622T135157_VVP012_INT80_G_ueF_F8BF", None, None),
        ("20190610_20190622", None, None),
    ],
)
def test_published_names(name: str, dates: tuple[str, str] | None, path: int | None) -> None:
    found = parse_name(Path(), name)
    assert (found and (found.date1, found.date2)) == dates
    assert (found and found.path) == path


def test_parameters_of_the_published_samples(tmp_path: Path) -> None:
    """Numbers of a GAMMA and a burst product as HyP3 delivered them: the orbits are known from the tracks they were taken on."""
    name = "S1AC_20251001T204513_20251007T204359_HHR006_INT40_G_ueF_1DBE"
    for text, granule, orbit, heading, orbits in (
        (name, "S1A_IW_SLC__1SDH_20251001T204513_20251001T204540_061237_07A332_A16A", 61237, -18.15, {90}),
        (name, "S1C_IW_SLC__1SDH_20251007T204359_20251007T204426_004461_008D5C_0C40", 4461, 341.85, {90}),
        ("S1_056072_IW2_20220814_20220907_VV_INT80_E09B", "S1_056072_IW2_20220814T125829_VV_67BC-BURST, S1_X-BURST", 44549, -13.3, None),
        ("S1_044_000000s1n00-093117s2n01-093118s3n01_IW_20250718_20250730_VV_INT80_B4FA", "S1_1-BURST, S1_2-BURST", 60141, 193.3, {44}),
    ):  # fmt: skip
        product = parse_name(tmp_path, text)
        assert product is not None
        product.text.write_text(
            f"Reference Granule: {granule}\nReference Orbit Number: {orbit}\nHeading: {heading}\nBaseline: 48.0195\n"
            "Spacecraft height: 705239.4029000001\nEarth radius at nadir: 6362008.3766\nSlant range center: 882714.7457\n"
        )
        said = read_parameters(product)
        assert said.baseline == 48.0195
        assert said.heading == pytest.approx({-18.15: -18.15, 341.85: -18.15, -13.3: -13.3, 193.3: -166.7}[heading])
        if orbits:
            assert said.orbits == orbits
        else:
            assert (44549 - 73) % 175 + 1 in said.orbits  # one of the satellites that a burst granule does not name
        # The triangle of satellite, ground and the Earth's centre closes: two sides and the angle between them give the third.
        assert said.incidence is not None
        earth, slant, inner = 6362008.3766, 882714.7457, math.pi - math.radians(said.incidence)
        third = math.sqrt(earth**2 + slant**2 - 2 * earth * slant * math.cos(inner))
        assert third == pytest.approx(earth + 705239.4029)


@pytest.mark.parametrize("flat", [False, True])
def test_a_folder_of_products_becomes_a_stack(folder: Path, flat: bool) -> None:
    names = write_stack(folder, flat=flat)
    found = acquire(folder)
    assert found.skipped == []
    assert found.dates == DATES
    assert [pair.baseline for pair in found.pairs] == [12.5, 13.5, 14.5]
    assert [Path(pair.unwrapped).name for pair in found.pairs] == [f"{name}_unw_phase.tif" for name in names]
    assert {name: len(files) for name, files in found.static.items()} == {"dem": 3, "lv_theta": 3, "lv_phi": 3, "water": 3}
    assert (found.conventions["sign"], found.conventions["angles"]) == ("away", "hyp3")
    assert found.conventions["wavelength"] == 0.055465763
    assert found.conventions["heading"] == -12.3
    assert len(found.sha256) == 3 * 6
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    data = open_store(folder.parent / "i.zarr").load()
    assert data.phase.shape == (3, 10, 10)  # the union of extents that lie a row apart
    for k in range(3):
        np.testing.assert_array_equal(data.phase.values[k, k : k + 8], field(k))
        assert np.isnan(np.delete(data.phase.values[k], range(k, k + 8), axis=0)).all()
    east, north, up = data.los.values[:, 9, 0]  # only the third product holds the last row
    inc, azimuth = math.pi / 2 - THETA, PHI - math.pi / 2  # MintPy's angles: from the vertical, and anticlockwise from north
    assert up == pytest.approx(math.cos(inc))
    assert east == pytest.approx(-math.sin(inc) * math.sin(azimuth))
    assert north == pytest.approx(math.sin(inc) * math.cos(azimuth))
    assert east < 0
    assert not data.water.any()
    assert (data.height.values == 2240).all()


def test_the_service_is_named(folder: Path) -> None:
    """As a product's README says it, where it does; the years are those of the dates."""
    names = write_stack(folder)
    said = "ASF DAAC HyP3 2024 using the hyp3_gamma plugin. Contains modified Copernicus{}Sentinel data 2020, processed by ESA."
    (folder / names[1] / f"{names[1]}.README.md.txt").write_text(said.format("\n"))
    general = "ASF DAAC HyP3 (INSAR_GAMMA). Contains modified Copernicus Sentinel data 2020, processed by ESA."
    *lines, citation = acquire(folder).credits
    assert lines == [general, said.format(" ")]
    assert "https://doi.org/10.5281/zenodo.4646138" in citation


def test_the_service_is_named_for_products_without_folders(folder: Path) -> None:
    write_stack(folder, flat=True)
    line, _ = acquire(folder).credits
    assert line == "ASF DAAC HyP3 (INSAR_GAMMA). Contains modified Copernicus Sentinel data 2020, processed by ESA."


def test_water_is_masked_or_kept(folder: Path) -> None:
    lake = np.ones((8, 10), np.uint8)
    lake[6, 2:5] = 0
    for k, name in enumerate(gamma(*pair) for pair in PAIRS):
        write_product(folder, name, k, water_mask=lake if k != 1 else None)
    found = acquire(folder)
    assert [(e["what"], e["name"]) for e in found.skipped] == [("layer", "water")]
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    data = open_store(folder.parent / "i.zarr").load()
    assert np.isnan(data.phase.values[:, 6, 2:5]).all()
    assert int(np.isnan(data.phase.values).sum()) == 9
    assert np.argwhere(data.water.values).tolist() == [[6, 2], [6, 3], [6, 4]]
    assert "water" not in acquire(folder, water="keep").static
    align_products(folder.parent / "manifest.json", folder.parent / "j.zarr", "stop")
    assert np.isfinite(open_store(folder.parent / "j.zarr").phase.values).all()


def test_each_interferograms_own_reference_is_data_and_masked_pixels_are_not(folder: Path) -> None:
    """HyP3 writes 0 for what it masks and at the pixel it refers an interferogram to."""
    for k, name in enumerate(gamma(*pair) for pair in PAIRS):
        phase, corr = field(k), np.full((8, 10), 0.5, np.float32)
        phase[1:4, 1:4] = 0.2  # smooth and near 0 around the reference pixel
        phase[2, 2], corr[2, 2] = 0, 0.95
        phase[6, 5:8] = 0  # masked, though coherent: an area of 0
        phase[4, 8] = 0  # masked alone: its neighbours are of 1 to 5 rad
        phase[2, 6], phase[[1, 3, 2, 2], [6, 6, 5, 7]], corr[2, 6] = 0, 0.1, 0  # alone and near 0, but not coherent
        write_product(folder, name, k, unw_phase=phase, corr=corr)
    acquire(folder)
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    phase = open_store(folder.parent / "i.zarr").phase.values
    assert (phase[:, 2, 2] == 0).all()
    assert np.isnan(phase[:, 6, 5:8]).all()
    assert np.isnan(phase[:, 4, 8]).all()
    assert np.isnan(phase[:, 2, 6]).all()
    assert int(np.isnan(phase).sum()) == 3 * 5


def test_without_look_vectors_the_angles_are_those_of_the_swath(folder: Path) -> None:
    write_stack(folder, lv_theta=None, lv_phi=None)
    found = acquire(folder).conventions
    assert "angles" not in found
    assert 35 < found["incidence"] < 45
    assert found["los"][2] == pytest.approx(math.cos(math.radians(found["incidence"])))
    assert acquire(folder, incidence=30).conventions["los"][2] == pytest.approx(math.cos(math.radians(30)))
    write_stack(folder, lv_theta=None, lv_phi=None, text="Reference Granule: S1A_IW_SLC__x\nBaseline: 3\n")
    said = sentence(folder)
    assert "no look vectors" in said
    assert "products.incidence and products.heading" in said
    assert acquire(folder, incidence=39, heading=-12).conventions["los"][0] < 0


def test_a_second_product_of_a_pair_and_odd_files_are_listed(folder: Path) -> None:
    write_stack(folder)
    write_product(folder, gamma(*PAIRS[0], code="FFFF"), 9)
    write(folder / "mine_unw_phase.tif", field(1))
    (folder / "mine.zip").write_bytes(b"PK")
    (folder / f"{gamma(*PAIRS[0])}.zip").write_bytes(b"PK")  # was unpacked
    (folder / "notes.txt").write_text("mine")
    found = acquire(folder)
    assert found.pairs[0].baseline == 12.5
    listed = {entry["name"]: entry["reason"] for entry in found.skipped}
    assert len(listed) == 3
    assert f"{gamma(*PAIRS[0])} is used" in next(reason for name, reason in listed.items() if "FFFF" in name)
    assert "does not bear the name" in listed["mine.zip"]
    assert "HyP3 does not name" in listed["mine_unw_phase.tif"]


def test_start_end_and_exclude(folder: Path) -> None:
    write_stack(folder)
    write_product(folder, gamma("20200628", "20200710"), 4)
    write_product(folder, gamma("20200710", "20200722"), 5, text=None, corr=None)  # not looked at: it is not wanted
    found = acquire(folder, end="2020-06-28", exclude=["20200604_20200616"])
    assert [pair.name for pair in found.pairs] == ["20200604_20200628", "20200616_20200628"]
    assert {entry["name"] for entry in found.skipped} >= {
        "20200604_20200616",
        "20200628_20200710",
        "20200710_20200722",
        "20200710",
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"corr": None}, "_corr.tif"),
        ({"unw_phase": None}, "_unw_phase.tif"),
        ({"text": None}, "holds the product's orbit and baseline"),
        ({"text": "<html>please log in</html>"}, "no parameter file of HyP3"),
    ],
)
def test_an_incomplete_product_stops_or_is_listed(folder: Path, change: dict[str, Any], words: str) -> None:
    write_stack(folder)
    write_product(folder, gamma("20200628", "20200710"), 4, **change)
    said = sentence(folder)
    assert words in said
    assert "products.bad_file: skip, or list 20200628_20200710 in products.exclude" in said
    found = acquire(folder, bad_file="skip")
    assert len(found.pairs) == 3
    assert [entry["name"] for entry in found.skipped] == ["20200628_20200710"]
    assert words in found.skipped[0]["reason"]


def test_a_truncated_file_and_another_zone_are_sentences_of_the_alignment(folder: Path) -> None:
    names = write_stack(folder)
    path = folder / names[1] / f"{names[1]}_unw_phase.tif"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    acquire(folder)
    with pytest.raises(InsarcastError, match=r"_unw_phase\.tif is broken or truncated.*20200604_20200628 in products\.exclude"):
        align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    path.write_bytes(whole)
    write_product(folder, names[1], 1, crs="EPSG:32615")  # the same metres in the next zone are six degrees away
    acquire(folder)
    with pytest.raises(
        InsarcastError, match=r"EPSG:32615 touches none of the others, which are on EPSG:32614.*20200604_20200628"
    ):
        align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    acquire(folder, other_grid="refuse")
    with pytest.raises(InsarcastError, match="EPSG:32615, the others are on EPSG:32614"):
        align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")


def test_products_of_two_tracks_are_refused(folder: Path) -> None:
    write_stack(folder)
    write_product(folder, gamma("20200628", "20200710"), 4, orbit=33041)
    said = sentence(folder)
    assert "relative orbit 68" in said
    assert "is on 69" in said
    write_product(folder, gamma("20200628", "20200710"), 4, heading=-168)
    assert "heading tags differ" in sentence(folder)


def test_bursts_of_satellites_that_are_not_named(folder: Path) -> None:
    """A burst granule names no satellite: orbits 175 apart are one track whichever it was, orbits 8 apart are one for none."""
    for k, (pair, orbit) in enumerate(zip(PAIRS, (44549, 44549, 44549 + 175), strict=True)):
        text = TEXT.replace("S1A_IW_SLC__1SDV_{date1}T123456", "S1_056072_IW2_{date1}T125829_VV_67BC-BURST, S1_056073")
        write_product(folder, f"S1_056072_IW2_{pair[0]}_{pair[1]}_VV_INT80_E09{k}", k, text=text, orbit=orbit)
    assert len(acquire(folder).pairs) == 3
    write_product(folder, f"S1_056072_IW2_{PAIRS[2][0]}_{PAIRS[2][1]}_VV_INT80_E092", 2, text=text, orbit=44557)
    assert "one cube is one track" in sentence(folder)


def test_a_folder_without_products(folder: Path) -> None:
    assert "the folder is empty" in sentence(folder)
    (folder / "notes.txt").write_text("mine")
    assert "there is for example notes.txt" in sentence(folder)


def pack(folder: Path, name: str, *, top: bool = True) -> Path:
    """Pack a product as HyP3 delivers it, and remove its folder."""
    with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((folder / name).iterdir()):
            archive.write(path, f"{name}/{path.name}" if top else path.name)
    shutil.rmtree(folder / name)
    return folder / f"{name}.zip"


def test_packed_products_are_unpacked_in_the_cache(folder: Path) -> None:
    names = write_stack(folder)
    plain = acquire(folder)
    archives = [pack(folder, names[1]), pack(folder, names[2], top=False)]
    (folder / f"{gamma('20210101', '20210113')}.zip").write_bytes(b"PK")  # broken, but not wanted
    for path in archives:
        path.chmod(0o444)
    folder.chmod(0o555)  # a folder that cannot be written to
    before = sorted(path.name for path in folder.rglob("*"))
    try:
        found = acquire(folder, end="2020-12-31")
        again = acquire(folder, end="2020-12-31")
    finally:
        folder.chmod(0o755)
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert found == again
    assert [pair.name for pair in found.pairs] == [pair.name for pair in plain.pairs]
    assert {Path(pair.unwrapped).is_relative_to(folder) for pair in found.pairs[1:]} == {False}
    assert [found.sha256[pair.unwrapped] for pair in found.pairs] == [plain.sha256[pair.unwrapped] for pair in plain.pairs]
    assert [Path(name).name for names in found.static.values() for name in names] == [
        Path(name).name for names in plain.static.values() for name in names
    ]


def test_a_broken_zip_stops_or_is_listed(folder: Path) -> None:
    names = write_stack(folder)
    write_product(folder, gamma("20200628", "20200710"), 4)
    whole = pack(folder, gamma("20200628", "20200710"))
    whole.write_bytes(whole.read_bytes()[:-50])
    said = sentence(folder)
    assert "cannot be unpacked" in said
    assert "fetch it again" in said
    assert "anew" not in said
    assert "20200628_20200710 in products.exclude" in said
    found = acquire(folder, bad_file="skip")
    assert len(found.pairs) == len(names)
    assert [entry["name"] for entry in found.skipped] == ["20200628_20200710"]


def burst(number: str, swath: int, pair: tuple[str, str], code: str = "E09B") -> str:
    return f"S1_{number}_IW{swath}_{pair[0]}_{pair[1]}_VV_INT80_{code}"


def write_bursts(folder: Path, *grounds: tuple[str, int], **changes: Any) -> None:
    for k, pair in enumerate(PAIRS):
        for number, swath in grounds:
            write_product(folder, burst(number, swath, pair), k, **changes)


def test_products_of_several_bursts_need_a_choice(folder: Path) -> None:
    write_bursts(folder, ("056072", 2), ("056073", 2))
    said = sentence(folder)
    assert "056072_IW2 (3 products), 056073_IW2 (3 products)" in said
    assert "products.burst" in said
    assert "INSAR_ISCE_MULTI_BURST" in said
    for wanted in ("056073_IW2", "026_056073_IW2"):
        found = acquire(folder, burst=wanted)
        assert {Path(pair.unwrapped).name[3:13] for pair in found.pairs} == {"056073_IW2"}
        assert len([entry for entry in found.skipped if "056072_IW2" in entry["reason"]]) == 3
    assert "products.burst is '056074_IW2', but" in sentence(folder, burst="056074_IW2")
    write_product(folder, gamma(*PAIRS[0]))
    assert "whole scenes (1 products)" in sentence(folder)


def test_several_bursts_in_one_product_are_one_place(folder: Path) -> None:
    for k, pair in enumerate(PAIRS):
        write_product(folder, f"S1_064_000000s1n00-093117s2n01-093118s3n01_IW_{pair[0]}_{pair[1]}_VV_INT80_B4F{k}", k)
    assert len(acquire(folder).pairs) == 3
    assert len(acquire(folder, burst="064_000000s1n00-093117s2n01-093118s3n01").pairs) == 3


def test_a_burst_is_referenced_to_no_pixel_and_0_is_nodata(folder: Path) -> None:
    """GAMMA sets its most coherent pixel to 0; ISCE references nothing."""
    phase, corr = field(1), np.full((8, 10), 0.5, np.float32)
    phase[1:4, 1:4], phase[2, 2], corr[2, 2] = 0.2, 0, 0.95
    write_bursts(folder, ("056072", 2), unw_phase=phase, corr=corr)
    assert acquire(folder).conventions["reference_zero"] is False
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    found = open_store(folder.parent / "i.zarr").phase.values
    assert np.isnan(found[:, 2, 2]).all()
    assert int(np.isnan(found).sum()) == 3


def test_pixels_of_no_connected_component_are_left_out(folder: Path) -> None:
    labels = np.ones((8, 10), np.uint8)
    labels[5:, 6:], labels[:2, :3] = 0, 2
    write_bursts(folder, ("056072", 2), conncomp=labels)
    found = acquire(folder)
    assert [Path(pair.components or "").name for pair in found.pairs] == [
        f"{burst('056072', 2, pair)}_conncomp.tif" for pair in PAIRS
    ]
    assert all(pair.components in found.sha256 for pair in found.pairs)
    align_products(folder.parent / "manifest.json", folder.parent / "i.zarr", "stop")
    data = open_store(folder.parent / "i.zarr").load()
    for k in range(3):
        np.testing.assert_array_equal(data.phase.values[k], np.where(labels > 0, field(k), np.nan))
    assert np.isfinite(data.coherence.values).all()
    assert [pair.components for pair in acquire(folder, components="keep").pairs] == [None] * 3
    align_products(folder.parent / "manifest.json", folder.parent / "j.zarr", "stop")
    assert np.isfinite(open_store(folder.parent / "j.zarr").phase.values).all()
    (folder / burst("056072", 2, PAIRS[0]) / f"{burst('056072', 2, PAIRS[0])}_conncomp.tif").unlink()
    found = acquire(folder)
    assert [(entry["what"], entry["name"]) for entry in found.skipped] == [("layer", "connected components")]
    assert [pair.components is None for pair in found.pairs] == [True, False, False]


def test_two_dates_are_too_few(folder: Path) -> None:
    write_product(folder, gamma(*PAIRS[0]))
    assert "needs at least three" in sentence(folder)


def test_keys_that_would_be_ignored_are_refused(folder: Path) -> None:
    write_stack(folder)
    assert "products.dem is set, but source hyp3" in sentence(folder, dem="dem.tif")


@pytest.mark.parametrize(
    ("granule", "said", "utc"),
    [
        ("S1A_IW_SLC__1SDV_20200604T123456_20200604T123523_032865_03CE5A_1234", "45310.5", 45310.5),
        # hyp3-isce2 in early versions wrote (12 * 60 + 34 * 60) + 56.
        ("S1_136231_IW2_20200604T123456_VV_7C85-BURST, S1_136232_IW2_20200604T123459_VV_7C85-BURST", "2816.0", 45296.0),
        ("S1_136231_IW2_20200604T000002_VV_7C85-BURST", "86399.0", 86399.0),
        ("S1_136231_IW2_20200604T123456_VV_7C85-BURST", "none", 45296.0),
        ("something else", "2816.0", 2816.0),
    ],
)
def test_the_time_of_day_is_the_granules(tmp_path: Path, granule: str, said: str, utc: float) -> None:
    product = parse_name(tmp_path, "S1_136231_IW2_20200604_20200616_VV_INT80_7EB5")
    assert product is not None
    product.text.write_text(f"Reference Granule: {granule}\nUTC time: {said}\nHeading: -12\n")
    assert read_parameters(product).utc == utc
