"""The page: what is on it, what is not, and that it is text where others wrote it."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from insarcast.core import InsarcastError, open_cube
from insarcast.report import write_maps, write_report
from tests.cubes import make_cube
from tests.report.reading import Page
from tests.report.toy import MAE, TEMPLATES, Study


@pytest.fixture(scope="module")
def page(drawn: Study) -> Page:
    return Page(drawn.folder / "toy/report/index.html")


def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert not page.all("script")
    assert not page.all("link")
    assert all(str(image["src"]).startswith("data:image/") for image in page.all("img"))
    assert all(not re.match(r"(https?:)?//", str(anchor["href"])) for anchor in page.all("a"))
    assert "url(" not in page.source


def test_every_link_leads_to_a_file_of_the_study(page: Page, drawn: Study) -> None:
    links = [str(anchor["href"]) for anchor in page.all("a")]
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert [link for link in links if link.startswith("#") and link[1:] not in ids] == []
    files = [link for link in links if not link.startswith("#")]
    assert len(files) > 20
    assert [link for link in files if not (drawn.folder / "toy/report" / link).exists()] == []


def test_every_figure_is_there_once_with_alt_text_and_a_unit(page: Page, drawn: Study) -> None:
    every = [json.loads(path.read_text()) for path in drawn.figures if path.suffix == ".json"]
    facts = [item for item in every if not item["numbers"].get("hidden")]
    assert [item["id"] for item in every if item not in facts] == ["F23", "F30"], "an older record has nothing to show there"
    assert [item["id"] for item in facts] == [
        "F1",
        "F2",
        "F3",
        "F5",
        "F6",
        "F7",
        "F8",
        "F10",
        "F11",
        "F12",
        "F13",
        "F14",
        "F15",
        "F21",
        "F31",
    ]
    assert len(page.all("img")) == len(facts)
    shown = {image["alt"] for image in page.all("img")}
    for item in facts:
        assert item["alt"] in shown
        assert len(item["alt"]) > 30
        assert item["unit"]
        assert re.sub(r"[\s\xa0]+", " ", item["caption"]) in page.text


def test_headings_are_in_order_and_sections_are_named(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = [section["aria-labelledby"] for section in page.all("section")]
    assert names == ["h-answer", "h-maps", "h-where", "h-trust", "h-evidence", "h-made", "h-record"]
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("a")[0] == {"class": "skip", "href": "#answer"}


def test_persistence_heads_every_table_of_scores(page: Page) -> None:
    scored = [rows for rows in page.tables if rows[0][0] == "Model"]
    assert len(scored) == 5  # all lead times; by lead time; two velocity classes; how alike the maps are
    assert all(rows[1][0] == "persistence" for rows in scored)


def test_headline_numbers_are_those_of_cube_and_tables(page: Page, drawn: Study) -> None:
    folder = drawn.folder / "toy/report/tables"
    headline = {row["number"]: row["value"] for row in csv.DictReader((folder / "headline.csv").open())}
    cube = open_cube(drawn.cube)
    velocity = np.where(cube.mask.values, cube.velocity.values, np.nan)
    row, col = np.unravel_index(np.nanargmax(np.abs(velocity)), velocity.shape)
    assert float(headline["fastest"]) == pytest.approx(float(velocity[row, col]), rel=1e-4)
    assert float(headline["fastest_lon"]) == pytest.approx(float(cube.x.values[col]), rel=1e-5)
    assert f"{abs(velocity[row, col]):.0f} mm/yr" in page.text
    assert f"{cube.y.values[row]:.4f}° N, {-cube.x.values[col]:.4f}° W" in page.text
    # Sums over lead times, weighted by n = 1000, 500, 333.
    weights = np.array([1000, 500, 333])
    mae, base = (float(np.average(MAE[name], weights=weights)) for name in ("linear", "persistence"))
    assert float(headline["mae"]) == pytest.approx(mae, rel=1e-5)
    assert float(headline["skill"]) == pytest.approx(1 - mae / base, rel=1e-5)
    models = {row["model"]: row for row in csv.DictReader((folder / "T1_models.csv").open())}
    assert models["linear"]["mae"] == headline["mae"]
    assert models["linear"]["skill"] == headline["skill"]
    assert f"{mae:.1f} mm against {base:.1f} mm" in page.text


def test_everything_dropped_is_listed_with_its_reason(page: Page) -> None:
    rows = next(rows for rows, caption in zip(page.tables, page.captions, strict=True) if "not used" in caption)
    assert ["pair", "20180211_20180307", "–", "mean coherence 0.03 is below 0.05"] in rows
    assert any(row[0] == "pixel" and row[2] == "1" and row[3] == "low temporal coherence" for row in rows)
    assert "1 of 23 interferograms was dropped" in page.text


def test_text_of_others_is_text(drawn: Study, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    values = drawn.values | {"title": evil, "summary": f'"{evil}', "note": {"<img src=x>": evil}}
    page = Page(drawn.write_page(tmp_path / "evil", values=values))
    assert not page.all("script")
    assert evil in page.text
    assert "<b>boldly</b>" in page.text  # the credits
    assert not page.all("b") or all(attributes == {} for attributes in page.all("b"))
    assert len(page.all("img")) == 15


def test_same_inputs_same_bytes(drawn: Study, tmp_path: Path) -> None:
    again = drawn.write_page(tmp_path / "again")
    assert again.read_bytes() == (drawn.folder / "toy/report/index.html").read_bytes()
    for table in sorted((tmp_path / "again/tables").iterdir()):
        assert table.read_bytes() == (drawn.folder / "toy/report/tables" / table.name).read_bytes()


def test_two_lines_of_sight_on_one_page(drawn: Study, tmp_path: Path) -> None:
    """Each has its own strip, sentences, figures and tables; no id twice."""
    shutil.copytree(drawn.folder / "toy/T1", tmp_path / "toy/T2", ignore=shutil.ignore_patterns("*.tif"))
    other = Study(tmp_path, cube_name="T2")
    both = [drawn, other]
    out = tmp_path / "toy/report"
    out.mkdir()
    write_report(
        TEMPLATES / "page.html.j2",
        TEMPLATES / "page.css",
        [study.manifest for study in both],
        [study.decisions for study in both],
        [study.cube for study in both],
        [path for study in both for path in study.forecasts],
        [study.choice for study in both],
        [study.scores for study in both],
        [study.likeness for study in both],
        [study.gnss for study in both],
        [],
        [],
        [],
        [],
        [study.maps for study in both],
        [path for study in both for path in study.figures],
        out / "index.html",
        out / "tables",
        "toy",
        ["T1", "T2"],
        [[10, 50], [10, 50]],
        [None, None],
        {},
    )
    page = Page(out / "index.html")
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(page.all("img")) == 2 * 15
    assert page.all("h1")
    assert "toy" in page.text  # without a title the study's name is the title
    assert {row["cube"] for row in csv.DictReader((out / "tables/headline.csv").open())} == {"T1", "T2"}


def test_a_cube_with_every_pixel_masked_says_so(make: Callable[..., Study]) -> None:
    cube = make_cube()
    cube["mask"][:] = False
    cube["mask_reason"][:] = 2
    study = make(cube, scored=False, gnss=False)
    study.draw_all()
    text = Page(study.write_page()).text
    missing = int(np.isnan(cube.velocity.values).sum())
    parts = f"({missing} pixel not measured, {168 - missing} measured but masked)"
    assert f"0 of 168 pixels are used {parts}, mostly for low temporal coherence (168 pixels): there is nothing to map." in text
    assert "No forecast could be scored" in text
    assert "No GNSS station could be compared" in text


def test_the_headline_quotes_the_choice_as_it_was_made(make: Callable[..., Study]) -> None:
    """Newest choice linear, at the scored origins drift and window mean: neither's own row, but that of the automatic choice."""
    study = make(past=("drift", "window_mean"))
    study.draw_scores()
    folder = study.write_page().parent / "tables"
    headline = {row["number"]: row["value"] for row in csv.DictReader((folder / "headline.csv").open())}
    weights = np.array([1000, 500, 333])
    mae, base = (
        np.average(np.mean([MAE[name] for name in names], axis=0), weights=weights)
        for names in (("drift", "window_mean"), ("persistence",))
    )
    assert float(headline["mae"]) == pytest.approx(mae)
    assert float(headline["skill"]) == pytest.approx(1 - mae / base)
    models = list(csv.DictReader((folder / "T1_models.csv").open()))
    assert [models[0]["model"], models[-1]["model"], models[-1]["mae"]] == ["persistence", "automatic choice", headline["mae"]]
    text = Page(folder.parent / "index.html").text
    assert "linear expects" in text
    assert (
        f"the mean error of the automatic choice (at each origin the model with the best past skill) is {mae:.1f} mm against {base:.1f} mm"
        in text
    )
    assert "The automatic choice was drift from 2018-04-24 and window mean from 2018-05-06" in text
    assert "The automatic choice is better than persistence up to 12 days" in study.figure("F05_skill.json")[0].read_text()


