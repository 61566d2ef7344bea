"""Corrections through Snakemake: in the DAG only where a study asks, and a moved reference inverts nothing again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import yaml
from affine import Affine
from flow import snakemake

from insarcast.acquire import make_scene
from insarcast.core import open_cube, open_store

SCENE = {
    "area": {"rows": 24, "columns": 28, "water": 0.05, "relief": 400},
    "acquisitions": {"count": 12, "lags": [1, 2]},
    "bowls": [{"kind": "steady", "rate": -150, "place": [0.4, 0.4], "radius": 500}],
    "troposphere": {"stratified": 15},
}
STACK = {
    "troposphere": {"method": "gacos", "folder": "air", "missing": "keep", "height": "linear"},
    "deramp": {"surface": "plane", "force": True},
    "reference": {"move": {"lon": -119.6, "lat": 36.2}},
}
PLACE = Path("results/corrected/A/stack/full")
CUBE = str(PLACE / "cube.zarr")


def write(folder: Path, **changes: Any) -> Path:
    """The study with some keys of its stack changed."""
    stack = {key: value | changes.get(key, {}) for key, value in STACK.items()} if changes.pop("on", True) else {}
    study = {"cubes": {"A": {"source": "simulate", "simulate": SCENE}}, "stack": stack}
    path = folder / "corrected.yaml"
    path.write_text(yaml.safe_dump(study))
    return path


def test_corrections_reach_the_cube_and_nothing_is_inverted_again(tmp_path: Path) -> None:
    asked = {"study_file": write(tmp_path), "data_root": tmp_path}
    snakemake(tmp_path, CUBE, **asked).failed_plainly("There is no folder air", "stack.troposphere.folder", "under the data root")
    write_air(tmp_path / "air", all_days()[:-1])
    run = snakemake(tmp_path, CUBE, **asked)
    assert run.code == 0, run.text
    cube, inversion = open_cube(tmp_path / CUBE).load(), open_store(tmp_path / PLACE / "inversion.zarr").load()
    record = json.loads((tmp_path / PLACE / "corrections.json").read_text())
    assert [step["step"] for step in record["steps"]] == ["gacos", "height", "deramp", "reference"]
    assert cube.attrs["corrections_missing"] == record["dates"][-1:]
    assert "reference moved from" in cube.attrs["corrections"]
    row, col = cube.attrs["reference_row"], cube.attrs["reference_col"]
    assert (row, col) != (inversion.attrs["reference_row"], inversion.attrs["reference_col"])
    window = cube.displacement.values[:, row - 1 : row + 2, col - 1 : col + 2]
    np.testing.assert_allclose(np.nanmean(window, (1, 2)), 0, atol=1e-4)
    np.testing.assert_array_equal(np.isnan(cube.displacement), np.isnan(inversion.displacement))

    write(tmp_path, reference={"move": None}, troposphere={"missing": "stop"})
    snakemake(tmp_path, CUBE, **asked).failed_plainly("1 of ", f"have no delay of gacos: {record['dates'][-1]}")
    write_air(tmp_path / "air", all_days())
    run = snakemake(tmp_path, CUBE, **asked)
    assert run.code == 0, run.text
    assert ran(run.text) == {"find_delays", "estimate_corrections", "build_cube"}
    assert open_cube(tmp_path / CUBE).attrs["reference_row"] == inversion.attrs["reference_row"]

    write(tmp_path, on=False)
    plain = snakemake(tmp_path, CUBE, options=["-n"], **asked)
    assert plain.code == 0, plain.text
    assert "estimate_corrections" not in plain.text
    assert "build_cube" in plain.text


def all_days() -> list[str]:
    """The dates of the scene."""
    return [f"{day:%Y%m%d}" for day in make_scene(SCENE).dates]


def ran(text: str) -> set[str]:
    import re

    return set(re.findall(r"Finished jobid: \d+ \(Rule: (\w+)\)", text))


def write_air(folder: Path, dates: list[str]) -> None:
    """Zenith delays on a lattice of degrees over the scene."""
    folder.mkdir(exist_ok=True)
    place = Affine(0.005, 0, -119.7, 0, -0.005, 36.3)
    for number, date in enumerate(dates):
        x = np.arange(40, dtype=np.float32)[None, :]
        with rasterio.open(
            folder / f"{date}.ztd.tif",
            "w",
            driver="GTiff",
            dtype="float32",
            count=1,
            height=40,
            width=40,
            crs=4326,
            transform=place,
        ) as file:
            file.write(np.broadcast_to(2.4 + 0.001 * (number % 3) * x, (40, 40)).astype(np.float32), 1)
