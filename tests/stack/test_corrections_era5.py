"""ERA5 on pressure levels: against the standard atmosphere and closed forms, and as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from insarcast.acquire import find_delays
from insarcast.core import InsarcastError
from insarcast.stack.corrections import refractivity as air
from insarcast.stack.corrections.era5 import read_column
from tests.stack.inverted import UP, correct, write_inverted

# The 37 levels of the Climate Data Store, hPa.
LEVELS = np.array([1, 2, 3, 5, 7, 10, 20, 30, 50, 70, *range(100, 251, 25), *range(300, 751, 50), *range(775, 1001, 25)], float)
N, NY, NX = 3, 20, 24
DATES = ["20200101", "20200113", "20200125"]


def standard(latitude: float = 45.0) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """U.S. Standard Atmosphere 1976 up to 20 km: pressure Pa, temperature K, geopotential height m, from the ground up."""
    pressure = np.sort(LEVELS[LEVELS >= 55])[::-1] * 100
    below = 288.15 / 0.0065 * (1 - (pressure / 101325) ** (1 / 5.25588))
    above = 11000 + 216.65 * 287.053 / air.G0 * np.log(22632.06 / pressure)
    height = np.where(pressure > 22632.06, below, above)
    return pressure, np.where(height < 11000, 288.15 - 0.0065 * height, 216.65), height


def test_dry_standard_air_has_saastamoinens_hydrostatic_delay() -> None:
    """2.2768 mm/hPa P / (1 - 0.00266 cos 2 phi - 0.00028 h): 2.3070 m at sea level and 45 degrees."""
    pressure, temperature, height = standard()
    heights = np.arange(0, 3000, 20.0)
    column = (temperature[:, None], np.zeros((len(pressure), 1)), height[:, None])
    delay = air.zenith_delay(pressure, *column, np.array([45.0]), heights)[:, 0]
    p = 1013.25 * (1 - 0.0065 * heights / 288.15) ** 5.25588
    expected = 0.0022768 * p / (1 - 0.00028 * heights / 1000)
    np.testing.assert_allclose(delay, expected, rtol=3e-4)
    assert abs(delay[0] - 2.3070) < 0.001


def test_exponential_vapour_has_its_integral_as_wet_delay() -> None:
    """e = e0 exp(-z/H) at one temperature: 1e-6 ((k2 - k1 Rd/Rv)/T + k3/T^2) e0 H exp(-z/H)."""
    e0, scale, t = 1500.0, 2000.0, 280.0
    height = np.linspace(0, 30_000, 301)
    pressure = 101325 * np.exp(-height / 8000)
    heights = np.arange(0, 4000, 20.0)
    columns = [np.full((301, 1), t), (e0 * np.exp(-height / scale))[:, None], height[:, None]]
    both = air.zenith_delay(pressure, *columns, np.array([20.0]), heights)[:, 0]
    dry = air.zenith_delay(pressure, columns[0], 0 * columns[1], columns[2], np.array([20.0]), heights)[:, 0]
    factor = (0.716 - 0.776 * 287.05 / 461.495) / t + 3.75e3 / t**2
    np.testing.assert_allclose(both - dry, 1e-6 * factor * e0 * scale * np.exp(-heights / scale), rtol=2e-3)


def test_below_the_lowest_level_the_air_goes_on() -> None:
    pressure, temperature, height = standard()
    cut = slice(3, None)  # begins at 925 hPa, some 760 m
    columns = (temperature[cut, None], np.zeros((len(pressure[cut]), 1)), height[cut, None])
    delay = air.zenith_delay(pressure[cut], *columns, np.array([45.0]), np.arange(0, 400, 20.0))[0, 0]
    assert abs(delay - 2.307) < 0.01


def test_humidities_and_heights_by_published_values() -> None:
    """Saturation over water at 20 degrees: 23.39 hPa; over ice at -30: 0.380 hPa (WMO). Mahoney: 10 km of geopotential at 45 N are
    10.02 km."""
    assert air.vapour_from_relative(np.array(100.0), np.array(293.15)) == pytest.approx(2339, rel=2e-3)
    assert air.vapour_from_relative(np.array(100.0), np.array(243.15)) == pytest.approx(38.0, rel=5e-3)
    mixing = 0.01
    vapour = air.vapour_from_specific(np.array(mixing / (1 + mixing)), np.array(90000.0))
    assert vapour == pytest.approx(90000 * mixing / (0.622 + mixing), rel=1e-4)
    assert air.geometric_height(np.array(10_000 * air.G0), np.array(45.0)) == pytest.approx(10_016, abs=4)


def write_fields(
    path: Path, number: int, *, hours: tuple[int, ...] = (0,), kind: str = "q", old: bool = False, engine: str = "h5netcdf"
) -> None:
    """Air whose humidity grows with the date, to the east, and by the hour; named as the Climate Data Store names it now, or once did."""
    pressure, temperature, height = standard()
    lat, lon = np.array([19.75, 20.0, 20.25]), np.array([-99.25, -99.0, -98.75]) + 360 * old
    shape = (len(hours), len(pressure), 3, 3)
    moist = 0.012 * np.exp(-height / 2500) * (1 + 0.1 * number**2)
    grow = 1 + 0.2 * (np.arange(3) - 1)[None, None, None, :] + 0.05 * np.array(hours, float)[:, None, None, None]
    q = np.broadcast_to(moist[None, :, None, None] * grow, shape)
    t = np.broadcast_to(temperature[None, :, None, None], shape)
    z = np.broadcast_to((height * air.G0)[None, :, None, None], shape)
    wet = (
        q
        if kind == "q"
        else 100 * air.vapour_from_specific(q, pressure[:, None, None]) / air.vapour_from_relative(np.array(100.0), t)
    )
    dims = ("time", "level", "latitude", "longitude") if old else ("valid_time", "pressure_level", "latitude", "longitude")
    day = np.datetime64(f"{DATES[number][:4]}-{DATES[number][4:6]}-{DATES[number][6:]}", "ns")
    coords = dict(zip(dims, ([day + np.timedelta64(hour, "h") for hour in hours], pressure / 100, lat, lon), strict=True))
    data = xr.Dataset({"z": (dims, z), "t": (dims, t), kind: (dims, wet)}, coords)
    if not old:
        data = data.assign_coords(number=0, expver=("valid_time", np.ones(len(hours), int)))
    path.parent.mkdir(exist_ok=True)
    data.isel({dims[2]: slice(None, None, -1)}).to_netcdf(path, engine=engine)  # from north to south, as they come


def test_air_alone_is_taken_off(tmp_path: Path) -> None:
    """The displacement is -1000/U times the difference of the zenith delays at each pixel's height, found here column by column."""
    rng = np.random.default_rng(1)
    height = 200 + 1500 * rng.random((NY, NX))
    x = -99 + 0.001 * np.arange(NX)
    seen = np.zeros((N, NY, NX))
    pressure, temperature, level = standard()
    z = air.geometric_height(level * air.G0, np.array(20.0))
    wanted = np.arange(0, 2000, 10.0)
    for number in range(N):
        write_fields(tmp_path / f"air/era5_{DATES[number]}.nc", number)
        ends = []
        for grow in (1.0, 1.2):  # at 99.0 and 98.75 W
            e = air.vapour_from_specific(0.012 * np.exp(-level / 2500) * (1 + 0.1 * number**2) * grow, pressure)
            column = air.zenith_delay(pressure, temperature[:, None], e[:, None], z[:, None], np.array([20.0]), wanted)[:, 0]
            ends.append(np.interp(height, wanted, column))
        seen[number] = -1000 / UP * (ends[0] + (ends[1] - ends[0]) * ((x + 99) / 0.25)[None, :])
    write_inverted(tmp_path, seen, height=height)
    find_delays(tmp_path / "delays.json", "era5", str(tmp_path / "air"), None)
    corrected, record, _ = correct(tmp_path, air={"method": "era5"}, delays=tmp_path / "delays.json")
    np.testing.assert_allclose(corrected, 0, atol=0.02)
    assert record["steps"][0]["std_before"][2] > 0.2
    assert "ERA5 delays taken off" in record["steps"][0]["sentence"]


