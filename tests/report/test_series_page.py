"""The page of ready series: what it says, in which order, and beside grids."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insarcast.core import open_store, write_store
from insarcast.report.series.points.ahead import ahead
from insarcast.report.series.points.numbers import read_points
from insarcast.report.series.scores.reading import drawn_store
from tests.report.reading import Page
from tests.report.series_toy import MODELS, SeriesStudy, write_series_study
from tests.report.toy import Study


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> SeriesStudy:
    """A ready series with its page; nobody changes it."""
    study = write_series_study(tmp_path_factory.mktemp("page"), join=25, gaps=4)
    study.draw_all()
    study.write_page()
    return study


@pytest.fixture(scope="module")
def page(ready: SeriesStudy) -> Page:
    return Page(ready.folder / "toy/report/index.html")


def rows_of(study: SeriesStudy, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((study.folder / f"toy/report/tables/{name}.csv").open()))


def test_the_page_says_that_it_is_retrospective_first_and_where_it_scores(page: Page) -> None:
    assert "ready series: evaluated retrospectively, from 10 dates, 2019-04-19 to 2019-08-17" in page.text
    assert page.text.index("ready series: evaluated retrospectively") < page.text.index("the fastest point")
    assert "Tried retrospectively from 10 dates (2019-04-19 to 2019-08-17)" in page.text
    assert "Retrospective scores of all models" in page.text


def test_the_answer_holds_motion_skill_floor_coverage_join_and_what_is_unknown(page: Page, ready: SeriesStudy) -> None:
    table = pd.read_parquet(ready.scores).set_index(["model", "horizon", "velocity_class", "cluster", "noise_class"])
    row = lambda model, horizon: table.loc[(model, horizon, "all", "all", "all")]  # noqa: E731
    speed = np.abs(open_store(ready.series).velocity.values).max()
    assert f"moved away from the satellite at {speed:.0f} mm/yr (± 1.0)" in page.text
    for horizon in (1, 4):
        own, base = row("auto", horizon), row("persistence", horizon)
        assert (
            f"{own.mae:.1f} against {base.mae:.1f} mm (skill +{own.skill:.2f}, 90 % interval +{own.skill - 0.03:.2f} to"
            in page.text
        )
        assert f"+{1 - 2.4 / base.mae:.2f} after" in page.text
    pooled = row("auto", 0)
    assert f"The 90 % interval held {100 * pooled.coverage90:.0f} % of" in page.text
    meeting = "meet between 2018-10-21 and 2018-11-02"
    assert f"{meeting} (5 series end there together); 30 series of 60 go on across it" in page.text
    assert f"; releases {meeting}" in page.text
    assert "levels change there by ±5.0 mm from point to point, elsewhere by ±3.0 mm" in page.text
    assert "Not known: the product was made with all dates at hand" in page.text


def test_persistence_heads_the_table_and_every_model_is_in_it(page: Page, ready: SeriesStudy) -> None:
    scored = [rows for rows in page.tables if rows[0][0] == "Model"]
    assert len(scored) == 3  # at a glance; all scores; tests
    assert [row[0] for row in scored[0][1:]] == ["persistence", "SES", "Theta", "automatic choice", "stacking"]
    assert scored[1][1][0] == "persistence"
    models = rows_of(ready, "S1_models")
    assert models[0]["model"] == "persistence"
    assert models[1]["stars_1"] == "**"
    assert [row["family"] for row in models] == ["simple"] * 3 + ["combined"] * 2
    assert "family" not in "".join(scored[0][0])  # the csv alone
    assert len(rows_of(ready, "S1_scores")) == len(pd.read_parquet(ready.scores))


def test_headline_numbers_are_those_of_the_tables(ready: SeriesStudy) -> None:
    headline = {row["number"]: row["value"] for row in rows_of(ready, "headline")}
    models = {row["model"]: row for row in rows_of(ready, "S1_models")}
    for horizon in (1, 4):
        assert headline[f"mae_{horizon}"] == models["automatic choice"][f"mae_{horizon}"]
        assert headline[f"skill_{horizon}"] == models["automatic choice"][f"skill_{horizon}"]
    points, store = read_points(ready.series), drawn_store(ready.calibrated, "auto")
    last = ahead(store, points)
    assert last.peak is not None
    assert float(headline["expected_change"]) == pytest.approx(last.change[last.peak], rel=1e-5)
    assert points.fastest is not None
    assert headline["fastest_point"] == points.name(points.fastest)
    first = rows_of(ready, "S1_points")[0]
    assert first["pid"] == headline["fastest_point"]
    assert float(first["velocity"]) == pytest.approx(float(headline["fastest"]))


def test_figures_come_once_and_in_the_order_of_the_story(page: Page, ready: SeriesStudy) -> None:
    shown = [str(attributes["id"]) for tag, attributes in page.tags if tag == "figure"]
    assert shown == [f"S1-{name}" for name in ("F1", "F3", "F22", "F5", "F7", "F8", "F10", "F24", "F25", "F26")]
    for path in ready.figures:
        if path.suffix == ".json":
            assert re.sub(r"[\s\xa0]+", " ", json.loads(path.read_text())["caption"]) in page.text


def test_every_link_leads_to_a_file_of_the_study(page: Page, ready: SeriesStudy) -> None:
    links = [str(anchor["href"]) for anchor in page.all("a") if not str(anchor["href"]).startswith("#")]
    assert "../S1/report/maps/points.gpkg" in links
    assert "../S1/report/maps/points.qml" in links
    assert [link for link in links if not (ready.folder / "toy/report" / link).exists()] == []


def test_everything_left_out_is_listed(page: Page) -> None:
    rows = next(rows for rows, caption in zip(page.tables, page.captions, strict=True) if "not used" in caption)
    assert ["point", "P1x, P2x", "2", "its value never changes"] in rows
    assert ["point", "P9999", "–", "no coordinates"] in rows
    assert any("reach beyond the last date" in row[3] for row in rows)
    assert "The toy is smoothed." in page.text


def test_text_of_others_is_text(page: Page) -> None:
    assert "P-SBAS <b>toy</b>" in page.text
    assert "Made by <i>tests</i>" in page.text
    assert not page.all("i")


def test_same_inputs_same_bytes(ready: SeriesStudy, tmp_path: Path) -> None:
    again = ready.write_page(tmp_path / "again")
    assert again.read_bytes() == (ready.folder / "toy/report/index.html").read_bytes()


def test_a_grid_and_a_ready_series_share_one_page(drawn: Study, ready: SeriesStudy, tmp_path: Path) -> None:
    """Each keeps its own strip, sentences and figures, in the order of the study; the grid's page says nothing of retrospect."""
    given: dict[str, Any] = {
        "names": [drawn.cube_name, ready.cube_name], "manifests": [drawn.manifest, ready.manifest], "decisions": [drawn.decisions],
        "cubes": [drawn.cube], "forecasts": drawn.forecasts, "choices": [drawn.choice], "scores": [drawn.scores], "likeness": [drawn.likeness],
        "gnss": [drawn.gnss], "maps": [drawn.maps], "figures": [*drawn.figures, *ready.figures], "classes": [[10, 50], [2, 10]],
        "drawn": [None, None],
    }  # fmt: skip
    page = Page(ready.write_page(tmp_path / "both", **given))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [name for name in ids if str(name).endswith("-F1")] == ["T1-F1", "S1-F1"]
    assert "the fastest pixel" in page.text
    assert "the fastest point" in page.text
    assert page.text.count("ready series: evaluated retrospectively") == 1
    assert page.text.count("T1") > 5
    headline = list(csv.DictReader((tmp_path / "both/tables/headline.csv").open()))
    assert {row["cube"] for row in headline} == {"T1", "S1"}


