"""Sentences on where a forecast gains, and on how alike the maps are."""

from __future__ import annotations

from ..writing.words import MINUS, capital, count, percent


def gains(name: str, pixels: float, improved: float, why: str = "") -> str:
    """Where a model is better than “nothing changes”.

    Args:
        name: the model in words.
        pixels: share of the pixels with a smaller mean error.
        improved: share of the single values with a smaller error.
        why: why it is this model that is shown, where it is not the one whose scores are quoted.
    """
    aside = f" ({why})" if why else ""
    return (
        f"{capital(name)}{aside} has a smaller mean error than “nothing changes” in {percent(pixels)} of the pixels, "
        f"and in {percent(improved)} of the single values."
    )


def likeness(name: str, steps: int, own: float, base: float | None) -> str:
    """How alike the forecast and the observed maps of change are.

    Args:
        name: the model in words.
        steps: lead time in acquisition steps.
        own: mean structural similarity (SSIM) of its maps of change.
        base: that of persistence, or None.
    """
    ahead = count(steps, "step")
    text = f"At {ahead} the maps of change by {name} have a structural similarity (SSIM) of {_two(own)} to those observed"
    return f"{text}; “nothing changes” has {_two(base)}." if base is not None else f"{text}."


def _two(value: float) -> str:
    return f"{value:.2f}".replace("-", MINUS)