def test_one_model_chosen_everywhere_is_named(drawn: Study) -> None:
    text = Page(drawn.folder / "toy/report/index.html").text
    mae, base = (np.average(MAE[name], weights=[1000, 500, 333]) for name in ("linear", "persistence"))
    assert f"the mean error of linear, chosen by past skill, is {mae:.1f} mm against {base:.1f} mm" in text
    assert f"Mean error by lead time: {mae:.1f} mm by linear; {base:.1f} mm by “nothing changes”" in text


def test_the_model_that_the_study_asks_for_is_shown(make: Callable[..., Study]) -> None:
    study = make()
    study.model = "drift"
    study.draw_forecast()
    study.draw_scores()
    write_maps(study.cube, study.forecasts, study.choice, study.maps, "subsidence_red", study.model)
    folder = study.write_page().parent
    text = Page(folder / "index.html").text
    assert "drift expects" in text
    assert f"the mean error of drift is {np.average(MAE['drift'], weights=[1000, 500, 333]):.1f} mm" in text
    assert "The study asks for drift (report.model); the automatic choice would be linear." in text
    assert "by drift" in study.figure("F03_forecast.json")[0].read_text()
    assert "Drift is better than persistence" in study.figure("F05_skill.json")[0].read_text()
    models = {row["model"]: row for row in csv.DictReader((folder / "tables/T1_models.csv").open())}
    headline = {row["number"]: row["value"] for row in csv.DictReader((folder / "tables/headline.csv").open())}
    assert headline["mae"] == models["drift"]["mae"]


