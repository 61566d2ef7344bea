"""A study with an area, as a file under the data root: its sentences, the cut grid, and a file that changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from flow import snakemake

from insarcast.core import open_store, read_manifest

STUDY: dict[str, Any] = {
    "area": "places/bowl.geojson",
    "cubes": {
        "A": {
            "source": "simulate",
            "simulate": {
                "area": {"rows": 40, "columns": 44, "lon": -99.1, "lat": 19.4},
                "acquisitions": {"count": 12, "lags": [1, 2]},
                "bowls": [{"kind": "steady", "rate": -90, "place": [0.5, 0.5], "radius": 700}],
            },
        }
    },
    "forecast": {"origins": 0},
}
PLACE = Path("results/place/A")
CUBE = str(PLACE / "stack/full/cube.zarr")


def draw(path: Path, west: float, south: float, east: float, north: float) -> None:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("area")


def test_a_study_of_an_area(folder: Path) -> None:
    (folder / "place.yaml").write_text(yaml.safe_dump(STUDY))
    said = snakemake(folder, CUBE, study_file=folder / "place.yaml").failed_plainly("places/bowl.geojson", "data root")
    assert "no data root is set" in said
    root = {"study_file": folder / "place.yaml", "data_root": folder / "root"}
    snakemake(folder, CUBE, **root).failed_plainly("There is no file places/bowl.geojson under the data root")
    draw(folder / "root/places/bowl.geojson", -50, 19.40, -49.99, 19.41)
    snakemake(folder, CUBE, **root).failed_plainly("lies outside of the products, which cover [-99.1")
    draw(folder / "root/places/bowl.geojson", -99.112, 19.389, -99.088, 19.411)
    run = snakemake(folder, CUBE, **root)
    assert run.code == 0, run.text
    assert read_manifest(folder / PLACE / "acquire/manifest.json").area == [-99.112, 19.389, -99.088, 19.411]
    sizes = open_store(folder / CUBE).sizes
    assert 28 <= sizes["y"] <= 36
    assert 28 <= sizes["x"] <= 38


def test_a_changed_file_is_another_grid(folder: Path) -> None:
    root = {"study_file": folder / "place.yaml", "data_root": folder / "root"}
    assert "Nothing to be done" in snakemake(folder, CUBE, options=("-n",), **root).text
    before = open_store(folder / CUBE).sizes
    draw(folder / "root/places/bowl.geojson", -99.108, 19.389, -99.092, 19.411)
    run = snakemake(folder, CUBE, **root)
    assert run.code == 0, run.text
    after = open_store(folder / CUBE).sizes
    assert after["y"] == before["y"]
    assert 0 < after["x"] < before["x"]
    (folder / "place.yaml").write_text(yaml.safe_dump(STUDY | {"stack": {"crop": False}}))
    run = snakemake(folder, CUBE, **root)
    assert run.code == 0, run.text
    assert dict(open_store(folder / CUBE).sizes) | {"y": 40, "x": 44} == dict(open_store(folder / CUBE).sizes)
