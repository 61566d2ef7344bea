"""Sentences on interferograms and their loops."""

from __future__ import annotations

from collections.abc import Mapping

from ..writing.words import NBSP, capital, count, listed, percent, whole


def dropped(kept: int, total: int, reasons: Mapping[str, int]) -> str:
    """How many interferograms were left out, and why."""
    if total == 0:
        return "There is no interferogram."
    lost = total - kept
    if lost == 0:
        return f"All {count(total, 'interferogram')} are used." if total > 1 else "The only interferogram is used."
    why = listed([f"{number} by: {name}" for name, number in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))])
    return f"{lost} of {count(total, 'interferogram')} {'was' if lost == 1 else 'were'} dropped ({why})."


def closure(samples: int, over: int, rms: float | None, bad: int, triplets: int) -> str:
    """What the loops say about unwrapping errors.

    Args:
        samples: closures of a pixel in a triplet.
        over: those beyond pi.
        rms: median of the triplets' rms in rad, or None.
        bad: triplets that are called bad.
        triplets: all.
    """
    if triplets == 0 or rms is None:
        return "The network has no closed loop: unwrapping errors cannot be seen."
    share = capital(percent(over / samples)) if samples else "None"
    called = "none is bad" if bad == 0 else f"{bad} {'is' if bad == 1 else 'are'} bad"
    return (
        f"{share} of the loop closures ({whole(over)} of {whole(samples)}) exceed \N{GREEK SMALL LETTER PI}; "
        f"the median of {count(triplets, 'triplet')} closes within {rms:.2f}{NBSP}rad, {called}."
    )
