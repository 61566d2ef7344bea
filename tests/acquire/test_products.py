"""Finding products: names, dates, tags, and what is said when they are not there."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from products import HEADING, INCIDENCE, WAVELENGTH, Truth, write_products, write_raster, write_study

from insarcast.acquire import acquire_products
from insarcast.acquire.fetched import Fetched
from insarcast.acquire.found import Found
from insarcast.core import InsarcastError, Manifest, Study, file_sha256, read_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "root/area"


@pytest.fixture
def truth(folder: Path) -> Truth:
    return write_products(folder, 5, ny=4, nx=5)


def acquire(tmp_path: Path, folder: str = "area", root: str | None = "root", **changes: Any) -> Manifest:
    """Run the stage on a study, as the rule does."""
    gnss = changes.pop("gnss", {})
    study = Study(write_study(tmp_path / "study.yaml", folder, products=changes, gnss=gnss))
    out = tmp_path / "manifest.json"
    data_root = str(tmp_path / root) if root else None
    (tmp_path / "originals").mkdir(exist_ok=True)
    acquire_products(
        out,
        "geotiff",
        study.get("products", "A"),
        study.get("gnss", "A"),
        data_root,
        str(tmp_path / "originals"),
        str(tmp_path / "cache"),
    )
    return read_manifest(out)


def sentence(tmp_path: Path, *arguments: Any, **changes: Any) -> str:
    with pytest.raises(InsarcastError) as caught:
        acquire(tmp_path, *arguments, **changes)
    text = str(caught.value)
    assert text.endswith("."), text
    assert "\n" not in text, text
    return text


def test_everything_is_found(tmp_path: Path, folder: Path, truth: Truth) -> None:
    found = acquire(tmp_path)
    assert found.dates == truth.dates
    assert [(pair.date1, pair.date2) for pair in found.pairs] == sorted(truth.pairs)
    first = found.pairs[0]
    assert Path(first.unwrapped) == folder / f"unw/{first.name}.tif"
    assert Path(first.coherence or "") == folder / f"coh/{first.name}.tif"
    assert [pair.baseline for pair in found.pairs[:3]] == [10.0, 20.0, 30.0]
    assert found.skipped == []
    assert set(found.sha256) == {
        *(p.unwrapped for p in found.pairs),
        *(str(p.coherence) for p in found.pairs),
        str(folder / "dem.tif"),
    }
    assert found.sha256[first.unwrapped] == file_sha256(Path(first.unwrapped))


def test_conventions_come_from_the_tags(tmp_path: Path, truth: Truth) -> None:
    found = acquire(tmp_path).conventions
    assert (found["wavelength"], found["incidence"], found["heading"]) == (WAVELENGTH, INCIDENCE, HEADING)
    assert (found["sign"], found["nodata"]) == ("away", 0.0)
    east, north, up = found["los"]  # the satellite of an ascending, right-looking pass is in the west, a little south, and above
    assert east < 0
    assert north < 0
    assert up == pytest.approx(math.cos(math.radians(INCIDENCE)))
    assert math.hypot(east, north, up) == pytest.approx(1)


def test_the_study_wins_over_the_tags(tmp_path: Path, truth: Truth) -> None:
    found = acquire(tmp_path, wavelength=0.24, incidence=30, heading=-168, nodata=-1, sign="towards").conventions
    assert (found["wavelength"], found["incidence"], found["heading"], found["nodata"]) == (0.24, 30, -168, -1)
    assert found["sign"] == "towards"
    assert found["los"][0] > 0


def test_a_wavelength_nowhere_is_asked_for(tmp_path: Path, folder: Path) -> None:
    for pair in ("20200104_20200116", "20200116_20200128"):
        write_raster(folder / f"unw/{pair}.tif", np.ones((3, 3), np.float32))
    said = sentence(tmp_path, coherence=None, dem=None, baselines=None)
    assert "products.wavelength" in said
    assert "in the study" in said


def test_tags_of_two_tracks_do_not_agree(tmp_path: Path, folder: Path, truth: Truth) -> None:
    path = folder / f"unw/{truth.pairs[2][0]}_{truth.pairs[2][1]}.tif"
    write_raster(
        path, np.ones((4, 5), np.float32), WAVELENGTH_METRES="0.0555", INCIDENCE_DEGREES="34.1", HEADING_DEGREES="-12.27"
    )
    said = sentence(tmp_path)
    assert "incidence" in said
    assert "34.1" in said
    assert path.name in said


def test_angles_that_differ_a_little_give_their_median(tmp_path: Path, folder: Path) -> None:
    for pair, angle in zip(
        ("20200104_20200116", "20200116_20200128", "20200128_20200209"), ("39.7", "39.71", "39.9"), strict=True
    ):
        tags = {"WAVELENGTH_METRES": "0.0555", "INCIDENCE_DEGREES": angle, "HEADING_DEGREES": "-12.27"}
        write_raster(folder / f"unw/{pair}.tif", np.ones((3, 3), np.float32), **tags)
    assert acquire(tmp_path, coherence=None, dem=None, baselines=None).conventions["incidence"] == 39.71


def test_headings_are_one_however_they_are_counted(tmp_path: Path, folder: Path) -> None:
    for pair, heading in zip(
        ("20200104_20200116", "20200116_20200128", "20200128_20200209"), ("193.3", "-166.7", "-166.72"), strict=True
    ):
        tags = {"WAVELENGTH_METRES": "0.0555", "INCIDENCE_DEGREES": "39", "HEADING_DEGREES": heading}
        write_raster(folder / f"unw/{pair}.tif", np.ones((3, 3), np.float32), **tags)
    found = acquire(tmp_path, coherence=None, dem=None, baselines=None).conventions
    assert found["heading"] == pytest.approx(-166.7)
    assert found["los"][0] > 0  # a descending pass: the satellite is in the east


def test_los_files_instead_of_angles(tmp_path: Path, folder: Path, truth: Truth) -> None:
    for name in ("E", "N", "U"):
        write_raster(folder / f"{name}.tif", np.full((4, 5), 0.5, np.float32))
    found = acquire(tmp_path, los={"east": "E.tif", "north": "N.tif", "up": "U.tif"})
    assert found.conventions["los"] is None
    assert {name: Path(paths[0]).name for name, paths in found.static.items()} == {
        "dem": "dem.tif",
        "los_east": "E.tif",
        "los_north": "N.tif",
        "los_up": "U.tif",
    }
    (folder / "N.tif").unlink()
    assert "N.tif; products.los.north names it" in sentence(tmp_path, los={"east": "E.tif", "north": "N.tif", "up": "U.tif"})


@pytest.mark.parametrize(
    ("changes", "kept", "reason"),
    [
        ({"start": "2020-01-16"}, 4, "before products.start 2020-01-16"),
        ({"end": "2020-02-09"}, 4, "after products.end 2020-02-09"),
        ({"exclude": ["20200128"]}, 4, "products.exclude"),
    ],
)
def test_unwanted_dates_are_listed(tmp_path: Path, truth: Truth, changes: dict[str, Any], kept: int, reason: str) -> None:
    found = acquire(tmp_path, **changes)
    assert len(found.dates) == kept
    assert len(found.pairs) + sum(entry["what"] == "pair" for entry in found.skipped) == len(truth.pairs)
    assert sum(entry["what"] == "date" for entry in found.skipped) == 1
    assert all(reason in entry["reason"] for entry in found.skipped)


def test_an_excluded_pair_and_one_that_is_not_there(tmp_path: Path, truth: Truth) -> None:
    found = acquire(tmp_path, exclude=["20200104_20200116", "20991231"])
    assert found.dates == truth.dates
    assert [(entry["what"], entry["name"]) for entry in found.skipped] == [("pair", "20200104_20200116"), ("exclude", "20991231")]


def test_odd_names_are_listed(tmp_path: Path, folder: Path, truth: Truth) -> None:
    any_file = next((folder / "unw").iterdir())
    for name in ("20200116_20200104", "20200128_20200128", "20200199_20200201", "final_average"):
        shutil.copy(any_file, folder / f"unw/{name}.tif")
    found = acquire(tmp_path)
    said = {entry["name"]: entry["reason"] for entry in found.skipped}
    assert "not earlier" in said["20200116_20200104"]
    assert "not earlier" in said["20200128_20200128"]
    assert "no dates" in said["unw/20200199_20200201.tif"]
    assert "no dates" in said["unw/final_average.tif"]
    assert len(found.pairs) == len(truth.pairs)


def test_a_date_twice_in_the_pattern_must_agree(tmp_path: Path, folder: Path, truth: Truth) -> None:
    for date1, date2 in truth.pairs:
        new = folder / f"GEOC/{date1}_{date2}/{date1}_{date2}.geo.unw.tif"
        new.parent.mkdir(parents=True)
        shutil.copy(folder / f"unw/{date1}_{date2}.tif", new)
    new.rename(new.with_name("20200104_20200116.geo.unw.tif"))
    found = acquire(tmp_path, unwrapped="GEOC/{date1}_{date2}/{date1}_{date2}.geo.unw.tif")
    assert len(found.pairs) == len(truth.pairs) - 1
    assert [entry["what"] for entry in found.skipped] == ["file"]


def test_a_second_file_of_a_pair_is_listed(tmp_path: Path, folder: Path, truth: Truth) -> None:
    date1, date2 = truth.pairs[0]
    shutil.copy(folder / f"unw/{date1}_{date2}.tif", folder / f"unw/{date1}_{date2}_v2.tif")
    found = acquire(tmp_path, unwrapped="unw/{date1}_{date2}*.tif")
    assert [(entry["what"], entry["name"]) for entry in found.skipped] == [("file", f"unw/{date1}_{date2}_v2.tif")]


def test_a_pair_without_coherence_is_listed(tmp_path: Path, folder: Path, truth: Truth) -> None:
    (folder / "coh/20200104_20200116.tif").unlink()
    found = acquire(tmp_path)
    assert [(entry["what"], entry["name"]) for entry in found.skipped] == [("pair", "20200104_20200116")]
    assert "coh/{date1}_{date2}.tif" in found.skipped[0]["reason"]
    assert len(acquire(tmp_path, coherence=None).pairs) == len(truth.pairs)
    said = sentence(tmp_path, coherence="cc/{date1}_{date2}.tif")
    assert "products.coherence 'cc/{date1}_{date2}.tif'" in said


def test_no_file_fits(tmp_path: Path, truth: Truth) -> None:
    said = sentence(tmp_path, unwrapped="ifg/{date1}-{date2}.tif")
    assert "products.unwrapped 'ifg/{date1}-{date2}.tif'" in said
    assert "for example baselines.csv" in said
    assert "must hold {date1} and {date2}" in sentence(tmp_path, unwrapped="unw/*.tif")


def test_only_the_asterisk_is_special(tmp_path: Path, folder: Path, truth: Truth) -> None:
    (folder / "unw").rename(folder / "[track 5]")
    assert len(acquire(tmp_path, unwrapped="[track 5]/{date1}_{date2}.tif").pairs) == len(truth.pairs)
    assert "leads out of its folder" in sentence(tmp_path, unwrapped="../{date1}_{date2}.tif")
    assert "leads out of its folder" in sentence(tmp_path, unwrapped="/data/{date1}_{date2}.tif")


def test_fewer_than_three_dates(tmp_path: Path, truth: Truth) -> None:
    said = sentence(tmp_path, end="2020-01-16")
    assert "holds 2 usable dates in 1 pairs" in said
    assert "at least three" in said


@pytest.mark.parametrize("what", ["garbage", "no crs"])
def test_a_bad_file_stops_or_is_listed(tmp_path: Path, folder: Path, truth: Truth, what: str) -> None:
    path = folder / "unw/20200104_20200116.tif"
    if what == "garbage":
        path.write_bytes(b"not a raster")
    else:
        write_raster(path, np.ones((4, 5), np.float32), crs="")
    assert str(path) in sentence(tmp_path)
    found = acquire(tmp_path, bad_file="skip")
    assert [entry["name"] for entry in found.skipped] == ["20200104_20200116"]
    assert str(path) in found.skipped[0]["reason"]


def test_where_it_looked(tmp_path: Path, truth: Truth) -> None:
    assert acquire(tmp_path, str(tmp_path / "root/area"), None).dates == truth.dates
    assert f"under the data root {tmp_path / 'root'}" in sentence(tmp_path, "araea")
    assert "no data root is set (config data_root or INSARCAST_DATA)" in sentence(tmp_path, root=None)
    assert "/nowhere/at/all" in sentence(tmp_path, "/nowhere/at/all")
    assert "There is no table 'nothing' of a public original" in sentence(tmp_path, "araea", original="nothing")


def test_missing_gnss_is_listed_not_fatal(tmp_path: Path, folder: Path, truth: Truth) -> None:
    found = acquire(tmp_path, gnss={"folder": "stations"})
    assert found.gnss == []
    assert [(entry["what"], entry["name"]) for entry in found.skipped] == [("gnss", "stations")]
    (folder.parent / "stations").mkdir()
    (folder.parent / "stations/ABCD.tenv3").write_text("site\n")
    found = acquire(tmp_path, gnss={"folder": "stations", "files": ["*.tenv3", "X*.csv", "epochs.csv"]})
    assert [Path(path).name for path in found.gnss] == ["ABCD.tenv3"]
    assert found.gnss[0] in found.sha256
    assert [entry["name"] for entry in found.skipped] == ["epochs.csv"]  # a pattern may fit nothing, a name is a promise


def test_same_products_same_bytes(tmp_path: Path, truth: Truth) -> None:
    acquire(tmp_path)
    first = (tmp_path / "manifest.json").read_bytes()
    acquire(tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == first
    assert json.loads(first)["source"] == "geotiff"


def test_each_is_credited_once(tmp_path: Path, folder: Path, truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a service left names it already, software of a ready series is cited, and the study's own lines follow."""
    study = Study(write_study(tmp_path / "study.yaml", "area", products={"credits": ["mine"]}))
    pairs = acquire(tmp_path).pairs
    monkeypatch.setattr("insarcast.acquire.products.finder", lambda source: lambda *_: Found(pairs, credits=["the finder's"]))
    out, record = tmp_path / "manifest.json", tmp_path / "fetched.json"

    def credits(source: str, fetched: list[Path]) -> list[str]:
        places = (str(tmp_path / "root"), str(tmp_path), str(tmp_path / "cache"))
        acquire_products(out, source, study.get("products", "A"), study.get("gnss", "A"), *places, fetched=fetched)
        return read_manifest(out).credits

    for said, first in ((["the service's"], "the service's"), ([], "the finder's")):
        Fetched(str(folder), [], credits=said).write(record)
        assert credits("hyp3", [record]) == [first, "mine"]
    _, mintpy, last = credits("mintpy", [])
    assert mintpy.startswith("Time series by MintPy: Yunjun")
    assert last == "mine"
    assert "Morishita" in credits("licsbas", [])[1]
