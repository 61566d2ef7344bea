"""Every branch of every sentence; spaces that hold a unit to its number are plain here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from insarcast.report.checks import gnss_words
from insarcast.report.displacement import sentences as displacement
from insarcast.report.forecast import sentences as forecast
from insarcast.report.forecast.outlook import Outlook
from insarcast.report.grid.answer import largest
from insarcast.report.grid.tables import areas_table
from insarcast.report.page.html import unbroken
from insarcast.report.scores import sentences as scores
from insarcast.report.scores.tables import scores_table
from insarcast.report.stack import sentences as stack
from insarcast.report.writing import sight, words
from tests.report.reading import plain

NOTHING = "\N{LEFT DOUBLE QUOTATION MARK}nothing changes\N{RIGHT DOUBLE QUOTATION MARK}"
GNSS = {"name": "MMX1 - ICMX", "n": 6, "rmse": 10.68, "bias": 2.31}

CASES: list[tuple[Callable[..., str], tuple[Any, ...], str]] = [
    (
        displacement.fastest,
        (-289.4, -99.0529, 19.4395, 0.718, 20.0, "20180106", "2018-07-17"),
        "Between 2018-01-06 and 2018-07-17 the fastest pixel (19.4395° N, 99.0529° W) moved away from the satellite at 289 mm/yr; "
        "72 % of the used pixels move faster than 20 mm/yr.",
    ),
    (
        displacement.fastest,
        (12.0, 17.03, -51.1, 0.001, 10.0, "2018-01-06", "2018-07-17"),
        "Between 2018-01-06 and 2018-07-17 the fastest pixel (51.1000° S, 17.0300° E) moved towards the satellite at 12 mm/yr; "
        "less than 1 % of the used pixels move faster than 10 mm/yr.",
    ),
    (
        displacement.fastest,
        (1.4, 17.0, 51.0, 0.0, 2.0, "2018-01-06", "2018-07-17"),
        "Between 2018-01-06 and 2018-07-17 the fastest pixel (51.0000° N, 17.0000° E) moved towards the satellite at 1 mm/yr; "
        "none of the used pixels moves faster than 2 mm/yr.",
    ),
    (
        displacement.fastest,
        (0.3, 17.0, 51.0, 0.0, 2.0, "2018-01-06", "2018-07-17"),
        "Between 2018-01-06 and 2018-07-17 no pixel moves by 1 mm/yr or more along the line of sight.",
    ),
    (
        displacement.used,
        (5894, 6000, 0, [("not_inverted", 102), ("stc", 4)]),
        "2 % of the area is not measured, mostly for too few interferograms to invert (102 pixels).",
    ),
    (
        displacement.used,
        (5999, 6000, 0, [("own_flag", 1)]),
        "Less than 1 % of the area is not measured, mostly for own flag (1 pixel).",
    ),
    (
        displacement.used,
        (4500, 6000, 1500, [("temporal_coherence", 1400), ("stc", 300)]),
        "25 % of the area is not used (measured but masked), mostly for low temporal coherence (1 400 pixels).",
    ),
    (
        displacement.used,
        (4500, 6000, 1200, [("temporal_coherence", 1100), ("not_inverted", 300)]),
        "25 % of the area is not used (5 % not measured, 20 % measured but masked), mostly for low temporal coherence (1 100 pixels).",
    ),
    (
        displacement.used,
        (0, 6000, 6000, [("coherence", 6000)]),
        "0 of 6 000 pixels are used, mostly for low mean coherence (6 000 pixels): there is nothing to map.",
    ),
    (
        displacement.used,
        (0, 60, 20, [("not_inverted", 40)]),
        "0 of 60 pixels are used (40 pixels not measured, 20 measured but masked), mostly for too few interferograms to invert "
        "(40 pixels): there is nothing to map.",
    ),
    (displacement.used, (0, 1, 0, []), "0 of 1 pixel are measured: there is nothing to map."),
    (displacement.used, (12, 12, 0, []), "Every one of the 12 pixels is used."),
    (displacement.used, (1, 1, 0, []), "The only pixel is used."),
    (scores.few_dates, (13, 3), "13 dates allow no more than the simple models, tested from 3 dates."),
    (scores.few_dates, (1, 0), "1 date allows no more than the simple models."),
    (scores.few_dates, (60, 1), "The models rest on 60 dates, tested from one date only."),
    (
        forecast.expected,
        ("linear", "20180717", "2018-08-22", -27.02, -39.8, -14.2, 90, -99.0709, 19.4339),
        "From 2018-07-17 to 2018-08-22 linear expects the largest change at 19.4339° N, 99.0709° W: 27 mm away from the "
        "satellite (90 % interval 14 to 40 mm).",
    ),
    (
        forecast.expected,
        ("window_mean", "20180717", "20180822", 4.0, -2.0, 9.6, 90, 1.0, 2.0),
        "From 2018-07-17 to 2018-08-22 window mean expects the largest change at 2.0000° N, 1.0000° E: 4 mm towards the "
        "satellite (90 % interval 2 mm away to 10 mm towards, so it cannot be told from no change).",
    ),
    (
        forecast.expected,
        ("drift", "20180717", "20180822", 18.0, -19.0, 56.0, 90, 1.0, 2.0, False, (-5.0, -20.0, 9.0)),
        "From 2018-07-17 to 2018-08-22 drift expects the largest change at 2.0000° N, 1.0000° E: 18 mm towards the satellite "
        "(90 % interval 19 mm away to 56 mm towards, so it cannot be told from no change); "
        "at the fastest pixel 5 mm away from the satellite (20 mm away to 9 mm towards).",
    ),
    (
        forecast.expected,
        ("drift", "20180717", "20180822", 18.0, None, None, 0, 1.0, 2.0, False, (-0.2, None, None)),
        "From 2018-07-17 to 2018-08-22 drift expects the largest change at 2.0000° N, 1.0000° E: 18 mm towards the satellite "
        "(no interval is given); at the fastest pixel less than 1 mm.",
    ),
    (sight.change_range, (-40.2, -14.0), "14 to 40 mm"),
    (sight.doubt, (-40.2, -14.0), ""),
    (sight.doubt, (-19.0, 56.0), ", so it cannot be told from no change"),
    (
        forecast.expected,
        ("drift", "20180717", "20180822", 0.2, None, None, 0, 1.0, 2.0),
        "From 2018-07-17 to 2018-08-22 drift expects no pixel to move by 1 mm or more (no interval is given).",
    ),
    (
        forecast.expected,
        ("persistence", "20180717", "20180822", 0.0, -5.0, 5.0, 90, 1.0, 2.0),
        "The forecast to 2018-08-22 is that nothing changes after 2018-07-17: no model did better in the past.",
    ),
    (
        scores.trust,
        ("linear", 6.1, 9.4, 3, 35290, ("linear", 0.351)),
        f"Over 3 forecast origins and 35 290 values that the forecast never saw, the mean error of linear is 6.1 mm "
        f"against 9.4 mm for {NOTHING} (skill +0.35).",
    ),
    (
        scores.trust,
        ("linear", 10.3, 10.0, 1, 1, ("linear", -0.03)),
        "Over 1 forecast origin and 1 value that the forecast never saw, no model beats assuming no change (best: linear, skill -0.03), "
        "with a mean error of 10 mm. Use the last observed map.",
    ),
    (
        scores.trust,
        ("persistence", 10.0, 10.0, 2, 9, None),
        "Over 2 forecast origins and 9 values that the forecast never saw, no model beats assuming no change, with a mean error of 10 mm. "
        "Use the last observed map.",
    ),
    (
        scores.trust,
        ("persistence", 10.0, 10.0, 2, 9, ("drift", 0.2), True),
        "Over 2 forecast origins and 9 values that the forecast never saw, assuming no change, which did best in the past, errs by 10 mm on average; "
        "drift would have been better (skill +0.20), but that is known only afterwards.",
    ),
    (
        scores.trust,
        ("persistence", 10.0, 10.0, 2, 9, ("drift", 0.2), True, "", "linear"),
        "Over 2 forecast origins and 9 values that the forecast never saw, assuming no change, which did best in the past of the test dates "
        "(from the newest date it is linear), errs by 10 mm on average; drift would have been better (skill +0.20), but that is known "
        "only afterwards.",
    ),
    (
        scores.trust,
        ("chosen", 6.1, 9.4, 3, 35290, ("linear", 0.351), True),
        f"Over 3 forecast origins and 35 290 values that the forecast never saw, the mean error of the automatic choice (at each origin "
        f"the model with the best past skill) is 6.1 mm against 9.4 mm for {NOTHING} (skill +0.35).",
    ),
    (
        forecast.expected,
        ("persistence", "20180717", "20180822", 0.0, -5.0, 5.0, 90, 1.0, 2.0, True),
        "The forecast to 2018-08-22 is that nothing changes after 2018-07-17: the study asks for persistence.",
    ),
    (
        scores.trust,
        ("linear", 12.0, 10.0, 2, 9, ("drift", 0.2)),
        f"Over 2 forecast origins and 9 values that the forecast never saw, the mean error of linear is 12 mm against "
        f"10 mm for {NOTHING} (skill -0.20): "
        "it is no better than assuming no change; drift would have been (skill +0.20), but that is known only afterwards.",
    ),
    (
        scores.trust,
        ("linear", None, None, 0, 0, None),
        "No forecast could be scored: no later acquisition is observed without a bridged step; nothing is known about its error.",
    ),
    (
        scores.interval,
        (0.63, 0.8, 4711),
        "The 80 % interval held 63 % of 4 711 unseen values: the intervals are too narrow (they would have to be about 1.4 times as wide); "
        "read every interval below as too sure.",
    ),
    (
        scores.interval,
        (0.0, 0.9, 10),
        "The 90 % interval held 0 % of 10 unseen values: the intervals are too narrow (they say next to nothing); "
        "read every interval below as too sure.",
    ),
    (scores.interval, (0.88, 0.9, 1), "The 90 % interval held 88 % of 1 unseen value, as it should."),
    (scores.interval, (0.999, 0.9, 10), "The 90 % interval held more than 99 % of 10 unseen values: it is wider than needed."),
    (scores.interval, (None, 0.9, 10), "How often the 90 % interval holds the truth is not known: nothing could be scored."),
    (forecast.untested, (3, "2020-01-01", 3), ""),
    (
        forecast.untested,
        (20, "2022-02-13", 3),
        "No lead time beyond 3 steps could be tested, so nothing is known about the error of what is expected by 2022-02-13 (20 steps ahead).",
    ),
    (scores.calibration, (0, 12, None), "The intervals are the model's own, not calibrated."),
    (scores.calibration, (12, 12, ""), "The intervals are calibrated on past errors (conformal)."),
    (
        scores.calibration,
        (9, 12, None),
        "9 of 12 intervals (origin and horizon) are calibrated on past errors, the others are the model's own.",
    ),
    (scores.calibration, (9, 12, "Its own words."), "Its own words."),
    (scores.calibration, (0, 0, None), "Nothing is known about the calibration of the intervals."),
    (
        gnss_words.gnss,
        ([GNSS], []),
        "Against GNSS along the line of sight, MMX1 - ICMX differs by 11 mm (rms of 6 dates, GNSS minus InSAR +2 mm on average).",
    ),
    (
        gnss_words.gnss,
        ([GNSS, {"name": "A", "n": 1, "rmse": 3.2}], []),
        "Against GNSS along the line of sight, MMX1 - ICMX differs by 11 mm (rms of 6 dates, GNSS minus InSAR +2 mm on average); "
        "A differs by 3 mm (rms of 1 date).",
    ),
    (gnss_words.gnss, ([], []), "No GNSS station could be compared with the displacement; nothing independent checks it."),
    (
        gnss_words.gnss,
        ([], [{"name": "A"}, {"name": "B"}]),
        "No GNSS station could be compared with the displacement (2 stations or pairs left out, see the record); nothing independent checks it.",
    ),
    (stack.dropped, (30, 30, {}), "All 30 interferograms are used."),
    (stack.dropped, (1, 1, {}), "The only interferogram is used."),
    (stack.dropped, (0, 0, {}), "There is no interferogram."),
    (stack.dropped, (29, 30, {"loop closure": 1}), "1 of 30 interferograms was dropped (1 by: loop closure)."),
    (stack.dropped, (25, 30, {"a": 1, "b": 3, "c": 1}), "5 of 30 interferograms were dropped (3 by: b, 1 by: a and 1 by: c)."),
    (
        stack.closure,
        (141504, 532, 0.283, 0, 24),
        "Less than 1 % of the loop closures (532 of 141 504) exceed π; the median of 24 triplets closes within 0.28 rad, none is bad.",
    ),
    (
        stack.closure,
        (100, 20, 1.0, 1, 1),
        "20 % of the loop closures (20 of 100) exceed π; the median of 1 triplet closes within 1.00 rad, 1 is bad.",
    ),
    (
        stack.closure,
        (0, 0, 1.0, 2, 3),
        "None of the loop closures (0 of 0) exceed π; the median of 3 triplets closes within 1.00 rad, 2 are bad.",
    ),
    (stack.closure, (0, 0, None, 0, 0), "The network has no closed loop: unwrapping errors cannot be seen."),
    (displacement.worst_date, (None, 0.0, 0.0, 0.0, 15.0), "Fewer than three dates: none can be held against its neighbours."),
    (
        displacement.worst_date,
        ("20180623", 10.4, 6.6, 0.08, 15.0),
        "No date stands out: the least smooth, 2018-06-23, deviates from the line between its neighbours by 10 mm (rms; the median date by 7 mm).",
    ),
    (
        displacement.worst_date,
        ("20180623", 20.0, 5.0, 0.08, 15.0),
        "2018-06-23 deviates from the line between its neighbours by 20 mm (rms; the median date by 5 mm), in 8 % of the pixels by more than 15 mm; "
        "check it for unwrapping errors and weather.",
    ),
    (displacement.areas, (0, 20.0, 5), "No area of 5 pixels or more moves faster than 20 mm/yr."),
    (displacement.areas, (1, 200.0, 5), "One connected area of 5 pixels or more moves faster than 200 mm/yr."),
    (displacement.areas, (7, 5.0, 5), "7 connected areas of 5 pixels or more move faster than 5 mm/yr; the fastest come first."),
    (words.clipped, (0.0,), ""),
    (words.clipped, (0.004,), " Less than 1 % of the pixels lie beyond the colour limits."),
    (sight.geometry, (39.7, -12.27), "ascending, incidence 39.7°"),
    (sight.geometry, (33.0, 192.0), "descending, incidence 33.0°"),
    (sight.geometry, (None, None), "line of sight of unknown geometry"),
    (sight.motion, (-1.0,), "away from the satellite"),
    (sight.motion, (1.0,), "towards the satellite"),
]

ELSEWHERE = ("fitted",)  # it reads a cube: test_stack_pages.py


@pytest.mark.parametrize(("sentence", "arguments", "expected"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_sentence(sentence: Callable[..., str], arguments: tuple[Any, ...], expected: str) -> None:
    assert plain(sentence(*arguments)) == plain(expected)


def test_every_sentence_is_tested() -> None:
    tested = {case[0] for case in CASES}
    for module in (displacement, forecast, gnss_words, scores, sight, stack):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_") and name not in ELSEWHERE:
                assert function in tested, (module.__name__, name)


def test_stretch_is_that_of_the_normal_distribution() -> None:
    expected = norm.ppf(0.95) / norm.ppf(0.5 + 0.83 / 2)
    assert f"about {expected:.1f} times" in scores.interval(0.83, 0.9, 100)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (words.percent(0.0), "0 %"),
        (words.percent(1.0), "100 %"),
        (words.percent(0.999), "more than 99 %"),
        (words.percent(0.005), "0 %"),
        (words.whole(-1234567.4), "-1 234 567"),
        (words.whole(-0.4), "0"),
        (words.signed(-0.004, 2), "0.00"),
        (words.signed(0.354, 2), "+0.35"),
        (words.number(None), "–"),
        (words.number(float("nan"), 1), "–"),
        (words.number(-0.04, 1), "0.0"),
        (words.number(-2.55, 1), "-2.5"),
        (words.number(35290.0), "35 290"),
        (words.day("20180717"), "2018-07-17"),
        (words.day("2018-07-17T00:00:00"), "2018-07-17"),
        (words.listed([]), ""),
        (words.listed(["a"]), "a"),
        (words.listed(["a", "b", "c"]), "a, b and c"),
        (words.count(1, "date"), "1 date"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_few_test_dates_cannot_condemn_an_interval() -> None:
    few = plain(scores.interval(0.83, 0.9, 35290, 3))
    assert "3 test dates cannot tell that from 90 % (errors of one date are alike all over the scene)" in few
    wide = plain(scores.interval(0.999, 0.9, 156758, 5))
    assert wide == (
        "The 90 % interval held more than 99 % of 156 758 unseen values: it is wider than needed, if anything, though 5 test dates "
        "cannot tell that from 90 % (errors of one date are alike all over the scene)."
    )
    assert plain(scores.interval(0.999, 0.9, 156758, 100)).endswith("it is wider than needed.")
    assert "read every interval below as too sure" not in few
    assert "too narrow" in scores.interval(0.30, 0.9, 35290, 3)  # three standard errors away
    assert "too narrow" in scores.interval(0.83, 0.9, 35290, 100)
    assert plain(scores.interval(0.88, 0.9, 35290, 3)).endswith("as it should, as far as 3 test dates can tell.")
    assert plain(scores.interval(0.90, 0.9, 10, 1)).endswith("as far as 1 test date can tell.")


def test_two_errors_that_round_to_the_same_are_told_apart() -> None:
    assert [plain(text) for text in words.two_mm(4.8, 5.0)] == ["4.8 mm", "5.0 mm"]
    assert [plain(text) for text in words.two_mm(1.4, 2.1)] == ["1.4 mm", "2.1 mm"]  # 1 and 2 mm would be another skill
    assert [plain(text) for text in words.two_mm(9.8, 30.0)] == ["9.8 mm", "30.0 mm"]
    assert [plain(text) for text in words.two_mm(14.8, 19.0)] == ["15 mm", "19 mm"]
    assert [plain(text) for text in words.two_mm(5.0, 5.0)] == ["5.0 mm", "5.0 mm"]
    assert [plain(text) for text in map(words.error_mm, (5.04, 10.4))] == ["5.0 mm", "10 mm"]


def test_the_expected_change_is_not_read_as_a_total() -> None:
    table = areas_table("A", [], "2022-09-14", 90)
    assert "Further change by 2022-09-14 [mm]" in [column.head for column in table.columns]
    assert "on top of what moved so far" in table.caption
    assert "further" not in areas_table("A", [], None, 0).caption


def test_the_card_says_that_a_change_cannot_be_told_from_none() -> None:
    layer = lambda value: np.full((1, 1), value)  # noqa: E731
    last = Outlook("drift", "2018-07-17", "2018-08-22", 3, layer(18.0), layer(-19.0), layer(56.0), 90)
    interval = "90 % interval 19 mm away to 56 mm towards, so it cannot be told from no change"
    said = f"largest change expected by 2018-08-22, towards the satellite ({interval})"
    assert plain(largest(last, (0, 0)).label) == said
    assert plain(largest(replace(last, low=layer(2.0)), (0, 0)).label).endswith("(90 % interval 2 to 56 mm)")
    assert "told" not in largest(replace(last, low=None), (0, 0)).label


def test_the_noise_of_a_score_table_is_told_apart_from_that_of_one_date() -> None:
    numbers = {"n": 5, "mae": 1.0, "rmse": 1.2, "bias": 0.0, "skill": 0.0, "n_interval": 5, "coverage90": 0.9, "width90": 4.0}
    row = {"model": "persistence", "origin": "all", "horizon": 1, "velocity_class": "all", "cluster": "all", **numbers}
    with_noise = scores_table(pd.DataFrame([row | {"noise": 2.0}]), {1: 12.0}, "all", "A_scores")
    assert "Noise [mm]" in [column.head for column in with_noise.columns]
    assert (
        "of the observed change (two dates) by the formal errors of the inversion, without the atmosphere" in with_noise.caption
    )
    assert "Noise" not in scores_table(pd.DataFrame([row]), {1: 12.0}, "all", "A_scores").caption


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pixels, 38% share", "pixels, 38\N{NO-BREAK SPACE}% share"),
        ("(at least 5%)", "(at least 5\N{NO-BREAK SPACE}%)"),
        ("its 90 % interval", "its 90\N{NO-BREAK SPACE}% interval"),
        ("a0%20b <i>", "a0%20b &lt;i&gt;"),
    ],
)
def test_a_percentage_has_its_space(text: str, shown: str) -> None:
    assert str(unbroken(text)) == shown
