"""Sentences on the retrospective scores of a ready series: how much better, how sure, what the noise allows, what is not known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from . import series_models, words
from .series_models import AUTO, BASELINE
from .series_scores import NOTHING, Scores, stars
from .words import NBSP, capital, count, day, listed, percent

CLOSE = 0.02  # a coverage this near to its level holds what it promises
SLIGHT = 0.05  # one this near is off by little
BETTER, UNSURE, WORSE = "is better than", "cannot be told from", "is worse than"  # “nothing changes”


def who(scores: Scores) -> str:
    """The quoted model in words."""
    return series_models.who(scores.scored)


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
    return (BETTER if statistic < 0 else WORSE) if stars(p) else UNSURE, _p(p)


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


def moving(scores: Scores, days: Mapping[int, float]) -> str:
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
        side = "towards" if bias > 0 else "away from"
        far = f" (the forecast lies too far {side} the satellite)" if abs(bias) >= 0.5 else ""
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


def unknown(scores: Scores, days: Mapping[int, float]) -> str:
    """What no number on the page tells."""
    far = f"beyond {lead(days, scores.horizons[-1])} nothing was tried" if scores.horizons else "nothing was tried"
    return (
        "Not known: the product was made with all dates at hand (its reference, its filters and the choice of its points saw the test dates), "
        f"so a forecast made in its time may do worse; {far}; nothing independent checks the displacement, which is along the line "
        "of sight and not vertical; between the points nothing is measured."
    )


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
    return f"{('better' if statistic < 0 else 'worse') if stars(p) else 'not told apart'} ({_p(p)})"


def _p(p: float) -> str:
    return f"p {'< 0.001' if p < 0.001 else f'{p:.3f}' if p < 0.1 else f'{p:.2f}'}"
