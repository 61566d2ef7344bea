"""What only some studies have: clusters, tiles and seams, training, truth; and where the forecast gains."""

from __future__ import annotations

import csv
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from insarcast.core import Tile, open_store, read_tiles
from insarcast.report.checks import truth_numbers, truth_words
from insarcast.report.made import cluster_words, clusters, fates, plan, tile_words, tiles, training
from insarcast.report.scores import choice_words, class_words, gain_words, scoring
from insarcast.report.scores.scoring import ClassScore
from insarcast.report.writing import words
from tests.cubes import make_cube
from tests.report.more import add_clusters, add_grids, add_truth
from tests.report.test_page import Page
from tests.report.test_sentences import plain
from tests.report.toy import MAE, Study, write_study


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study with everything; nobody changes it."""
    study = write_study(tmp_path_factory.mktemp("whole"), make_cube(ny=24, nx=27))
    add_grids(study)
    add_clusters(study)
    add_truth(study)
    study.draw_scores()
    study.draw_more()
    study.write_page()
    return study


@pytest.fixture(scope="module")
def page(whole: Study) -> Page:
    return Page(whole.folder / "toy/report/index.html")


def facts(study: Study, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(study.figure(name)[1].read_text())
    return found


CASES: list[tuple[Callable[..., str], tuple[Any, ...], str]] = [
    (cluster_words.alike, ([], []), "No pixel could be put into a cluster."),
    (cluster_words.alike, ([7], [-0.2]), "All 7 pixels are one cluster, which stands still (below 1 mm/yr)."),
    (
        cluster_words.alike,
        ([30, 60, 10], [-118.0, -20.0, 6.0]),
        "The used pixels fall into 3 clusters; cluster 1 (30 % of them) moves away from the satellite at 118 mm/yr, "
        "cluster 3 (10 %) moves towards the satellite at 6 mm/yr.",
    ),
    (tile_words.times, (1,), "once"),
    (tile_words.times, (2,), "twice"),
    (tile_words.times, (3,), "3 times"),
    (tile_words.ordinal, (1,), "1st"),
    (tile_words.ordinal, (13,), "13th"),
    (tile_words.ordinal, (22,), "22nd"),
    (tile_words.named, ([7],), "tile 7"),
    (tile_words.named, ([1, 2, 3],), "tiles 1, 2 and 3"),
    (tile_words.named, (list(range(9)),), "9 tiles"),
    (tile_words.cover, (1, 0, 60, 72), "One tile of 60 × 72 pixels covers the scene."),
    (
        tile_words.cover,
        (1, 1, 60, 72),
        "One tile of 60 × 72 pixels covers the scene. It has too few usable pixels and is skipped.",
    ),
    (tile_words.cover, (9, 1, 48, 48), "9 tiles of 48 × 48 pixels cover the scene; 1 of them has too few usable pixels."),
    (tile_words.seams, ("convlstm", None, None), "The map of ConvLSTM has no seam."),
    (
        tile_words.seams,
        ("convlstm", 1.02, 1.4),
        "Blending brought the median jump across seams of ConvLSTM from 1.40 to 1.02 times that beside them.",
    ),
    (
        tile_words.seams,
        ("convlstm", 0.5, 1.1),
        "Blending did not help: it moved the median jump across seams of ConvLSTM from 1.10 to 0.50 times that beside them.",
    ),
    (
        tile_words.seams,
        ("convlstm", 1.1, 1.1),
        "Blending left the median jump across seams of ConvLSTM at 1.10 times that beside them.",
    ),
    (
        tile_words.seams,
        ("convlstm", 1.1, None),
        "In the map of ConvLSTM the median jump across seams is 1.10 times that beside them.",
    ),
    (tile_words.trained, ("convlstm", 0, 0, None), "ConvLSTM was not trained."),
    (tile_words.trained, ("convlstm", 1, 1, None), "ConvLSTM was trained once on 1 tile."),
    (
        tile_words.trained,
        ("convlstm_global", 2, 0, 12.0),
        "ConvLSTM global was trained twice on all tiles together: in 2 of 2 trainings an epoch beat the start (the simple forecast "
        "that it corrects), the 12th in the median.",
    ),
    (
        tile_words.trained,
        ("convlstm", 6, 3, 4.0, 2),
        "ConvLSTM was trained 6 times on 3 tiles: in 4 of 6 trainings an epoch beat the start (the simple forecast that it corrects), "
        "the 4th in the median; in 2 of 6 trainings no epoch did, and the start was kept.",
    ),
    (
        tile_words.trained,
        ("convlstm", 6, 3, 0.0, 6),
        "ConvLSTM was trained 6 times on 3 tiles, but in none of them an epoch beat the start (the simple forecast that it corrects), "
        "which was kept.",
    ),
    (
        tile_words.trained,
        ("convlstm_finetuned", 1, 1, 0.0, 1),
        "ConvLSTM finetuned was trained once on 1 tile, but no epoch beat the start (the network of all tiles), which was kept.",
    ),
    (tile_words.start_of, ("convlstm_finetuned",), "the network of all tiles"),
    (tile_words.retried, ("convlstm", 7, 3), "ConvLSTM: tile 7 failed twice and was trained with another seed."),
    (tile_words.many_retried, ("convlstm", 12), "ConvLSTM: 12 tiles failed at first and were trained with another seed."),
    (tile_words.left_out, ("convlstm", [], []), ""),
    (
        tile_words.left_out,
        ("convlstm", [3], [1, 2]),
        "ConvLSTM: tile 3 failed and tiles 1 and 2 were skipped (reasons in the record).",
    ),
    (
        tile_words.summary,
        ("convlstm", ["trained", "failed", "trained"], {"tiles": [4, 5], "ratio": 1.3}),
        "ConvLSTM, tiles: 2 trained, 1 failed;    worst seam 1.30, tiles 4 and 5",
    ),
    (tile_words.summary, ("convlstm", ["skipped"], {}), "ConvLSTM, tiles: 1 skipped"),
    (
        gain_words.gains,
        ("linear", 0.78, 0.54),
        "Linear has a smaller mean error than “nothing changes” in 78 % of the pixels, and in 54 % of the single values.",
    ),
    (
        gain_words.gains,
        ("drift", 0.001, 0.2, "the newest choice"),
        "Drift (the newest choice) has a smaller mean error than “nothing changes” in less than 1 % of the pixels, "
        "and in 20 % of the single values.",
    ),
    (
        gain_words.likeness,
        ("linear", 1, 0.553, -0.02),
        "At 1 step the maps of change by linear have a structural similarity (SSIM) of 0.55 to those observed; "
        "“nothing changes” has -0.02.",
    ),
    (
        gain_words.likeness,
        ("linear", 2, 0.553, None),
        "At 2 steps the maps of change by linear have a structural similarity (SSIM) of 0.55 to those observed.",
    ),
    (
        truth_words.notice,
        (["basin"], True),
        "This scene is simulated: a computer made its ground motion, atmosphere and noise, and no satellite has seen it. "
        "Nothing here tells anything about a real place.",
    ),
    (
        truth_words.notice,
        (["A", "B"], False),
        "A and B are simulated: a computer made its ground motion, atmosphere and noise, and no satellite has seen it. "
        "Nothing here tells anything about a real place.",
    ),
    (truth_words.place_of, ("bowl",), "in the bowls"),
    (truth_words.place_of, ("urban_edge",), "on ground of the kind “urban edge”"),
    (truth_words.cube, ({}, None, None), "The displacement could not be compared with the truth."),
    (truth_words.cube, ({}, 5.0, None), "The displacement is 5 mm from the truth (rms)."),
    (
        truth_words.cube,
        ({"stable": 4.0, "bowl": 6.0}, 5.0, 2.5),
        "The displacement is 4 mm from the truth on stable ground and 6 mm in the bowls (rms); the troposphere explains most of it: "
        "with it as part of the truth, 2 mm are left.",
    ),
    (
        truth_words.cube,
        ({"stable": 4.0}, 5.0, 4.2),
        "The displacement is 4 mm from the truth on stable ground (rms); the troposphere explains part of it: "
        "with it as part of the truth, 4 mm are left.",
    ),
    (
        truth_words.cube,
        ({"stable": 4.0}, 5.0, 4.9),
        "The displacement is 4 mm from the truth on stable ground (rms); the troposphere explains little of it: "
        "with it as part of the truth, 5 mm are left.",
    ),
    (truth_words.forecast, ("linear", None, 2.0), "No forecast could be compared with the truth."),
    (
        truth_words.forecast,
        ("linear", 3.1, 8.2),
        "Against the truth, where the ground then is (the first date's atmosphere aside), "
        "the mean error of linear is 3.1 mm; against the noisy observation it is 8.2 mm.",
    ),
    (
        truth_words.forecast,
        ("linear", 3.1, 8.2, 0.42),
        "Against the truth, where the ground then is (the first date's atmosphere aside), "
        "the mean error of linear is 3.1 mm, which is better than “nothing changes” "
        "(skill +0.42); against the noisy observation it is 8.2 mm.",
    ),
    (
        truth_words.forecast,
        ("linear", 3.1, 8.2, -0.1),
        "Against the truth, where the ground then is (the first date's atmosphere aside), "
        "the mean error of linear is 3.1 mm, which is no better than “nothing changes” "
        "(skill -0.10); against the noisy observation it is 8.2 mm.",
    ),
    (class_words.label, ("200 and above",), "200 mm/yr and above"),
    (class_words.label, ("10 to 50",), "10 to 50 mm/yr"),
    (
        class_words.fastest,
        ("ConvLSTM", ClassScore("100 to 200", 4995, 8.37, 7.75, "drift", 4.4)),
        "In the fastest class (100 to 200 mm/yr, 4 995 values) ConvLSTM errs more than “nothing changes”: 8.4 against 7.8 mm; "
        "drift does best there (4.4 mm), but that is known only afterwards.",
    ),
    (
        class_words.fastest,
        ("linear", ClassScore("50 and above", 1, 9.0, 7.0, "persistence", 7.0)),
        "In the fastest class (50 mm/yr and above, 1 value) linear errs more than “nothing changes”: 9.0 against 7.0 mm; "
        "no model does better there.",
    ),
    (
        class_words.fastest,
        ("linear", ClassScore("50 and above", 9, 5.0, 7.0, "linear", 5.0)),
        "In the fastest class (50 mm/yr and above, 9 values) linear errs less than “nothing changes”: 5.0 against 7.0 mm; "
        "no model errs less there.",
    ),
    (
        class_words.fastest,
        ("linear", ClassScore("50 and above", 9, 7.0, 7.0, "drift", 6.0)),
        "In the fastest class (50 mm/yr and above, 9 values) linear errs as much as “nothing changes”: 7.0 against 7.0 mm; "
        "drift does best there (6.0 mm), but that is known only afterwards.",
    ),
    (
        class_words.classes,
        (
            "linear",
            [
                ClassScore("below 10", 9, 4.8, 5.4, "linear", 4.8),
                ClassScore("10 to 50", 9, 5.01, 4.96, "drift", 4.55),
                ClassScore("50 and above", 9, 6.9, 6.0, "persistence", 6.0),
            ],
        ),
        "Linear errs less than “nothing changes” in 1 of 3 velocity classes: 4.8 against 5.4 mm below 10 mm/yr, "
        "5.01 against 4.96 mm at 10 to 50 mm/yr (best: drift, 4.5 mm) and 6.9 against 6.0 mm at 50 mm/yr and above.",
    ),
    (choice_words.who, ("chosen", True), "the automatic choice (at each origin the model with the best past skill)"),
    (choice_words.who, ("linear", True), "linear, chosen by past skill,"),
    (
        choice_words.told,
        ('On 2 origins, convlstm does best: 6.4 mm against 8.0 mm for "nothing changes".', "convlstm"),
        "On 2 origins, ConvLSTM does best: 6.4 mm against 8.0 mm for “nothing changes”.",
    ),
]


@pytest.mark.parametrize(("sentence", "arguments", "expected"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_sentence(sentence: Callable[..., str], arguments: tuple[Any, ...], expected: str) -> None:
    assert plain(sentence(*arguments)) == expected


def test_every_sentence_is_tested() -> None:
    tested = {case[0] for case in CASES}
    for module in (class_words, cluster_words, gain_words, tile_words, truth_words):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                assert function in tested, (module.__name__, name)


def test_the_page_has_every_figure_in_its_section(page: Page) -> None:
    """Each figure once; those on how it was made after those on trust and truth."""
    found = re.findall(r'<figure id="T1-(F\d+)">', page.source)
    assert len(found) == len(set(found))
    assert found == ["F5", "F6", "F7", "F8", "F21", "F19", "F16", "F18", "F20"]
    for image in page.all("img"):
        assert len(str(image["alt"])) > 30


def test_a_simulated_scene_says_so_before_anything_else(page: Page, drawn: Study) -> None:
    text = page.text
    assert text.index("This scene is simulated") < text.index("The answer")
    assert page.source.index('class="notice"') < page.source.index('class="strip"')
    assert "<dt>Source</dt><dd>simulated</dd>" in page.source
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


def test_a_study_without_them_has_none_of_them(drawn: Study) -> None:
    real = Page(drawn.folder / "toy/report/index.html")
    for word in ("F16", "F18", "F19", "F20", "ConvLSTM", "luster", "seam", "truth on"):
        assert word not in real.text.split("Data credits")[0], word


def test_what_became_of_tiles_is_told(page: Page, whole: Study) -> None:
    assert "ConvLSTM: tile 0 failed twice and was trained with another seed." in page.text
    assert "from 1.40 to 1.02 times that beside them" in page.text
    rows = next(rows for rows, caption in zip(page.tables, page.captions, strict=True) if "not used" in caption)
    assert ["tile", "ConvLSTM, tile 8", "–", "failed: the loss is <nan>"] in rows
    skipped = [row for row in rows if row[0] == "tile" and row[3].startswith("skipped")]
    assert [row[1] for row in skipped] == ["ConvLSTM, tile 1", "ConvLSTM global, tile 1"]
    # One training serves all tiles of the global model; the others have two fits on each of seven tiles.
    numbers = facts(whole, "F20_training.svg")["numbers"]
    assert {name: item["fits"] for name, item in numbers.items()} == {"convlstm": 14, "convlstm_global": 2}


def test_tiles_are_read_and_the_worst_seam_lies_between_its_cores(whole: Study) -> None:
    found = read_tiles(whole.tiles)
    assert len(found) == 9
    assert plan.worst_edge(found, fates.read_seams(whole.seams)) == ((8, 18), (16, 18))
    one = Tile(0, 0, 0, 4, 0, 4, 0, 4, 0, 4, 1.0, False)
    below = Tile(1, 0, 4, 8, 2, 6, 4, 8, 2, 6, 1.0, False)
    assert plan.shared_edge(one, below) == ((4, 2), (4, 4))
    assert plan.shared_edge(one, Tile(2, 0, 4, 8, 4, 8, 4, 8, 4, 8, 1.0, False)) is None


@pytest.mark.parametrize("turned", [False, True])
def test_a_failed_tile_is_marked_where_it_lies(tmp_path: Path, turned: bool) -> None:
    """The failed tile is the last: the last rows and columns of the store, in the south-east unless the rows run north."""
    cube = make_cube(ny=24, nx=27, rate=0.0, noise=0.01)
    study = write_study(tmp_path, cube.isel(y=slice(None, None, -1)) if turned else cube)
    add_grids(study)
    study.draw_more()
    picture = np.asarray(matplotlib.image.imread(study.figure("F18_tiles.png")[0])[..., :3], float)
    board = picture[: int(0.72 * len(picture)), : int(0.55 * picture.shape[1])]
    alarm = np.abs(board - np.array([0xD1, 0x41, 0x0C]) / 255).max(axis=-1) < 0.1
    rows, cols = np.nonzero(alarm)
    assert rows.size > 300
    assert (rows.mean() > 0.5 * len(board)) != turned
    assert cols.mean() > 0.6 * board.shape[1]


def test_one_tile_has_no_seam(tmp_path: Path) -> None:
    study = write_study(tmp_path)
    add_grids(study, 1, 1, 0)
    for path in study.seams:
        said = json.loads(path.read_text()) | {"seam": None, "sentence": "One tile covers the scene: there is no seam."}
        path.write_text(json.dumps(said))
    study.draw_more()
    assert "One tile of 12 × 14 pixels covers the scene. The map of ConvLSTM has no seam." in plain(
        facts(study, "F18_tiles.png")["title"]
    )


def test_training_curves_are_medians_over_tiles() -> None:
    def fate(losses: list[float | None], best: int, status: str = "trained") -> fates.Fate:
        epochs = [{"epoch": e, "training": v, "validation": v} for e, v in enumerate(losses)]
        return fates.Fate("m", 0, status, "", 1, 10, [{"name": "origin", "epochs": epochs, "best_epoch": best}])

    own = [fate([4.0, 2.0, 1.0], 2), fate([6.0, None], 0), fate([5.0], 0)]
    table = training.curves(own, "training")
    assert table.shape == (3, 3)
    assert np.nanmedian(table, axis=0) == pytest.approx([5, 2, 1])
    assert training.best_epochs(own) == [3, 1, 1]  # epochs are counted from 1, whatever the model counts from
    assert training.losses_of(own)["training"] == pytest.approx(np.median([1, 6, 5]))
    shared = [fate([4.0, 2.0], 1, "forecast")] * 5
    assert len(fates.fits_of(shared)) == 1


def test_the_median_epoch_is_that_of_the_trainings_that_helped() -> None:
    epochs = [{"epoch": e, "training": 1.0, "validation": 1.0} for e in (1, 2, 3)]
    fits = [{"name": "origin", "epochs": epochs, "best_epoch": best} for best in (0, 0, 0, 3, 2, 3)]
    said = plain(training.training_words("convlstm", [fates.Fate("convlstm", 0, "trained", "", 1, 10, fits)]))
    assert "in 3 of 6 trainings an epoch beat the start" in said
    assert "the 3rd in the median; in 3 of 6 trainings no epoch did" in said


def test_the_legend_of_the_tiles_names_the_model(whole: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    labels: list[str] = []

    def keep(figure: Any, *_: Any) -> None:
        legends = [legend for part in figure.subfigs for legend in part.legends]
        labels.extend(text.get_text() for legend in legends for text in legend.get_texts())

    monkeypatch.setattr(tiles, "keep", keep)
    tiles.draw_tiles(whole.cube, whole.tiles, whole.batches, whole.seams, *whole.figure("F18_tiles.png"), "subsidence_red")
    assert "failed (ConvLSTM)" in labels
    assert any(label.startswith("worst seam (ConvLSTM") for label in labels)


def test_clusters_are_numbered_as_in_the_scores(whole: Study, page: Page) -> None:
    store, found = open_store(whole.clusters), facts(whole, "F16_clusters.png")
    assert found["numbers"]["n"] == store.n.values.tolist()
    assert found["numbers"]["davies_bouldin"] == {"2": 0.8, "3": 0.5, "4": 0.9}
    rows = list(csv.DictReader((whole.folder / "toy/report/tables/T1_clusters.csv").open()))
    assert [row["cluster"] for row in rows] == [str(at) for at in (1, 2, 3) for _ in range(5)]
    assert rows[0]["model"] == rows[5]["model"] == "persistence"
    # Rows of clusters are not rows of all pixels.
    models = {row["model"]: row for row in csv.DictReader((whole.folder / "toy/report/tables/T1_models.csv").open())}
    assert float(models["drift"]["mae"]) == pytest.approx(np.average(MAE["drift"], weights=[1000, 500, 333]), rel=1e-5)
    drift = next(row for row in rows if row["cluster"] == "1" and row["model"] == "drift")
    assert float(drift["mae"]) == pytest.approx(3 * np.average(MAE["drift"], weights=[250, 125, 83]), rel=1e-5)


def test_the_number_of_a_cluster_stands_inside_its_largest_part() -> None:
    inside = np.zeros((20, 30), bool)
    inside[2:4, 2:4] = True
    inside[10:19, 10:21] = True
    assert clusters.middle_of(inside) in {(14, col) for col in range(14, 17)}
    assert clusters.middle_of(~inside & inside) is None
    # A ring's centre is not in the ring; its number is.
    rows, cols = np.mgrid[:41, :41]
    ring = np.abs(np.hypot(rows - 20, cols - 20) - 15) < 4
    place = clusters.middle_of(ring)
    assert place is not None
    assert ring[place]


def test_no_pixel_in_a_cluster(tmp_path: Path) -> None:
    cube = make_cube()
    cube["mask"][:] = False
    study = write_study(tmp_path, cube, scored=True)
    add_clusters(study)
    study.draw_more()
    assert "No pixel could be put into a cluster." in facts(study, "F16_clusters.png")["title"]


def test_truth_is_told_by_kind_and_model(whole: Study, page: Page) -> None:
    found = facts(whole, "F19_truth.png")["numbers"]
    assert list(found["kinds"]) == ["all", "bowl", "stable", "urban_edge"]
    assert found["kinds"]["bowl"] == {"deformation": 6.0, "visible": 3.0, "n": 100}
    assert next(iter(found["models"])) == "persistence"
    assert "observed" not in found["models"]
    weights = [1000, 500, 333]
    mae = float(np.average(MAE["linear"], weights=weights))
    assert found["models"]["linear"] == pytest.approx({"truth": 0.6 * mae, "observed": mae})
    assert "4 mm from the truth on stable ground and 6 mm in the bowls" in page.text
    assert f"the mean error of linear is {0.6 * mae:.1f} mm" in page.text
    assert f"; against the noisy observation it is {mae:.1f} mm" in page.text
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


def test_gains_are_those_of_the_shown_model(whole: Study) -> None:
    store, found = open_store(whole.fields), facts(whole, "F21_gains.png")
    difference = store.mae_difference.sel(model="linear").values
    assert found["numbers"]["model"] == "linear"
    assert found["numbers"]["pixels_better"] == pytest.approx((difference < 0).mean())
    assert found["numbers"]["values_better"] == pytest.approx(
        scoring.mean(pd.DataFrame({"v": [0.6, 0.5, 0.4], "n": [1000, 500, 333]}), "v")
    )
    assert found["numbers"]["ssim_increment"] == {"1": 0.55, "2": 0.55, "3": 0.55}
    assert found["numbers"]["ms_ssim"] == {"1": None, "2": None, "3": None}


@pytest.mark.parametrize(
    ("chosen", "past", "expected"),
    [
        ("drift", ("drift", "linear"), "Drift (the newest choice) has"),
        ("persistence", ("persistence", "persistence"), "(the best of the others, for “nothing changes” was chosen) has"),
    ],
)
def test_gains_name_another_model_where_the_scored_one_has_no_map(
    make: Callable[..., Study], chosen: str, past: tuple[str, str], expected: str
) -> None:
    study = make(chosen=chosen, past=past)
    study.draw_more()
    assert expected in facts(study, "F21_gains.png")["title"]


def test_more_figures_have_the_same_bytes(whole: Study, tmp_path: Path) -> None:
    again = write_study(tmp_path, make_cube(ny=24, nx=27))
    add_grids(again)
    add_clusters(again)
    add_truth(again)
    again.draw_more()
    for name in ("F16_clusters.png", "F18_tiles.png", "F19_truth.png", "F20_training.svg", "F21_gains.png"):
        for first, second in zip(whole.figure(name), again.figure(name), strict=True):
            assert first.read_bytes() == second.read_bytes(), name
        if name.endswith(".png"):
            height, width = matplotlib.image.imread(whole.figure(name)[0]).shape[:2]
            assert width <= 1200
            assert height <= 800


def test_lines_that_coincide_share_a_name(drawn: Study, make: Callable[..., Study]) -> None:
    """The automatic choice is linear at every origin: one label; where it is not, two."""
    from insarcast.report.drawing import lines

    points = (12.0, 24.0, 0.3, 0.5)
    assert lines.joined([("linear", points, "#1"), ("chosen", points, "#2")]) == [(24.0, 0.5, "linear = automatic choice", "#1")]
    apart = lines.joined([("linear", points, "#1"), ("chosen", (12.0, 24.0, 0.3, 0.4), "#2")])
    assert [name for *_, name, _ in apart] == ["linear", "automatic choice"]


def test_two_errors_that_round_to_the_same_are_told_apart() -> None:
    assert [plain(text) for text in words.two_mm(4.8, 5.0)] == ["4.8 mm", "5.0 mm"]
    assert [plain(text) for text in words.two_mm(1.4, 2.1)] == ["1.4 mm", "2.1 mm"]  # 1 and 2 mm would be another skill
    assert [plain(text) for text in words.two_mm(9.8, 30.0)] == ["9.8 mm", "30.0 mm"]
    assert [plain(text) for text in words.two_mm(14.8, 19.0)] == ["15 mm", "19 mm"]
    assert [plain(text) for text in words.two_mm(5.0, 5.0)] == ["5.0 mm", "5.0 mm"]
    assert [plain(text) for text in map(words.error_mm, (5.04, 10.4))] == ["5.0 mm", "10 mm"]


def test_coverage_stands_beside_its_own_n(page: Page) -> None:
    """By lead time and by model: n of the intervals, not of the errors, precedes the coverage."""
    for rows, caption in zip(page.tables, page.captions, strict=True):
        if caption.startswith("Scores"):
            at = rows[0].index("n intervals")
            assert rows[0][at + 1].startswith("Within")
            assert rows[0][rows[0].index("n")] == "n"
    lead = next(
        rows for rows, caption in zip(page.tables, page.captions, strict=True) if caption.startswith("Scores over all test")
    )
    assert plain(lead[2][lead[0].index("n intervals")]) == "200"  # 800 / 2^2 at the second lead time, of 500 errors
