"""A simulated scene through every rule, tiny: tiles of 16 pixels, one layer of four channels."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from flow import files, interrupt, snakemake

from insarcast.core import open_store, read_manifest, read_tiles, write_store

BOWL = {"kind": "steady", "rate": -150, "place": [0.4, 0.4], "radius": 700}
SCENE = {
    "area": {"rows": 24, "columns": 28, "water": 0.05, "relief": 50},
    "acquisitions": {"count": 14, "lags": [1, 2]},
    "bowls": [BOWL],
}
STUDY: dict[str, Any] = {
    "cubes": {"A": {"source": "simulate", "simulate": SCENE}},
    "tile": {"size": 16, "overlap": 8, "batches": 2},
    "forecast": {"models": ["drift", "convlstm", "convlstm_finetuned"], "origins": 2, "horizons": 2, "history": 9,
                 "refit": "first"},
    "convlstm": {"hidden": [4], "kernel": 3, "window": 4, "epochs": 2, "finetune_epochs": 1, "batch": 8},
}  # fmt: skip
PLACE = Path("results/tiny/A")


def write(path: Path, **changes: Any) -> Path:
    path.write_text(yaml.safe_dump(STUDY | changes, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the study was run once, on two cores."""
    folder = tmp_path_factory.mktemp("simulated")
    run = snakemake(folder, "tiny", study_file=write(folder / "tiny.yaml"))
    assert run.code == 0, run.text
    return folder


def test_every_model_reaches_the_page(done: Path) -> None:
    scores = pd.read_parquet(done / PLACE / "evaluate/scores.parquet")
    assert list(dict.fromkeys(scores.model)) == ["persistence", *STUDY["forecast"]["models"], "chosen"]
    assert {"all", "1"} <= set(scores.cluster)
    page = (done / "results/tiny/report/index.html").read_text()
    for words in ("This scene is simulated", "F16", "F18", "F19", "F20", "F21"):
        assert words in page, words
    truth = pd.read_parquet(done / PLACE / "evaluate/truth.parquet")
    cube = truth[
        (truth.part == "cube") & (truth.quantity == "displacement") & (truth.kind == "all") & (truth.completeness == "all")
    ]
    visible = cube[(cube.against == "visible") & (cube.pixels == "used")].rmse.item()
    alone = cube[(cube.against == "deformation") & (cube.pixels == "used")].rmse.item()
    assert visible < 4 < alone, "the inversion is nearly right, the troposphere is not its fault"


def test_batches_say_how_each_tile_was_trained(done: Path) -> None:
    tiles = read_tiles(done / PLACE / "tile/tiles.gpkg")
    for model in ("convlstm", "convlstm_finetuned"):
        entries = []
        for batch in range(2):
            entries += json.loads((done / PLACE / f"forecast/tiles/{model}-{batch}/batch.json").read_text())["tiles"]
        assert sorted(entry["tile"] for entry in entries) == [tile.tile for tile in tiles]
        assert {entry["status"] for entry in entries} <= {"trained", "skipped"}
        seams = json.loads((done / PLACE / f"stitch/{model}.json").read_text())
        assert seams["seam"]["none"] > 0


def test_same_bytes_on_one_core_after_a_kill_and_with_another_truth(done: Path, tmp_path: Path) -> None:
    """SIGKILL while tiles are trained; the next run takes what was trained from the cache.

    The truth is another one from the start: what is held against it differs, and nothing else (they share their runs, which take minutes).
    """
    study = write(tmp_path / "tiny.yaml")
    made = snakemake(tmp_path, str(PLACE / "acquire/manifest.json"), study_file=study)
    assert made.code == 0, made.text
    another_truth(tmp_path)
    interrupt(tmp_path, "tiny", at="Training convlstm on", with_signal=signal.SIGTERM, study_file=study)
    interrupt(tmp_path, "tiny", at="Training convlstm_", with_signal=signal.SIGKILL, study_file=study)
    trained = {path.name for path in (tmp_path / "cache/training/convlstm").iterdir()}
    assert snakemake(tmp_path, options=["--unlock"], study_file=study).code == 0
    run = snakemake(
        tmp_path,
        *(str(PLACE / f"evaluate/{name}.parquet") for name in ("scores", "maps", "truth")),
        options=["-c1"],
        study_file=study,
    )
    assert run.code == 0, run.text
    assert trained
    assert trained <= {path.name for path in (tmp_path / "cache/training/convlstm").iterdir()}
    once, again = files(done / "results"), files(tmp_path / "results")
    assert any("convlstm_finetuned-1/tile" in name for name in again)
    changed = {name for name in again if once[name] != again[name]}
    assert changed
    assert {name for name in changed if "evaluate/truth" not in name} == set()


def another_truth(folder: Path) -> None:
    """Put another truth under the same name, before anything has been read."""
    store = folder / Path(read_manifest(folder / PLACE / "acquire/manifest.json").truth or "")
    truth = open_store(store).load()
    truth["displacement"] = truth.displacement * 3 + 10
    truth["atmosphere"] = truth.atmosphere * -2
    shutil.rmtree(store)
    write_store(truth, store)


def test_what_cannot_be_trained_is_a_sentence(done: Path, tmp_path: Path) -> None:
    shutil.copytree(done / "cache/simulated", tmp_path / "cache/simulated")
    study = write(tmp_path / "tiny.yaml", forecast=STUDY["forecast"] | {"models": ["convlstm"], "history": 3})
    run = snakemake(tmp_path, str(PLACE / "stitch/convlstm.zarr"), study_file=study)
    run.failed_plainly("No tile of convlstm has a forecast", "forecast.history")
    study = write(tmp_path / "tiny.yaml", tile={"size": 16, "overlap": 16})
    run = snakemake(tmp_path, str(PLACE / "tile/tiles.gpkg"), study_file=study)
    run.failed_plainly("tile.overlap")
    study = write(tmp_path / "tiny.yaml", forecast=STUDY["forecast"] | {"models": ["convlstn"]})
    run = snakemake(tmp_path, "tiny", study_file=study)
    run.failed_plainly("convlstn", "did you mean 'convlstm'")
    study = write(tmp_path / "tiny.yaml", forecast=STUDY["forecast"] | {"device": "cuda"})
    run = snakemake(tmp_path, str(PLACE / "forecast/tiles/convlstm-0"), study_file=study)
    run.failed_plainly("forecast.device")
