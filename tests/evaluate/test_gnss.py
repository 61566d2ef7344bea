"""The cube against GNSS: closed forms on a made cube, the published figure on the real one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from cubes import make_cube

from insarcast.core import Manifest, Study, write_store
from insarcast.evaluate import compare_decomposed, compare_gnss
from insarcast.evaluate.gnss.stations import read_stations

ROOT = Path(__file__).parents[2]
DATES = pd.date_range("2018-01-06", periods=13, freq="12D")
YEARS = np.asarray((DATES - DATES[0]).days) / 365.25
SETTINGS: dict[str, Any] = {
    "folder": "gnss",
    "stations": {},
    "differences": [],
    "against": "first",
    "window": 1,
    "radius": 200,
    "tolerance_days": 3,
}
HEADER = (
    "site YYMMMDD yyyy.yyyy __MJD week d reflon _e0(m) __east(m) ____n0(m) _north(m) u0(m) ____up(m) _ant(m) sig_e(m) sig_n(m) "
    "sig_u(m) __corr_en __corr_eu __corr_nu _latitude(deg) _longitude(deg) __height(m)"
)


@pytest.fixture
def cube() -> xr.Dataset:
    """Without noise: the displacement is the bowl's, linear in time."""
    return make_cube(noise=0.0)


def spot(cube: xr.Dataset, row: int, col: int) -> tuple[float, float]:
    return float(cube.x[col]), float(cube.y[row])


def rows(name: str, up: np.ndarray, east: np.ndarray | float = 0.0, dates: Any = DATES, **extra: Any) -> pd.DataFrame:
    """A station's csv rows; arguments in mm."""
    return pd.DataFrame(
        {"station": name, "date": dates.strftime("%Y-%m-%d"), "east_m": east, "north_m": 0.0, "up_m": up / 1000, **extra}
    )