def test_a_model_that_is_not_there_is_a_sentence(make: Callable[..., Study]) -> None:
    study = make()
    study.model = "lstm"
    for each in (study.draw_forecast, study.draw_scores, study.write_page):
        with pytest.raises(InsarcastError, match=r"report\.model is 'lstm', but the models of the cube are persistence, drift,"):
            each()


def test_one_pixel(make: Callable[..., Study]) -> None:
    cube = make_cube().isel(y=slice(7, 8), x=slice(8, 9))
    cube = cube.rio.write_transform(cube.rio.transform(recalc=False))
    study = make(cube)
    study.draw_forecast()
    write_maps(study.cube, study.forecasts, study.choice, study.maps, "subsidence_red", None)
    text = Page(study.write_page()).text
    assert "the fastest pixel" in text
    assert "No area of 5 pixels or more moves faster than" in text


def test_no_gnss_no_scores_too_few_dates(make: Callable[..., Study]) -> None:
    study = make(make_cube(n_dates=4), scored=False, gnss=False, dropped=())
    study.draw_scores()
    text = Page(study.write_page()).text
    assert "4 dates allow no more than the simple models" in text
    assert "No GNSS station could be compared with the displacement; nothing independent checks it." in text
    assert "No forecast could be scored" in text
    assert "All 5 interferograms are used." in text


def test_colours_of_the_page_have_contrast() -> None:
    """WCAG 2: 4.5 to 1 for text; the formula is the standard's."""
    css = (TEMPLATES / "page.css").read_text()
    found = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))

    def luminance(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for text in ("ink", "soft", "away", "link"):
        for ground in ("paper", "band"):
            bright, dark = sorted((luminance(found[text]), luminance(found[ground])), reverse=True)
            assert (bright + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", css)]
    assert min(sizes) >= 15
