"""Vertical and east-west motion: closed forms, a simulated truth seen from two sides, and the points of Doñana."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rioxarray  # noqa: F401  (registers .rio)
import xarray as xr
from pyproj import Transformer

from insarcast import stack
from insarcast.acquire import Scene, make_scene
from insarcast.acquire.scene.bowls import make_patterns
from insarcast.core import InsarcastError, line_of_sight, open_store, write_store
from insarcast.stack.geometries.times import at_dates, common_dates, steps_bridged
from insarcast.stack.geometries.zero import half_sample_mode

ASCENDING, DESCENDING = line_of_sight(38.5, -12.6), line_of_sight(34.0, -167.4)
BOWLS = [
    {"kind": "steady", "rate": -150, "place": [0.45, 0.45], "radius": 700, "horizontal": 0.3},
    {"kind": "steady", "rate": -60, "place": [0.75, 0.3], "radius": 500, "horizontal": 0.3},
]
SETTINGS: dict[str, Any] = {"resolution": None, "window_days": 36, "window": 3, "reference": None, "max_condition": 5.0}


def test_motion_comes_back_to_the_last_digit() -> None:
    vertical, east = np.array([[-30.0, 4.0], [0.0, 1.0]]), np.array([[5.0, -2.0], [3.0, 0.0]])
    seen = [los[0] * east + los[2] * vertical for los in (ASCENDING, DESCENDING)]
    found = stack.decompose(seen, [ASCENDING, DESCENDING])
    np.testing.assert_allclose(found.vertical, vertical, atol=1e-12)
    np.testing.assert_allclose(found.east, east, atol=1e-12)


def test_three_geometries_are_weighted_as_numpy_does_it() -> None:
    rng = np.random.default_rng(1)
    los = np.array([ASCENDING, DESCENDING, line_of_sight(43.0, -12.0)])
    data, sigma = rng.normal(0, 5, (3, 7)), rng.uniform(0.5, 3, (3, 7))
    data[0, 2] = np.nan  # two are enough
    data[:2, 3] = np.nan  # one is not
    found = stack.decompose(data, los, sigma)
    for cell in range(7):
        known = np.isfinite(data[:, cell])
        if known.sum() < 2:
            assert np.isnan([part[cell] for part in found]).all()
            continue
        design = los[known][:, [0, 2]] / sigma[known, cell, None]
        solved = np.linalg.lstsq(design, data[known, cell] / sigma[known, cell], rcond=None)[0]
        spread = np.sqrt(np.diag(np.linalg.inv(design.T @ design)))
        np.testing.assert_allclose([found.east[cell], found.vertical[cell]], solved, rtol=1e-9)
        np.testing.assert_allclose([found.sigma_east[cell], found.sigma_vertical[cell]], spread, rtol=1e-9)


def test_what_northward_motion_does_is_what_it_says() -> None:
    seen = [los[1] * 10.0 for los in (ASCENDING, DESCENDING)]
    vertical, east = stack.north_error([ASCENDING, DESCENDING])
    found = stack.decompose(seen, [ASCENDING, DESCENDING])
    assert (10 * vertical, 10 * east) == (pytest.approx(found.vertical), pytest.approx(found.east))
    assert vertical == pytest.approx(-0.16, abs=0.01)


def test_lines_of_sight_that_are_nearly_the_same_end_in_a_sentence() -> None:
    with pytest.raises(InsarcastError, match=r"lines of sight of A and B are nearly the same \(9 degrees apart"):
        stack.decompose([1.0, 2.0], [line_of_sight(34, -12.6), line_of_sight(43.5, -12.6)], names=["A", "B"])
    with pytest.raises(InsarcastError, match="unit vectors"):
        stack.decompose([1.0, 2.0], [[0, 0, 2], [1, 0, 0]])
    with pytest.raises(InsarcastError, match="two lines of sight or more"):
        stack.decompose([1.0], [ASCENDING])
    with pytest.raises(InsarcastError, match=r"\(2, 3\)"):
        stack.decompose([1.0, 2.0], [[1, 0], [0, 1]])


def test_times_are_interpolated_inside_both_records_only() -> None:
    first = np.array(["2020-01-01", "2020-01-13", "2020-01-25", "2020-04-01", "2020-04-13"], "M8[D]")
    second = np.array(["2020-01-07", "2020-01-19", "2020-02-12", "2020-04-12", "2020-05-24"], "M8[D]")
    found = common_dates([second, np.sort([*first, np.datetime64("2020-04-05"), np.datetime64("2020-04-09")])], 24)
    # Those of the second, which has fewer; 12 February lies in a long step of the first, May after its end.
    assert [str(day) for day in found] == ["2020-01-07", "2020-01-19", "2020-04-12"]
    values = np.array([[0.0], [12.0], [24.0], [50.0], [62.0]])
    sigma, broken = np.full((5, 1), 2.0), np.zeros((5, 1), bool)
    level, spread, _ = at_dates(values, sigma, broken, first, found)
    np.testing.assert_allclose(level[:, 0], [6, 18, 61])
    np.testing.assert_allclose(spread[:2, 0], 2 * np.sqrt(0.5))
    broken[2] = True
    level, _, count = at_dates(values, sigma, broken, first, found)
    assert np.isnan(level[:, 0]).tolist() == [False, True, False], "nothing is known inside a bridged step"
    assert steps_bridged([count])[:, 0].tolist() == [False, False, True]


def test_the_most_common_velocity_is_that_of_stable_ground() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(1.5, 0.3, 300), rng.uniform(-80, 0, 600)])
    assert half_sample_mode(values) == pytest.approx(1.5, abs=0.3)


def scene(heading: float, incidence: float, start: str, pixel: float, rows: int, columns: int) -> Scene:
    calm = {"turbulence": 0, "stratified": 0, "stratified_seasonal": 0}
    return make_scene(
        {
            "area": {"rows": rows, "columns": columns, "pixel": pixel, "water": 0, "relief": 0},
            "acquisitions": {"count": 24, "heading": heading, "incidence": incidence, "start": start, "missing": 0, "gap": 0},
            "bowls": BOWLS, "troposphere": calm, "errors": {"dem": 0, "noise": False, "unwrapping": 0, "holes": 0},
        }
    )  # fmt: skip


def seen(ground: Scene, noise: float, seed: int) -> xr.Dataset:
    """What a perfect inversion would make of a scene: its displacement, and white noise of every later date."""
    shape = ground.displacement.shape
    sigma = np.broadcast_to(np.where(np.arange(shape[0]) > 0, noise, 0.0)[:, None, None], shape)
    values = ground.displacement + sigma * np.random.default_rng(seed).normal(size=shape)
    years = (ground.time - ground.time[0]).astype(float) / 365.25
    design = np.stack([np.ones(len(years)), years], axis=1)
    inverse = np.linalg.inv(design.T @ design)
    lines = np.tensordot(inverse @ design.T, values, 1)
    rest = values - np.tensordot(design, lines, 1)
    error = np.sqrt((rest**2).sum(axis=0) / (len(years) - 2) * inverse[1, 1])
    space = ("y", "x")
    transformer = Transformer.from_crs(ground.lattice.epsg, 4326, always_xy=True)
    lon, lat = transformer.transform(ground.lattice.x[4], ground.lattice.y[4])
    return xr.Dataset(
        {
            "displacement": (("time", *space), values.astype("f4"), {"units": "mm", "sign": "positive towards the satellite"}),
            "sigma": (("time", *space), sigma.astype("f4"), {"units": "mm"}),
            "filled": (("time", *space), np.zeros(shape, bool)),
            "mask": (space, np.ones(shape[1:], bool)),
            "velocity": (space, lines[1].astype("f4"), {"units": "mm yr-1"}),
            "velocity_sigma": (space, error.astype("f4"), {"units": "mm yr-1"}),
            "los": (("enu", *space), np.stack([np.broadcast_to(part, shape[1:]) for part in ground.look.enu])),
        },
        {"time": ground.time.astype("M8[ns]"), "y": ground.lattice.y, "x": ground.lattice.x},
        {"reference_lon": lon, "reference_lat": lat},
    ).rio.write_crs(ground.lattice.epsg)


def truth(ground: Scene, data: xr.Dataset) -> dict[str, np.ndarray]:
    """East, north and up in mm per mm of the bowls' centres, at the pixels of a result that shares the scene's."""
    rows = [int(np.abs(ground.lattice.y - y).argmin()) for y in data.y.values]
    cols = [int(np.abs(ground.lattice.x - x).argmin()) for x in data.x.values]
    years = (ground.time - ground.time[0]).astype(float) / 365.25
    found = {}
    for axis, name in enumerate(("east", "north", "up")):
        unit = [np.full(ground.shape, float(axis == each), "f4") for each in range(3)]
        patterns, _ = make_patterns(ground.lattice, type("Eye", (), {"enu": unit})(), ground.settings["bowls"])
        rates = [np.polyfit(years, course, 1)[0] for course in ground.courses]
        whole = sum(rate * pattern for rate, pattern in zip(rates, patterns, strict=True))
        found[name] = np.asarray(whole)[np.ix_(rows, cols)]
    return found


def run(folder: Path, cubes: dict[str, xr.Dataset], **changes: Any) -> tuple[xr.Dataset, dict[str, Any]]:
    for name, cube in cubes.items():
        write_store(cube, folder / f"{name}.zarr")
    paths = [folder / f"{name}.zarr" for name in cubes]
    stack.decompose_cubes(paths, folder / "d.zarr", folder / "d.json", list(cubes), SETTINGS | changes, "hash")
    return open_store(folder / "d.zarr").load(), json.loads((folder / "d.json").read_text())


@pytest.mark.parametrize(
    ("pixel", "rows", "columns"), [(80, 36, 40), (50, 60, 66)], ids=["the same pixels", "finer pixels of its own"]
)
def test_the_simulated_truth_comes_back_within_its_sigma(tmp_path: Path, pixel: float, rows: int, columns: int) -> None:
    up, down = scene(-12.6, 38.5, "2021-01-09", 80, 36, 40), scene(-167.4, 34.0, "2021-01-04", pixel, rows, columns)
    data, said = run(tmp_path, {"A": seen(up, 2.0, 1), "D": seen(down, 2.0, 2)})
    ground = truth(up, data)
    assert (data.y.values[0] - up.lattice.y[0]) % 80 == 0, "the coarser grid's own pixels"
    for name, part in (("vertical", "up"), ("east", "east")):
        error = data[f"velocity_{name}"].values - ground[part] - data[f"north_{name}"].values * ground["north"]
        score = error / data[f"velocity_{name}_sigma"].values
        assert 0.85 < np.nanstd(score) < 1.15
        # Zero at the reference, but for the noise of its nine pixels.
        assert abs(np.nanmean(error)) < 3 * np.nanmedian(data[f"velocity_{name}_sigma"].values) / 3
    # Without the correction for northward motion the error is what the record says.
    missed = data.velocity_vertical.values - ground["up"]
    assert np.nanmax(np.abs(missed)) > 8
    assert said["north"]["vertical"] == pytest.approx(-0.16, abs=0.02)
    assert said["reference"]["method"] == "first"
    years = (data.time.values - data.time.values[0]) / np.timedelta64(1, "D") / 365.25
    for name, part in (("vertical", "up"), ("east", "east")):
        wanted = years[:, None, None] * (ground[part] + data[f"north_{name}"].values * ground["north"])
        score = (data[name].values - wanted)[1:] / data[f"sigma_{name}"].values[1:]
        assert 0.8 < np.nanstd(score) < 1.2, "series too"
    assert (data.vertical.values[0] == 0).all()


def test_a_bridged_step_is_marked_and_nothing_is_known_inside(tmp_path: Path) -> None:
    up, down = (seen(scene(*look, 80, 16, 18), 0.5, 0) for look in ((-12.6, 38.5, "2021-01-09"), (-167.4, 34, "2021-01-04")))
    down.filled[10, 8:, 9:] = True
    data, _ = run(tmp_path, {"A": up, "D": down})
    lost = np.isnan(data.vertical.values).any(axis=(1, 2))
    assert lost.sum() == 1
    at = int(np.flatnonzero(lost)[0])
    assert np.isnan(data.vertical.values[at, 8:, 9:]).all()
    assert np.isfinite(data.vertical.values[at, :8]).all()
    assert data.filled.values[at + 1, 8:, 9:].all() or data.filled.values[at, 8:, 9:].all()
    assert data.filled.values[:, :8].sum() == 0


def test_records_that_never_meet_still_have_velocities(tmp_path: Path) -> None:
    up, down = (
        seen(scene(-12.6, 38.5, "2021-01-09", 80, 16, 18), 0.5, 0),
        seen(scene(-167.4, 34, "2023-01-04", 80, 16, 18), 0.5, 1),
    )
    data, said = run(tmp_path, {"A": up, "D": down})
    assert "vertical" not in data
    assert np.isfinite(data.velocity_vertical.values).all()
    assert "There are no series" in " ".join(said["sentences"])


def test_what_cannot_be_joined_is_a_sentence(tmp_path: Path) -> None:
    up, down = (
        seen(scene(-12.6, 38.5, "2021-01-09", 80, 16, 18), 0.5, 0),
        seen(scene(-167.4, 34, "2021-01-04", 80, 16, 18), 0.5, 1),
    )
    with pytest.raises(InsarcastError, match="no area in common"):
        run(tmp_path, {"A": up, "D": down.assign_coords(x=down.x + 1e5)})
    with pytest.raises(InsarcastError, match="nearly the same"):
        run(tmp_path, {"A": up, "D": up})
    with pytest.raises(InsarcastError, match="does not know its line of sight"):
        run(tmp_path, {"A": up, "D": down.drop_vars("los")})
    with pytest.raises(InsarcastError, match=r"decompose.reference is \[0, 0\]"):
        run(tmp_path, {"A": up, "D": down}, reference=[0, 0])


def test_same_cubes_same_bytes(tmp_path: Path) -> None:
    up, down = (
        seen(scene(-12.6, 38.5, "2021-01-09", 80, 16, 18), 0.5, 0),
        seen(scene(-167.4, 34, "2021-01-04", 50, 26, 30), 0.5, 1),
    )
    kept = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(tmp_path / name, {"A": up, "D": down})
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        kept.append([(str(path.relative_to(tmp_path / name)), path.read_bytes()) for path in files])
    assert kept[0] == kept[1]


@pytest.fixture(scope="module")
def donana(tmp_path_factory: pytest.TempPathFactory) -> dict[str, xr.Dataset]:
    """Both tracks of Doñana as cubes of points, read straight from the shapefiles."""
    if "INSARCAST_DATA" not in os.environ:
        pytest.skip("INSARCAST_DATA is not set: the series of Doñana are there")
    import geopandas

    cubes = {}
    for name in ("Asc", "Desc"):
        table = geopandas.read_file(Path(os.environ["INSARCAST_DATA"]) / f"donana/shapefiles/Sentinel_{name}.shp")
        columns = [column for column in table if column.startswith("D2")]
        time = np.array([f"{c[1:5]}-{c[5:7]}-{c[7:]}" for c in columns], "M8[ns]")
        values = table[columns].to_numpy().T * 10
        years = (time - time[0]) / np.timedelta64(1, "D") / 365.25
        slope, _ = np.polyfit(years, values, 1)
        rest = values - np.polyval(np.polyfit(years, values, 1)[:, None, :], years[:, None]).reshape(values.shape)
        error = np.sqrt((rest**2).sum(0) / (len(years) - 2) / ((years - years.mean()) ** 2).sum())
        x, y = Transformer.from_crs(4326, 25830, always_xy=True).transform(table.Lon, table.Lat)
        cubes[name] = xr.Dataset(
            {
                "displacement": (
                    ("time", "point"),
                    values.astype("f4"),
                    {"units": "mm", "sign": "positive towards the satellite"},
                ),
                "mask": ("point", np.ones(len(table), bool)),
                "velocity": ("point", slope.astype("f4"), {"units": "mm yr-1"}),
                "velocity_sigma": ("point", error.astype("f4"), {"units": "mm yr-1"}),
                "los": (("enu", "point"), np.stack([-table.cosE, table.cosN, table.cosU]).astype("f4")),
            },
            {"time": time, "x": ("point", x), "y": ("point", y), "lon": ("point", table.Lon), "lat": ("point", table.Lat)},
            {"crs": "EPSG:25830"},
        )
    return cubes


@pytest.mark.parametrize("resolution", [None, 150])
def test_donana_sinks_and_hardly_moves_sideways(tmp_path: Path, donana: dict[str, xr.Dataset], resolution: float | None) -> None:
    """The two tracks see the same subsidence: what one predicts of the other from the vertical alone fits better than without it."""
    data, said = run(tmp_path, donana, resolution=resolution)
    assert said["kind"] == ("points" if resolution is None else "cells")
    assert data.sizes["point"] > 150
    vertical, east = data.velocity_vertical.values, data.velocity_east.values
    assert np.percentile(vertical, 1) < -6, "the aquifer's compaction"
    fast = vertical < -4
    assert np.abs(np.median(east[fast])) < 0.5 * np.abs(np.median(vertical[fast]))
    # The zero of the products differs by 3 mm/yr; without a common one that would be an eastward motion of 2.5 mm/yr everywhere.
    rates = said["reference"]["velocity_before"]
    assert abs(rates[0] - rates[1]) > 2
    assert abs(np.median(east)) < 1
    slope = np.polyfit((data.time.values - data.time.values[0]) / np.timedelta64(1, "D") / 365.25, data.vertical.values, 1)[0]
    assert np.abs(slope - vertical).max() < 1, "series and velocities agree"
