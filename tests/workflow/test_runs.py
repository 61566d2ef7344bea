"""The same study gives the same bytes: on one core or two, in one go or interrupted at every stage, and a second run does nothing."""

from __future__ import annotations

import fcntl
import hashlib
import signal
from pathlib import Path

import pytest
from flow import REPO, interrupt, snakemake
from products import write_products, write_study

# What the first job of each rule shows; a run is ended there, and goes on from there.
STOPS = ["Finding the products", "Closing the loops", "Inverting the network", "Building the cube", "Forecasting", "Scoring"]


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder and its checksum, but for the timestamps that snakemake puts into folders."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".snakemake_timestamp")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_products(folder / "area", 8)
    return write_study(folder / "tiny.yaml", folder / "area", forecast={"origins": 2, "horizons": 2, "models": ["drift"]})


def test_interrupted_on_two_cores_or_at_once_on_one(study: Path, tmp_path: Path) -> None:
    """One test, because its parts share their runs: same bytes, a second run does nothing, SIGTERM, SIGKILL and --unlock."""
    once, often = tmp_path / "once", tmp_path / "often"
    once.mkdir()
    often.mkdir()
    run = snakemake(once, "tiny", options=["-c1"], study_file=study)
    assert run.code == 0, run.text
    again = snakemake(once, "tiny", options=["-c2"], study_file=study)
    assert again.code == 0
    assert "Nothing to be done" in again.text, again.text

    for stop in STOPS:
        ended = interrupt(
            often, "tiny", at=stop, with_signal=signal.SIGTERM, whole_group=stop == "Inverting the network", study_file=study
        )
        assert "Traceback" not in ended.text, ended.text
    interrupt(often, "tiny", at="Drawing", with_signal=signal.SIGKILL, study_file=study)
    locked = snakemake(often, "tiny", study_file=study)
    assert locked.code != 0
    assert "--unlock" in locked.text
    assert "Traceback" not in locked.text
    assert snakemake(often, options=["--unlock"], study_file=study).code == 0
    rest = snakemake(often, "tiny", study_file=study)
    assert rest.code == 0, rest.text
    assert "Inverting the network" not in rest.text  # it went on, it did not start again

    one, two = tree(once / "results"), tree(often / "results")
    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name]] == []


def test_an_output_that_a_killed_run_still_writes_is_not_touched(study: Path, tmp_path: Path) -> None:
    """After SIGKILL a job lives on for a while; its successor must not write beside it."""
    place = tmp_path / "results/tiny/A/acquire"
    place.mkdir(parents=True)
    with open(place / ".part-manifest.json.lock", "w") as orphan:
        fcntl.flock(orphan, fcntl.LOCK_EX)
        run = snakemake(tmp_path, "results/tiny/A/acquire/manifest.json", study_file=study)
    run.failed_plainly("results/tiny/A/acquire/manifest.json is still being written by an earlier run that was killed")
    assert snakemake(tmp_path, "results/tiny/A/acquire/manifest.json", study_file=study).code == 0


def test_every_study_can_be_planned_beside_a_broken_one(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("cubes: [")
    for study in sorted((REPO / "config/studies").glob("*.yaml")):
        run = snakemake(tmp_path, study.stem, options=["-n"], study_file=tmp_path / "broken.yaml")
        assert run.code == 0, run.text
        assert "write_report" in run.text
