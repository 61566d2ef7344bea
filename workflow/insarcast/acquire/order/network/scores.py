"""Expected coherence of a pair, before anything is ordered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date as Date
from typing import Any

from insarcast.core import InsarcastError

_WINTER = (12, 1, 2)  # months, in the north; in the south half a year later


def check_score(settings: Mapping[str, Any]) -> None:
    """Raise an InsarcastError where the study's ``hyp3.score`` contradicts itself."""
    if settings["g_inf"] > settings["g_0"]:
        raise InsarcastError(
            f"hyp3.score.g_inf is {settings['g_inf']:g}, more than g_0, {settings['g_0']:g}; coherence does not grow with time, so "
            "swap them."
        )


def expected_coherence(days: float, baseline: float | None, winter: bool, settings: Mapping[str, Any]) -> float:
    """Expected coherence of a pair, 0 to 1.

    ``(g_inf + (g_0 - g_inf) exp(-days / tau)) (1 - |baseline| / critical_baseline)``: exponential decay with time to what stays for
    good (Morishita and Hanssen 2015, IEEE TGRS 53(2), 1096-1104; fitted to Sentinel-1 all over the world by Kellndorfer et al. 2022,
    Scientific Data 9, 73), and linear loss with the perpendicular baseline (Zebker and Villasenor 1992, IEEE TGRS 30(5), 950-959).
    A winter pair is multiplied by ``winter``. Not modelled: rain and snow of the day, what grows on the ground, slopes. The parameters
    are the study's own; no map of measured coherence is read.

    Args:
        days: days between the dates.
        baseline: perpendicular baseline in m; None where it is not known, which counts as 0.
        winter: whether one of the dates is in winter.
        settings: the study's ``hyp3.score``: g_0, g_inf, tau, critical_baseline, winter.
    """
    over_time = settings["g_inf"] + (settings["g_0"] - settings["g_inf"]) * math.exp(-days / settings["tau"])
    apart = max(0.0, 1 - abs(baseline or 0.0) / settings["critical_baseline"])
    return float(over_time * apart * (settings["winter"] if winter else 1.0))


def pair_scores(
    dates: Sequence[Date], baselines: Sequence[float | None], south: bool, settings: Mapping[str, Any]
) -> Callable[[int, int], float]:
    """Score of the pair of two dates, by their places in the list: 100 times the expected coherence.

    Scores are rounded to 1e-6, so that they come in the same order on every machine.

    Args:
        dates: the dates.
        baselines: perpendicular baseline of each against a common one, in m, None where it is not known.
        south: whether the place is south of the equator, where winter is in the middle of the year.
        settings: the study's ``hyp3.score``.
    """
    cold = [((date.month + 5) % 12 + 1 if south else date.month) in _WINTER for date in dates]

    def score(first: int, second: int) -> float:
        days = abs((dates[second] - dates[first]).days)
        apart = between(baselines, first, second)
        return round(100 * expected_coherence(days, apart, cold[first] or cold[second], settings), 6)

    return score


def between(baselines: Sequence[float | None], first: int, second: int) -> float | None:
    """Perpendicular baseline of a pair, m: the second date's less the first's."""
    one, other = baselines[first], baselines[second]
    return None if one is None or other is None else other - one
