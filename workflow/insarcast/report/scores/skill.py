"""F5 skill and F6 error by lead time; with them F7 (card.py) and F8 (coverage.py) are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..drawing.axes import lead_ticks
from ..drawing.canvas import canvas, keep, say
from ..drawing.colours import GREY, SOFT
from ..drawing.lines import joined, label_ends, model_style
from ..writing import words
from ..writing.facts import Facts
from . import scoring
from .card import draw_card
from .choice_words import choice_note
from .coverage import draw_coverage
from .scoring import NOTHING, Leads
from .verdict import Verdict, chosen_store, verdict_of


def draw_scores(
    scores: Path,
    forecasts: Sequence[Path],
    choice: Path,
    skill: Path,
    skill_json: Path,
    error: Path,
    error_json: Path,
    scorecard: Path,
    scorecard_json: Path,
    coverage: Path,
    coverage_json: Path,
    model: str | None,
) -> None:
    """Draw the scores of every model, persistence first, the automatic choice last.

    Args:
        scores: table of scores.
        forecasts: calibrated forecasts, one store per model; the lead times are theirs.
        choice: the models chosen at every origin.
        skill: F5, skill against persistence by lead time.
        skill_json: its facts.
        error: F6, mean absolute error in mm by lead time.
        error_json: its facts.
        scorecard: F7, skill in % by model, lead time and velocity class.
        scorecard_json: its facts.
        coverage: F8, observed against nominal coverage, and width in mm by lead time.
        coverage_json: its facts.
        model: the study's ``report.model``, whose scores the titles quote; None: those of the automatic choice.
    """
    table = scoring.read_scores(scores)
    verdict = verdict_of(choice, model, table)
    leads = scoring.lead_days(chosen_store(forecasts, choice, model))
    _draw_skill(table, leads, verdict, skill, skill_json)
    _draw_error(table, leads, verdict, error, error_json)
    draw_card(table, leads, scorecard, scorecard_json)
    draw_coverage(table, leads, verdict.scored, coverage, coverage_json)


def _lines(axes: Any, rows: pd.DataFrame, models: list[str], leads: Leads, name: str) -> None:
    drawn: list[tuple[str, tuple[float, ...], str]] = []
    for position, model in enumerate(models):
        part = rows[rows["model"] == model].sort_values("horizon")
        part = part[part[name].notna()]
        if not len(part):
            continue
        style, x = model_style(position, model), [leads[h] for h in part["horizon"]]
        axes.plot(x, part[name], **style)
        drawn.append((model, (*x, *part[name]), style["color"]))
    axes.margins(x=0.03, y=0.12)
    label_ends(axes, joined(drawn))


def _bands(axes: Any, rows: pd.DataFrame, models: list[str], leads: Leads) -> None:
    """The 95 % interval of the skill, where the table has one."""
    if "skill_low" not in rows:
        return
    for position, model in enumerate(models[1:], 1):
        if model == scoring.CHOSEN:
            continue  # it often lies on a model's own band
        part = rows[rows["model"] == model].sort_values("horizon")
        x, colour = [leads[h] for h in part["horizon"]], model_style(position)["color"]
        axes.fill_between(x, part["skill_low"], part["skill_high"], color=colour, alpha=0.15, linewidth=0)


def _draw_skill(table: pd.DataFrame, leads: Leads, verdict: Verdict, image: Path, text: Path) -> None:
    rows, models = scoring.overall(table), scoring.model_order(table)
    with canvas(3.7) as figure:
        if not len(rows):
            say(figure, NOTHING)
        else:
            axes = figure.add_subplot()
            axes.axhline(0, color=SOFT, linewidth=0.8)
            _bands(axes, rows, models, leads)
            _lines(axes, rows, models, leads, "skill")
            low, high = axes.get_ylim()
            axes.set_ylim(min(low, -0.1), max(high, 0.1))
            axes.set_ylabel("skill = 1 \N{MINUS SIGN} MAE / MAE(persistence)")
            axes.grid(axis="y")
            lead_ticks(axes, leads)
    good = rows[(rows["model"] == verdict.scored) & (rows["skill"] > 0)]["horizon"].sort_values().tolist()
    title = _skill_title(verdict, good, sorted(rows["horizon"].unique().tolist()), leads) if len(rows) else NOTHING
    band = " Bands: 95 % interval from blocks of pixels drawn again; it does not tell how other dates would have gone."
    band = band if "skill_low" in rows else ""
    facts = Facts(
        "F5",
        title,
        f"Lines of skill by lead time, one for each model; 0 is persistence. {title}",
        f"Skill against persistence (above 0 is better), n = {_n_range(rows)}.{band}{choice_note(models)}"
        if len(rows)
        else NOTHING,
        "1",
        {"skill": {model: _series(rows, model, "skill") for model in models}},
    )
    keep(figure, facts, image, text)


def _n_range(rows: pd.DataFrame) -> str:
    low, high = int(rows["n"].min()), int(rows["n"].max())
    return (
        f"{words.whole(low)} values at each lead time"
        if low == high
        else f"{words.whole(low)} to {words.whole(high)} values by lead time"
    )


def _series(rows: pd.DataFrame, model: str, name: str) -> dict[str, float]:
    part = rows[rows["model"] == model].sort_values("horizon")
    return {str(h): float(v) for h, v in zip(part["horizon"], part[name], strict=True)}


def _skill_title(verdict: Verdict, good: list[int], scored: list[int], leads: Leads) -> str:
    """Up to which lead time the scored model beats persistence, without a gap from the first."""
    if verdict.scored == scoring.BASELINE:
        return (
            "Persistence is the model asked for"
            if verdict.asked
            else "Persistence was chosen at the test dates: no other did better in the past"
        )
    unbroken = [h for at, h in enumerate(scored) if scored[: at + 1] == good[: at + 1]]
    if not unbroken:
        return f"{words.capital(verdict.who)} is no better than persistence at {leads[scored[0]]:.0f} days"
    last = "at every lead time scored, up to" if unbroken == scored else "up to"
    return f"{words.capital(verdict.who)} is better than persistence {last} {leads[unbroken[-1]]:.0f} days"


def _draw_error(table: pd.DataFrame, leads: Leads, verdict: Verdict, image: Path, text: Path) -> None:
    rows, models = scoring.overall(table), scoring.model_order(table)
    floor = scoring.noise_floor(table)
    with canvas(3.7) as figure:
        if not len(rows):
            say(figure, NOTHING)
        else:
            axes = figure.add_subplot()
            if floor is not None:
                axes.axhspan(0, floor, color=GREY, alpha=0.5, linewidth=0)
                low = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 8.5}
                axes.annotate("noise of one date", (0.01, 0.25 * floor), **low)  # type: ignore[arg-type]
            _lines(axes, rows, models, leads, "mae")
            axes.set_ylim(0, axes.get_ylim()[1])
            axes.set_ylabel("mean absolute error [mm]")
            axes.grid(axis="y")
            lead_ticks(axes, leads)
    total = {item.model: item for item in scoring.totals(table)}
    title = NOTHING
    if len(rows) and {verdict.scored, scoring.BASELINE} <= set(total):
        base = total[scoring.BASELINE].mae
        own, nothing = words.two_mm(total[verdict.scored].mae, base)
        others = "" if verdict.scored == scoring.BASELINE else f"{own} by {verdict.who}; "
        title = f"Mean error by lead time: {others}{nothing} by “nothing changes”"
    noise = (
        ""
        if floor is None
        else f" Grey: the mean size of the noise of one date, {floor:.1f} mm; no forecast can undercut it by much."
    )
    facts = Facts(
        "F6",
        title,
        f"Lines of mean absolute error in mm by lead time, persistence in black. {title}.",
        f"Mean absolute error in mm along the line of sight, all test origins.{noise}{choice_note(models)}",
        "mm",
        {"mae": {model: _series(rows, model, "mae") for model in models}, "noise": floor},
    )
    keep(figure, facts, image, text)
