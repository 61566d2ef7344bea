"""Finding ready series of points: layers, tables, matrices."""

from __future__ import annotations

from pathlib import Path

import pytest
from tables import days, noise, one_sentence, read, refused, write_csv

from insarcast.core import InsarcastError, Study, read_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "data/a.csv", noise(5, 4), days(5))
    return tmp_path / "data"


def keys(tmp_path: Path, text: str) -> str:
    """The sentence that a cube's keys end in."""
    study = tmp_path / "study.yaml"
    study.write_text(f"cubes: {{A: {{{text}}}}}")
    with pytest.raises(InsarcastError) as caught:
        Study(study)
    return one_sentence(str(caught.value))


def test_a_table_is_found_with_the_studys_sign_and_units(folder: Path) -> None:
    read(folder, "points", files=["a.csv"], units="cm", sign="away")
    found = read_manifest(folder.parent / "out/manifest.json")
    assert (found.conventions["sign"], found.conventions["units"], found.dates) == ("away", "cm", days(5))


def test_a_shapefile_is_found_with_all_its_parts(folder: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    from shapely import Point

    names = [f"D{day}" for day in days(4)]
    frame = geopandas.GeoDataFrame(
        dict(zip(names, noise(4, 3).T, strict=True)), geometry=[Point(500000 + at, 5600000) for at in range(3)], crs="EPSG:32633"
    )
    frame.to_file(folder / "a.shp")
    read(folder, "points", files=["a.shp"])
    found = read_manifest(folder.parent / "out/manifest.json")
    assert {Path(name).suffix for name in found.sha256} == {".shp", ".dbf", ".shx", ".prj", ".cpg"}
    assert found.dates == []  # only the layer itself says them


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ({"files": ["b*.csv"]}, "fits 'b*.csv' of series.files; there is for example a.csv"),
        ({"files": ["../a.csv"]}, "leads out of its folder"),
        ({"files": ["a.csv"], "neighbours": "graph.csv"}, "series.neighbours is 'graph.csv', but no file"),
    ],
)
def test_files_that_are_not_there_are_named(folder: Path, series: dict[str, object], said: str) -> None:
    assert said in refused(folder, "points", **series)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source: points, products: {folder: a}", "'series.files' is missing"),
        ("source: points, series: {files: [a]}", "'products.folder' is missing"),
        ("source: points, products: {folder: a}, series: {files: [a], layout: matrix}", "series.first and series.step must say"),
        ("source: points, products: {folder: a}, series: {files: [a], first: '20180101', step: 12}", "for the layout 'matrix'"),
        ("source: points, products: {folder: a}, series: {files: [a], columns: {lon: a}}", "only one of lon and lat"),
        ("source: points, products: {folder: a}, series: {files: [a], decimal: ',', delimiter: ','}", "a comma cannot be both"),
        (
            "source: points, products: {folder: a}, series: {files: [a]}",
            "'series.units' is missing; a table does not say the units",
        ),
        ("source: points, products: {folder: a}, series: {files: [a], units: inch}", "must be one of mm, cm, m"),
        ("source: points, products: {folder: a}, series: {files: [a], colums: {}}", "did you mean 'columns'"),
        ("source: points, products: {folder: a}, series: {files: []}", "series.files"),
        ("source: egms, products: {folder: a}, series: {units: cm}", "EGMS has its own: mm"),
        ("source: egms, products: {folder: a}, series: {sign: away}", "positive towards the satellite"),
        ("source: egms, products: {folder: a}, series: {sign: towards}", "series.sign is set, but EGMS has its own"),
        ("source: egms, products: {folder: a, sign: towards}", "products.sign is for interferograms; egms has its own"),
        ("source: points, products: {folder: a, sign: away}, series: {files: [a]}", "set series.sign"),
        ("source: points, products: {folder: a, nodata: 0}, series: {files: [a]}", "set series.nodata"),
        ("source: points, products: {folder: a, incidence: 39}, series: {files: [a]}", "series.columns names los_east"),
        ("source: points, products: {folder: a, wavelength: 0.05}, series: {files: [a]}", "products.wavelength is not read"),
        ("source: egms, products: {folder: a}, series: {layout: long}", "a csv of EGMS is wide"),
        ("source: egms, products: {folder: a}, series: {joins: {detect: false, dates: ['20211229']}}", "detect is false"),
        ("source: egms, products: {folder: a}, series: {joins: {dates: ['2021']}}", "a quoted date"),
    ],
)
def test_keys_that_do_not_fit_are_refused_with_the_study(tmp_path: Path, text: str, said: str) -> None:
    assert said in keys(tmp_path, text)
