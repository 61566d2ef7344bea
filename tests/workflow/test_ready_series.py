"""Ready series through every rule: a small csv of the European Ground Motion Service, two releases joined, to the page."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import yaml
from flow import files, interrupt, snakemake

from insarcast.core import InsarcastError, Study, open_cube, open_store
from insarcast.forecast import backtest_series

DATES = 60
STUDY: dict[str, Any] = {
    "cubes": {"T1": {"source": "egms", "products": {"folder": "egms"}}},
    "forecast": {"models": ["linear", "ses"]},
    "backtest": {"dates": 50, "horizons": 3, "batches": 2, "complete": False},
    "evaluate": {"velocity_classes": [5, 20]},
}
PLACE = Path("results/points/T1")


def write_csv(path: Path, points: int = 48) -> None:
    """Points in a sinking bowl with 2 mm of noise; a third ends where an older release does, a third starts with the newer one."""
    rng = np.random.default_rng(0)
    dates = pd.date_range("2020-01-04", periods=DATES, freq="12D")
    years = np.arange(DATES) * 12 / 365.25
    lon, lat = 17 + rng.uniform(0, 0.03, points), 51.1 + rng.uniform(0, 0.02, points)
    rate = -40 * np.exp(-(((lon - 17.01) / 0.008) ** 2) - ((lat - 51.11) / 0.006) ** 2)
    values = rate[:, None] * years + rng.normal(0, 2, (points, DATES))
    values[: points // 3, 32:] = np.nan
    values[points // 3 : points // 2, :12] = np.nan
    values[points // 2 :, 32:] += rng.normal(0, 6, (points - points // 2, 1))
    table = pd.DataFrame(np.round(values, 1), columns=[f"{date:%Y%m%d}" for date in dates])
    places = pd.DataFrame(
        {
            "pid": [f"p{index:03d}" for index in range(points)],
            "latitude": lat.round(6),
            "longitude": lon.round(6),
            "height": 120.0,
            "rmse": 2.0,
            "temporal_coherence": 0.9,
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.concat([places, table], axis=1).to_csv(path, index=False)


def write(path: Path, **changes: Any) -> Path:
    path.write_text(yaml.safe_dump(STUDY | changes, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("root")
    write_csv(folder / "egms/EGMS_L2b_022_0770_IW1_VV_2020_2022.csv")
    return folder


@pytest.fixture(scope="module")
def done(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the study was run once, on two cores."""
    folder = tmp_path_factory.mktemp("series")
    run = snakemake(folder, "points", study_file=write(folder / "points.yaml"), data_root=root)
    assert run.code == 0, run.text
    return folder


def test_the_join_is_found_and_not_scored(done: Path) -> None:
    record = json.loads((done / PLACE / "stack/full/series.json").read_text())
    assert len(record["joins"]) == 1, record["joins"]
    cube = open_cube(done / PLACE / "stack/full/series.zarr").load()
    assert cube.jump.values.any(axis=0).sum() >= 20
    assert set(np.flatnonzero(cube.jump.values.any(axis=1))) == {32}
    store = open_store(done / PLACE / "combine/series/ses.zarr").load()
    crossed = store.target_time.values[0, -1] >= cube.time.values[32]
    assert crossed or store.origin.values[0] >= cube.time.values[31]


def test_every_model_is_scored_persistence_first(done: Path) -> None:
    scores = pd.read_parquet(done / PLACE / "evaluate/series.parquet")
    assert list(dict.fromkeys(scores.model)) == ["persistence", *STUDY["forecast"]["models"], "auto", "stacking"]
    whole = scores[(scores.velocity_class == "all") & (scores.cluster == "all") & (scores.noise_class == "all")]
    found = whole.set_index(["model", "horizon"])
    assert found.loc[("persistence", 3), "skill"] == 0
    assert found.loc[("linear", 3), "skill"] > 0.2, "the ground sinks steadily"
    assert found.loc[("auto", 3), "skill"] > 0.2
    assert 0.75 < found.loc[("auto", 1), "coverage90"] < 0.99
    assert {"below 5", "5 to 20"} <= set(scores.velocity_class)
    assert "1" in set(scores.cluster)


def test_the_page_and_the_map_are_there(done: Path) -> None:
    page = (done / "results/points/report/index.html").read_text()
    for words in ("retrospectively", "Two releases of the product seem to meet", "automatic choice", "F22"):
        assert words in page, words
    points = gpd.read_file(done / PLACE / "report/maps/points.gpkg")
    assert len(points) == 48
    assert (done / PLACE / "report/maps/points.qml").exists()


def test_a_second_run_has_nothing_to_do(done: Path, root: Path) -> None:
    run = snakemake(done, "points", options=["-n"], study_file=done / "points.yaml", data_root=root)
    assert run.code == 0
    assert "Nothing to be done" in run.text, run.text


def test_the_same_bytes_on_one_core_after_a_kill(done: Path, root: Path, tmp_path: Path) -> None:
    """One core, killed in the middle, unlocked and run again: the same files, bit by bit."""
    study = write(tmp_path / "points.yaml")
    interrupt(
        tmp_path,
        "points",
        at="Trying ",
        with_signal=signal.SIGKILL,
        whole_group=True,
        study_file=study,
        data_root=root,
    )
    assert snakemake(tmp_path, "points", options=["--unlock"], study_file=study, data_root=root).code == 0
    run = snakemake(tmp_path, "points", options=["-c1"], study_file=study, data_root=root)
    assert run.code == 0, run.text
    first, again = files(done / "results"), files(tmp_path / "results")
    assert first.keys() == again.keys()
    different = [name for name in first if first[name] != again[name] and not name.endswith(".gpkg")]
    assert not different, different


def test_another_value_of_a_model_runs_that_model_only(done: Path, root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder, symlinks=True)
    study = write(folder / "points.yaml", models={"ses": {"alpha": 0.3}})
    run = snakemake(folder, "points", options=["-n"], study_file=study, data_root=root)
    tried = [line for line in run.text.splitlines() if line.startswith("backtest_series")]
    assert tried
    assert tried[0].split()[1] == "1", run.text


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"forecast": {"models": ["convlstm"]}}, ["points.yaml, cube 'T1': forecast.models names convlstm", "leave it out"]),
        ({"combine": {"among": ["ses", "theta"]}}, ["combine.among names 'theta'", "forecast.models"]),
    ],
)
def test_what_cannot_be_ends_in_one_sentence(root: Path, tmp_path: Path, changes: dict[str, Any], parts: list[str]) -> None:
    study = write(tmp_path / "points.yaml", **changes)
    run = snakemake(tmp_path, f"{PLACE}/evaluate/series.parquet", study_file=study, data_root=root)
    run.failed_plainly(*parts)


def test_more_steps_than_dates_after_the_first_test_are_refused(done: Path, tmp_path: Path) -> None:
    series = done / PLACE / "stack/full/series.zarr"
    protocol = Study(done / "points.yaml").get("backtest", "T1") | {"horizons": 200}
    with pytest.raises(InsarcastError, match=r"backtest\.horizons asks for 200 steps.* lower it to 10 at most"):
        backtest_series(series, tmp_path / "f.zarr", "ses", {}, protocol, [0.5], 0, 0, "cpu")
