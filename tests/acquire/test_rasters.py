"""Finding displacement as GeoTIFFs: dates in names or bands, units and sign held against the files' own tags."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from products import bowl, days
from rasters import ANGLES, write_bands, write_dates
from ready_open import acquire, refused, same, values

from insarcast.core import InsarcastError, Study
from insarcast.stack.ready.grid_series import open_grid_series

DATES = days(4)
SERIES = bowl(DATES, 6, 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def found(folder: Path, products: dict[str, Any] | None = None, **series: Any) -> Any:
    return acquire(folder, "rasters", ANGLES | (products or {}), **({"files": ["disp_{date}.tif"], "units": "mm"} | series))


def refusal(folder: Path, products: dict[str, Any] | None = None, **series: Any) -> str:
    return refused(folder, "rasters", ANGLES | (products or {}), **({"files": ["disp_{date}.tif"], "units": "mm"} | series))


def dashed(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def test_one_file_per_date_is_found_in_the_order_of_the_dates(folder: Path) -> None:
    write_dates(folder, DATES[::-1], SERIES[::-1])
    manifest = found(folder)
    assert manifest.dates == DATES
    assert [Path(manifest.static["series"][at]).name for at, _ in manifest.conventions["bands"]] == [
        f"disp_{d}.tif" for d in DATES
    ]
    assert set(manifest.sha256) == set(manifest.static["series"])
    assert manifest.pairs == []


def test_dates_with_dashes_as_pyrate_writes_them_and_the_first_without_a_file(folder: Path) -> None:
    """PyRate writes tscuml_2018-01-06.tif in millimetres and leaves out the first date, whose displacement is 0."""
    write_dates(
        folder,
        [dashed(date) for date in DATES[1:]],
        SERIES[1:],
        "tscuml_{}.tif",
        DATA_UNITS="MILLIMETRES",
        INCIDENCE_DEGREES="39.7",
    )
    manifest = found(folder, {"incidence": None}, files=["tscuml_{date}.tif"], first=dashed(DATES[0]))
    assert manifest.dates == DATES
    assert manifest.conventions["bands"] == [None, [0, 1], [1, 1], [2, 1]]
    assert manifest.conventions["incidence"] == 39.7
    assert manifest.conventions["says"] == ["units"]


def test_names_of_two_dates_as_dolphin_writes_them_begin_on_one(folder: Path) -> None:
    write_dates(folder, DATES[1:], SERIES[1:] / 1000, DATES[0] + "_{}.tif", units="meters")
    manifest = found(folder, files=["{date1}_{date2}.tif"], units="m")
    assert (manifest.dates, manifest.conventions["bands"][0]) == (DATES, None)
    assert manifest.conventions["units"] == "m"


def test_pairs_are_no_series(folder: Path) -> None:
    for one, two in pairwise(DATES):
        write_bands(folder / f"{one}_{two}.tif", SERIES[1].astype(np.float32))
    assert "begin on different dates" in refusal(folder, files=["{date1}_{date2}.tif"])


def test_bands_are_dated_by_their_descriptions_or_tags(folder: Path) -> None:
    names = [*map(dashed, DATES[:2]), "velocity", f"Band 4: los_{DATES[2]} [mm]", ""]
    bands = np.concatenate([SERIES[:2], SERIES[:1], SERIES[2:]]).astype(np.float32)
    write_bands(folder / "stack.tif", bands, names=names, band_tags=[{}, {}, {}, {}, {"DATE": DATES[3]}])
    manifest = found(folder, files=["stack.tif"])
    assert manifest.dates == DATES
    assert manifest.conventions["bands"] == [[0, 1], [0, 2], [0, 4], [0, 5]]
    assert [(entry["what"], entry["name"]) for entry in manifest.skipped] == [("band", "stack.tif, velocity")]


def test_start_end_and_exclude_leave_dates_out(folder: Path) -> None:
    many = days(7)
    write_dates(folder, many, bowl(many, 6, 8))
    manifest = found(folder, {"start": many[1], "end": many[5], "exclude": [many[3], "20300101"]})
    assert manifest.dates == [many[1], many[2], many[4], many[5]]
    assert {(entry["what"], entry["name"]) for entry in manifest.skipped} == {
        *(("date", many[at]) for at in (0, 3, 6)),
        ("exclude", "20300101"),
    }


def test_a_broken_file_stops_or_is_listed(folder: Path) -> None:
    many = days(5)
    write_dates(folder, many, bowl(many, 6, 8))
    (folder / f"disp_{many[2]}.tif").write_bytes(b"no raster")
    assert f"list {many[2]} in products.exclude" in refusal(folder)
    manifest = found(folder, {"bad_file": "skip"})
    assert manifest.dates == [*many[:2], *many[3:]]
    assert "no raster that can be opened" in manifest.skipped[0]["reason"]


def test_layers_and_a_line_of_sight_in_files(folder: Path) -> None:
    write_dates(folder, DATES, SERIES)
    for name in ("mask", "quality", "dem", "east", "north", "up"):
        write_bands(folder / f"{name}.tif", np.ones((6, 8), np.float32))
    write_dates(folder, DATES, SERIES, "std_{}.tif")
    (folder / f"std_{DATES[0]}.tif").unlink()
    layers = {"mask": "mask.tif", "temporal_coherence": "quality.tif", "sigma": "std_{date}.tif"}
    products = {
        "incidence": None,
        "heading": None,
        "dem": "dem.tif",
        "los": {name: f"{name}.tif" for name in ("east", "north", "up")},
    }
    (folder / f"disp_{DATES[0]}.tif").unlink()
    manifest = found(folder, products, layers=layers, first=DATES[0])
    assert {"mask", "temporal_coherence", "dem", "los_east", "los_north", "los_up", "sigma", "series"} == set(manifest.static)
    assert manifest.conventions["los"] is None
    assert manifest.conventions["sigma_bands"] == [None, [0, 1], [1, 1], [2, 1]]
    (folder / f"std_{DATES[2]}.tif").unlink()
    assert f"series.layers.sigma for {DATES[2]}" in refusal(folder, products, layers=layers, first=DATES[0])


@pytest.mark.parametrize(
    ("options", "series", "said"),
    [
        ({"units": "m"}, {}, "says that its values are in m; set series.units: m"),
        ({"UNITS": "centimeters"}, {"units": "m"}, "are in cm; set series.units: cm"),
        ({"units": "radians"}, {}, "which is phase"),
        ({"units": "mm/yr"}, {}, "which is no length"),
        ({"SIGN": "away from the satellite"}, {"sign": "towards"}, "set series.sign: away"),
        ({"SIGN": "positive towards the satellite"}, {"sign": "away"}, "set series.sign: towards"),
    ],
)
def test_what_files_say_of_themselves_is_not_overruled(
    folder: Path, options: dict[str, Any], series: dict[str, Any], said: str
) -> None:
    write_dates(folder, DATES, SERIES, **options)
    assert said in refusal(folder, **series)


def test_units_that_nobody_says_are_not_guessed(folder: Path) -> None:
    """The size cannot tell millimetres from centimetres."""
    write_dates(folder, DATES, SERIES)
    said = refusal(folder, units=None)
    assert "Nothing says in which units the displacement of disp_20200104.tif is; set series.units: mm, cm or m" in said


def test_what_only_the_files_say_is_taken(folder: Path) -> None:
    write_dates(folder, DATES, -SERIES / 10, units="cm", SIGN="away from the satellite")
    manifest = found(folder, units=None)
    meaning = {key: manifest.conventions[key] for key in ("units", "sign", "says", "asked")}
    assert meaning == {"units": "cm", "sign": "away", "says": ["units", "sign"], "asked": []}
    series = open_grid_series(manifest)
    same(values(series), SERIES.astype(np.float32), 1e-3)
    assert series.stated == "Units (cm) are as the files say; sign (positive away from the satellite): as the files say."


def test_files_that_contradict_each_other_are_refused(folder: Path) -> None:
    write_dates(folder, DATES[:2], SERIES[:2], units="mm")
    write_dates(folder, DATES[2:], SERIES[2:], units="cm")
    assert f"disp_{DATES[2]}.tif says that its values are in cm, but disp_{DATES[1]}.tif says mm" in refusal(folder, units=None)


def test_bands_say_their_units_each(folder: Path) -> None:
    """A band of velocities may have other units; dated bands may not."""
    names = ["velocity", *map(dashed, DATES)]
    path = write_bands(folder / "stack.tif", np.concatenate([SERIES[:1], SERIES]).astype(np.float32), names=names)
    with rasterio.open(path, "r+") as file:
        file.units = ["mm/yr", *["mm"] * 4]
    assert found(folder, files=["stack.tif"], units=None).conventions["units"] == "mm"
    with rasterio.open(path, "r+") as file:
        file.units = ["mm/yr", "mm", "mm", "cm", "mm"]
    assert "says that its values are in mm, and cm; correct its tags" in refusal(folder, files=["stack.tif"])


@pytest.mark.parametrize(
    ("products", "series", "said"),
    [
        ({}, {"files": ["los_{date}.tif"]}, "there is for example disp_"),
        ({}, {"files": ["disp_*.tif"]}, "write {date} where their names have it"),
        ({}, {"files": ["disp_{date1}.tif"]}, "give {date}, or {date1} and {date2}"),
        ({"heading": None}, {}, "products.heading is not set"),
        ({"unwrapped": "disp_{date1}_{date2}.tif"}, {}, "source rasters has series.files instead"),
        ({"coherence": "c_{date1}_{date2}.tif"}, {}, "series.layers.coherence"),
        ({}, {"layers": {"mask": "mask.tif"}}, "series.layers.mask names it"),
        ({}, {"first": DATES[1]}, "has a file or band of its own"),
        ({}, {"first": "20200110"}, "an earlier date; correct series.first"),
        ({"end": DATES[1]}, {}, "holds 2 dates that fit series.files"),
    ],
)
def test_every_wrong_key_has_a_sentence(folder: Path, products: dict[str, Any], series: dict[str, Any], said: str) -> None:
    write_dates(folder, DATES, SERIES)
    assert said in refusal(folder, products, **series)


@pytest.mark.parametrize(
    ("cube", "said"),
    [
        ("{source: rasters, products: {folder: a}}", "source rasters needs the names of its GeoTIFFs"),
        ("{source: rasters, series: {files: [a]}}", "'products.folder' is missing"),
        ("{source: mintpy, products: {folder: a}, series: {units: m}}", "series.units is set, but mintpy has its own"),
        (
            "{source: opera, products: {folder: a}, series: {layers: {mask: a}}}",
            "series.layers.mask is set, but opera has its own",
        ),
        ("{source: rasters, products: {folder: a}, series: {files: [a], crs: EPSG:4326}}", "series.crs is for tables of points"),
        (
            "{source: points, products: {folder: a}, series: {files: [a], layers: {mask: b}}}",
            "series.layers.mask is for the source rasters",
        ),
        (
            "{source: rasters, products: {folder: a}, series: {files: [a], first: '20201301'}}",
            "series.first is '20201301', which is no date",
        ),
        ("{source: mintpy, products: {folder: a}, series: {units: mm}}", "series.units is set, but mintpy has its own"),
        ("{source: opera, products: {folder: a}, series: {sign: towards}}", "series.sign is set, but opera has its own"),
        ("{source: licsbas, products: {folder: a, incidence: 39}}", "only one of incidence and heading"),
        ("{source: mintpy, products: {folder: a, burst: 136231_IW2}}", "products.burst is for interferograms"),
        ("{source: opera, products: {folder: a, components: keep}}", "products.components is for interferograms"),
        (
            "{source: rasters, products: {folder: a, heading: 1, los: {east: a, north: b, up: c}}, series: {files: [a]}}",
            "products.heading is set beside products.los",
        ),
    ],
)
def test_keys_that_do_not_fit_the_source_are_refused(tmp_path: Path, cube: str, said: str) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(f"cubes: {{A: {cube}}}")
    with pytest.raises(InsarcastError) as caught:
        Study(study)
    assert said in str(caught.value)


@pytest.mark.parametrize("sign", ["away", "towards"])
@pytest.mark.parametrize("source", ["rasters", "mintpy", "licsbas", "opera"])
def test_the_sign_of_a_phase_is_never_ignored(tmp_path: Path, source: str, sign: str) -> None:
    """Files that are positive away, read as positive towards, would turn subsidence into uplift."""
    study = tmp_path / "study.yaml"
    study.write_text(f"cubes: {{A: {{source: {source}, products: {{folder: a, sign: {sign}}}, series: {{files: [a]}}}}}}")
    with pytest.raises(InsarcastError) as caught:
        Study(study)
    assert "products.sign is for interferograms" in str(caught.value)
    assert ("set series.sign" in str(caught.value)) == (source == "rasters")
