"""A ready series on a grid through every rule, as GeoTIFFs, to the page; other formats differ in how they are read alone."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from flow import snakemake
from products import bowl
from products_ready import Ready, make_ready
from rasters import write_bands

from insarcast.core import open_cube, read_manifest

STUDY: dict[str, Any] = {
    "cubes": {
        "files": {
            "source": "rasters",
            "products": {"folder": "tif", "incidence": 39.0, "heading": -12.0, "bad_file": "skip"},
            "series": {"files": ["disp_{date}.tif"], "units": "m", "layers": {"mask": "mask.tif"}},
        },
    },
    "cluster": {"method": "none"},
    "forecast": {"models": ["linear"], "origins": 2, "horizons": 2},
}
PLACE = Path("results/grids")


def sinking(heading: float, seed: int) -> Ready:
    """A bowl that sinks fast enough to be forecast through its noise."""
    ready = make_ready(14, 24, 32, heading=heading, seed=seed)
    return replace(ready, displacement=ready.displacement + bowl(ready.dates, 24, 32, -400))


def write_tif(folder: Path, ready: Ready) -> None:
    """One GeoTIFF per date in metres, with a gap on one of them, a file that is none, and a mask."""
    where = {"crs": ready.crs, "profile": {"transform": ready.transform}}
    values = (ready.displacement / 1000).astype(np.float32)
    values[4, 5:9, 5:9] = np.nan
    for date, layer in zip(ready.dates, values, strict=True):
        write_bands(folder / f"disp_{date}.tif", layer, units="m", **where)
    (folder / "disp_20300101.tif").write_bytes(b"nothing")
    use = np.isfinite(ready.displacement[0]).astype(np.uint8)
    use[10:12, 12:15] = 0
    write_bands(folder / "mask.tif", use, **where | {"nodata": None})


@pytest.fixture(scope="module")
def ready() -> Ready:
    return sinking(-12.0, 0)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, ready: Ready) -> Path:
    folder = tmp_path_factory.mktemp("root")
    write_tif(folder / "tif", ready)
    return folder


@pytest.fixture(scope="module")
def done(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the study was run once, on two cores."""
    folder = tmp_path_factory.mktemp("grids")
    (folder / "grids.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))
    run = snakemake(folder, "grids", study_file=folder / "grids.yaml", data_root=root)
    assert run.code == 0, run.text
    return folder


def test_the_cube_is_what_the_files_hold(done: Path, ready: Ready) -> None:
    manifest = read_manifest(done / PLACE / "files/acquire/manifest.json")
    assert manifest.dates == ready.dates  # so that a number of origins needs no more than the manifest
    assert [entry["name"] for entry in manifest.skipped] == ["disp_20300101.tif"]
    cube = open_cube(done / PLACE / "files/stack/full/cube.zarr").load()
    hole = np.zeros(cube.displacement.shape, bool)
    hole[4, 5:9, 5:9] = True
    np.testing.assert_allclose(cube.displacement.values[~hole], ready.displacement[~hole], atol=2e-5)
    assert (cube.filled.values.any((1, 2)).nonzero()[0].tolist(), int(cube.filled.values.sum())) == ([4, 5], 32)
    assert not cube.mask.values[10:12, 12:15].any()
    assert not (done / PLACE / "files/stack/ifgs.zarr").exists()


def test_a_vintage_is_the_dates_up_to_its_last(done: Path, ready: Ready) -> None:
    full = open_cube(done / PLACE / "files/stack/full/cube.zarr").load()
    vintages = sorted((done / PLACE / "files/stack").glob("asof-*"))
    assert [path.name for path in vintages] == [f"asof-{date}" for date in ready.dates[-3:-1]]
    past = open_cube(vintages[0] / "cube.zarr").load()
    np.testing.assert_array_equal(past.displacement.values, full.displacement.values[: past.sizes["time"]])


def test_forecasts_are_scored_over_what_was_measured(done: Path) -> None:
    scores = pd.read_parquet(done / PLACE / "files/evaluate/scores.parquet")
    whole = scores[(scores.velocity_class == "all") & (scores.origin == "all")]
    assert whole.model.iloc[0] == "persistence"
    used = int(open_cube(done / PLACE / "files/stack/full/cube.zarr").mask.values.sum())
    assert whole.set_index(["model", "horizon"]).loc["linear", "n"].tolist() == [2 * used, used]
    assert (whole[whole.model == "linear"].skill > 0.2).all(), "the ground sinks steadily"


def test_the_page_says_what_such_a_cube_is(done: Path) -> None:
    page = (done / PLACE / "report/index.html").read_text()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for words in (
        "retrospective: the product may have seen later dates",
        "These scores are retrospective: the product behind them (a series of GeoTIFFs)",
        "was inverted by other software (a series of GeoTIFFs)",
        "does not say where it is zero; its own reference is kept",
        "miss some dates; between their values they are bridged by straight lines",
        "The product gives no standard deviation of the displacement, and none is made up for it.",
        "made from the product&#39;s dates up to that date",
        "the product&#39;s own mask",
        "disp_20300101.tif",
    ):
        assert words in text, words
    for words in (
        "acquisitions up to that date only",
        "passed the gates",
        "too few interferograms",
        "standard deviation as a band",
    ):
        assert words not in text, words
    figures = sorted(path.name for path in (done / PLACE / "files/report/figures").glob("*.json"))
    assert not [name for name in figures if name.startswith(("F11", "F12", "F13"))]
    for name in ("F11", "F12", "F13", "F23"):
        assert f">{name}</span>" not in page, name
    for name in ("F1", "F2", "F3", "F14", "F31"):
        assert f">{name}</span>" in page, name
    record = json.loads((done / PLACE / "files/stack/displacement.json").read_text())
    assert record["evaluation"] == "retrospective"
    assert str(root) not in json.dumps(record)


def test_a_second_run_has_nothing_to_do_and_a_new_date_is_noticed(done: Path, root: Path, ready: Ready) -> None:
    run = snakemake(done, "grids", options=["-n"], study_file=done / "grids.yaml", data_root=root)
    assert run.code == 0
    assert "Nothing to be done" in run.text, run.text
    mask = root / "tif/mask.tif"
    before = mask.stat()
    os.utime(mask, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    run = snakemake(done, "grids", options=["-n"], study_file=done / "grids.yaml", data_root=root)
    os.utime(mask, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "Finding the products of files of grids" in run.text, run.text
