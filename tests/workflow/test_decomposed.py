"""Two simulated tracks over the same bowl, through every rule: vertical and east-west motion, held against GNSS, on the page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from flow import snakemake

from insarcast.core import open_store

BOWL = {"kind": "steady", "rate": -120, "place": [0.5, 0.5], "radius": 500, "horizontal": 0.3}
SEEN = {"A": (-12.6, 38.5, "2021-01-09"), "D": (-167.4, 34.0, "2021-01-04")}
STUDY: dict[str, Any] = {
    "gnss": {"folder": "gnss", "files": ["*.csv"], "window": 1},
    "decompose": {"cubes": ["A", "D"]},
    "forecast": {"models": ["linear"], "origins": 0, "horizons": 1},
    "cluster": {"method": "none"},
}
CALM = {
    "troposphere": {"turbulence": 0.5, "stratified": 0, "stratified_seasonal": 0},
    "errors": {"unwrapping": 0, "holes": 0, "dem": 0},
}
WEST, SOUTH = -119.6, 36.2


def scene(name: str) -> dict[str, Any]:
    heading, incidence, start = SEEN[name]
    return {
        "area": {"rows": 20, "columns": 22, "water": 0, "relief": 0, "vegetation": 0},
        "acquisitions": {"count": 9, "lags": [1, 2], "annual": False, "missing": 0, "lost": 0, "gap": 0, "extent": 0,
                         "heading": heading, "incidence": incidence, "start": start},
        "bowls": [BOWL], **CALM,
    }  # fmt: skip


def write_gnss(folder: Path) -> None:
    """A station at the bowl's centre, which only sinks, and one at the edge; both drift east with their plate."""
    folder.mkdir()
    days = pd.date_range("2021-01-01", "2021-06-01", freq="2D")
    years = np.asarray((days - pd.Timestamp("2021-01-09")).days) / 365.25
    for name, rate, lon, lat in (("MIDD", -120, WEST, SOUTH), ("EDGE", 0, WEST - 0.008, SOUTH + 0.006)):
        table = pd.DataFrame(
            {"station": name, "date": days.strftime("%Y-%m-%d"), "east_m": 0.020 * years, "north_m": 0.0, "up_m": rate / 1000 * years,
             "lon": lon, "lat": lat}
        )  # fmt: skip
        table.to_csv(folder / f"{name}.csv", index=False)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decomposed")
    write_gnss(folder / "gnss")
    study = STUDY | {"cubes": {name: {"source": "simulate", "simulate": scene(name)} for name in SEEN}}
    (folder / "two.yaml").write_text(yaml.safe_dump(study))
    run = snakemake(folder, "two", study_file=folder / "two.yaml", data_root=folder)
    assert run.code == 0, run.text
    return folder


def test_the_bowl_sinks_and_closes_in_on_its_centre(done: Path) -> None:
    data = open_store(done / "results/two/stack/decomposed.zarr").load()
    east, vertical = data.velocity_east.values, data.velocity_vertical.values
    row, col = np.unravel_index(np.nanargmin(vertical), vertical.shape)
    assert vertical[row, col] == pytest.approx(-120, abs=12)
    assert (abs(row - 9.5), abs(col - 10.5)) <= (2, 2)
    middle = slice(row - 1, row + 2)
    assert np.nanmean(east[middle, col - 3 : col]) > 10, "west of the centre the ground moves east"
    assert np.nanmean(east[middle, col + 1 : col + 4]) < -10
    said = json.loads((done / "results/two/stack/decomposed.json").read_text())
    assert [cube["direction"] for cube in said["cubes"]] == ["ascending", "descending"]


def test_gnss_sees_the_same(done: Path) -> None:
    said = json.loads((done / "results/two/evaluate/decomposed_gnss.json").read_text())
    parts = {item["component"]: item for item in said["comparisons"]}
    assert set(parts) == {"vertical", "east"}
    assert abs(abs(parts["vertical"]["velocity_gnss"]) - 120) < 1
    assert abs(parts["vertical"]["velocity_difference"]) < 4 * parts["vertical"]["velocity_difference_sigma"] + 10
    assert abs(parts["east"]["velocity_gnss"]) < 0.1, "the plate's motion is in both stations"


