"""Sentences on the retrospective scores of a ready series: how much better, what the noise allows, what is not known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ...writing import words
from ...writing.words import NBSP, capital, count, day, listed, percent
from . import models
from .models import AUTO, BASELINE
from .reading import NOTHING, Scores, stars

BETTER, UNSURE, WORSE = "is better than", "cannot be told from", "is worse than"  # “nothing changes”


def who(scores: Scores) -> str:
    """The quoted model in words."""
    return models.who(scores.scored)


def lead(days: Mapping[int, float], horizon: int) -> str:
    """A lead time: 1 date (6 days)."""
    return f"{count(horizon, 'date')} ({count(round(days[horizon]), 'day')})"


def interval(low: float | None, high: float | None) -> str:
    """The interval of a skill; empty where there is none."""
    return "" if low is None or high is None else f", 90{NBSP}% interval {words.signed(low, 2)} to {words.signed(high, 2)}"


def better(scores: Scores, days: Mapping[int, float], origins: Sequence[str]) -> str:
    """How much better than “nothing changes” the quoted model was, at the first and the last lead time."""
    horizons = scores.horizons
    if not horizons:
        return f"{NOTHING} Nothing is known about the error."
    first, last = horizons[0], horizons[-1]
    span = f"Tried retrospectively from {count(len(origins), 'date')} ({day(origins[0])} to {day(origins[-1])})"
    if scores.scored == BASELINE:
        own = scores.value(BASELINE, first, "mae") or 0.0
        return (
            f"{span}, “nothing changes” errs by {own:.1f}{NBSP}mm on average after {lead(days, first)}; no other model is quoted."
        )
    ends = list(dict.fromkeys((first, last)))
    verdicts = [against_nothing(scores, h) for h in ends]
    why = ", which weighs the models by what was known when each forecast was made," if scores.scored == AUTO else ""
    if len({verdict for verdict, _ in verdicts}) == 1:
        sure = f" ({listed([p for _, p in verdicts])})" if verdicts[0][0] == UNSURE else ""
        parts = [f"after {lead(days, h)} {_errs(scores, h)}" for h in ends]
        return f"{span}, {who(scores)}{why} {verdicts[0][0]} “nothing changes”{sure}: {listed(parts)}."
    parts = [
        f"after {lead(days, h)} it {verdict} “nothing changes”{f' ({p})' if verdict == UNSURE else ''}: {_errs(scores, h)}"
        for h, (verdict, p) in zip(ends, verdicts, strict=True)
    ]
    return f"{span}, {who(scores)}{why} is not surely better than “nothing changes” at every lead time: {'; '.join(parts)}."


def against_nothing(scores: Scores, horizon: int) -> tuple[str, str]:
    """What Diebold and Mariano's test says of the quoted model and persistence: BETTER, UNSURE or WORSE, and its p in words."""
    found = scores.against(scores.scored, horizon)
    if found is None or not math.isfinite(float(found["p_bh"])):
        return UNSURE, "not testable"
    statistic, p = float(found["dm"]), float(found["p_bh"])
    return (BETTER if statistic < 0 else WORSE) if stars(p) else UNSURE, p_words(p)


def _won(scores: Scores, horizon: int) -> bool:
    return against_nothing(scores, horizon)[0] == BETTER


def _errs(scores: Scores, horizon: int) -> str:
    own, base, skill = (
        scores.value(name, horizon, key) or 0.0
        for name, key in ((scores.scored, "mae"), (BASELINE, "mae"), (scores.scored, "skill"))
    )
    low, high = (scores.value(scores.scored, horizon, name) for name in ("skill_low", "skill_high"))
    digits = 2 if f"{own:.1f}" == f"{base:.1f}" and own != base else 1
    return (
        f"its mean error is {own:.{digits}f} against {base:.{digits}f}{NBSP}mm "
        f"(skill {words.signed(skill, 2)}{interval(low, high)})"
    )


def floor(scores: Scores, days: Mapping[int, float]) -> str:
    """What the noise of the dates leaves possible; empty where it is not known."""
    horizons = [h for h in scores.horizons if scores.ceiling(h) is not None]
    sigma = scores.noise.get("noise_mm")
    if not horizons or sigma is None:
        return str(scores.noise.get("sentence", ""))
    parts = []
    for horizon in dict.fromkeys((horizons[0], horizons[-1])):
        most, own = scores.ceiling(horizon) or 0.0, scores.value(scores.scored, horizon, "skill") or 0.0
        share = f" ({percent(own / most)} of it is reached)" if most > 0.02 and 0 < own <= most else ""
        parts.append(f"{words.signed(most, 2)} after {lead(days, horizon)}{share}")
    return (
        f"The noise of one date is {sigma:.1f}{NBSP}mm (1σ); were it normal and always the same, a forecast that knew the ground's motion "
        f"would have had a skill of about {listed(parts)}."
    )


def lead_title(scores: Scores, days: Mapping[int, float]) -> str:
    """Up to which lead time the quoted model beats persistence, without a gap from the first."""
    horizons = scores.horizons
    if not horizons:
        return NOTHING
    if scores.scored == BASELINE:
        return "Persistence is the quoted model"
    won = [_won(scores, h) for h in horizons]
    name = capital(who(scores))
    if all(won):
        return f"{name} is better than persistence at every lead time, up to {days[horizons[-1]]:.0f} days"
    if not won[0]:
        later = [h for h, each in zip(horizons, won, strict=True) if each]
        rest = f"; it is at {listed([f'{days[h]:.0f}' for h in later])} days" if later else ""
        return f"{name} is not surely better than persistence at {days[horizons[0]]:.0f} days{rest}"
    return f"{name} is better than persistence up to {days[horizons[won.index(False) - 1]]:.0f} days"


def unknown(scores: Scores, days: Mapping[int, float], vertical: bool = False) -> str:
    """What no number on the page tells; ``vertical``: the product is of vertical motion, solved from several lines of sight."""
    which = (
        "which is vertical as the product has it, and says nothing of motion to the side"
        if vertical
        else "which is along the line of sight and not vertical"
    )
    far = f"beyond {lead(days, scores.horizons[-1])} nothing was tried" if scores.horizons else "nothing was tried"
    return (
        "Not known: the product was made with all dates at hand (its reference, its filters and the choice of its points saw the test dates), "
        f"so a forecast made in its time may do worse; {far}; nothing independent checks the displacement, "
        f"{which}; between the points nothing is measured."
    )


def p_words(p: float) -> str:
    """A probability of a test in words, never 0."""
    return f"p {'< 0.001' if p < 0.001 else f'{p:.3f}' if p < 0.1 else f'{p:.2f}'}"
