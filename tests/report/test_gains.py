"""Where a forecast gains, and how its scores are drawn and listed."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from insarcast.core import open_store
from insarcast.report.scores import scoring
from tests.report.reading import Page, facts, plain
from tests.report.toy import Study


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


def test_lines_that_coincide_share_a_name(drawn: Study, make: Callable[..., Study]) -> None:
    """The automatic choice is linear at every origin: one label; where it is not, two."""
    from insarcast.report.drawing import lines

    points = (12.0, 24.0, 0.3, 0.5)
    assert lines.joined([("linear", points, "#1"), ("chosen", points, "#2")]) == [(24.0, 0.5, "linear = automatic choice", "#1")]
    apart = lines.joined([("linear", points, "#1"), ("chosen", (12.0, 24.0, 0.3, 0.4), "#2")])
    assert [name for *_, name, _ in apart] == ["linear", "automatic choice"]


def test_coverage_stands_beside_its_own_n(whole_page: Page) -> None:
    """By lead time and by model: n of the intervals, not of the errors, precedes the coverage."""
    for rows, caption in zip(whole_page.tables, whole_page.captions, strict=True):
        if caption.startswith("Scores"):
            at = rows[0].index("n intervals")
            assert rows[0][at + 1].startswith("Within")
            assert rows[0][rows[0].index("n")] == "n"
    lead = next(
        rows
        for rows, caption in zip(whole_page.tables, whole_page.captions, strict=True)
        if caption.startswith("Scores over all test")
    )
    assert plain(lead[2][lead[0].index("n intervals")]) == "200"  # 800 / 2^2 at the second lead time, of 500 errors