def test_it_is_on_the_page_and_in_the_maps(done: Path) -> None:
    page = (done / "results/two/report/index.html").read_text()
    for words in (
        "Vertical and east-west",
        "F27",
        "F28",
        "F29",
        "decomposed_places.csv",
        "The fastest vertical motion: the ground sinks",
    ):
        assert words in page, words
    maps = {path.name for path in (done / "results/two/report/maps").iterdir()}
    assert {"velocity_vertical.tif", "velocity_vertical.qml", "velocity_east.tif", "displacement_vertical.tif"} <= maps
    assert "down (subsidence)" in (done / "results/two/report/maps/velocity_vertical.qml").read_text()
    headline = pd.read_csv(done / "results/two/report/tables/headline.csv")
    assert (headline["cube"] == "decomposed").any()


def test_a_study_without_the_key_has_no_such_job(done: Path, tmp_path: Path) -> None:
    study = yaml.safe_load((done / "two.yaml").read_text())
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(study | {"decompose": {}}))
    run = snakemake(tmp_path, "two", options=["-n"], study_file=tmp_path / "two.yaml", data_root=done)
    assert run.code == 0, run.text
    assert "compare_gnss" in run.text
    assert "decompose_cubes" not in run.text
    assert "draw_decomposed" not in run.text
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(study | {"decompose": {"cubes": ["A", "B"]}}))
    run = snakemake(tmp_path, "two", options=["-n"], study_file=tmp_path / "two.yaml")
    run.failed_plainly("decompose.cubes names 'B'", "it has A, D")


def test_points_are_compared_too(tmp_path: Path) -> None:
    """A ready series around a station: the comparison is made where the study names GNSS, and is on the page."""
    write_gnss(tmp_path / "gnss")
    days = pd.date_range("2021-01-09", periods=30, freq="6D")
    years = np.asarray((days - days[0]).days) / 365.25
    rng = np.random.default_rng(0)
    spots = [(WEST + 0.0004 * i, SOUTH + 0.0003 * j, -92.0) for i in range(4) for j in range(4)]
    spots += [(WEST - 0.008 + 0.0004 * i, SOUTH + 0.006 + 0.0003 * j, 0.0) for i in range(3) for j in range(3)]
    table = pd.DataFrame({"pid": [f"P{k}" for k in range(len(spots))], "longitude": [s[0] for s in spots], "latitude": [s[1] for s in spots],
                          "le": -0.6, "ln": -0.14, "lu": 0.7877})  # fmt: skip
    series = {
        day.strftime("%Y%m%d"): [rate * y + rng.normal(0, 1) for *_, rate in spots] for day, y in zip(days, years, strict=True)
    }
    (tmp_path / "points").mkdir()
    pd.concat([table, pd.DataFrame(series)], axis=1).to_csv(tmp_path / "points/p.csv", index=False)
    columns = {"los_east": "le", "los_north": "ln", "los_up": "lu"}
    cube = {
        "source": "points",
        "products": {"folder": "points"},
        "series": {"files": ["p.csv"], "units": "mm", "columns": columns},
    }
    (tmp_path / "pts.yaml").write_text(yaml.safe_dump({"cubes": {"P": cube}, "gnss": STUDY["gnss"] | {"radius": 60}}))
    run = snakemake(tmp_path, "results/pts/P/evaluate/gnss.json", study_file=tmp_path / "pts.yaml", data_root=tmp_path)
    assert run.code == 0, run.text
    (one,) = json.loads((tmp_path / "results/pts/P/evaluate/gnss.json").read_text())["comparisons"]
    assert abs(one["velocity_insar"]) == pytest.approx(92, abs=4)
    assert abs(one["velocity_gnss"]) == pytest.approx(120 * 0.7877, abs=1)
    assert one["velocity_insar_sigma"] > 0
    plan = snakemake(tmp_path, "pts", options=["-n"], study_file=tmp_path / "pts.yaml", data_root=tmp_path)
    assert "draw_gnss" in plan.text
