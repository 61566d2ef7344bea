"""How forecasts were made: clusters, tiles and seams, training; on the page, in figures and tables."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from insarcast.core import Tile, open_store, read_tiles
from insarcast.report.made import clusters, fates, plan, tiles, training
from tests.cubes import make_cube
from tests.report.reading import Page, facts, plain
from tests.report.toy import MAE, Study, write_study
from tests.report.toy_parts import add_clusters, add_grids, add_truth


def test_the_page_has_every_figure_in_its_section(whole_page: Page) -> None:
    """Each figure once; those on how it was made after those on trust and truth."""
    found = re.findall(r'<figure id="T1-(F\d+)">', whole_page.source)
    assert len(found) == len(set(found))
    assert found == ["F5", "F6", "F7", "F8", "F21", "F19", "F16", "F18", "F20"]
    for image in whole_page.all("img"):
        assert len(str(image["alt"])) > 30


def test_a_study_without_them_has_none_of_them(drawn: Study) -> None:
    real = Page(drawn.folder / "toy/report/index.html")
    for word in ("F16", "F18", "F19", "F20", "ConvLSTM", "luster", "seam", "truth on"):
        assert word not in real.text.split("Data credits")[0], word


def test_what_became_of_tiles_is_told(whole_page: Page, whole: Study) -> None:
    assert "ConvLSTM: tile 0 failed twice and was trained with another seed." in whole_page.text
    assert "from 1.40 to 1.02 times that beside them" in whole_page.text
    rows = next(rows for rows, caption in zip(whole_page.tables, whole_page.captions, strict=True) if "not used" in caption)
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


def test_clusters_are_numbered_as_in_the_scores(whole: Study, whole_page: Page) -> None:
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
