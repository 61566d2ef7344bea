"""The first section of a ready series: sentences, tiles, and the numbers they are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..writing import words
from ..writing.content import Tile
from ..writing.tables import Cell, headline_cells
from . import join_words, sentences
from .points.ahead import Ahead
from .points.numbers import Points
from .scores import fastest, rivals, trust
from .scores.models import BASELINE
from .scores.reading import POOLED, Scores


def answer_lines(
    points: Points, scores: Scores, days: Mapping[int, float], origins: Sequence[str], record: Mapping[str, Any], source: str
) -> list[str]:
    """What moves, how much better than nothing, what the noise allows, whether intervals hold, the fastest, joins, what is not known."""
    lines = [
        sentences.fastest(points),
        trust.better(scores, days, origins),
        rivals.against_simple(scores),
        trust.floor(scores, days),
        fastest.covered(scores, days) if scores.horizons else "",
        fastest.moving(scores, days, points.vertical),
        join_words.told(record, points, source),
        trust.unknown(scores, days, points.vertical),
    ]
    return [line for line in lines if line]


def tiles_of(points: Points, scores: Scores, days: Mapping[int, float], last: Ahead, taken: str) -> list[Tile]:
    """Numbers that are seen first."""
    tiles = []
    if points.fastest is not None:
        speed = float(points.velocity[points.fastest])
        tiles.append(Tile(words.whole(abs(speed)), "mm/yr", f"fastest point, {sentences.motion(points, speed)}"))
    if last.peak is not None:
        change = float(last.change[last.peak])
        way = f", {sentences.motion(points, change)}" if round(abs(change)) else ""
        way += ", mostly the newest date's noise taken back" if taken else ""
        sure = sentences.doubt(last, last.peak) if round(abs(change)) else ""
        ends = f"{last.level}\N{NO-BREAK SPACE}% interval {sentences.span(points, last, last.peak)}{sure}"
        about = f"largest change expected by {last.target}{way} ({ends})"
        tiles.append(Tile(words.whole(abs(change)), "mm", about))
    for horizon in dict.fromkeys(scores.horizons[:1] + scores.horizons[-1:]):
        skill = scores.value(scores.scored, horizon, "skill")
        if skill is not None:
            tiles.append(
                Tile(
                    words.signed(skill, 2),
                    "",
                    f"skill against “nothing changes”, after {trust.lead(days, horizon)} (0: no better, 1: perfect)",
                )
            )
    held = scores.value(scores.scored, POOLED, "coverage90")
    if held is not None:
        tiles.append(Tile(f"{100 * held:.0f}", "%", "of the unseen values lay in the 90\N{NO-BREAK SPACE}% interval"))
    return tiles


def headline_rows(cube: str, points: Points, scores: Scores, last: Ahead) -> list[dict[str, Cell]]:
    """Every number of the first section, as it was measured."""
    rows: list[tuple[str, Cell, str]] = [("points_used", points.count, "1"), ("points", points.total, "1")]
    if points.fastest is not None:
        place = points.place(points.fastest) or (None, None)
        rows += [
            ("fastest", float(points.velocity[points.fastest]), "mm/yr"),
            ("fastest_point", points.name(points.fastest), ""),
            ("fastest_lat", place[1], "degree"),
            ("fastest_lon", place[0], "degree"),
            ("faster_than", points.edge, "mm/yr"),
            ("faster_share", points.share, "1"),
        ]
    if last.peak is not None:
        ends = (("expected_change", last.change), ("expected_low", last.low), ("expected_high", last.high))
        rows += [(name, float(values[last.peak]), "mm") for name, values in ends]
    for horizon in dict.fromkeys(scores.horizons[:1] + scores.horizons[-1:]):
        rows += [
            (f"mae_{horizon}", scores.value(scores.scored, horizon, "mae"), "mm"),
            (f"mae_persistence_{horizon}", scores.value(BASELINE, horizon, "mae"), "mm"),
            (f"skill_{horizon}", scores.value(scores.scored, horizon, "skill"), "1"),
            (f"skill_low_{horizon}", scores.value(scores.scored, horizon, "skill_low"), "1"),
            (f"skill_high_{horizon}", scores.value(scores.scored, horizon, "skill_high"), "1"),
            (f"skill_at_most_{horizon}", scores.ceiling(horizon), "1"),
        ]
    sigma = scores.noise.get("noise_mm")
    rows += [("noise", float(sigma) if sigma is not None and math.isfinite(sigma) else None, "mm")]
    rows += [("coverage90", scores.value(scores.scored, POOLED, "coverage90"), "1")]
    return headline_cells(cube, rows)
