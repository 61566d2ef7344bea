"""`make` on a machine whose Python is too old, half installed or absent: one sentence."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac', ["3.11 or newer", "Python 3.9.2"]),
        ('case "$*" in *venv*) exit 1;; esac', ["lacks the venv module", "python3-venv"]),
        (None, ["3.11 or newer", "not there"]),
    ],
    ids=["too old", "no venv", "absent"],
)
def test_an_unfit_python_is_a_sentence(tmp_path: Path, script: str | None, words: list[str]) -> None:
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "envs", tmp_path / "envs")
    python = tmp_path / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    done = subprocess.run(["make", "demo", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode
    for word in words:
        assert word in done.stdout, done
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / ".venv").exists()
