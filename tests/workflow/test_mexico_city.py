"""Real interferograms through the rules, against GNSS: the published figure of six other processors."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from flow import snakemake


@pytest.mark.skipif("INSARCAST_DATA" not in os.environ, reason="INSARCAST_DATA is not set: mexico_cropA is there")
def test_the_cube_agrees_with_gnss_as_others_do(tmp_path: Path) -> None:
    """LiCSBAS, MintPy, dolphin, insar-rs and plain least squares give 10.4-10.9 mm; with other windows it is 9.5-11.7."""
    place = tmp_path / "results/mexico_city/T005A"
    run = snakemake(tmp_path, str(place.relative_to(tmp_path) / "evaluate/gnss.json"), data_root=os.environ["INSARCAST_DATA"])
    assert run.code == 0, run.text
    (found,) = json.loads((place / "evaluate/gnss.json").read_text())["comparisons"]
    assert (found["name"], found["n"]) == ("MMX1 - ICMX", 6)
    assert 9.5 < found["rmse"] < 11.5
    assert found["bias"] == pytest.approx(2.3, abs=1)
    assert found["velocity_gnss"] == pytest.approx(-237.7, abs=1)
    decisions = json.loads((place / "stack/full/decisions.json").read_text())
    assert len(decisions["dates"]) == 13
    assert sum(pair["kept"] for pair in decisions["pairs"]) == 30
