"""The figure of a plan: what is drawn, said and left out, and the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from insarcast.core import InsarcastError
from insarcast.report import draw_order
from insarcast.report.drawing import canvas


def plan(baselines: list[float | None], pairs: list[tuple[int, int, float, str]], **changes: Any) -> dict[str, Any]:
    dates = [f"2021{month:02d}09" for month in range(1, len(baselines) + 1)]
    return {
        "job": "INSAR_GAMMA",
        "track": 5,
        "direction": "descending",
        "scenes": [{"date": date, "names": ["x"], "baseline": value} for date, value in zip(dates, baselines, strict=True)],
        "pairs": [
            {"date1": dates[one], "date2": dates[other], "days": 30, "baseline": 0, "score": score, "why": why}
            for one, other, score, why in pairs
        ],
        "left_out": [
            {"what": "date", "name": "20210221", "reason": "a burst is missing"},
            {"what": "pair", "name": "a_b", "reason": "c"},
        ],
        "credits": 40.0,
        **changes,
    }


USUAL = plan(
    [0.0, 50.0, None, -30.0, 20.0],
    [(0, 1, 50, "near"), (1, 2, 40, "near"), (2, 3, 20, "connect"), (1, 3, 15, "loop"), (0, 4, 10, "bridge")],
)


def draw(
    folder: Path, content: dict[str, Any], monkeypatch: pytest.MonkeyPatch | None = None
) -> tuple[dict[str, Any], list[Figure]]:
    (folder / "plan.json").write_text(json.dumps(content))
    kept: list[Figure] = []
    if monkeypatch is not None:
        keep = canvas.keep
        monkeypatch.setattr("insarcast.report.stack.order.keep", lambda figure, *rest: (kept.append(figure), keep(figure, *rest)))
    draw_order(folder / "plan.json", folder / "order.svg", folder / "order.json")
    return dict(json.loads((folder / "order.json").read_text())), kept


def test_every_pair_is_a_line_between_its_dates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts, (figure,) = draw(tmp_path, USUAL, monkeypatch)
    axes = figure.axes[0]
    lines = [line for line in axes.lines if line.get_linestyle() != "None"]
    assert len(lines) == 5
    assert [line.get_ydata()[0] for line in lines] == [
        0.0,
        50.0,
        10.0,
        50.0,
        0.0,
    ]  # by score; an unknown baseline is between its neighbours
    assert len({line.get_color() for line in lines}) == 5
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() for dot in dots].count("white") == 1
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert [len(line.get_xdata()) for line in crosses] == [1]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [
        "acquisition (5)",
        "its baseline is not known",
        "left out (1)",
        "near pair (2)",
        "from year to year (1)",
        "across a gap (1)",
        "closes a triangle (1)",
    ]
    assert facts["numbers"] == {
        "pairs": 5, "dates": 5, "left_out": 1, "credits": 40.0, "near": 2, "bridge": 1, "connect": 1, "loop": 1,
    }  # fmt: skip
    assert facts["title"].replace("\N{NO-BREAK SPACE}", " ") == "Planned: 5 pairs of 5 dates, 40 credits"


def test_lines_stay_apart_in_pattern_as_well_as_in_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (figure,) = draw(tmp_path, USUAL, monkeypatch)
    styles = {
        line.get_label(): line.get_linestyle() for line in figure.legends[0].get_lines() if line.get_marker() in ("", "None")
    }
    assert len(styles) == 4


def test_a_plan_without_baselines_or_price_is_drawn(tmp_path: Path) -> None:
    facts, _ = draw(tmp_path, plan([None, None, None], [(0, 1, 40, "near"), (1, 2, 40, "near")], credits=None, left_out=[]))
    assert facts["title"].endswith("price not known")
    assert (tmp_path / "order.svg").stat().st_size > 5000


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in ("a", "b"):
        draw(tmp_path / folder, USUAL)
    for name in ("order.svg", "order.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"pairs": [], "scenes": []}', '{"pairs": [{"date1": 1}], "scenes": [3]}'])
def test_a_broken_plan_is_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(InsarcastError, match=r"plan\.json is no plan of an order .*; delete it and run again\."):
        draw_order(tmp_path / "plan.json", tmp_path / "order.svg", tmp_path / "order.json")
