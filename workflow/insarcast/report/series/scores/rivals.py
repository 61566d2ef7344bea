"""Sentences on rivals: the best simple model, the best known only afterwards, and what tests say of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...writing import words
from ...writing.words import count, listed
from .models import BASELINE
from .reading import Scores, stars
from .trust import p_words, who


def against_simple(scores: Scores) -> str:
    """The quoted model against the best simple one at the first and the last lead time; empty where that was not tested."""
    parts = []
    for horizon in dict.fromkeys((*scores.horizons[:1], *scores.horizons[-1:])):
        rival = scores.rival(horizon)
        found = scores.against(scores.scored, horizon, rival) if rival else None
        if found is not None:
            verdict = _verdict(float(found["dm"]), float(found["p_bh"]))
            parts.append(f"{verdict} after {count(horizon, 'date')} ({words.model(str(rival))})")
    return f"Against the best simple model {who(scores)} is {listed(parts)}." if parts else ""


def picked(scores: Scores) -> str:
    """What weighed most in the automatic choice; empty where there is none."""
    chosen = scores.chosen()
    if not chosen:
        return ""
    by: dict[str, list[int]] = {}
    for horizon, name in sorted(chosen.items()):
        by.setdefault(name, []).append(horizon)
    known = "In the automatic choice, by what was known on the first of these dates,"
    if len(by) == 1:
        return f"{known} {words.model(next(iter(by)))} weighs most at every lead time."
    parts = [f"{words.model(name)} {_steps(steps)}" for name, steps in by.items()]
    return f"{known} {listed(parts)} weigh most."


def _steps(steps: Sequence[int]) -> str:
    if len(steps) > 1 and list(steps) == list(range(steps[0], steps[-1] + 1)):
        return f"after {steps[0]} to {steps[-1]} dates"
    return f"after {listed([str(step) for step in steps])} {'date' if list(steps) == [1] else 'dates'}"


def best(scores: Scores) -> str:
    """Which model would have been best, known only afterwards; empty where it is the quoted one or nothing was scored."""
    if not scores.horizons:
        return ""
    parts = []
    for horizon in dict.fromkeys((scores.horizons[0], scores.horizons[-1])):
        skill = {name: value for name in scores.models if (value := scores.value(name, horizon, "skill")) is not None}
        top = max(skill, key=skill.__getitem__)
        if skill[top] > skill.get(scores.scored, -1.0) + 1e-6:
            parts.append(f"{words.model(top)} after {count(horizon, 'date')} (skill {words.signed(skill[top], 2)})")
    return f"Known only afterwards: the best was {listed(parts)}." if parts else ""


def tested(scores: Scores) -> str:
    """Whether the quoted model differs from persistence and from the best simple model beyond chance."""
    told: dict[str, list[str]] = {}
    for horizon in dict.fromkeys((*scores.horizons[:1], *scores.horizons[-1:])):
        rival = scores.rival(horizon)
        for other, title in ((BASELINE, "“nothing changes”"), (rival, "the best simple model")):
            found = scores.against(scores.scored, horizon, other) if other and other != scores.scored else None
            if found is not None:
                named = f" ({words.model(str(other))})" if other != BASELINE else ""
                verdict = _verdict(float(found["dm"]), float(found["p_bh"]))
                told.setdefault(title, []).append(f"{verdict} after {count(horizon, 'date')}{named}")
    parts = [f"against {title} {who(scores)} is {listed(verdicts)}" for title, verdicts in told.items()]
    return f"By Diebold and Mariano's test, {'; '.join(parts)}." if parts else ""


def _verdict(statistic: float, p: float) -> str:
    if not math.isfinite(p):
        return "not testable"
    return f"{('better' if statistic < 0 else 'worse') if stars(p) else 'not told apart'} ({p_words(p)})"
