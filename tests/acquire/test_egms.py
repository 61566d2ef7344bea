"""Finding EGMS csv files, and what is not one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tables import DATA, ROOT, days, noise, refused, with_data, write_csv

from insarcast.acquire import acquire_products, check_still_there, list_files
from insarcast.core import InsarcastError, Manifest, Study, read_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "egms/EGMS_L2b_022_0770_IW1_VV.csv", noise(5, 4), days(5))
    return tmp_path / "egms"


def acquire(folder: Path, files: list[str] | None = None) -> Manifest:
    study = folder.parent / "study.yaml"
    study.write_text(f"cubes: {{A: {{source: egms, products: {{folder: {folder}}}, series: {{files: {files or 'null'}}}}}}}")
    values, out = Study(study), folder.parent / "manifest.json"
    get = lambda key: values.get(key, "A")  # noqa: E731
    acquire_products(
        out, "egms", get("products"), get("gnss"), None, "config/originals", str(folder.parent / "cache"), None, get("series")
    )
    return read_manifest(out)


def test_a_csv_is_found_with_its_dates_sign_units_and_credit(folder: Path) -> None:
    found = acquire(folder)
    assert found.dates == days(5)
    assert found.pairs == []
    assert [Path(name).name for name in found.static["series"]] == ["EGMS_L2b_022_0770_IW1_VV.csv"]
    assert set(found.sha256) == set(found.static["series"])
    assert (found.conventions["sign"], found.conventions["units"]) == ("towards", "mm")
    assert "line of sight" in found.conventions["product"]
    assert any("Copernicus European Ground Motion Service" in line for line in found.credits)


def test_several_files_have_the_dates_of_all(folder: Path) -> None:
    write_csv(folder / "b.csv", noise(7, 4), days(7))
    found = acquire(folder)
    assert len(found.static["series"]) == 2
    assert found.dates == days(7)
    assert len(acquire(folder, ["EGMS*"]).static["series"]) == 1


def test_the_vertical_of_level_3_is_taken_and_the_eastward_refused(folder: Path) -> None:
    (folder / "EGMS_L2b_022_0770_IW1_VV.csv").unlink()
    places = {"pid": ["a", "b"], "easting": [4650050, 4650150], "northing": [3150050, 3150050], "height": [1, 2]}
    write_csv(folder / "EGMS_L3_E46N31_100km_U_2018_2022_1.csv", noise(5, 2), days(5), places)
    assert "vertical" in acquire(folder).conventions["product"]
    write_csv(folder / "EGMS_L3_E46N31_100km_E_2018_2022_1.csv", noise(5, 2), days(5), places)
    assert "eastward motion" in refused(folder)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", b"", "a.csv is empty; fetch it again"),
        ("a.csv", b"PK\x03\x04rest", "is a packed archive; unpack it"),
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "pointer of Git LFS"),
        ("a.csv", b"<!DOCTYPE html><html>", "is a web page or XML"),
        ("a.csv", "pid,latitude\n".encode("utf-16"), "UTF-16"),
        ("a.csv", b"pid;\xe9t\xe9\n", "no text in UTF-8"),
        ("a.csv", b"code,latitude,longitude,20180101\n", "no column 'pid'"),
        ("a.csv", b"pid,latitude,longitude,20180101,20180107\n", "2 columns that are named by a date"),
        ("a.csv", b"pid,x,y,20180101,20180107,20180113\n", "neither latitude and longitude nor easting and northing"),
        ("a.zip", b"PK\x03\x04rest", "a.zip: unpack them"),
        ("a.txt", b"nothing", "there is for example a.txt"),
    ],
)
def test_what_is_no_csv_of_egms_is_said(tmp_path: Path, name: str, text: bytes, said: str) -> None:
    folder = tmp_path / "egms"
    folder.mkdir()
    (folder / name).write_bytes(text)
    sentence = refused(folder)
    assert said in sentence
    assert str(folder) in sentence


def test_a_folder_of_two_kinds_is_no_cube(folder: Path) -> None:
    places = {"pid": ["a"], "easting": [4650050], "northing": [3150050]}
    write_csv(folder / "EGMS_L3_E46N31_100km_U_2018_2022_1.csv", noise(5, 1), days(5), places)
    assert "do not belong into one cube" in refused(folder)


def test_keys_of_phases_are_refused(folder: Path) -> None:
    assert "products.dem is set" in refused(folder, products={"dem": "dem.tif"})


def test_a_changed_table_is_seen_when_the_workflow_is_planned_and_another_file_is_not(folder: Path) -> None:
    products = dict.fromkeys(("unwrapped", "coherence", "dem", "baselines", "los")) | {"folder": str(folder)}
    gnss = {"folder": None, "files": []}
    before = list_files(products, gnss, None, ["EGMS*.csv"])
    (folder / "notes.txt").write_text("nothing")
    assert list_files(products, gnss, None, ["EGMS*.csv"]) == before
    write_csv(folder / "EGMS_L2b_022_0770_IW1_VV.csv", noise(6, 4), days(6))
    assert list_files(products, gnss, None, ["EGMS*.csv"]) != before


def test_a_manifest_is_not_deleted_when_the_folder_is_out_of_sight(folder: Path) -> None:
    acquire(folder)
    assert check_still_there(folder.parent / "manifest.json", str(folder), None, "cache") == ""
    folder.rename(folder.with_name("moved"))
    with pytest.raises(InsarcastError, match="is not there now"):
        check_still_there(folder.parent / "manifest.json", str(folder), None, "cache")


@with_data
def test_the_originals_tables_are_those_of_the_files(tmp_path: Path) -> None:
    import yaml

    from insarcast.core import file_sha256

    for name in ("egms_wroclaw", "donana", "mrf_gcn"):
        table = yaml.safe_load((ROOT / f"config/originals/{name}.yaml").read_text())
        assert table["files"]
        for file, entry in table["files"].items():
            assert file_sha256(Path(str(DATA)) / name / file) == entry["sha256"], file
