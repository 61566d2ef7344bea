"""Sentences on scores and intervals of a grid's forecasts."""

from __future__ import annotations

from statistics import NormalDist

from ..writing import words
from ..writing.words import NBSP, count, percent
from . import scoring
from .choice_words import who

FEW_DATES = 20  # fewer dates than this allow no seasonal term and no training: only the simple models
CLOSE = 0.05  # an interval whose coverage is this near to its level holds what it promises


def few_dates(dates: int, origins: int) -> str:
    """What the length of the series allows."""
    tested = "" if origins == 0 else f", tested from {count(origins, 'date')}" if origins > 1 else ", tested from one date only"
    if dates < FEW_DATES:
        return f"{count(dates, 'date')} allow{'s' if dates == 1 else ''} no more than the simple models{tested}."
    return f"The models rest on {count(dates, 'date')}{tested}."


def trust(
    name: str,
    mae: float | None,
    nothing: float | None,
    origins: int,
    n: int,
    best: tuple[str, float] | None,
    chosen: bool = False,
    unscored: str = scoring.NOTHING,
    newest: str | None = None,
) -> str:
    """Whether the scored model beat “nothing changes” on dates it never saw.

    Args:
        name: the scored model, or ``chosen``.
        mae: its mean absolute error in mm over all horizons, or None when nothing was scored.
        nothing: the same of persistence.
        origins: how many dates were forecast from.
        n: scored values.
        best: the other model with the highest skill, and that skill; None when there is none.
        chosen: whether past skill chose it, not the study.
        unscored: the sentence for nothing scored.
        newest: the model that is chosen at the newest date, where it is another one than at the test dates.
    """
    if mae is None or nothing is None or n == 0:
        return f"{unscored.rstrip('.')}; nothing is known about its error."
    later = f" of the test dates (from the newest date it is {words.model(newest)})" if newest else ""
    unseen = f"Over {count(origins, 'forecast origin')} and {count(n, 'value')} that the forecast never saw,"
    skill = 1 - mae / nothing if nothing > 0 else 0.0
    if (best is None or best[1] <= 0) and (name == "persistence" or skill <= 0):
        rest = f" (best: {words.model(best[0])}, skill {words.signed(best[1], 2)})" if best else ""
        return f"{unseen} no model beats assuming no change{rest}, with a mean error of {words.error_mm(nothing)}. Use the last observed map."
    if name == "persistence":
        assert best is not None
        why = f"which did best in the past{later}" if chosen else "which the study asks for"
        return (
            f"{unseen} assuming no change, {why}, errs by {words.error_mm(nothing)} on average; {words.model(best[0])} would have "
            f"been better (skill {words.signed(best[1], 2)}), but that is known only afterwards."
        )
    own, base = words.two_mm(mae, nothing)
    against = f"against {base} for “nothing changes” (skill {words.signed(skill, 2)})"
    if skill <= 0 and best is not None:
        return (
            f"{unseen} the mean error of {who(name, chosen)} is {own} {against}: it is no better than assuming no change; "
            f"{words.model(best[0])} would have been (skill {words.signed(best[1], 2)}), but that is known only afterwards."
        )
    return f"{unseen} the mean error of {who(name, chosen)} is {own} {against}."


def interval(coverage: float | None, nominal: float, n: int, dates: int | None = None) -> str:
    """Whether the intervals hold what they promise.

    The values of one date err together (atmosphere, reference), so a few dates tell little: a coverage within two standard
    errors ``sqrt(p (1 - p) / dates)`` of its level cannot be told from it.

    Args:
        coverage: share of the unseen values inside, or None.
        nominal: what it should be.
        n: scored values.
        dates: dates that were forecast from; None: not said.
    """
    level = f"{100 * nominal:.0f}{NBSP}%"
    if coverage is None or n == 0:
        return f"How often the {level} interval holds the truth is not known: nothing could be scored."
    held = f"The {level} interval held {percent(coverage)} of {count(n, 'unseen value')}"
    alike = "(errors of one date are alike all over the scene)"
    unsure = dates is not None and abs(coverage - nominal) <= 2 * (nominal * (1 - nominal) / max(dates, 1)) ** 0.5
    if abs(coverage - nominal) <= CLOSE:
        return f"{held}, as it should" + (f", as far as {count(dates or 0, 'test date')} can tell." if unsure and dates else ".")
    if coverage > nominal:
        if unsure and dates:
            return f"{held}: it is wider than needed, if anything, though {count(dates, 'test date')} cannot tell that from {level} {alike}."
        return f"{held}: it is wider than needed."
    factor = _stretch(coverage, nominal)
    if unsure and dates:
        return (
            f"{held}: too few, if anything (intervals about {factor:.1f} times as wide would have held {level}), though "
            f"{count(dates, 'test date')} cannot tell that from {level} {alike}."
        )
    much = f"they would have to be about {factor:.1f} times as wide" if factor < 10 else "they say next to nothing"
    return f"{held}: the intervals are too narrow ({much}); read every interval below as too sure."


def _stretch(coverage: float, nominal: float) -> float:
    """How much wider a normal interval must be to hold ``nominal`` instead of ``coverage``."""
    if coverage <= 0.01:
        return float("inf")
    return NormalDist().inv_cdf((1 + nominal) / 2) / NormalDist().inv_cdf((1 + coverage) / 2)


def calibration(calibrated: int, total: int, sentence: str | None) -> str:
    """Whether the intervals were calibrated on past errors.

    Args:
        calibrated: origins and horizons whose interval was.
        total: all origins and horizons of the chosen model.
        sentence: the words of the stage that calibrated, which knows why; they stand alone where there are any.
    """
    if sentence:
        return sentence
    if total == 0:
        return "Nothing is known about the calibration of the intervals."
    if calibrated == 0:
        return "The intervals are the model's own, not calibrated."
    if calibrated == total:
        return "The intervals are calibrated on past errors (conformal)."
    return f"{calibrated} of {count(total, 'interval')} (origin and horizon) are calibrated on past errors, the others are the model's own."
