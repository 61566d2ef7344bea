"""What a mistake or a broken input gets: one sentence, and no traceback anywhere in what a person sees."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import yaml
from flow import snakemake
from products import write_products, write_study

PRODUCTS = {
    "unwrapped": "unw/{date1}_{date2}.tif",
    "coherence": "coh/{date1}_{date2}.tif",
    "dem": "dem.tif",
    "baselines": "baselines.csv",
}

# Cube -> further keys of the study, and what its sentence must say. All fail in one run: --keep-going.
FAULTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "missing": ({}, ["There is no folder missing", "products.folder", "under the data root"]),
    "header": ({}, ["header/unw/20200116_20200128.tif is no raster that can be opened", "products.exclude"]),
    "truncated": ({}, ["truncated/unw/20200116_20200128.tif is broken or truncated", "products.bad_file"]),
    "other_crs": ({}, ["other_crs/unw/20200116_20200128.tif is on EPSG:32614, the others are on EPSG:4326"]),
    "empty": ({}, ["empty/unw/20200116_20200128.tif holds nothing but nodata"]),
    "two": ({}, ["holds 2 usable dates", "at least three"]),
    "apart": ({}, ["2 separate networks", "20200104 to 20200128", "stack.network.bridge"]),
    "open": ({}, ["close no triplet", "stack.closure.required"]),
    "masked": ({"stack": {"mask": {"thresholds": {"temporal_coherence": 2}}}}, ["Every pixel is masked", "temporal_coherence"]),
}


def spoil(path: Path, how: str) -> None:
    if how == "header":
        path.write_bytes(path.read_bytes()[:6])
    elif how == "truncated":
        copy = path.with_suffix(".copy")
        rasterio.shutil.copy(path, copy, driver="GTiff")  # the directory before the pixels, so that it still opens
        path.write_bytes(copy.read_bytes()[:-500])
        copy.unlink()
    elif how == "other_crs":
        with rasterio.open(path, "r+") as file:
            file.crs = "EPSG:32614"
    elif how == "empty":
        with rasterio.open(path, "r+") as file:
            file.write(np.zeros(file.shape, np.float32), 1)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with one folder of good products, ``area``."""
    folder = tmp_path_factory.mktemp("root")
    write_products(folder / "area", 6)
    return folder


def test_every_fault_has_one_sentence_and_no_traceback(root: Path, tmp_path: Path) -> None:
    """One run of a study in which every cube has a fault of its own."""
    for name in ("header", "truncated", "other_crs", "empty", "masked"):
        truth = write_products(root / name, 6)
        first, second = truth.pairs[3]
        spoil(root / f"{name}/unw/{first}_{second}.tif", name)
    write_products(root / "two", 2)
    write_products(root / "apart", 6, pairs=[(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)])
    write_products(root / "open", 6, pairs=[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)])
    cubes = {name: {"source": "geotiff", "products": {"folder": name, **PRODUCTS}, **keys} for name, (keys, _) in FAULTS.items()}
    (tmp_path / "bad.yaml").write_text(yaml.safe_dump({"cubes": cubes}))
    targets = [f"results/bad/{name}/stack/full/cube.zarr" for name in FAULTS]
    run = snakemake(tmp_path, *targets, options=["-c2", "--keep-going"], study_file=tmp_path / "bad.yaml", data_root=root)
    assert run.code != 0
    assert "Traceback" not in run.text, run.text
    assert len(run.sentences) == len(FAULTS), "\n".join(run.sentences)
    assert all(sentence.endswith(".") for sentence in run.sentences), run.sentences
    said_again = run.text.split("What went wrong:")[1]  # where a person looks: at the end
    for name, (_, parts) in FAULTS.items():
        fitting = [sentence for sentence in run.sentences if all(part in sentence for part in parts)]
        assert len(fitting) == 1, (name, run.sentences)
        assert fitting[0] in said_again


@pytest.mark.parametrize(
    ("name", "keys", "parts"),
    [
        ("misspelt", {"forcast": {"origins": 2}}, ["misspelt.yaml", "unknown key 'forcast'", "did you mean 'forecast'?"]),
        ("wrong_type", {"forecast": {"horizons": "three"}}, ["'forecast.horizons' is 'three'", "integer"]),
        ("many", {"forecast": {"origins": 9}}, ["forecast.origins asks for 9 test dates", "6 dates"]),
        ("oracle", {"forecast": {"models": ["crystal_ball"]}}, ["'crystal_ball'", "persistence"]),
    ],
)
def test_a_wrong_key_of_the_study(tmp_path: Path, root: Path, name: str, keys: dict[str, Any], parts: list[str]) -> None:
    study = write_study(tmp_path / f"{name}.yaml", "area", **keys)
    run = snakemake(tmp_path, f"results/{name}/A/evaluate/scores.parquet", study_file=study, data_root=root)
    run.failed_plainly(*parts)


def test_a_study_that_is_no_yaml(tmp_path: Path) -> None:
    study = tmp_path / "syntax.yaml"
    study.write_text("cubes: [\n a: b")
    snakemake(tmp_path, "syntax", study_file=study).failed_plainly(f"{study} is no valid YAML: line 2, column")


def test_a_study_named_like_a_rule(tmp_path: Path, root: Path) -> None:
    study = write_study(tmp_path / "invert_network.yaml", "area")
    run = snakemake(tmp_path, "invert_network", study_file=study, data_root=root)
    run.failed_plainly("invert_network.yaml", "named like a rule of the workflow")


def test_an_unknown_config_key_and_a_missing_study_file(tmp_path: Path) -> None:
    snakemake(tmp_path, options=["-n"], colour="red").failed_plainly("unknown config key 'colour'", "data_root")
    snakemake(tmp_path, options=["-n"], study_file="none.yaml").failed_plainly("no study file none.yaml")


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A working directory whose ``results`` is a small filesystem of its own, mounted with the given options."""
    place = tmp_path / "results"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no small filesystem can be mounted here: {done.stderr.strip()}")
    try:
        if request.param:
            subprocess.run(["mount", "-o", f"remount,{request.param}", str(place)], check=True)
        yield tmp_path
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("disk", [""], indirect=True, ids=["full"])
def test_a_full_filesystem(disk: Path, root: Path) -> None:
    study = write_study(disk / "tiny.yaml", "area")
    run = snakemake(disk, "results/tiny/A/stack/full/cube.zarr", study_file=study, data_root=root)
    run.failed_plainly("no space left on the disk of results/tiny/A/stack", "run again")


@pytest.mark.parametrize("disk", ["ro"], indirect=True, ids=["read-only"])
def test_a_read_only_filesystem(disk: Path, root: Path) -> None:
    study = write_study(disk / "tiny.yaml", "area")
    run = snakemake(disk, "results/tiny/A/stack/full/cube.zarr", study_file=study, data_root=root)
    assert run.code != 0
    assert "Read-only file system: 'results/tiny'" in run.text  # Snakemake's own sentence: it makes the folder
    assert "Traceback" not in run.text, run.text