def compare(tmp_path: Path, cube: xr.Dataset, table: pd.DataFrame | None, **settings: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    files = []
    if table is not None:
        table.to_csv(tmp_path / "gnss.csv", index=False)
        files = [str(tmp_path / "gnss.csv")]
    return compare_files(tmp_path, cube, files, **settings)


def compare_files(tmp_path: Path, cube: xr.Dataset, files: list[str], **settings: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    write_store(cube, tmp_path / "cube.zarr")
    Manifest("geotiff", [], [], gnss=files).write(tmp_path / "manifest.json")
    given = SETTINGS | settings
    compare_gnss(tmp_path / "cube.zarr", tmp_path / "manifest.json", given, tmp_path / "t.parquet", tmp_path / "n.json")
    return pd.read_parquet(tmp_path / "t.parquet"), json.loads((tmp_path / "n.json").read_text())


def test_a_vertical_rate_is_seen_through_the_line_of_sight(tmp_path: Path, cube: xr.Dataset) -> None:
    still, moving = spot(cube, 1, 2), spot(cube, 7, 8)
    up = float(cube.los.sel(enu="up").isel(y=7, x=8)) if "enu" in cube.coords else float(cube.los[2, 7, 8])
    insar = (cube.displacement[:, 7, 8] - cube.displacement[:, 1, 2]).values
    # GNSS sinks vertically so that it agrees with the cube, but for 4 mm in the line of sight from the second date on.
    agreed = np.where(YEARS > 0, 4.0, 0.0) + insar
    table = pd.concat([rows("AAAA", agreed / up), rows("BBBB", np.zeros(13))])
    found, said = compare(tmp_path, cube, table, stations={"AAAA": moving, "BBBB": still}, differences=[["AAAA", "BBBB"]])
    (one,) = said["comparisons"]
    assert (one["name"], one["n"]) == ("AAAA - BBBB", 12)
    assert one["bias"] == pytest.approx(4, abs=1e-3)
    assert one["rmse"] == pytest.approx(4, abs=1e-3)
    assert one["velocity_insar"] == pytest.approx((insar[-1] - insar[0]) / YEARS[-1], rel=1e-4)
    np.testing.assert_allclose(found["insar_mm"], insar - insar[0], atol=1e-4)
    np.testing.assert_allclose(found["gnss_mm"], agreed, atol=1e-4)
    assert "RMSE 4.0 mm and GNSS minus InSAR +4.0 mm" in one["sentence"]
    assert said["skipped"] == []
    assert said["stations"] == {"AAAA": list(moving), "BBBB": list(still)}


def test_east_counts_with_its_sign(tmp_path: Path, cube: xr.Dataset) -> None:
    cube["displacement"] = cube.displacement * 0
    los = cube.los.values[:, 7, 8]
    table = pd.concat([rows("AAAA", np.zeros(13), east=np.arange(13) / 1000), rows("BBBB", np.zeros(13))])
    found, _ = compare(
        tmp_path, cube, table, stations={"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 1, 2)}, differences=[["AAAA", "BBBB"]]
    )
    np.testing.assert_allclose(found["gnss_mm"], np.arange(13) * los[0], atol=1e-6)


def test_the_window_is_averaged_and_masked_pixels_are_not(tmp_path: Path, cube: xr.Dataset) -> None:
    cube["displacement"] = (cube.displacement.dims, np.zeros(cube.displacement.shape, np.float32), cube.displacement.attrs)
    values = np.arange(9.0).reshape(3, 3)
    cube.displacement[5, 6:9, 7:10] = values
    cube.mask[6, 7] = False
    table = pd.concat([rows("AAAA", np.zeros(13)), rows("BBBB", np.zeros(13))])
    stations = {"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 1, 2)}
    found, _ = compare(tmp_path, cube, table, stations=stations, differences=[["AAAA", "BBBB"]], window=3)
    assert found["insar_mm"][5] == pytest.approx(values.ravel()[1:].mean())
    assert (found["insar_mm"].drop(5) == 0).all()


def test_rows_of_one_acquisition_are_averaged_and_far_days_are_not_used(tmp_path: Path, cube: xr.Dataset) -> None:
    cube["displacement"] = cube.displacement * 0
    up = float(cube.los.values[2, 7, 8])
    days = pd.DatetimeIndex(
        [DATES[0], DATES[1] - pd.Timedelta(days=2), DATES[1] + pd.Timedelta(days=1), DATES[2] + pd.Timedelta(days=4)]
    )
    table = pd.concat([rows("AAAA", np.array([0.0, 2.0, 4.0, 100.0]) / up, dates=days), rows("BBBB", np.zeros(13))])
    stations = {"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 1, 2)}
    found, _ = compare(tmp_path, cube, table, stations=stations, differences=[["AAAA", "BBBB"]])
    assert list(found["date"]) == list(DATES[:2])
    assert found["gnss_mm"][1] == pytest.approx(3.0)
    table["sar_date"] = table["date"].where(table["station"] == "BBBB", DATES[0].strftime("%Y%m%d"))
    _, said = compare(tmp_path, cube, table, stations=stations, differences=[["AAAA", "BBBB"]])
    assert said["comparisons"] == []
    assert "1 unbridged dates in common" in said["skipped"][0]["reason"]


def test_dates_behind_a_bridged_step_do_not_count(tmp_path: Path) -> None:
    cube = make_cube(noise=0.0, bridged=[6])
    table = pd.concat([rows("AAAA", np.zeros(13)), rows("BBBB", np.zeros(13))])
    stations = {"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 1, 2)}
    found, said = compare(tmp_path, cube, table, stations=stations, differences=[["AAAA", "BBBB"]])
    assert list(found["date"]) == list(DATES[:6])
    assert said["comparisons"][0]["n"] == 5


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ((10.0, 50.0), "outside the cube's grid"),
        (None, "gnss.stations.AAAA"),
        ("masked", "masked or not inverted"),
        ("missing", "masked or"),
    ],
)
def test_a_station_that_cannot_be_used_is_listed(tmp_path: Path, cube: xr.Dataset, place: Any, reason: str) -> None:
    pixel = {"masked": (0, 1), "missing": (0, 0)}.get(place) if isinstance(place, str) else None
    stations = {"BBBB": spot(cube, 1, 2), "CCCC": spot(cube, 7, 8)}
    if place is not None:
        stations["AAAA"] = spot(cube, *pixel) if pixel else place
    table = pd.concat([rows(name, np.zeros(13)) for name in ("AAAA", "BBBB", "CCCC")])
    found, said = compare(tmp_path, cube, table, stations=stations)
    assert [(entry["what"], entry["name"]) for entry in said["skipped"]] == [("gnss", "AAAA")]
    assert reason in said["skipped"][0]["reason"]
    assert [one["name"] for one in said["comparisons"]] == ["CCCC - BBBB"]
    assert set(found["station_a"]) == {"CCCC"}


def test_a_difference_with_an_unknown_station(tmp_path: Path, cube: xr.Dataset) -> None:
    table = rows("AAAA", np.zeros(13))
    _, said = compare(tmp_path, cube, table, stations={"AAAA": spot(cube, 7, 8)}, differences=[["AAAA", "ZZZZ"]])
    assert "no usable station ZZZZ; there are AAAA" in said["skipped"][0]["reason"]


def test_a_station_alone(tmp_path: Path, cube: xr.Dataset) -> None:
    found, said = compare(tmp_path, cube, rows("AAAA", np.zeros(13)), stations={"AAAA": spot(cube, 7, 8)})
    assert found["station_b"].isna().all()
    assert said["comparisons"][0]["name"] == "AAAA"
    assert "reference point's own motion" in said["sentence"]


def test_no_gnss_is_an_empty_table_and_a_sentence(tmp_path: Path, cube: xr.Dataset) -> None:
    found, said = compare(tmp_path, cube, None, folder=None)
    assert list(found.columns) == ["station_a", "station_b", "date", "gnss_mm", "insar_mm"]
    assert found.empty
    assert said["comparisons"] == []
    assert "the study names none" in said["sentence"]


def test_same_input_same_bytes(tmp_path: Path, cube: xr.Dataset) -> None:
    table = pd.concat([rows("AAAA", np.arange(13.0)), rows("BBBB", np.zeros(13))])
    stations = {"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 1, 2)}
    compare(tmp_path, cube, table, stations=stations)
    first = [(tmp_path / name).read_bytes() for name in ("t.parquet", "n.json")]
    compare(tmp_path, cube, table, stations=stations)
    assert [(tmp_path / name).read_bytes() for name in ("t.parquet", "n.json")] == first


def test_tenv3_is_read_by_its_header(tmp_path: Path) -> None:
    line = "ABCD 18JAN06 2018.0137 58124 1982 6 -99.0 {e0} {e} 2155291 0.1 2226 0.3 0 0 0 0 0 0 0 19.4 260.9 2226.3\n"
    path = tmp_path / "ABCD.tenv3"
    # The whole metre moves from one column to the other: the position moves by 2 mm only.
    path.write_text(HEADER + "\n" + line.format(e0=2256, e=0.999) + line.format(e0=2257, e=0.001).replace("18JAN06", "99DEC31"))
    stations, skipped = read_stations([path], {"ABCD": (1.0, 2.0)})
    station = stations["ABCD"]
    assert skipped == []
    assert (station.lon, station.lat) == (pytest.approx(-99.1), 19.4)
    assert [str(day)[:10] for day in station.days["date"]] == ["2018-01-06", "1999-12-31"]
    assert station.days["east"].diff().iloc[1] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.tenv3", "site date\nABCD 18JAN06\n", "no tenv3 of the Nevada Geodetic Laboratory"),
        ("a.tenv3", HEADER + "\n" + " ".join(["ABCD", "18XXX06", *["0"] * 21]) + "\n", "no number or date"),
        ("a.csv", "station,date,east_m,north_m\nA,2018-01-06,0,0\n", "has no column 'up_m'"),
        ("a.csv", "station,date,east_m,north_m,up_m\nA,yesterday,0,0,0\n", "no number or date"),
        ("a.csv", "", "no csv that can be read"),
    ],
)
def test_a_broken_file_is_listed(tmp_path: Path, cube: xr.Dataset, name: str, text: str, reason: str) -> None:
    (tmp_path / name).write_text(text)
    found, said = compare_files(tmp_path, cube, [str(tmp_path / name)])
    assert found.empty
    assert reason in said["skipped"][0]["reason"]
    assert "could be used" in said["sentence"]


@pytest.mark.skipif("INSARCAST_DATA" not in os.environ, reason="INSARCAST_DATA is not set: the GNSS files are there")
def test_the_real_files_give_the_published_rate(tmp_path: Path) -> None:
    """MMX1 - ICMX: -237.7 mm/yr along the line of sight over the seven dates that both have."""
    folder = Path(os.environ["INSARCAST_DATA"]) / "mexico_gnss_mxtm"
    settings = Study(ROOT / "config/studies/mexico_city.yaml").get("gnss", "T005A")
    stations, skipped = read_stations([folder / "gnss_cropA_epochs.csv", folder / "MXTM.NA.tenv3"], settings["stations"])
    assert skipped == []
    assert list(stations) == ["ICMX", "MMX1", "MXTM"]
    dates = np.array(
        ["2018-01-06", "2018-01-30", "2018-03-07", "2018-03-19", "2018-03-31", "2018-05-30", "2018-06-11", "2018-06-23"], "M8[ns]"
    )
    los = np.array([-0.6242, -0.1358, 0.7693])
    difference = stations["MMX1"].on(dates, los, 3) - stations["ICMX"].on(dates, los, 3)
    common = np.isfinite(difference)
    assert common.sum() == 7
    assert not common[4]
    years = (dates[common] - dates[0]) / np.timedelta64(31_557_600, "s")
    assert np.polyfit(years, difference[common], 1)[0] == pytest.approx(-237.7, abs=0.3)
    up = stations["MXTM"].days
    assert np.polyfit((up["date"] - up["date"][0]).dt.days / 365.25, up["up"], 1)[0] == pytest.approx(-284, abs=3)


def points_of(cube: xr.Dataset) -> xr.Dataset:
    """The same ground as points, with a line of sight of each and places in degrees."""
    flat = cube.stack(point=("y", "x"), create_index=False)
    lon, lat = flat.x.values, flat.y.values
    los = np.broadcast_to(flat.los.transpose("enu", "point").values, (3, flat.sizes["point"]))
    data = xr.Dataset(
        {name: (flat[name].dims, flat[name].values, flat[name].attrs) for name in ("displacement", "filled", "mask")},
        {"time": flat.time.values, "lon": ("point", lon), "lat": ("point", lat)},
    )
    return data.assign(los=(("enu", "point"), los))


def test_points_within_the_radius_are_averaged(tmp_path: Path, cube: xr.Dataset) -> None:
    data = points_of(cube)
    places = {"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 2, 3)}
    far = {
        name: np.hypot((data.lon.values - lon) * np.cos(np.deg2rad(lat)), data.lat.values - lat) * 111_195
        for name, (lon, lat) in places.items()
    }
    radius = 1.2 * float(np.sort(far["AAAA"])[1])
    near = {name: np.flatnonzero((metres < radius) & data.mask.values) for name, metres in far.items()}
    assert all(1 < len(which) < 9 for which in near.values())
    data.displacement[3, near["AAAA"][0]] = np.nan  # a point with fewer dates than the others is left out
    near["AAAA"] = near["AAAA"][1:]
    insar = {name: data.displacement.values[:, which].mean(axis=1) for name, which in near.items()}
    table = pd.concat([rows("AAAA", np.zeros(13)), rows("BBBB", np.zeros(13))])
    found, said = compare(tmp_path, data, table, stations=places, differences=[["AAAA", "BBBB"]], radius=radius)
    wanted = insar["AAAA"] - insar["BBBB"]
    np.testing.assert_allclose(found["insar_mm"], wanted - wanted[0], atol=1e-4)
    own = {row["station"]: row for row in said["table"]}
    assert own["AAAA"]["averaged"] == len(near["AAAA"])
    assert own["AAAA"]["velocity_insar"] == pytest.approx(np.polyfit(YEARS, insar["AAAA"], 1)[0], rel=1e-4)
    moving = places["AAAA"]
    _, said = compare(tmp_path, data, table, stations={"AAAA": (moving[0] + 1, moving[1])}, radius=100)
    assert "within 100 m of AAAA (the nearest" in said["skipped"][0]["reason"]
    assert "gnss.radius" in said["skipped"][0]["reason"]


def test_a_join_of_releases_ends_the_comparison(tmp_path: Path, cube: xr.Dataset) -> None:
    data = points_of(cube).assign(jump=lambda each: xr.zeros_like(each.filled))
    data.jump[8] = True
    table = pd.concat([rows("AAAA", np.zeros(13)), rows("BBBB", np.zeros(13))])
    found, _ = compare(tmp_path, data, table, stations={"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 1, 2)}, radius=50)
    assert list(found["date"]) == list(DATES[:8])


def test_velocities_have_the_standard_errors_of_a_straight_line(tmp_path: Path, cube: xr.Dataset) -> None:
    from scipy.stats import linregress

    cube["displacement"] = cube.displacement * 0
    up = float(cube.los.values[2, 7, 8])
    noisy = 30 * YEARS + np.random.default_rng(3).normal(0, 4, 13)
    table = pd.concat([rows("AAAA", noisy / up), rows("BBBB", np.zeros(13))])
    _, said = compare(
        tmp_path, cube, table, stations={"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 1, 2)}, differences=[["AAAA", "BBBB"]]
    )
    (one,) = said["comparisons"]
    line = linregress(YEARS, noisy)
    assert one["velocity_gnss"] == pytest.approx(line.slope, rel=1e-4)
    assert one["velocity_gnss_sigma"] == pytest.approx(line.stderr, rel=1e-4)
    assert (one["velocity_insar"], one["velocity_insar_sigma"]) == (0, 0)
    assert one["velocity_difference_sigma"] == pytest.approx(line.stderr, rel=1e-4)
    assert f"GNSS moves at {line.slope:+.0f} ± {line.stderr:.0f} mm/yr" in one["sentence"]


def test_every_station_against_the_reference(tmp_path: Path, cube: xr.Dataset) -> None:
    table = pd.concat([rows("AAAA", np.zeros(13)), rows("BBBB", np.zeros(13))])
    stations = {"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 1, 2)}
    found, said = compare(tmp_path, cube, table, stations=stations, against="reference")
    assert [item["name"] for item in said["comparisons"]] == ["AAAA", "BBBB"]
    assert found["station_b"].isna().all()


def test_a_list_of_stations_tells_places_that_files_do_not(tmp_path: Path, cube: xr.Dataset) -> None:
    lon, lat = spot(cube, 7, 8)
    rows("AAAA", np.zeros(13)).to_csv(tmp_path / "gnss.csv", index=False)
    (tmp_path / "DataHoldings.txt").write_text(
        "Sta   Lat(deg)  Long(deg)   Hgt(m)  X(m) Y(m) Z(m) Dtbeg Dtend Dtmod NumSol StaOrigName\n"
        f"AAAA  {lat:.6f} {lon + 360 if lon < 0 else lon:.6f} 2226.3 0 0 0 2018-01-01 2019-01-01 2020-01-01 365 ----\n"
    )
    _, said = compare_files(tmp_path, cube, [str(tmp_path / "DataHoldings.txt"), str(tmp_path / "gnss.csv")])
    assert said["stations"]["AAAA"] == [pytest.approx(lon, abs=1e-5), pytest.approx(lat, abs=1e-5)]
    assert said["skipped"] == []


def test_names_that_fit_no_file_are_told(tmp_path: Path, cube: xr.Dataset) -> None:
    write_store(cube, tmp_path / "cube.zarr")
    skipped = [{"what": "gnss", "name": "*.tenv3", "reason": "no file in /data/gnss fits it; there is for example notes.txt"}]
    Manifest("geotiff", [], [], skipped=skipped).write(tmp_path / "manifest.json")
    compare_gnss(tmp_path / "cube.zarr", tmp_path / "manifest.json", SETTINGS, tmp_path / "t.parquet", tmp_path / "n.json")
    said = json.loads((tmp_path / "n.json").read_text())
    assert said["sentence"] == (
        "No GNSS station was compared: '*.tenv3': no file in /data/gnss fits it; there is for example notes.txt."
    )


@pytest.mark.parametrize("shape", ["grid", "points"])
def test_vertical_and_east_are_compared_each_with_its_own(tmp_path: Path, cube: xr.Dataset, shape: str) -> None:
    east = cube.displacement * 0 + xr.DataArray(5 * YEARS, dims="time") * (cube.y * 0 + cube.x * 0 + 1)
    data = cube.assign(vertical=cube.displacement * 2, east=east.transpose(*cube.displacement.dims))
    data = data.drop_vars(["displacement", "los", "sigma"], errors="ignore")
    if shape == "points":
        flat = data.stack(point=("y", "x"), create_index=False)
        names = ("vertical", "east", "filled", "mask")
        coords = {"time": flat.time.values, "lon": ("point", flat.x.values), "lat": ("point", flat.y.values)}
        data = xr.Dataset({name: (flat[name].dims, flat[name].values) for name in names}, coords)
    write_store(data, tmp_path / "d.zarr")
    sunk = 2 * cube.displacement.values[:, 7, 8]
    table = pd.concat([rows("AAAA", sunk, east=7 * YEARS / 1000), rows("BBBB", np.zeros(13))])
    table.to_csv(tmp_path / "gnss.csv", index=False)
    Manifest("geotiff", [], [], gnss=[str(tmp_path / "gnss.csv")]).write(tmp_path / "m.json")
    stations = {"AAAA": spot(cube, 7, 8), "BBBB": spot(cube, 1, 1)}
    settings = SETTINGS | {"stations": stations, "differences": [["AAAA", "BBBB"]], "window": 1, "radius": 10}
    manifests = [tmp_path / "m.json", tmp_path / "m.json"]
    compare_decomposed(tmp_path / "d.zarr", manifests, settings, tmp_path / "t.parquet", tmp_path / "n.json")
    said = json.loads((tmp_path / "n.json").read_text())
    assert said["skipped"] == [], "a file that both cubes name is read once"
    up, side = said["comparisons"]
    assert (up["component"], side["component"]) == ("vertical", "east")
    assert up["rmse"] == pytest.approx(0, abs=0.1)
    assert side["velocity_difference"] == pytest.approx(7, abs=1e-3)
    assert "vertically" in up["sentence"]
    assert "to the east" in side["sentence"]
    assert set(pd.read_parquet(tmp_path / "t.parquet")["component"]) == {"vertical", "east"}