@pytest.mark.parametrize(
    "settings",
    [
        {"places": False, "edges": True},
        {"n_points": 1, "groups": False, "space": False},
        {"models": ("persistence",), "groups": False},
        {"horizons": 1},
        {"n_points": 3, "rate": 0.0, "noise": 0.5},
    ],
    ids=["no places", "one point", "one model", "one horizon", "still"],
)
def test_odd_series_still_make_a_page(tmp_path: Path, settings: dict[str, Any]) -> None:
    study = write_series_study(tmp_path, **settings)
    study.draw_all()
    page = Page(study.write_page())
    assert "Can the forecast be trusted?" in page.text
    assert not re.search(r"\bnan\b|None", page.text)
    if not settings.get("places", True):
        assert not any("F25" in str(figure.get("id")) for figure in page.all("figure"))
        assert "point P00" in page.text
    if settings.get("models"):
        assert "“nothing changes” errs by" in page.text
        assert "SES" not in page.text


def test_the_points_for_a_gis_hold_velocity_and_forecast(ready: SeriesStudy) -> None:
    import pyogrio

    path, style = ready.points
    table = pyogrio.read_dataframe(path)
    points, cube = read_points(ready.series), open_store(ready.series)
    last = ahead(drawn_store(ready.calibrated, "auto"), points)
    assert len(table) == 60
    assert table.crs.to_epsg() == 4326
    np.testing.assert_allclose(table.geometry.x, cube.lon.values)
    np.testing.assert_allclose(table["velocity_mm_yr"], points.velocity, atol=0.006)
    np.testing.assert_allclose(table["change_04_mm"], last.change, atol=0.006)
    np.testing.assert_allclose(table["high_04_mm"] - table["low_04_mm"], last.high - last.low, atol=0.02)
    assert set(table["velocity_class_mm_yr"]) <= {"below 2", "2 to 10", "10 and above"}
    assert sorted(set(table["cluster"])) == [0, 1, 2]
    assert table["target_04"].iloc[0] == last.target
    text = style.read_text()
    assert 'attr="velocity_mm_yr"' in text
    first, final = text.index("away from the satellite (subsidence)"), text.index("towards (uplift)")
    assert first < final
    red, _, blue = map(int, re.search(r'name="0".*?value="(\d+),(\d+),(\d+)', text, re.S).groups())  # type: ignore[union-attr]
    assert red > 2 * blue
    assert len(MODELS) == 5


def test_an_empty_cell_stays_empty_and_a_formula_is_text(tmp_path: Path) -> None:
    from insarcast.report.writing.tables import Column, Table

    columns = [Column("a", "A"), Column("b", "B", hidden=True)]
    table = Table("t", "T", columns, [{"a": "", "b": "=1+1"}, {"a": "+x", "b": None}])
    table.write(tmp_path)
    assert (tmp_path / "t.csv").read_text() == "a,b\n,'=1+1\n'+x,\n"
    assert [column.key for column in table.visible] == ["a"]


def test_a_vertical_product_is_told_as_vertical(tmp_path: Path) -> None:
    study = write_series_study(tmp_path, n_points=6, groups=False, space=False)
    attrs = {"source": "egms", "product": "EGMS, level 3 (vertical)"}
    cube = open_store(study.series).load().assign_attrs(attrs)
    shutil.rmtree(study.series)
    write_store(cube, study.series)
    study.draw_points()
    study.write_page()
    page = Page(study.folder / "toy/report/index.html")
    said = page.text.split("Glossary")[0]
    assert "fastest point, downwards" in said
    assert "satellite" not in said
    assert "line of sight" not in said.lower()
    assert "Directionup and down" in said
    assert "positive = up" in said
    assert "Numbers are vertical, positive up." in page.text
    assert "positive towards" not in page.text
