"""Small things every stage rests on."""

import json
from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401  (registers .rio)
import xarray as xr

from insarcast.core import (
    InsarcastError,
    Manifest,
    Pair,
    Split,
    blank,
    blocks,
    create_store,
    file_sha256,
    last_origins,
    line_of_sight,
    open_cube,
    open_store,
    pixel_of,
    read_manifest,
    shard_edge,
    write_block,
    write_json,
    write_store,
)
from insarcast.core.cube import check_cube
from tests.cubes import make_cube


def test_line_of_sight_of_the_mexico_track() -> None:
    # The vector that the sample data's README gives for heading -12.27, incidence 39.70.
    np.testing.assert_allclose(line_of_sight(39.70, -12.27), (-0.624, -0.136, 0.769), atol=5e-4)


def test_line_of_sight_descending_looks_from_the_east() -> None:
    east, north, up = line_of_sight(34, -168)
    assert east > 0.5
    assert abs(north) < 0.15
    assert east**2 + north**2 + up**2 == pytest.approx(1)


def test_pixel_of_geographic_and_utm() -> None:
    cube = make_cube(n_dates=4, ny=6, nx=5)
    row, col = pixel_of(cube, float(cube.x[3]), float(cube.y[4]))
    assert (row, col) == (4, 3)
    with pytest.raises(InsarcastError, match="outside"):
        pixel_of(cube, float(cube.x[0]) - 1, float(cube.y[0]))
    utm = xr.Dataset(coords={"y": 2_149_000.0 - 80 * np.arange(10), "x": 480_000.0 + 80 * np.arange(10)}).rio.write_crs(32614)
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(32614, 4326, always_xy=True).transform(480_000 + 3 * 80 + 30, 2_149_000 - 7 * 80 - 30)
    assert pixel_of(utm, lon, lat) == (7, 3)
    degrees = r"reaches from 19\.\d{4} to 19\.\d{4} N and from -99\.\d{4} to -99\.\d{4} E"
    for place in ((51.0, 35.0), (81.0, 35.0), (-9.0, 0.0)):  # far off, and where the zone's projection gives no number
        with pytest.raises(InsarcastError, match=degrees):
            pixel_of(utm, *place)


def test_json_is_stable_and_has_no_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": np.float32(1.5), "a": [np.nan, np.int64(3)], "é": np.array([1, 2])})
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text) == {"b": 1.5, "a": [None, 3], "é": [1, 2]}
    assert "NaN" not in text


def test_sha256_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert file_sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    manifest = Manifest(
        "geotiff", ["20180106", "20180130"], [Pair("20180106", "20180130", "a.tif", None, -12.5)], {"dem": "d.tif"}
    )
    manifest.write(tmp_path / "manifest.json")
    assert read_manifest(tmp_path / "manifest.json") == manifest
    (tmp_path / "manifest.json").write_text('{"dates": []}')
    with pytest.raises(InsarcastError, match="no manifest of this version"):
        read_manifest(tmp_path / "manifest.json")


def test_last_origins_leave_a_date_to_score(tmp_path: Path) -> None:
    dates = [f"2020010{k}" for k in range(1, 10)]
    path = tmp_path / "m.json"
    Manifest("geotiff", dates, []).write(path)
    assert last_origins(path, 3) == ["20200106", "20200107", "20200108"]
    assert last_origins(path, 6, history=3) == dates[2:8]
    with pytest.raises(InsarcastError, match=r"asks for 7 test dates, but .*m\.json holds 9 dates, which allow 6"):
        last_origins(path, 7, history=3)


def test_split_is_by_time() -> None:
    day = [np.datetime64("2020-01-01") + k for k in range(5)]
    assert Split(day[2], (day[3],), (1, 2)).gap == 0
    with pytest.raises(InsarcastError, match="later than training"):
        Split(day[3], (day[2],), (1,))
    with pytest.raises(InsarcastError, match="1 or more"):
        Split(day[2], (day[3],), (0,))


def test_blocks_cover_every_pixel_once() -> None:
    seen = np.zeros((70, 45), int)
    for block in blocks(70, 45, 32):
        seen[block] += 1
    assert (seen == 1).all()


def test_shards_are_bounded_and_whole_chunks() -> None:
    for layers in (1, 13, 30, 132, 555, 100_000):
        edge = shard_edge(layers)
        assert edge % 128 == 0
        assert edge == 128 or layers * edge**2 * 4 <= 16 * 2**20


def test_a_store_written_by_blocks_is_the_array(tmp_path: Path) -> None:
    ny, nx, edge = 300, 200, 128
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, ny, nx)).astype(np.float32)
    template = xr.Dataset(
        {"v": (("time", "y", "x"), blank(np.float32, 3, ny, nx), {"units": "mm"}), "n": (("y", "x"), blank(np.int16, ny, nx))},
        coords={
            "time": np.array(["2020-01-01", "2020-01-13", "2020-01-25"], "datetime64[ns]"),
            "y": -np.arange(ny) * 1.0,
            "x": np.arange(nx) * 1.0,
        },
    ).rio.write_crs(32614)
    create_store(template, tmp_path / "s.zarr", edge)
    for block in blocks(ny, nx, edge):
        part = {"v": (("time", "y", "x"), values[:, *block]), "n": (("y", "x"), np.full(values[0][block].shape, 7, np.int16))}
        write_block(xr.Dataset(part), tmp_path / "s.zarr", block)
    back = open_store(tmp_path / "s.zarr")
    np.testing.assert_array_equal(back.v.values, values)
    assert (back.n.values == 7).all()
    assert back.rio.crs.to_epsg() == 32614
    assert back.v.attrs["units"] == "mm"
    assert back.time.values[2] == np.datetime64("2020-01-25")


def test_a_template_takes_no_memory(tmp_path: Path) -> None:
    """Forty terabytes: an array that is copied to its full size anywhere on the way ends in a MemoryError."""
    n = 100_000
    template = xr.Dataset(
        {"v": (("time", "y", "x"), blank(np.float32, 1000, n, n))},
        coords={"time": np.arange(1000), "y": -np.arange(n), "x": np.arange(n)},
    ).rio.write_crs(32614, inplace=True)
    create_store(template, tmp_path / "s.zarr", 128)
    assert open_store(tmp_path / "s.zarr").v.shape == (1000, n, n)


def test_open_cube_refuses_what_breaks_the_contract(tmp_path: Path) -> None:
    cube = make_cube(n_dates=4, ny=6, nx=5)
    write_store(cube, tmp_path / "good.zarr")
    opened = open_cube(tmp_path / "good.zarr")
    assert opened.rio.crs.to_epsg() == 4326
    broken = {
        "must be in 'mm'": cube.assign(displacement=cube.displacement.assign_attrs(units="m")),
        "sign of 'displacement'": cube.assign(displacement=cube.displacement.assign_attrs(sign="subsidence positive")),
        "'displacement' has dims": cube.assign(displacement=cube.displacement.transpose("y", "x", "time")),
        "no variable 'mask'": cube.drop_vars("mask"),
        "True = use": cube.assign(mask=cube.mask.astype(int)),
        "not ascending": cube.isel(time=slice(None, None, -1)),
    }
    for words, dataset in broken.items():
        with pytest.raises(InsarcastError, match=words):
            check_cube(dataset)
    with pytest.raises(InsarcastError, match="no readable store"):
        open_cube(tmp_path / "absent.zarr")
