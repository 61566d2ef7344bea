"""The study's area: boxes, WKT and files, and what is said of a wrong one."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely

from insarcast.acquire.area import area_bounds, area_name, list_area, read_area
from insarcast.core import InsarcastError

BOX = [-99.2, 19.3, -99.0, 19.5]
UTM = "EPSG:32614"


def sentence(value: Any, root: Path | None = None) -> str:
    with pytest.raises(InsarcastError) as caught:
        read_area(value, str(root) if root else None)
    with pytest.raises(InsarcastError):
        area_bounds(value, str(root) if root else None)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert text.startswith("area") or "area" in text
    return text


def save(path: Path, *shapes: Any, crs: str = "EPSG:4326", **named: Any) -> Path:
    geopandas.GeoDataFrame(geometry=list(shapes), crs=crs).to_file(path, **named)
    return path


def test_a_box_and_its_bounds() -> None:
    assert read_area(BOX, None).equals(shapely.box(*BOX))
    assert area_bounds(BOX, None) == tuple(BOX)
    assert area_bounds(None, None) is None
    assert area_bounds("POLYGON ((0 0, 2 0, 1 1, 0 0))", None) == (0, 0, 2, 1)


def test_a_box_loads_no_library() -> None:
    """Functions that Snakemake calls while it plans read the bounds of a box."""
    code = (
        "import sys; from insarcast.acquire.area import area_bounds, list_area; "
        f"area_bounds({BOX}, None); list_area({BOX}, None); print(sorted(set(sys.modules) & {{'shapely', 'geopandas', 'rasterio'}}))"
    )
    folder = Path(__file__).resolve().parents[2] / "workflow"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(folder)}
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ([19.3, -99.2, 19.5, -99.0], "latitude and longitude exchanged? Then write [-99.2, 19.3, -99, 19.5]"),
        ([-99.2, -99.0, 19.3, 19.5], "west, east, south, north? Then write [-99.2, 19.3, -99, 19.5]"),
        ([10, 12, 45, 46], "west, east, south, north? Then write [10, 45, 12, 46]"),
        ([260.8, 19.3, 261, 19.5], "from 0 to 360? Then write [-99.2, 19.3, -99, 19.5]"),
        ([-99.0, 19.3, -99.2, 19.5], "west and east swapped? Then write [-99.2, 19.3, -99, 19.5]"),
        ([-99.2, 19.5, -99.0, 19.3], "south and north swapped? Then write [-99.2, 19.3, -99, 19.5]"),
        ([-99.0, 19.5, -99.2, 19.3], "corners swapped? Then write [-99.2, 19.3, -99, 19.5]"),
        ([178, -20, -178, -18], "antimeridian is not supported"),
        ([480000, 2100000, 490000, 2200000], "not in metres"),
        ([-30, 0, 30, 10], "60 x 10 degrees, more than 20; choose a smaller area"),
        ([0, 0, 0, 1], "not west of east"),
        ([1, 2, 3], "must be [west, south, east, north]"),
        ([1, 2, 3, math.nan], "must be [west, south, east, north]"),
        ([1, 2, True, 3], "must be [west, south, east, north]"),
        (7, "must be [west, south, east, north]"),
        ("-99.2, 19.3, -99, 19.5", "write the four numbers as a list"),
        (" ", "empty text"),
    ],
)
def test_a_wrong_box_is_a_sentence_with_the_likely_right_one(box: Any, words: str) -> None:
    assert words in sentence(box)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("POLYGON ((0 0, 1 1", "no WKT that can be read"),
        ("POINT (1 2)", "holds a Point"),
        ("linestring (1 2, 3 4)", "holds a LineString"),
        ("POLYGON EMPTY", "holds no polygon"),
        ("POLYGON ((0 0, 1 0, 0 0))", "encloses nothing"),
        ("SRID=32614;POLYGON ((0 0, 1 0, 1 1, 0 0))", "SRID=32614"),
        ("POLYGON ((19 -99, 20 -99, 20 -98, 19 -99))", "in this order"),
        ("MULTIPOLYGON (((179 0, 180 0, 180 1, 179 0)), ((-180 0, -179 0, -179 1, -180 0)))", "antimeridian"),
        ("GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 0)), POINT (5 5))", "holds a Point"),
    ],
)
def test_wrong_wkt(text: str, words: str) -> None:
    assert words in sentence(text)


def test_wkt_of_several_polygons_is_their_union() -> None:
    found = read_area(
        "SRID=4326;MULTIPOLYGON Z (((0 0 1, 2 0 1, 2 2 1, 0 2 1, 0 0 1)), ((1 1 0, 3 1 0, 3 3 0, 1 3 0, 1 1 0)))", None
    )
    assert found.area == pytest.approx(7)
    assert not found.has_z
    bow = read_area("POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))", None)  # drawn by hand, crossing itself
    assert bow.is_valid
    assert bow.area == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["a.geojson", "a.gpkg", "a.shp"])
def test_files_on_any_crs_absolute_or_under_the_root(tmp_path: Path, name: str) -> None:
    shapes = [shapely.box(-99.2, 19.3, -99.1, 19.4), shapely.MultiPolygon([shapely.box(-99.15, 19.35, -99.0, 19.5)])]
    crs = "EPSG:4326" if name.endswith("geojson") else UTM
    table = geopandas.GeoDataFrame(geometry=shapes, crs=4326).to_crs(crs)
    (tmp_path / "places").mkdir()
    table.to_file(tmp_path / "places" / name)
    for value, root in ((f"places/{name}", tmp_path), (str(tmp_path / "places" / name), None)):
        found = read_area(value, str(root) if root else None)
        assert found.equals_exact(shapely.union_all(shapes), 1e-6, normalize=True)
        assert area_bounds(value, str(root) if root else None) == pytest.approx((-99.2, 19.3, -99.0, 19.5), abs=1e-6)


def test_geojson_on_another_crs(tmp_path: Path) -> None:
    """Files of 2008's GeoJSON say their CRS; GIS programs still write them."""
    box = geopandas.GeoDataFrame(geometry=[shapely.box(*BOX)], crs=4326).to_crs(UTM).geometry[0]
    save(tmp_path / "a.geojson", box, crs=UTM, RFC7946="NO")
    assert "crs" in (tmp_path / "a.geojson").read_text()
    assert area_bounds("a.geojson", str(tmp_path)) == pytest.approx(tuple(BOX), abs=1e-6)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    box = shapely.box(*BOX)
    assert f"no file a.shp under the data root {tmp_path}" in sentence("a.shp", tmp_path)
    assert "no data root is set" in sentence("a.shp")
    assert f"There is no file {tmp_path}/a.shp, which" in sentence(f"{tmp_path}/a.shp")
    (tmp_path / "text.geojson").write_text("mine")
    assert "no file of polygons that can be read" in sentence("text.geojson", tmp_path)
    save(tmp_path / "points.gpkg", shapely.Point(1, 2))
    assert "holds a Point" in sentence("points.gpkg", tmp_path)
    save(tmp_path / "none.shp", box)
    (tmp_path / "none.prj").unlink()
    assert "no coordinate reference system" in sentence("none.shp", tmp_path)
    (tmp_path / "empty.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    assert "polygon" in sentence("empty.geojson", tmp_path)
    save(tmp_path / "two.gpkg", box, layer="city")
    save(tmp_path / "two.gpkg", box, layer="dam", mode="a")
    assert "city, dam" in sentence("two.gpkg", tmp_path)
    # Metres that say they were degrees.
    (tmp_path / "m.geojson").write_text(
        '{"type": "Polygon", "coordinates": [[[480000, 2100000], [490000, 2100000], [490000, 2110000], [480000, 2100000]]]}'
    )
    assert "give degrees" in sentence("m.geojson", tmp_path)


def test_a_replaced_file_is_noticed(tmp_path: Path) -> None:
    """A shapefile's coordinates may change in a file other than the one that is named."""
    assert list_area(BOX, None) is None
    assert list_area("POLYGON ((0 0, 1 0, 1 1, 0 0))", str(tmp_path)) is None
    assert area_name("a.shp") == "a.shp"
    assert [area_name(value) for value in (BOX, "POLYGON EMPTY", "1, 2, 3, 4", " ", None)] == [None] * 5
    assert list_area("a.shp", str(tmp_path)) is None
    save(tmp_path / "a.shp", shapely.box(*BOX))
    before = list_area("a.shp", str(tmp_path))
    assert before == list_area("a.shp", str(tmp_path))
    (tmp_path / "a.prj").write_text((tmp_path / "a.prj").read_text() + " ")
    assert before != list_area("a.shp", str(tmp_path))
