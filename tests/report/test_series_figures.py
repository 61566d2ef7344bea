"""Figures of ready series: what they say, and that they draw what the files hold."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insarcast.core import InsarcastError, open_store, write_store
from insarcast.report.series.fans import fan_of
from insarcast.report.series.points.ahead import ahead
from insarcast.report.series.points.frame import points_frame
from insarcast.report.series.points.numbers import noise_of, read_points
from insarcast.report.series.points.picks import pick_points
from insarcast.report.series.record import record_of
from insarcast.report.series.scores.models import AUTO, BASELINE, family, ordered, shown
from insarcast.report.series.scores.reading import drawn_store, read_series_scores, stars
from tests.report.series_toy import MODELS, SeriesStudy, write_series_study

FIGURES = {
    "F1": "mm/yr", "F3": "mm", "F5": "1", "F7": "mm and %", "F8": "1, % and mm", "F10": "mm", "F22": "mm", "F24": "1", "F25": "1",
    "F26": "points and days",
}  # fmt: skip


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> SeriesStudy:
    """A ready series with a join and late starters, drawn; nobody changes it."""
    study = write_series_study(tmp_path_factory.mktemp("ready"), join=25, gaps=4)
    study.draw_all()
    return study


def facts(study: SeriesStudy, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        item
        for path in study.figures
        if path.suffix == ".json"
        for item in [json.loads(path.read_text().replace("\xa0", " "))]
        if item["id"] == name
    )
    return found


def test_every_figure_has_words_a_unit_and_a_size_that_a_viewer_shows(ready: SeriesStudy) -> None:
    found = {item["id"]: item for path in ready.figures if path.suffix == ".json" for item in [json.loads(path.read_text())]}
    assert {name: item["unit"] for name, item in found.items()} == FIGURES
    assert all(len(item["alt"]) > 30 and len(item["caption"]) > 30 for item in found.values())
    for path in ready.figures:
        if path.suffix == ".png":
            width, height = struct.unpack(">II", path.read_bytes()[16:24])
            assert width == 1200
            assert height <= 800
        elif path.suffix == ".svg":
            box = path.read_text().split('viewBox="', 1)[1].split('"', 1)[0].split()
            assert float(box[2]) / 72 * 150 <= 1201
            assert float(box[3]) / 72 * 150 <= 801


def test_same_inputs_same_bytes(ready: SeriesStudy, tmp_path: Path) -> None:
    again = write_series_study(tmp_path, join=25, gaps=4)
    again.draw_all()
    for path, other in zip(ready.figures, again.figures, strict=True):
        assert path.read_bytes() == other.read_bytes(), path.name
    for path, other in zip(ready.points, again.points, strict=True):
        assert path.read_bytes() == other.read_bytes(), path.name


def test_the_numbers_of_points_are_those_of_the_cube(ready: SeriesStudy) -> None:
    points, cube = read_points(ready.series), open_store(ready.series).load()
    speed = np.abs(cube.velocity.values)
    assert points.fastest == int(speed.argmax())
    assert points.count == points.total == 60
    assert points.share == pytest.approx((speed > points.edge).mean())
    assert points.place(3) == (pytest.approx(float(cube.lon.values[3])), pytest.approx(float(cube.lat.values[3])))


def test_what_is_masked_is_never_the_fastest(ready: SeriesStudy, tmp_path: Path) -> None:
    cube = open_store(ready.series).load()
    top = int(np.abs(cube.velocity.values).argmax())
    cube["mask"][top] = False
    write_store(cube, tmp_path / "series.zarr")
    points = read_points(tmp_path / "series.zarr")
    assert points.fastest != top
    assert points.count == 59
    assert np.isnan(points.velocity[top])


def test_noise_of_a_point_is_its_white_noise_whatever_the_join(tmp_path: Path) -> None:
    """White noise of 3 to 6 mm on a line with a yearly swing: the estimate is within a fifth; a jump of 400 mm does not change it."""
    study = write_series_study(tmp_path, n_dates=200, join=100)
    cube = open_store(study.series).load()
    before = noise_of(read_points(study.series))
    np.testing.assert_allclose(before, 3 * np.linspace(1, 2, 60), rtol=0.45)
    assert np.mean(before / (3 * np.linspace(1, 2, 60))) == pytest.approx(1, abs=0.06)
    cube["displacement"][100:, ::2] += 400
    write_store(cube, tmp_path / "jumped.zarr")
    np.testing.assert_allclose(noise_of(read_points(tmp_path / "jumped.zarr")), before, rtol=0.1)


@pytest.mark.parametrize(("x", "y"), [([0.0], [0.0]), ([0.0, 9000.0], [0.0, 0.0]), ([5.0, 6.0], [0.0, 12000.0])])
def test_the_frame_holds_all_points_and_is_neither_narrow_nor_empty(ready: SeriesStudy, x: list[float], y: list[float]) -> None:
    cube = open_store(ready.series).isel(point=slice(0, len(x))).assign_coords(x=("point", x), y=("point", y))
    frame = points_frame(cube)
    assert frame is not None
    assert all(frame.left < value < frame.right for value in x)
    assert all(frame.bottom < value < frame.top for value in y)
    assert 0.4 < frame.shape_ratio < 2.6
    assert frame.right - frame.left >= 80


def test_points_that_lie_close_together_get_a_map_of_their_own(ready: SeriesStudy, tmp_path: Path) -> None:
    """Nine of ten points within 100 m and one 5 km away: the map shows the nine, and says that one lies outside."""
    study = write_series_study(tmp_path, n_points=10)
    cube = open_store(study.series).load()
    cube["x"] = ("point", np.r_[640_000 + 10.0 * np.arange(9), 645_000])
    cube["y"] = ("point", np.r_[5_660_000 + 12.0 * np.arange(9), 5_661_000])
    write_store(cube, study.series)
    points = read_points(study.series)
    assert points.outside == 1
    assert points.main is points.dense
    assert points.main is not None
    assert points.main.right - points.main.left < 300
    study.draw_points()
    assert "1 point lies outside of the map" in facts(study, "F3")["caption"]
    spread = read_points(ready.series)
    assert spread.dense is None
    assert spread.outside == 0


def test_forecasts_land_on_their_own_points(ready: SeriesStudy) -> None:
    """The first 56 points are forecast, the late starters are not; a store in another order gives the same map."""
    points, store = read_points(ready.series), drawn_store(ready.calibrated, "ses")
    last = ahead(store, points)
    np.testing.assert_array_equal(last.known, np.arange(60) < 56)
    middle = store.increment.sel(quantile=0.5).isel(origin=-1, horizon=-1).values
    np.testing.assert_array_equal(last.change[:56], middle.astype(float))
    turned = ahead(store.isel(point=slice(None, None, -1)), points)
    np.testing.assert_array_equal(turned.change, last.change)
    assert last.origin == "2019-08-29"
    assert (last.low[:56] < last.change[:56]).all()
    assert last.level == 90


def test_picked_points_are_the_fastest_the_usual_and_the_noisiest_that_are_forecast(ready: SeriesStudy) -> None:
    points, store = read_points(ready.series), drawn_store(ready.calibrated, AUTO)
    picks = pick_points(points, store)
    assert list(picks) == ["A", "B", "C"]
    speed, noise = np.abs(points.velocity)[:56], noise_of(points)[:56]
    assert picks["A"] == speed.argmax()
    rest = np.where(np.arange(56) == picks["A"], -1, noise)
    assert picks["C"] == rest.argmax()
    assert abs(speed[picks["B"]] - np.median(speed)) <= np.sort(abs(speed - np.median(speed)))[2]
    one = pick_points(points, store.isel(point=[7]))
    assert one == {"A": 7}


def test_a_fan_starts_at_the_last_value_and_opens(ready: SeriesStudy) -> None:
    points, store = read_points(ready.series), drawn_store(ready.calibrated, "theta")
    fan = fan_of(points, store, 5, -1)
    assert fan.start == pytest.approx(float(points.cube.displacement.values[-1, 5]))
    low, high = fan.between(0.05, 0.95)
    assert low[0] == high[0] == fan.start
    assert (np.diff(high - low) > 0).all()
    assert fan.between(0.1, 0.9) == []
    increment = store.increment.isel(origin=-1, point=5).sel(quantile=0.95).values
    np.testing.assert_allclose(high[1:], fan.start + increment, rtol=1e-5)


def test_the_record_counts_starts_ends_joins_and_gaps(ready: SeriesStudy) -> None:
    found = record_of(read_points(ready.series))
    assert found.starts.sum() == 4
    assert found.starts[10] == 4
    assert found.ends.sum() == 0
    assert found.known[9] == 56
    assert found.gaps == [47]
    assert found.joins == ["2018-11-02"]
    assert found.joined == [30]
    assert "1 release join (between 2018-10-21 and 2018-11-02)" in facts(ready, "F26")["title"]
    assert "release join, between 2018-10-21 and 2018-11-02." in facts(ready, "F22")["caption"]


def test_models_are_in_families_persistence_first_and_stacking_last() -> None:
    names = ["stacking", "lstm", "arima", "auto", "ses", "gp_average", "persistence", "boosting"]
    assert ordered(names) == ["persistence", "ses", "arima", "gp_average", "lstm", "boosting", "auto", "stacking"]
    assert [family(name) for name in ("theta", "kalman", "svr", "auto")] == ["simple", "statistical", "learned", "combined"]


def test_of_many_models_a_figure_shows_the_best_of_each_family() -> None:
    names = [BASELINE, "drift", "ses", "arima", "kalman", "svr", "gru", "lstm", "boosting", "theta", "starima", AUTO, "stacking"]
    rows = pd.DataFrame(
        {"model": names, "horizon": 10, "skill": [0, -1, 0.1, 0.12, 0.2, 0.05, 0.15, 0.14, 0.02, 0.09, 0.11, 0.19, 0.21]}
    )
    lines = shown(rows, 10, AUTO)
    assert {BASELINE, "ses", "kalman", "gru", AUTO, "stacking"} <= {line.model for line in lines}
    assert len(lines) == 7
    looks = [(str(line.style["color"]), str(line.style["linestyle"])) for line in lines]
    assert len(set(looks)) == len(looks)


def test_skill_figure_says_what_the_table_says(ready: SeriesStudy) -> None:
    scores = read_series_scores(ready.evaluated, ready.auto, None)
    numbers = facts(ready, "F5")["numbers"]
    assert numbers["skill"][AUTO]["4"] == pytest.approx(scores.value(AUTO, 4, "skill"))
    base = scores.value(BASELINE, 1, "mae")
    assert base is not None
    assert numbers["ceiling"]["1"] == pytest.approx(1 - 2.4 / base)
    assert "better than persistence at every lead time, up to 53 days" in facts(ready, "F5")["title"]
    assert "etrospective" in facts(ready, "F5")["caption"]


def test_coverage_title_has_thresholds(ready: SeriesStudy, tmp_path: Path) -> None:
    study = write_series_study(tmp_path)
    table = pd.read_parquet(study.scores)
    for value, words in (
        (0.9, "it holds what it promises"),
        (0.97, "wider than needed"),
        (0.7, "read every interval on this page as too sure"),
    ):
        table["coverage90"] = value
        table.to_parquet(study.scores)
        study.draw_scores()
        assert words in facts(study, "F8")["title"]


@pytest.mark.parametrize(
    ("p", "shown_"), [(0.0005, "***"), (0.005, "**"), (0.04, "*"), (0.05, ""), (float("nan"), ""), (None, "")]
)
def test_stars(p: float | None, shown_: str) -> None:
    assert stars(p) == shown_


def test_a_date_at_which_all_fail_is_named(tmp_path: Path) -> None:
    study = write_series_study(tmp_path)
    path = study.evaluate("series_errors.zarr")
    errors = open_store(path).load()
    errors["error"][:, 2, 0] = 30.0
    write_store(errors, path)
    from insarcast import report

    report.draw_failure(study.series, path, study.calibrated, study.auto, study.scores, *study.figure("F10_points.png"), None)
    store = drawn_store(study.calibrated, AUTO)
    assert f"fails most on {str(store.target_time.values[2, 0])[:10]} (30.0 mm)" in facts(study, "F10")["title"]


def test_points_in_space_have_their_own_colours(tmp_path: Path) -> None:
    """A sinking point is red-brown and a rising one blue, at their places; with uplift_red the other way round."""
    from matplotlib.image import imread

    study = write_series_study(tmp_path, n_points=9)
    cube = open_store(study.series).load()
    cube["x"] = ("point", 640_000 + np.array([0, 1000, 0, 1000, 500, 500, 500, 500, 500.0]))
    cube["y"] = ("point", 5_660_000 + np.array([0, 0, 1000, 1000, 500, 510, 490, 495, 505.0]))
    cube["velocity"][:] = np.array([-30, 30, 30, 30, 0, 0, 0, 0, 0.0])
    write_store(cube, study.series)
    corners = {}
    for colours in ("subsidence_red", "uplift_red"):
        study.draw_points(colours)
        image = imread(study.figure("F01_points.png")[0])[:, :, :3]
        map_ = image[: int(0.75 * len(image))]
        strong = np.ptp(map_, axis=2) > 0.25
        red, blue = ((strong & (map_[..., k] == map_.max(axis=2))) for k in (0, 2))
        corners[colours] = [np.array(np.nonzero(each)).mean(axis=1) for each in (red, blue)]
    (red, blue), (other, swapped) = corners["subsidence_red"], corners["uplift_red"]
    assert red[0] > blue[0]  # lower
    assert red[1] < blue[1]  # left
    np.testing.assert_allclose(red, swapped, atol=12)
    np.testing.assert_allclose(blue, other, atol=12)


def test_a_model_that_was_not_forecast_is_a_sentence(ready: SeriesStudy) -> None:
    with pytest.raises(InsarcastError, match=r"report\.model is 'lstm', but the models of the cube are persistence"):
        read_series_scores(ready.evaluated, ready.auto, "lstm")
    assert read_series_scores(ready.evaluated, ready.auto, "theta").scored == "theta"
    assert read_series_scores(ready.evaluated, ready.auto, None).models == list(MODELS)
