"""GACOS maps: signs and units against the closed form, grids, missing dates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from affine import Affine

from insarcast.acquire import find_delays
from insarcast.core import InsarcastError
from tests.stack.conftest import WAVELENGTH
from tests.stack.inverted import UP, correct, write_inverted

N, NY, NX = 4, 16, 20
DATES = ["20200101", "20200113", "20200125", "20200206"]
GACOS = {"method": "gacos"}


def field(lon: npt.NDArray[Any], lat: npt.NDArray[Any], number: int) -> npt.NDArray[Any]:
    """A delay that bilinear interpolation reproduces, in m."""
    return 2.4 + 0.01 * number + (0.3 + 0.1 * number**2) * (lon + 99) - 0.2 * number * (lat - 20)


def write_raster(path: Path, number: int, scale: float = 1.0, size: int = 60, nodata: int | None = None) -> None:
    """A map on a coarser lattice that lies between the cube's pixels, in float32."""
    step, west, north = 0.0013, -99.02, 20.02
    lon, lat = west + step * (np.arange(size) + 0.5), north - step * (np.arange(size) + 0.5)
    values = field(lon[None, :], lat[:, None], number).astype(np.float32) * np.float32(scale)
    if nodata is not None:
        values[:, nodata:] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".ztd":
        values.astype("<f4").tofile(path)
        facts = {"WIDTH": size, "FILE_LENGTH": size, "X_FIRST": west, "Y_FIRST": north, "X_STEP": step, "Y_STEP": -step}
        path.with_name(path.name + ".rsc").write_text("".join(f"{key} {value}\n" for key, value in facts.items()))
        return
    place = Affine(step, 0, west, 0, -step, north)
    with rasterio.open(
        path, "w", driver="GTiff", dtype="float32", count=1, height=size, width=size, crs=4326, transform=place
    ) as file:
        file.write(values, 1)


def found(folder: Path, method: str = "gacos") -> Path:
    find_delays(folder / "delays.json", method, str(folder / "air"), None)
    return folder / "delays.json"


def still(folder: Path) -> npt.NDArray[Any]:
    """Ground that does not move under that air, as zenith delays in m see it: mm towards the satellite."""
    y, x = 20 - 0.001 * np.arange(NY), -99 + 0.001 * np.arange(NX)
    seen = np.stack([-1000 / UP * field(x[None, :], y[:, None], number) for number in range(N)])
    write_inverted(folder, seen)
    return seen


@pytest.mark.parametrize("ending", [".ztd.tif", ".ztd", ".sltd.geo.tif"])
def test_air_alone_is_taken_off_to_nothing(tmp_path: Path, ending: str) -> None:
    """Zenith delay z: motion away by z / U; slant phase phi: away by wavelength / (4 pi) phi."""
    still(tmp_path)
    scale = 4 * np.pi / WAVELENGTH / UP if "sltd" in ending else 1.0
    for number, date in enumerate(DATES):
        write_raster(tmp_path / f"air/{date}{ending}", number, scale)
    corrected, record, _ = correct(tmp_path, air=GACOS, delays=found(tmp_path))
    np.testing.assert_allclose(corrected, 0, atol=2e-3)  # float32 metres have steps of 0.0002 mm, slant radians of 0.0003
    step = record["steps"][0]
    assert (step["step"], step["missing"], step["uncovered"]) == ("gacos", [], 0)
    assert step["std_before"][1] > 0.5
    assert max(step["std_after"]) < 2e-3


def test_more_delay_looks_like_motion_away_and_is_given_back(tmp_path: Path) -> None:
    """1 rad more slant delay in the west of one date: its ground seems to have gone away by 4.4 mm, and is put back."""
    write_inverted(tmp_path, np.zeros((N, NY, NX)), reference=(8, 17))
    for date in DATES:
        with rasterio.open(
            (tmp_path / "air").joinpath(f"{date}.sltd.geo.tif") if (tmp_path / "air").mkdir(exist_ok=True) is None else "", "w",
            driver="GTiff", dtype="float32", count=1, height=NY, width=NX, crs=4326, transform=Affine(0.001, 0, -99.0005, 0, -0.001, 20.0005),
        ) as file:  # fmt: skip
            values = np.full((NY, NX), 5, np.float32)
            values[:, :6] += date == DATES[2]
            file.write(values, 1)
    corrected, _, _ = correct(tmp_path, air=GACOS, delays=found(tmp_path))
    np.testing.assert_allclose(corrected[2, :, :5], WAVELENGTH / (4 * np.pi) * 1000, rtol=1e-5)
    np.testing.assert_allclose(corrected[[0, 1, 3]], 0, atol=1e-5)
    np.testing.assert_allclose(corrected[2, :, 8:], 0, atol=1e-5)


def test_a_map_in_degrees_fits_a_cube_in_metres(tmp_path: Path) -> None:
    from pyproj import Transformer

    x, y = 500_000 + 80.0 * np.arange(NX), 2_211_000 - 80.0 * np.arange(NY)
    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(*np.meshgrid(x, y))
    seen = np.stack([-1000 / UP * field(lon, lat, number) for number in range(N)])
    write_inverted(tmp_path, seen, x=x, y=y, crs=32614)
    for number, date in enumerate(DATES):
        write_raster(tmp_path / f"air/{date}.ztd{'.tif' if number % 2 else ''}", number)
    corrected, _, _ = correct(tmp_path, air=GACOS, delays=found(tmp_path))
    # GDAL's warp is exact to an eighth of a pixel: 10 m of a slope of 1.2 m per degree.
    np.testing.assert_allclose(corrected, 0, atol=0.2)
    assert np.ptp(seen[3] - seen[0]) > 10


