"""The first section: what a reader is told before anything else, and the numbers it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import xarray as xr

from ..checks import gnss_words
from ..displacement import sentences
from ..displacement.numbers import CubeNumbers
from ..forecast.outlook import Outlook, expected_words
from ..forecast.sentences import untested
from ..scores import scoring
from ..scores.verdict import Verdict
from ..writing import sight, words
from ..writing.content import Tile
from ..writing.tables import Cell, headline_cells
from .trust import chosen_scores, fastest_class, held, trusted


def checked(gnss: dict[str, Any], truth: Sequence[str]) -> list[str]:
    """What independent measurements say: GNSS, and the truth where the scene is simulated, which needs no GNSS to be checked."""
    if truth and not gnss["comparisons"]:
        return list(truth)
    return [*truth, gnss_words.gnss(gnss["comparisons"], gnss["skipped"], gnss.get("sentence"))]


def answer_lines(
    cube: xr.Dataset,
    facts: CubeNumbers,
    last: Outlook,
    scores: pd.DataFrame,
    verdict: Verdict,
    checks: Sequence[str],
    unscored: str = scoring.NOTHING,
) -> list[str]:
    """Three to seven sentences: what moves, what is expected, whether to believe it.

    ``checks`` are those of ``checked``; ``unscored`` says why nothing is scored, where nothing is.
    """
    if facts.fastest is None:
        return [sentences.used(*facts.counts), *checks]
    far = facts.fastest
    lines = [
        sentences.fastest(far.speed, far.lon, far.lat, facts.share, facts.edge, facts.dates[0], facts.dates[-1]),
        expected_words(cube, last, verdict.asked),
        untested(last.steps, last.target, scoring.tested_steps(scores)),
        trusted(scores, verdict, unscored),
        fastest_class(scores, verdict),
        held(scores, verdict) or "",
        *checks,
    ]
    return [line for line in lines if line]


def tiles_of(facts: CubeNumbers, last: Outlook, scores: pd.DataFrame, verdict: Verdict, gnss: dict[str, Any]) -> list[Tile]:
    """Numbers that are seen first."""
    tiles = []
    if facts.fastest is not None:
        tiles.append(Tile(words.whole(abs(facts.fastest.speed)), "mm/yr", f"fastest pixel, {sight.motion(facts.fastest.speed)}"))
    if last.peak is not None:
        tiles.append(largest(last, last.peak))
    own = chosen_scores(scores, verdict)[0]
    if own is not None:
        tiles.append(Tile(words.signed(own.skill, 2), "", "skill against “nothing changes” (0: no better, 1: perfect)"))
    if gnss["comparisons"]:
        first = gnss["comparisons"][0]
        tiles.append(Tile(words.whole(first["rmse"]), "mm", f"rms difference to GNSS ({words.stations(first['name'])})"))
    share = words.percent(facts.used / facts.total).replace("less than ", "< ").replace("more than ", "> ")
    tiles.append(Tile(share.removesuffix("\N{NO-BREAK SPACE}%"), "%", "of the area used"))
    return tiles


def largest(last: Outlook, at: tuple[int, int]) -> Tile:
    """The largest expected change, at this row and column, and whether its interval holds 0."""
    change = float(last.change[at])
    moves = bool(round(abs(change)))
    label = f"largest change expected by {last.target}{f', {sight.motion(change)}' if moves else ''}"
    if last.low is not None and last.high is not None:
        low, high = float(last.low[at]), float(last.high[at])
        sure = sight.doubt(low, high) if moves else ""
        label += f" ({last.level}\N{NO-BREAK SPACE}% interval {sight.change_range(low, high)}{sure})"
    return Tile(words.whole(abs(change)), "mm", label)


def headline_rows(
    name: str, facts: CubeNumbers, last: Outlook, scores: pd.DataFrame, verdict: Verdict, gnss: dict[str, Any]
) -> list[dict[str, Cell]]:
    """Every number of the first section, as it was measured."""
    rows: list[tuple[str, Cell, str]] = [
        ("used_share", facts.used / facts.total, "1"),
        ("used_pixels", facts.used, "1"),
        ("pixels", facts.total, "1"),
    ]
    if facts.fastest is not None:
        far = facts.fastest
        rows += [("fastest", far.speed, "mm/yr"), ("fastest_lat", far.lat, "degree"), ("fastest_lon", far.lon, "degree")]
        rows += [("faster_than", facts.edge, "mm/yr"), ("faster_share", facts.share, "1")]
    if last.peak is not None:
        rows += [("expected_change", float(last.change[last.peak]), "mm")]
        if last.low is not None and last.high is not None:
            rows += [
                ("expected_low", float(last.low[last.peak]), "mm"),
                ("expected_high", float(last.high[last.peak]), "mm"),
                ("interval_level", last.level, "%"),
            ]
    own, base, _ = chosen_scores(scores, verdict)
    if own is not None and base is not None:
        rows += [
            ("mae", own.mae, "mm"),
            ("mae_persistence", base.mae, "mm"),
            ("skill", own.skill, "1"),
            ("scored_values", own.n, "1"),
        ]
        rows += [("coverage", own.coverage, "1"), ("values_with_interval", own.n_interval, "1")]
    for item in gnss["comparisons"]:
        rows += [(f"gnss_rms {item['name']}", item["rmse"], "mm"), (f"gnss_bias {item['name']}", item.get("bias"), "mm")]
    return headline_cells(name, rows)
