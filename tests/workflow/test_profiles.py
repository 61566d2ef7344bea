"""Profiles: snakemake knows every key, and the ones that hold everywhere are in each."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from flow import REPO, snakemake
from products import write_products, write_study

PROFILES = sorted(path.parent for path in (REPO / "profiles").glob("*/config.yaml"))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.name)
def test_only_our_own_triggers_rerun_a_job(profile: Path) -> None:
    """The library's hash is in params; the default triggers would rerun everything after a fresh checkout."""
    settings = yaml.safe_load((profile / "config.yaml").read_text())
    assert settings["rerun-triggers"] == ["mtime", "params", "input"]
    assert settings["rerun-incomplete"] is True
    assert settings["show-failed-logs"] is False  # it would print tracebacks


def test_snakemake_knows_every_key_of_the_slurm_profile(tmp_path: Path) -> None:
    if find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("snakemake-executor-plugin-slurm is not installed")
    write_products(tmp_path / "area", 4)
    study = write_study(tmp_path / "tiny.yaml", tmp_path / "area")
    profile = ["--profile", str(REPO / "profiles/slurm"), "-n"]
    run = snakemake(tmp_path, "results/tiny/A/stack/full/cube.zarr", options=profile, study_file=study)
    assert run.code == 0, run.text
    assert "invert_network" in run.text
    (tmp_path / "other").mkdir()
    text = (REPO / "profiles/slurm/config.yaml").read_text()
    (tmp_path / "other/config.yaml").write_text(text.replace("slurm-logdir:", "slurm-log-dir:"))
    misspelt = ["--profile", str(tmp_path / "other"), "-n"]
    assert snakemake(tmp_path, "results/tiny/A/stack/full/cube.zarr", options=misspelt, study_file=study).code != 0


@pytest.mark.parametrize("gpu", ["true", "false"])
def test_trainings_can_be_planned_with_and_without_a_gpu(tmp_path: Path, gpu: str) -> None:
    """``--config gpu=true``, as the README has it, is a key that is known."""
    study = tmp_path / "tiny.yaml"
    study.write_text("cubes: {A: {source: simulate}}\nforecast: {models: [convlstm], origins: ['20220925']}\n", encoding="utf-8")
    target = "results/tiny/A/forecast/tiles/convlstm-0"
    run = snakemake(tmp_path, target, options=["-n"], study_file=study, gpu=gpu)
    assert run.code == 0, run.text
    assert "Training convlstm on the tiles of A" in run.text