def test_a_date_without_a_file_stops_or_keeps_its_own_departure(tmp_path: Path) -> None:
    seen = still(tmp_path)
    for number, date in enumerate(DATES):
        if number != 2:
            write_raster(tmp_path / f"air/{date}.ztd.tif", number)
    with pytest.raises(InsarcastError, match=r"1 of 4 dates have no delay of gacos: 20200125; .*products\.exclude"):
        correct(tmp_path, air=GACOS, delays=found(tmp_path))
    corrected, record, fix = correct(tmp_path, air=GACOS | {"missing": "keep"}, delays=found(tmp_path))
    assert record["steps"][0]["missing"] == ["20200125"]
    assert fix.attributes["corrections_missing"] == ["20200125"]
    assert "20200125, whose delay is still in" in record["steps"][0]["sentence"]
    np.testing.assert_allclose(corrected[[0, 1, 3]], 0, atol=2e-3)
    left = seen[2] - seen[[0, 1, 3]].mean(0)  # the departure from the mean of the dates with a map, and nothing else
    left -= left[:3, :3].mean()
    np.testing.assert_allclose(corrected[2], left, atol=2e-3)
    assert np.abs(left).max() > 0.5


def test_the_first_date_may_be_the_one_without(tmp_path: Path) -> None:
    """The others are then still corrected among each other: their mutual differences are right."""
    still(tmp_path)
    for number, date in enumerate(DATES[1:], 1):
        write_raster(tmp_path / f"air/{date}.ztd.tif", number)
    corrected, _, _ = correct(tmp_path, air=GACOS | {"missing": "keep"}, delays=found(tmp_path))
    np.testing.assert_allclose(corrected[1:] - corrected[1], 0, atol=2e-3)
    assert np.abs(corrected[1]).max() > 0.1


def test_files_of_later_dates_change_nothing(tmp_path: Path) -> None:
    still(tmp_path)
    for number, date in enumerate(DATES):
        write_raster(tmp_path / f"air/{date}.ztd.tif", number)
    before, _, _ = correct(tmp_path, air=GACOS, delays=found(tmp_path))
    write_raster(tmp_path / "air/20200301.ztd.tif", 9)
    after, _, _ = correct(tmp_path, air=GACOS, delays=found(tmp_path))
    np.testing.assert_array_equal(before, after)


def test_what_the_maps_do_not_cover(tmp_path: Path) -> None:
    """A twentieth of the pixels may be left out on all dates, for a series that is corrected on some would jump."""
    still(tmp_path)
    for number, date in enumerate(DATES):
        write_raster(tmp_path / f"air/{date}.ztd.tif", number, nodata=20 if number == 1 else None)
    with pytest.raises(InsarcastError, match=r"miss \d+ of the 320 inverted pixels on some date; fetch them for a larger area"):
        correct(tmp_path, air=GACOS, delays=found(tmp_path))
    write_raster(tmp_path / "air/20200113.ztd.tif", 1, nodata=30)  # begins beside the last column of the cube
    corrected, record, _ = correct(tmp_path, air=GACOS, delays=found(tmp_path))
    assert record["steps"][0]["uncovered"] == NY
    assert np.isnan(corrected[:, :, -1]).all()
    np.testing.assert_allclose(corrected[:, :, :-1], 0, atol=0.01)


def test_the_best_file_of_a_date_is_taken_wherever_it_lies(tmp_path: Path) -> None:
    for name in (
        "20200101/20200101.sltd.geo.tif",
        "20200101.ztd.tif",
        "20200113.ztd",
        "20200113.ztd.rsc",
        "readme.txt",
        "20201399.ztd",
    ):
        (tmp_path / "air" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "air" / name).write_text(name)
    record = json.loads(found(tmp_path).read_text())
    names = {date: [Path(path).name for path in paths] for date, paths in record["files"].items()}
    assert names == {"20200101": ["20200101.sltd.geo.tif"], "20200113": ["20200113.ztd", "20200113.ztd.rsc"]}
    assert len(record["sha256"]) == 3


def test_sentences_of_folders(tmp_path: Path) -> None:
    with pytest.raises(InsarcastError, match=r"There is no folder .*air, which stack\.troposphere\.folder names; correct it"):
        found(tmp_path)
    with pytest.raises(InsarcastError, match=r"no folder air, .* no data root is set"):
        find_delays(tmp_path / "x.json", "gacos", "air", None)
    (tmp_path / "air").mkdir()
    (tmp_path / "air/notes.txt").touch()
    with pytest.raises(InsarcastError, match=r"holds no delays of gacos, .*for example notes\.txt"):
        found(tmp_path)
    (tmp_path / "air/20200101.ztd").touch()
    with pytest.raises(InsarcastError, match=r"20200101\.ztd has no header 20200101\.ztd\.rsc"):
        found(tmp_path)
    for place in ("a", "b"):
        write_raster(tmp_path / f"air/{place}/20200101.ztd.tif", 0)
    with pytest.raises(InsarcastError, match="two delays of 20200101"):
        found(tmp_path)


def test_broken_maps_are_sentences(tmp_path: Path) -> None:
    still(tmp_path)
    for number, date in enumerate(DATES):
        write_raster(tmp_path / f"air/{date}.ztd", number)
    path = tmp_path / "air/20200113.ztd"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InsarcastError, match=r"20200113\.ztd does not hold the 60 x 60 numbers"):
        correct(tmp_path, air=GACOS, delays=found(tmp_path))
    (tmp_path / "air/20200113.ztd.rsc").write_text("WIDTH 60\n")
    with pytest.raises(InsarcastError, match=r"20200113\.ztd\.rsc is no header of a GACOS delay \('FILE_LENGTH'\)"):
        correct(tmp_path, air=GACOS, delays=found(tmp_path))
