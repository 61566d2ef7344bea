"""Sentences on intervals and on the points that move fastest."""

from __future__ import annotations

from collections.abc import Mapping

from ...writing import words
from ...writing.sight import motion
from ...writing.words import NBSP, count, percent
from .models import BASELINE
from .reading import Scores
from .trust import lead, who

CLOSE = 0.02  # a coverage this near to its level holds what it promises
SLIGHT = 0.05  # one this near is off by little


def covered(scores: Scores, days: Mapping[int, float]) -> str:
    """Whether the 90 % interval holds 90 %, over all lead times, and where it does worst."""
    values = {h: value for h in scores.horizons if (value := scores.value(scores.scored, h, "coverage90")) is not None}
    if not values:
        return "No interval could be scored."
    weights = {h: scores.value(scores.scored, h, "n") or 1.0 for h in values}
    pooled = scores.value(scores.scored, 0, "coverage90")
    mean = pooled if pooled is not None else sum(values[h] * weights[h] for h in values) / sum(weights.values())
    number = scores.value(scores.scored, 0, "n") or sum(weights.values())
    worst = max(values, key=lambda h: abs(values[h] - 0.9))
    held = f"The 90{NBSP}% interval held {percent(mean)} of {count(int(number), 'unseen value')}"
    far = f" ({percent(values[worst])} after {lead(days, worst)}, where it is furthest off)" if len(values) > 1 else ""
    if abs(mean - 0.9) <= CLOSE:
        fast = fastest_class(scores)
        own = scores.value(scores.scored, scores.horizons[-1], "coverage90", velocity_class=fast) if fast else None
        if own is not None and abs(own - 0.9) > SLIGHT + 1e-9:
            wrong = "too narrow" if own < 0.9 else "too wide"
            whose = "" if _only(scores, str(fast)) else " for the points that move fastest"
            after = f"after {count(scores.horizons[-1], 'date')} it is {wrong}{whose} ({percent(own)})"
            return f"{held}{far}: it holds what it promises over all, but {after}."
        return f"{held}{far}: it holds what it promises."
    if mean > 0.9:
        return f"{held}{far}: it is wider than needed."
    if mean >= 0.9 - SLIGHT:
        return f"{held}{far}: it is slightly too narrow."
    return f"{held}{far}: it is too narrow; read every interval on this page as too sure."


def fastest_class(scores: Scores) -> str | None:
    """The fastest velocity class with a scored value at the last lead time; None where there is none."""
    if not scores.horizons:
        return None
    found = [
        name
        for name in scores.labels("velocity_class")
        if scores.row(scores.scored, scores.horizons[-1], velocity_class=name) is not None
    ]
    return found[-1] if found else None


def _only(scores: Scores, fast: str) -> bool:
    """Whether a class holds everything that was scored at the last lead time."""
    last = scores.horizons[-1]
    return scores.value(scores.scored, last, "n", velocity_class=fast) == scores.value(scores.scored, last, "n")


def moving(scores: Scores, days: Mapping[int, float], vertical: bool = False) -> str:
    """How the quoted model does for the points that move fastest; empty where no class was scored."""
    fast = fastest_class(scores)
    if fast is None:
        return ""
    horizon = scores.horizons[-1]
    own = {name: scores.value(scores.scored, horizon, name, velocity_class=fast) for name in ("n", "skill", "bias", "coverage90")}
    skill, bias, held = own["skill"], own["bias"], own["coverage90"]
    parts = []
    if skill is not None and scores.scored != BASELINE:
        parts.append(f"{who(scores)} has a skill of {words.signed(skill, 2)}{_best_there(scores, horizon, fast, skill)}")
    if bias is not None:
        far = f" (the forecast lies too far {motion(bias, vertical)})" if abs(bias) >= 0.5 else ""
        parts.append(f"the mean error (bias) is {words.signed(bias, 1)}{NBSP}mm{far}")
    if held is not None:
        parts.append(f"the 90{NBSP}% interval held {percent(held)}")
    n, after = count(int(own["n"] or 0), "value"), f"after {lead(days, horizon)}"
    head = f"Of the points that move fastest (class “{fast}”, mm/yr), {n} could be scored {after}"
    if _only(scores, fast):
        head = f"All scored points move in one class of speed (“{fast}”, mm/yr), with {n} {after}"
    return f"{head}: {'; '.join(parts)}." if parts else f"{head}."


def _best_there(scores: Scores, horizon: int, fast: str, own: float) -> str:
    """The best model of a class, where it is clearly better than the quoted one."""
    skill = {
        name: value for name in scores.models if (value := scores.value(name, horizon, "skill", velocity_class=fast)) is not None
    }
    top = max(skill, key=skill.__getitem__)
    if skill[top] <= own + SLIGHT:
        return ""
    return f", while the best model there, known only afterwards, is {words.model(top)} ({words.signed(skill[top], 2)})"
