"""The sentences on a ready series: what they claim only where the numbers allow it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from insarcast.report.series import join_words, sentences
from insarcast.report.series.answer import answer_lines, tiles_of
from insarcast.report.series.maps import place_line
from insarcast.report.series.points.ahead import Ahead
from insarcast.report.series.points.numbers import Points, read_points
from insarcast.report.series.scores import fastest, rivals, trust
from insarcast.report.series.scores.reading import Scores
from insarcast.report.series.tables import points_table, speeds_table
from insarcast.report.writing import sight, words
from tests.report.reading import plain
from tests.report.series_toy import write_series_study

DAYS = {1: 6.0, 10: 60.0}
ORIGINS = ["2019-01-01", "2019-03-01"]


def scores_of(
    p: tuple[float, float] = (0.004, 0.004),
    dm: float = -3.0,
    *,
    simple: tuple[float, float] = (-3.0, 0.2),
    held: float = 0.62,
    best: float = 0.5,
    classes: tuple[str, ...] = ("below 1", "5 and above"),
) -> Scores:
    """Scores of two lead times; the fastest class is the last, and nothing of it is known but after ten dates."""
    rows: list[dict[str, Any]] = []
    for model, skill in (("persistence", 0.0), ("ses", best), ("auto", 0.3)):
        for horizon in (0, 1, 10):
            common = {"model": model, "horizon": horizon, "cluster": "all", "noise_class": "all", "bias": 0.1, "skill": skill}
            common |= {"mae": 4 * (1 - skill), "skill_low": skill - 0.05, "skill_high": skill + 0.05, "coverage90": 0.9}
            rows.append(common | {"velocity_class": "all", "n": 1000})
            rows += [common | {"velocity_class": name, "n": 900} for name in classes[:-1]]
            fast = {"velocity_class": classes[-1], "n": 42 if horizon == 10 else 0, "coverage90": held, "bias": 4.5}
            rows.append(common | fast)
            rows.append(common | {"velocity_class": "9 and above", "n": 0})
    tests = [
        {"model": "auto", "against": other, "horizon": horizon, "dm": statistic, "p_bh": value}
        for horizon, own, rival in ((1, p[0], simple[1]), (10, p[1], simple[1]))
        for other, statistic, value in (("persistence", dm, own), ("ses", simple[0], rival))
    ]
    nothing = pd.DataFrame()
    return Scores(pd.DataFrame(rows), pd.DataFrame(tests), nothing, {}, {}, None, ["persistence", "ses", "auto"])


def test_better_is_said_only_where_the_test_agrees() -> None:
    said = lambda scores: plain(trust.better(scores, DAYS, ORIGINS))  # noqa: E731
    assert "is better than “nothing changes”: after 1 date (6 days) its mean error is 2.8 against 4.0 mm" in said(scores_of())
    unsure = said(scores_of((0.2, 0.06)))
    assert "cannot be told from “nothing changes” (p 0.20 and p 0.060)" in unsure
    assert "better" not in unsure
    mixed = said(scores_of((0.004, 0.06)))
    assert "after 1 date (6 days) it is better than" in mixed
    assert "after 10 dates (60 days) it cannot be told from “nothing changes” (p 0.060)" in mixed
    assert "is worse than “nothing changes”" in said(scores_of(dm=3.0))
    untested = said(replace(scores_of(), significance=pd.DataFrame()))
    assert "cannot be told from" in untested
    assert "better" not in untested
    assert "nan" not in said(scores_of((float("nan"), float("nan"))))


def test_a_title_says_better_only_where_the_test_agrees() -> None:
    assert trust.lead_title(scores_of(), DAYS).endswith("better than persistence at every lead time, up to 60 days")
    assert trust.lead_title(scores_of((0.004, 0.06)), DAYS).endswith("better than persistence up to 6 days")
    assert "not surely better" in trust.lead_title(scores_of((0.2, 0.2)), DAYS)


@pytest.mark.parametrize(
    ("simple", "verdict"),
    [((-3.0, 0.01), "better (p 0.010)"), ((3.0, 0.01), "worse (p 0.010)"), ((-3.0, 0.2), "not told apart (p 0.20)")],
)
def test_the_best_simple_model_is_compared(simple: tuple[float, float], verdict: str) -> None:
    said = plain(rivals.against_simple(scores_of(simple=simple)))
    assert said == (
        f"Against the best simple model the automatic choice is {verdict} after 1 date (SES) and {verdict} after 10 dates (SES)."
    )
    assert not rivals.against_simple(replace(scores_of(), significance=pd.DataFrame()))


def test_the_fastest_class_has_its_sentence_and_its_say_on_the_interval() -> None:
    scores = scores_of()
    assert fastest.fastest_class(scores) == "5 and above"  # nothing was scored of the one above
    said = plain(fastest.moving(scores, DAYS))
    assert "(class “5 and above”, mm/yr), 42 values could be scored after 10 dates (60 days)" in said
    assert "a skill of +0.30, while the best model there, known only afterwards, is SES (+0.50)" in said
    assert "+4.5 mm (the forecast lies too far towards the satellite); the 90 % interval held 62 %." in said
    assert "best model" not in fastest.moving(scores_of(best=0.34), DAYS)
    assert plain(fastest.covered(scores, DAYS)).endswith(
        "holds what it promises over all, but after 10 dates it is too narrow for the points that move fastest (62 %)."
    )
    assert "too wide for the points" in fastest.covered(scores_of(held=0.97), DAYS)
    assert fastest.covered(scores_of(held=0.86), DAYS).endswith("it holds what it promises.")


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Points:
    return read_points(write_series_study(tmp_path_factory.mktemp("words"), n_points=6, groups=False, space=False).series)


def some(points: Points, change: float, steps: int) -> Ahead:
    values = np.zeros(points.total)
    values[2] = change
    return Ahead("2020-01-01", f"2020-02-0{steps}", steps, values, values - 1, values + 1, 90)


def test_a_vertical_product_is_not_told_as_one_along_the_line_of_sight(points: Points) -> None:
    assert points.fastest is not None
    upright = replace(points, cube=points.cube.assign_attrs(source="egms", product="EGMS, level 3 (vertical)"))
    assert upright.vertical
    assert not replace(points, cube=points.cube.assign_attrs(source="egms", product="EGMS, level 2 (line of sight)")).vertical
    last, scores = some(upright, -30.0, 4), scores_of()
    table, shown = points_table("U", upright, last), tiles_of(upright, scores, DAYS, last, "")
    lines = [
        *answer_lines(upright, scores, DAYS, ORIGINS, {}, "egms"),
        sentences.expected(upright, last, "ses"),
        sentences.fastest(replace(upright, velocity=0 * upright.velocity)),
        place_line(upright),
        table.caption,
        *[tile.label for tile in shown],
        *[column.head for column in speeds_table("U", upright, (2.0, 10.0)).columns],
    ]
    said = plain(" ".join(lines))
    assert "satellite" not in said
    assert "line of sight" not in said
    assert shown[0].label == "fastest point, downwards"
    assert "30 mm downwards" in said
    assert "the forecast lies too far upwards" in said
    assert "displacement, which is vertical as the product has it" in said
    assert "positive is up" in table.caption
    assert "no point moves by 1 mm/yr or more vertically" in said
    assert sight.change_range(-3.0, 5.0, vertical=True) == f"{words.mm(3)} down to {words.mm(5)} up"
    assert "along the line of sight and not vertical" in trust.unknown(scores, DAYS)


def test_a_change_whose_interval_holds_nothing_is_told_so(points: Points) -> None:
    sure, unsure = some(points, -30.0, 4), replace(some(points, -30.0, 4), high=np.full(points.total, 5.0))
    for last, told in ((sure, False), (unsure, True)):
        label = tiles_of(points, scores_of(), DAYS, last, "")[1].label
        assert (", so it cannot be told from no change)" in label) is told
        assert (", so it cannot be told from no change)" in sentences.expected(points, last, "ses")) is told


def test_no_more_than_all_of_a_change_is_taken_back(points: Points) -> None:
    said = lambda soon: plain(sentences.taken_back(some(points, soon, 1), some(points, -14.0, 4)))  # noqa: E731
    assert said(-15.0).startswith("All of the largest change is expected by 2020-02-01 already")
    assert said(-12.7).startswith("All of the largest change is expected")
    assert said(-9.0).startswith("Of the largest change 9 mm are expected by 2020-02-01 already")
    assert said(-3.0) == said(5.0) == ""


def test_the_fastest_point_has_its_own_dates(points: Points) -> None:
    assert points.fastest is not None
    cube = points.cube.copy(deep=True)
    cube["displacement"][:3, points.fastest] = np.nan
    cube["displacement"][-1, points.fastest] = np.nan
    late = replace(points, cube=cube)
    assert sentences.fastest(late).startswith(f"Between {points.dates[3]} and {points.dates[-2]} the fastest point")
    last = some(late, 3.0, 4)
    table = points_table("S1", late, last)
    assert "From" in [column.head for column in table.columns]
    assert table.rows[0]["from"] == points.dates[3]
    assert f"Further change by {last.target} [mm]" in [column.head for column in table.columns]


def test_joins_are_told_as_they_are_recorded(points: Points) -> None:
    start = {"kind": "start", "n_start": 11, "begin": "20180104", "last": "20180101", "date": "20180104"}
    said = plain(join_words.told({"joins": [start]}, points, "egms"))
    assert "11 series begin together on 2018-01-04" in said
    assert "series.joins.dates" in said
    assert "No join" not in said
    assert not join_words.dates({"joins": [start]})
    assert join_words.told({}, points, "egms") == "No join of two releases of the product was found in the series."
    assert join_words.told({"joins": []}, points, "points") == ""
    alike = {
        "kind": "stated",
        "last": "20211220",
        "date": "20220101",
        "n_joined": 6,
        "jump_sd_mm": 1.9,
        "usual_sd_mm": 2.0,
        "excess_mm": 0.0,
    }
    assert "no more than elsewhere (±1.9 mm from point to point, elsewhere ±2.0 mm)" in plain(
        join_words.told({"joins": [alike]}, points, "points")
    )
