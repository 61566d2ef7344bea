"""A simulated scene and its truth: on the page, in figures and tables."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from insarcast.report.checks import truth_numbers
from tests.cubes import make_cube
from tests.report.reading import Page, facts
from tests.report.toy import MAE, Study, write_study
from tests.report.toy_parts import add_truth


def test_a_simulated_scene_says_so_before_anything_else(whole_page: Page, drawn: Study) -> None:
    text = whole_page.text
    assert text.index("This scene is simulated") < text.index("The answer")
    assert whole_page.source.index('class="notice"') < whole_page.source.index('class="strip"')
    assert "<dt>Source</dt><dd>simulated</dd>" in whole_page.source
    real = Page(drawn.folder / "toy/report/index.html")
    assert "simulated" not in real.text.split("Data credits")[0].lower()
    assert not any(attributes.get("class") == "notice" for attributes in real.all("p"))


def test_a_truth_checks_the_displacement_without_gnss(make: Callable[..., Study]) -> None:
    study = make(gnss=False)
    add_truth(study)
    study.draw_scores()
    study.draw_more()
    text = Page(study.write_page()).text
    assert "nothing independent checks it" not in text
    assert text.count("from the truth on stable ground") == 3  # the answer, the section on it, the figure


def test_truth_is_told_by_kind_and_model(whole: Study, whole_page: Page) -> None:
    found = facts(whole, "F19_truth.png")["numbers"]
    assert list(found["kinds"]) == ["all", "bowl", "stable", "urban_edge"]
    assert found["kinds"]["bowl"] == {"deformation": 6.0, "visible": 3.0, "n": 100}
    assert next(iter(found["models"])) == "persistence"
    assert "observed" not in found["models"]
    weights = [1000, 500, 333]
    mae = float(np.average(MAE["linear"], weights=weights))
    assert found["models"]["linear"] == pytest.approx({"truth": 0.6 * mae, "observed": mae})
    assert "4 mm from the truth on stable ground and 6 mm in the bowls" in whole_page.text
    assert f"the mean error of linear is {0.6 * mae:.1f} mm" in whole_page.text
    assert f"; against the noisy observation it is {mae:.1f} mm" in whole_page.text
    rows = list(csv.DictReader((whole.folder / "toy/report/tables/T1_truth.csv").open()))
    assert not any(float(row["mae"]) == 99 for row in rows)  # masked pixels are not ours
    assert {(row["quantity"], row["unit"]) for row in rows} == {("displacement", "mm"), ("velocity", "mm/yr")}
    forecasts = list(csv.DictReader((whole.folder / "toy/report/tables/T1_truth_forecasts.csv").open()))
    assert [row["model"] for row in forecasts[:3]] == ["persistence"] * 3


def test_a_truth_with_nothing_to_compare(tmp_path: Path) -> None:
    cube = make_cube()
    cube["mask"][:] = False
    study = write_study(tmp_path, cube, scored=False)
    add_truth(study)
    table = pd.read_parquet(study.truth_table)
    table[table["n"] < 0].to_parquet(study.truth_table)
    study.draw_more()
    assert truth_numbers.by_kind(truth_numbers.read_truth(study.truth_table)) == {}
    assert facts(study, "F19_truth.png")["title"] == "The displacement could not be compared with the truth."
    assert "The displacement could not be compared with the truth." in Page(study.write_page()).text
