"""Reading ready series: every form of table, everything that is dropped listed, every impossible one a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from tables import DATA, ROOT, days, dropped, noise, read, read_study, refused, with_data, write_csv

from insarcast.core import Study
from insarcast.stack import read_series

N, DATES = 12, 40
VALUES = noise(DATES, N)


def values(*changes: tuple[Any, float]) -> NDArray[np.float64]:
    """The values with some replaced: ``(where, by what)``."""
    changed = VALUES.copy()
    for at, value in changes:
        changed[at] = value
    return changed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_an_egms_csv_becomes_a_cube_of_the_contract(folder: Path) -> None:
    write_csv(folder / "a.csv", VALUES, days(DATES))
    cube, record = read(folder)
    np.testing.assert_allclose(cube.displacement.values, VALUES.T, atol=1e-5)
    assert cube.displacement.dims == ("time", "point")
    assert cube.displacement.dtype == "float32"
    assert cube.displacement.attrs["units"] == "mm"
    assert cube.displacement.attrs["sign"] == "positive towards the satellite"
    assert list(cube.pid.values) == [f"p{at}" for at in range(N)]
    assert cube.attrs["crs"] == "EPSG:32633"
    assert (cube.attrs["as_of"], cube.attrs["title"], cube.attrs["config"]) == ("full", "A study", "c0ffee")
    assert cube.attrs["retrospective"]
    assert cube.mask.values.all()
    assert not cube.filled.values.any()
    assert not cube.jump.values.any()
    # 17 E, 51 N in UTM 33: the zone's middle is 15 E, so x is 500 km + 2 degrees of 70 km.
    assert cube.x.values[0] == pytest.approx(640330, abs=50)
    assert cube.y.values[0] == pytest.approx(5651730, abs=200)
    assert np.hypot(*np.diff([cube.x.values[:2], cube.y.values[:2]])[:, 0]) == pytest.approx(np.hypot(140.3, 111.2), rel=0.01)
    assert record["points"] == {"read": N, "kept": N, "at the place of another": 0}
    assert record["dates"] == {"count": DATES, "first": days(DATES)[0], "last": days(DATES)[-1]}
    assert (record["missing_dates"], record["starts"], record["ends"], record["dropped"], record["warnings"]) == (
        [],
        [],
        [],
        [],
        [],
    )
    assert record["complete"] == N


def test_velocity_and_its_error_are_those_of_least_squares(folder: Path) -> None:
    holes = values(((0, slice(3, 9)), np.nan), ((1, slice(0, 20)), np.nan))
    write_csv(folder / "a.csv", holes, days(DATES))
    cube, _ = read(folder)
    years = 6 * np.arange(DATES) / 365.25
    for point in range(3):
        there = np.isfinite(holes[point])
        (slope, _), cov = np.polyfit(years[there], holes[point][there], 1, cov=True)
        assert cube.velocity.values[point] == pytest.approx(slope, rel=1e-4)
        assert cube.velocity_sigma.values[point] == pytest.approx(np.sqrt(cov[0, 0]), rel=1e-4)


def test_what_the_official_csv_says_of_its_points_is_kept(folder: Path) -> None:
    from pyproj import Transformer

    lon, lat = 17 + 0.01 * np.arange(N), 51 + 0.01 * np.arange(N)
    east, north = Transformer.from_crs(4326, 3035, always_xy=True).transform(lon, lat)
    columns = {
        "pid": [f"2Zx{at}" for at in range(N)], "mp_type": [0] * N, "latitude": lat, "longitude": lon, "easting": east, "northing": north,
        "height": [120.5] * N, "rmse": [2.1] * N, "temporal_coherence": [0.8] * N, "incidence_angle": [37.0] * N, "los_east": [0.6] * N,
        "los_north": [-0.1] * N, "los_up": [0.79] * N, "mean_velocity": [1.0] * N, "seasonality_std": [0.1] * N,
    }  # fmt: skip
    write_csv(folder / "a.csv", VALUES, days(DATES), columns)
    cube, record = read(folder)
    assert (cube.height.values == 120.5).all()
    np.testing.assert_allclose(cube.coherence.values, 0.8, rtol=1e-6)
    np.testing.assert_allclose(cube.rmse.values, 2.1, rtol=1e-6)
    np.testing.assert_allclose(cube.los.values[:, 0], [0.6, -0.1, 0.79], rtol=1e-6)
    assert dropped(record, "neither a date")["names"] == ["mp_type", "incidence_angle", "mean_velocity", "seasonality_std"]
    columns |= {"latitude": lon, "longitude": lat}  # swapped: easting and northing tell
    write_csv(folder / "a.csv", VALUES, days(DATES), columns)
    assert "they seem to be swapped" in refused(folder)


def test_places_of_egms_that_are_swapped_lie_outside_europe(folder: Path) -> None:
    write_csv(folder / "a.csv", VALUES, days(DATES), {"pid": range(N), "latitude": [17.0] * N, "longitude": [51.0] * N})
    assert "outside Europe" in refused(folder)
    read(folder, "points", files=["a.csv"])  # anywhere on Earth


@pytest.mark.parametrize(
    ("vector", "kept", "said"),
    [((-0.6, 0.1, -0.79), (0.6, -0.1, 0.79), "turned round"), ((0.6, 0.6, 0.79), None, "no vectors of length 1")],
)
def test_lines_of_sight_that_point_down_or_nowhere(folder: Path, vector: Any, kept: Any, said: str) -> None:
    columns = {"id": range(N), "lat": [51.0] * N, "lon": [17.0] * N}
    columns |= {f"los_{name}": [value] * N for name, value in zip(("east", "north", "up"), vector, strict=True)}
    write_csv(folder / "a.csv", VALUES, days(DATES), columns)
    cube, record = read(folder, "points", files=["a.csv"])
    assert any(said in text for text in record["warnings"])
    assert ("los" in cube) == (kept is not None)
    if kept is not None:
        np.testing.assert_allclose(cube.los.values[:, 0], kept, rtol=1e-6)


def test_an_infinite_cell_is_no_measurement(folder: Path) -> None:
    write_csv(folder / "a.csv", values(((0, 3), np.inf)), days(DATES))
    cube, record = read(folder)
    assert np.isnan(cube.displacement.values[3, 0])
    assert dropped(record, "is infinite")["count"] == 1


def test_the_vertical_of_level_3_has_places_from_easting_and_northing(folder: Path) -> None:
    columns = {
        "pid": [f"p{at}" for at in range(N)],
        "easting": [4650050 + 100 * at for at in range(N)],
        "northing": [3150050] * N,
    }
    write_csv(folder / "EGMS_L3_E46N31_100km_U_2018_2022_1.csv", VALUES, days(DATES), columns)
    cube, record = read(folder)
    assert "vertical" in record["product"]
    assert 14 < cube.lon.values[0] < 16
    assert 51 < cube.lat.values[0] < 52
    np.testing.assert_allclose(np.hypot(np.diff(cube.x.values), np.diff(cube.y.values)), 100, rtol=2e-3)


def test_late_starts_early_ends_and_gaps_are_kept_and_counted(folder: Path) -> None:
    write_csv(folder / "a.csv", values(((0, slice(0, 5)), np.nan), ((1, slice(30, 40)), np.nan), ((2, 7), np.nan)), days(DATES))
    cube, record = read(folder)
    assert cube.sizes["point"] == N
    assert np.isnan(cube.displacement.values).sum() == 16
    assert record["starts"] == [{"date": days(DATES)[5], "points": 1}]
    assert record["ends"] == [{"date": days(DATES)[29], "points": 1}]
    assert record["gaps"] == {"points": 1, "values": 1}
    assert record["complete"] == N - 3


def test_gaps_in_the_calendar_are_found_whether_one_satellite_flies_or_two(folder: Path) -> None:
    dates = [*days(15, 12, "2015-01-06"), *days(25, 6, "2016-10-01")]
    del dates[20], dates[7]
    write_csv(folder / "a.csv", VALUES[:, :38], dates)
    _, record = read(folder)
    found = [(gap["from"], gap["days"], gap["missing"]) for gap in record["missing_dates"]]
    assert (dates[6], 24, 1) in found
    assert (dates[18], 12, 1) in found
    assert len(found) == 3  # the third: from 2015 to 2016


def test_nothing_is_dropped_silently(folder: Path) -> None:
    table = values(((3, slice(None)), np.nan), ((4, slice(2, None)), np.nan), ((5, slice(None)), 2.5), ((6, slice(None)), 0.0))
    table[7] = table[0]
    table[:, 9] = np.nan
    places = {
        "pid": [f"p{at}" for at in range(N)],
        "latitude": [51.0] * 8 + [51.5, 98.0, 51.6, "nan"],
        "longitude": [17.0] * 8 + [17.5] * 4,
    }
    write_csv(folder / "a.csv", table, days(DATES), places)
    cube, record = read(folder)
    assert list(cube.pid.values) == ["p0", "p1", "p2", "p8", "p10"]
    assert record["points"] == {"read": 12, "kept": 5, "at the place of another": 2}
    for reason, names in {
        "has no value at any date": ["p3"],
        "has fewer than 3 values": ["p4"],
        "its value never changes": ["p5", "p6"],
        "same place, same values": ["p7"],
        "longitude or latitude is out of range": ["p9"],
        "has no place": ["p11"],
    }.items():
        assert dropped(record, reason)["names"] == names
    assert dropped(record, "no point has a value")["names"] == [days(DATES)[9]]
    assert cube.sizes["time"] == DATES - 1
    np.testing.assert_allclose(cube.displacement.values[:, 3], np.delete(table[8], 9), atol=1e-5)
    np.testing.assert_allclose(cube.lat.values, [51, 51, 51, 51.5, 51.6])


def test_dates_in_any_order_and_twice(folder: Path) -> None:
    order = np.random.default_rng(1).permutation(DATES)
    names = [days(DATES)[at] for at in order] + [days(DATES)[4]]
    write_csv(folder / "a.csv", np.column_stack([VALUES[:, order], VALUES[:, 4]]), names)
    cube, record = read(folder)
    np.testing.assert_allclose(cube.displacement.values, VALUES.T, atol=1e-5)
    assert dropped(record, "second column")["names"] == [days(DATES)[4]]
    assert any("not in order" in text for text in record["warnings"])
    write_csv(folder / "a.csv", np.column_stack([VALUES, VALUES[:, 5]]), [*days(DATES), days(DATES)[4]])
    assert f"two columns of the date {days(DATES)[4]} with different values" in refused(folder)


def test_points_of_one_name_get_names_of_their_own(folder: Path) -> None:
    names = ["a", "a", "a-2", "a", "b", "", "c", "d", "e", "f", "g", "h"]
    write_csv(folder / "a.csv", VALUES, days(DATES), {"pid": names, "latitude": [51.0] * N, "longitude": [17.0] * N})
    cube, record = read(folder)
    assert len(set(cube.pid.values)) == N
    assert list(cube.pid.values[:4]) == ["a", "a-3", "a-2", "a-4"]
    assert any("borne by several points (a)" in text for text in record["warnings"])
    assert record["points"]["at the place of another"] == N - 1


def test_a_series_that_begins_with_a_value_twice_is_said(folder: Path) -> None:
    table = values()
    table[:, 1] = table[:, 0]
    write_csv(folder / "a.csv", table, days(DATES))
    _, record = read(folder)
    assert any(f"All {N} series that begin on {days(DATES)[0]} have the same value" in text for text in record["warnings"])
    table = values()
    table[:, 20] = table[:, 19]
    write_csv(folder / "a.csv", table, days(DATES))
    _, record = read(folder)
    assert any("seems to be filled in" in text for text in record["warnings"])


@pytest.mark.parametrize(("delimiter", "head"), [(",", "\ufeff"), (";", ""), ("\t", "\n\n"), ("|", ""), ("  ", "")])
@pytest.mark.parametrize("form", ["{}", "D{}", "{0[0]}{0[1]}{0[2]}{0[3]}-{0[4]}{0[5]}-{0[6]}{0[7]}", "d_{}"])
def test_text_with_any_delimiter_and_form_of_dates(folder: Path, delimiter: str, head: str, form: str) -> None:
    table = values(((2, 3), np.nan)) if delimiter != "  " else VALUES
    write_csv(folder / "a.txt", table, [form.format(day) for day in days(DATES)], delimiter=delimiter, head=head)
    cube, _ = read(folder, "points", files=["a.txt"])
    np.testing.assert_allclose(cube.displacement.values, table.T, atol=1e-5)
    assert list(cube.time.values.astype("datetime64[D]").astype(str)[:2]) == ["2018-01-05", "2018-01-11"]


def test_decimal_commas_nodata_and_quotes(folder: Path) -> None:
    lines = [";".join(["id", '"lat"', "lon", *days(4)])]
    lines += [f"p{at};51,{at}0;17,50;0,5;{at + 1},25;-9999;{'NaN' if at else '-1,75'}" for at in range(4)]
    (folder / "a.csv").write_text("\r\n".join(lines) + "\r\n")
    cube, _ = read(folder, "points", files=["a.csv"], decimal=",", nodata=-9999)
    np.testing.assert_allclose(cube.displacement.values[:, 0], [0.5, 1.25, -1.75])
    assert cube.sizes == {"time": 3, "point": 1}
    assert "(series.decimal: ',' if that is its decimal mark)" in refused(folder, "points", files=["a.csv"])


def test_units_and_sign_are_turned_into_mm_towards(folder: Path) -> None:
    write_csv(folder / "a.csv", VALUES / 10, days(DATES))
    cube, record = read(folder, "points", files=["a.csv"], units="cm", sign="away")
    np.testing.assert_allclose(cube.displacement.values, -VALUES.T, atol=1e-4)
    assert (record["units_of_the_files"], record["sign_of_the_files"]) == ("cm", "away")


def test_a_row_per_point_and_date(folder: Path) -> None:
    table = values(((1, 5), np.nan))
    rows = [
        f"p{point},{51 + point / 1000},{17 + point / 1000},{day[:4]}-{day[4:6]}-{day[6:]},{table[point, at]:g}"
        for at, day in enumerate(days(DATES))
        for point in range(N)
        if np.isfinite(table[point, at])
    ]
    mixed = np.random.default_rng(0).permutation(rows[N:]).tolist()
    head = "point_id,lat,lon,date,displacement"
    (folder / "a.csv").write_text("\n".join([head, *rows[:N], *mixed, rows[3]]) + "\n")
    cube, record = read(folder, "points", files=["a.csv"])
    np.testing.assert_allclose(cube.displacement.values, table.T, atol=1e-5)
    np.testing.assert_allclose(cube.lat.values, 51 + np.arange(N) / 1000)
    assert list(cube.pid.values) == [f"p{at}" for at in range(N)]
    assert dropped(record, "repeats the value")["count"] == 1
    (folder / "a.csv").write_text("\n".join([head, *rows, rows[0].rsplit(",", 1)[0] + ",99"]) + "\n")
    assert "point p0 has two different values on 20180105" in refused(folder, "points", files=["a.csv"])
    (folder / "a.csv").write_text("\n".join([head, *rows, "p0,51,17,05/01/2019,1"]) + "\n")
    assert "'05/01/2019' in its column of dates is no date" in refused(folder, "points", files=["a.csv"])


def test_a_bare_matrix_with_neighbours_and_no_places(folder: Path) -> None:
    write_csv(folder / "m.csv", VALUES, [], {}, first=False, head="\ufeff")
    ring = np.zeros((N, N), int)
    ring[np.arange(N), (np.arange(N) + 1) % N] = 1
    (folder / "g.csv").write_text(
        "\ufeff" + "\r\n".join(",".join(map(str, row)) for row in ring | ring.T) + "\r\n", encoding="utf-8"
    )
    keys: dict[str, Any] = {"files": ["m.csv"], "layout": "matrix", "first": "20180220", "step": 12, "neighbours": "g.csv"}
    cube, record = read(folder, "points", {"exclude": ["20180304"]}, **keys)
    np.testing.assert_allclose(cube.displacement.values, np.delete(VALUES, 1, 1).T, atol=1e-5)
    assert str(cube.time.values[1])[:10] == "2018-03-16"
    assert cube.edge.shape == (N, 2)
    assert (cube.edge.values[:, 0] < cube.edge.values[:, 1]).all()
    assert "lon" not in cube.coords
    assert "crs" not in cube.attrs
    assert any("no places" in text for text in record["warnings"])
    constant = values(((3, slice(None)), 1.0))  # the point goes, and its two edges with it
    write_csv(folder / "m.csv", constant, [], {}, first=False)
    cube, _ = read(folder, "points", **keys)
    assert cube.sizes["point"] == N - 1
    assert cube.edge.shape == (N - 2, 2)
    assert cube.edge.values.max() == N - 2
    (folder / "g.csv").write_text("0,1\n1,0\n")
    assert f"2 rows, and 2 cells in row 1, but there are {N} points" in refused(folder, "points", **keys)
    (folder / "g.csv").write_text("\n".join([",".join(["2"] * N)] * N))
    assert "'2' is neither 0 nor 1" in refused(folder, "points", **keys)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize("name", ["a.shp", "a.gpkg"])
def test_layers_of_a_gis(folder: Path, name: str) -> None:
    geopandas = pytest.importorskip("geopandas")
    from shapely import MultiPoint, Point

    fields: dict[str, Any] = {"ID": range(N), "Topo": [110.0] * N, "Coer": [0.9] * N, "cosE": [0.65] * N, "cosN": [-0.1] * N}
    fields |= {"cosU": [0.75] * N} | dict(zip([f"D{day}" for day in days(DATES)], VALUES.T / 10, strict=True))
    places = [MultiPoint([(650000 + at, 5600000)]) if name == "a.shp" else Point(650000 + at, 5600000) for at in range(N)]
    geopandas.GeoDataFrame(fields, geometry=places, crs="EPSG:32633").to_file(folder / name)
    cube, _ = read(folder, "points", files=[name], units="cm", columns={"los_east": "-cosE"})
    np.testing.assert_allclose(cube.displacement.values, VALUES.T, atol=1e-4)
    np.testing.assert_allclose(cube.x.values, 650000 + np.arange(N), atol=1e-6)
    np.testing.assert_allclose(cube.los.values[:, 0], [-0.65, -0.1, 0.75], rtol=1e-6)
    assert cube.attrs["crs"] == "EPSG:32633"
    assert 17 < cube.lon.values[0] < 17.2
    geopandas.GeoDataFrame(fields, geometry=[place.buffer(5) for place in places], crs="EPSG:32633").to_file(folder / name)
    assert "Polygons, but a ready series is a layer of points" in refused(folder, "points", files=[name])
    geopandas.GeoDataFrame(fields, geometry=[Point(at, 5600000) for at in range(N)]).to_file(folder / name)
    if name == "a.shp":
        (folder / "a.prj").unlink(missing_ok=True)
    assert "nothing says in which CRS; set series.crs" in refused(folder, "points", files=[name])
    fields["D20180105"] = ["a"] * N
    geopandas.GeoDataFrame(fields, geometry=places, crs="EPSG:32633").to_file(folder / name)
    assert "field 'D20180105': 'a' is no number" in refused(folder, "points", files=[name])


def test_projected_places_need_their_crs(folder: Path) -> None:
    columns = {"id": range(N), "x": [650000 + at for at in range(N)], "y": [5600000] * N}
    write_csv(folder / "a.csv", VALUES, days(DATES), columns)
    assert "set series.crs" in refused(folder, "points", files=["a.csv"])
    assert "there is no such CRS" in refused(folder, "points", files=["a.csv"], crs="EPSG:1")
    cube, _ = read(folder, "points", files=["a.csv"], crs="EPSG:32633")
    assert 17 < cube.lon.values[0] < 17.2
    columns["lon"], columns["lat"] = columns.pop("x"), columns.pop("y")
    write_csv(folder / "a.csv", VALUES, days(DATES), columns)
    assert "they look like metres" in refused(folder, "points", files=["a.csv"])


def test_several_files_become_one_cube_on_the_dates_of_all(folder: Path) -> None:
    write_csv(folder / "a.csv", VALUES[:6, :30], days(30))
    places = {"pid": [f"q{at}" for at in range(6)], "latitude": [51.9] * 6, "longitude": [17.9] * 6, "height": [9.0] * 6}
    write_csv(folder / "b.csv", VALUES[6:, 4:], days(DATES)[4:], places)
    cube, record = read(folder)
    assert cube.sizes == {"time": DATES, "point": N}
    np.testing.assert_allclose(cube.displacement.values[:30, :6], VALUES[:6, :30].T, atol=1e-5)
    np.testing.assert_allclose(cube.displacement.values[4:, 6:], VALUES[6:, 4:].T, atol=1e-5)
    assert np.isnan(cube.displacement.values[30:, :6]).all()
    assert record["files"] == ["a.csv", "b.csv"]
    assert np.isnan(cube.height.values[:6]).all()


WRONG = {
    "a cell is no number": (lambda t: t.replace("51.003000,17.006000,", "51.003000,17.006000,n.d.", 1), "line 5, column '20180105': 'n.d."),
    "a latitude is no number": (lambda t: t.replace("51.003000", "51N", 1), "line 5, column 'latitude': '51N' is no number"),
    "a row is cut off": (lambda t: t.rsplit(",", 3)[0] + "\n", f"line {N + 1}: it has {DATES} cells, but the first line has {DATES + 3}"),
    "a row is too long": (lambda t: t.replace("p4,", "p4,,", 1), f"line 6: it has {DATES + 4} cells"),
    "no rows": (lambda t: t.split("\n")[0] + "\n", "a first line, but no rows below it"),
    "a quote does not close": (lambda t: t.replace("p4,", '"p4,', 1), "line 6"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_broken_row_is_named(folder: Path, case: str) -> None:
    change, said = WRONG[case]
    path = write_csv(folder / "a.csv", VALUES, days(DATES))
    path.write_text(change(path.read_text()))
    sentence = refused(folder)
    assert said in sentence
    assert str(path) in sentence


@pytest.mark.parametrize(
    ("table", "keys", "said"),
    [
        (VALUES / 1000, {}, "far less than radar measures; set series.units to 'm'"),
        (VALUES / 1000, {"units": "cm"}, "far less than radar measures; set series.units to 'm'"),
        (VALUES, {"units": "m"}, "far more than radar can follow; set series.units to 'mm'"),
        (values(((slice(0, 5), 3), -9999)), {}, "5 cells of the table are exactly -9999"),
        (np.full((N, DATES), np.nan), {}, "0 dates of the series are left"),
        (np.ones((N, DATES)), {}, f"None of the {N} points can be used: its value never changes"),
        (VALUES, {"columns": {"lon": "laenge", "lat": "latitude"}}, "series.columns.lon is 'laenge', but"),
        (VALUES, {"columns": {"id": "-"}}, "series.columns.id is '-', but"),
        (VALUES, {"delimiter": ";"}, "no column named by a date"),
        (VALUES, {"columns": {"lon": "latitude", "lat": "-longitude"}}, ""),
    ],
)
def test_what_can_be_no_series_is_refused(folder: Path, table: NDArray[np.float64], keys: dict[str, Any], said: str) -> None:
    write_csv(folder / "a.csv", table, days(DATES))
    if said:
        assert said in refused(folder, "points", files=["a.csv"], **keys)
    else:
        cube, _ = read(folder, "points", files=["a.csv"], **keys)  # any column can be any thing, with any sign
        assert cube.lat.values[1] == pytest.approx(-17.002)


def test_smooth_series_are_said_to_be_so_but_read(folder: Path) -> None:
    smooth = np.cumsum(np.full((N, DATES), 0.05), axis=1) + np.arange(N)[:, None]
    write_csv(folder / "a.csv", smooth, days(DATES))
    _, record = read(folder)
    assert any("they are smoothed, or in other units" in text for text in record["warnings"])


def test_dates_that_the_study_leaves_out_are_listed_and_too_few_refused(folder: Path) -> None:
    write_csv(folder / "a.csv", VALUES, days(DATES))
    cube, record = read(folder, products={"start": "2018-02-01", "end": "20180601", "exclude": ["20180312", "19990101"]})
    assert str(cube.time.values[0])[:10] == "2018-02-04"
    assert dropped(record, "before products.start")["count"] == 5
    assert dropped(record, "no such date")["names"] == ["19990101"]
    assert "2 dates of the series are left" in refused(folder, products={"end": "20180111"})


def test_the_same_table_gives_the_same_bytes_whatever_the_threads(folder: Path) -> None:
    write_csv(folder / "a.csv", noise(DATES, 3000), days(DATES))
    _, record = read(folder)
    out = folder.parent / "out"
    study: dict[str, Any] = {"start": None, "end": None, "exclude": []}
    series = Study(folder.parent / "study.yaml").get("series", "A")
    for threads in (1, 2):
        read_series(out / "manifest.json", out / f"{threads}.zarr", out / f"{threads}.json", study, series, "t", "c", threads)
    files = [
        sorted(path.relative_to(out / name) for path in (out / name).rglob("*") if path.is_file())
        for name in ("1.zarr", "2.zarr")
    ]
    assert files[0] == files[1]
    assert all((out / "1.zarr" / name).read_bytes() == (out / "2.zarr" / name).read_bytes() for name in files[0])
    assert (out / "1.json").read_bytes() == (out / "2.json").read_bytes()
    assert record["points"]["kept"] == 3000


@with_data
def test_wroclaw(tmp_path: Path) -> None:
    cube, record = read_study(ROOT / "config/studies/wroclaw.yaml", "T022", tmp_path)
    assert cube.sizes == {"time": 393, "point": 793}
    assert record["complete"] == 452
    assert record["gaps"] == {"points": 0, "values": 0}
    import pandas as pd

    table = pd.read_csv(Path(str(DATA)) / "egms_wroclaw/022_0770_IW1_VV.csv", dtype={"pid": str})
    np.testing.assert_array_equal(cube.displacement.values, table.iloc[:, 1:394].to_numpy("float32").T)
    assert list(cube.pid.values) == list(table.pid)
    np.testing.assert_array_equal(cube.lat.values, table.latitude)
    assert any(
        "168 of the 183 series that begin on 20180101 have the same value on 20180107" in text for text in record["warnings"]
    )
    assert np.nanmedian(np.abs(np.diff(cube.displacement.values, axis=0))) == pytest.approx(2.6, abs=0.05)
    assert any("Copernicus" in line for line in record["credits"])


@with_data
@pytest.mark.parametrize(("cube", "points", "dates", "los"), [("asc", 573, 134, -0.65), ("desc", 914, 146, 0.648)])
def test_donana(tmp_path: Path, cube: str, points: int, dates: int, los: float) -> None:
    import geopandas

    data, record = read_study(ROOT / "config/studies/donana.yaml", cube, tmp_path)
    assert data.sizes == {"time": dates, "point": points, "enu": 3}
    source = geopandas.read_file(Path(str(DATA)) / f"donana/shapefiles/Sentinel_{cube.title()}.shp")
    np.testing.assert_allclose(data.velocity.values, 10 * source.Vel, atol=0.02)  # cm/yr of the authors: the same line
    np.testing.assert_allclose(data.lon.values, source.Lon, atol=1e-9)
    assert data.attrs["crs"] == "EPSG:25830"
    # A right-looking satellite stands west of what it looks at where it flies north, east of it where it flies south.
    assert data.los.values[0].mean() == pytest.approx(los, abs=0.02)
    np.testing.assert_allclose(np.linalg.norm(data.los.values, axis=0), 1, atol=0.01)
    assert record["points"]["at the place of another"] == {"asc": 131, "desc": 204}[cube]
    assert len(record["missing_dates"]) >= 7


@with_data
def test_mrf_gcn(tmp_path: Path) -> None:
    cube, record = read_study(ROOT / "config/studies/mrf_gcn.yaml", "metro", tmp_path)
    assert cube.sizes == {"time": 147, "point": 20, "edge": 33, "end": 2}
    assert str(cube.time.values[-1])[:10] == "2022-12-20"
    assert str(cube.time.values[-20])[:10] == "2022-05-06"  # as the authors' code names their last 20
    assert dropped(record, "products.exclude")["names"] == ["20200703"]
    assert not (cube.displacement.values == 0).all(axis=1).any()


def test_a_date_that_is_zero_everywhere_is_said(folder: Path) -> None:
    write_csv(folder / "a.csv", values(((slice(None), 20), 0.0)), days(DATES))
    _, record = read(folder)
    assert any(f"{days(DATES)[20]} is zero at every point" in text for text in record["warnings"])


def test_the_cube_opens_lazily_with_all_dates_of_a_point_in_one_chunk(folder: Path) -> None:
    write_csv(folder / "a.csv", noise(DATES, 3000), days(DATES))
    read(folder)
    store = xr.open_zarr(folder.parent / "out/series.zarr", consolidated=False)
    assert store.displacement.encoding["chunks"] == (DATES, 1024)