def test_files_of_all_kinds_say_the_same(tmp_path: Path) -> None:
    """q or r, NetCDF 4 or classic, today's names or those before, longitudes to 180 or 360."""
    kinds: list[dict[str, Any]] = [{}, {"kind": "r"}, {"old": True}, {"engine": "scipy", "old": True}]
    columns = []
    for number, kind in enumerate(kinds):
        path = tmp_path / f"{number}/20200101.nc"
        write_fields(path, 0, **kind)
        columns.append(read_column((str(path),), "20200101", None, 0, 2000))
    for column in columns[1:]:
        np.testing.assert_allclose(column.delay, columns[0].delay, rtol=1e-5)
        np.testing.assert_allclose(column.lon, [-99.25, -99, -98.75])


def test_between_two_hours(tmp_path: Path) -> None:
    def column(name: str, time: str | None, hours: tuple[int, ...] = (0, 1)) -> npt.NDArray[Any]:
        write_fields(tmp_path / f"{name}/20200101.nc", 0, hours=hours)
        return read_column((str(tmp_path / f"{name}/20200101.nc"),), "20200101", time, 0, 100).delay

    first, second = column("a", None, (0,)), column("b", None, (1,))
    np.testing.assert_allclose(column("c", "00:15"), 0.75 * first + 0.25 * second, rtol=1e-6)
    np.testing.assert_array_equal(column("d", "01:20"), second)
    with pytest.raises(InsarcastError, match=r"holds 2 hours; say when the satellite passed in stack\.troposphere\.time"):
        column("e", None)
    with pytest.raises(InsarcastError, match="no hour within 90 minutes of 20200101 12:00 UTC"):
        column("f", "12:00")


def test_broken_files_are_sentences(tmp_path: Path) -> None:
    path = tmp_path / "20200101.nc"
    path.write_text("no such thing")
    with pytest.raises(InsarcastError, match="cannot be read as NetCDF"):
        read_column((str(path),), "20200101", None, 0, 100)
    write_fields(tmp_path / "b/20200101.nc", 0)
    with xr.open_dataset(tmp_path / "b/20200101.nc") as data:
        data.load().drop_vars("q").to_netcdf(path, engine="h5netcdf")
    with pytest.raises(InsarcastError, match=r"has no q \(or r\); ask ERA5 for geopotential"):
        read_column((str(path),), "20200101", None, 0, 101)
