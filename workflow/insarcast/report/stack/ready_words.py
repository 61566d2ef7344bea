"""Sentences on a ready series on a grid: who inverted it, what it is known to hold, and why its evaluation is retrospective."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..writing import words
from ..writing.words import capital, count, percent

_SPARSE = 0.5  # share of the pixels; dates on which fewer are measured are named
_MOST = 5


def is_ready(found: Mapping[str, Any]) -> bool:
    """Whether a record is that of a ready series: it has been inverted elsewhere."""
    return "product" in found


def strip(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the head of the page says beside source and dates."""
    return [
        ("Inverted by", f"other software: {found['product']}"),
        ("Evaluation", "retrospective: the product may have seen later dates"),
    ]


def zero(reference: Mapping[str, Any]) -> str:
    """Where it is zero, where no place is: the words of the record whose sentence says why."""
    return str(reference.get("zero", "not recorded"))


def warned(found: Mapping[str, Any], origins: int) -> list[str]:
    """What the answer says of the scores; nothing where there are none."""
    said = f"These scores are retrospective: the product behind them ({found['product']}) may have seen the dates that were forecast."
    return [said] if origins else []


def retrospective(found: Mapping[str, Any]) -> str:
    """What the scores of a ready series mean."""
    return (
        "This evaluation is retrospective: at each test date a model knows the values up to that date, but they come from a product that was "
        f"made later ({found['product']}); its reference, filters and masks may have seen the dates that are forecast."
    )


def unchecked(found: Mapping[str, Any]) -> str:
    """What cannot be checked here."""
    return (
        f"The displacement was inverted by other software ({found['product']}) and is taken as it is: its interferograms and their loops are not "
        "at hand, so unwrapping errors cannot be looked for here."
    )


def made(found: Mapping[str, Any], source: str, origins: str) -> list[str]:
    """How a cube came about, up to the forecasts; empty sentences are left out by the caller."""
    done = list(found["done"])
    pixels = found["pixels"]
    return [
        f"The displacement of {len(found['dates'])} of {count(found['dates_found'], 'date')} was read from the product ({source}: "
        f"{found['product']}), referred to its first date.",
        found["stated"],
        f"The product says that these were taken off or filtered: {words.listed(done)}." if done else "",
        ""
        if found["has"]["sigma"]
        else "The product gives no standard deviation of the displacement, and none is made up for it.",
        str(found["reference"].get("sentence", "")),
        gaps(pixels),
        sparse(found),
        f"Forecasts start from {origins}; each origin has its own cube, made from the product's dates up to that date.",
    ]


def gaps(pixels: Mapping[str, int]) -> str:
    """Pixels that are not measured on all dates."""
    whole, missing = pixels["inverted"], "Every pixel that has a value has one on all dates."
    if gap := pixels["with_gaps"]:
        missing = (
            f"{capital(percent(gap / whole))} of the pixels with a value ({count(gap, 'pixel')}) miss some dates; between their values they are "
            "bridged by straight lines, which are marked and not scored."
        )
    if not pixels["bridged"]:
        return missing
    return (
        f"{missing} In {percent(pixels['bridged'] / whole)} of the pixels with a value ({count(pixels['bridged'], 'pixel')}) the product itself "
        f"bridged what no interferogram supports, {count(pixels['bridged_steps'], 'step')} from one date to the next in all; these are marked and "
        "not scored either."
    )


def sparse(found: Mapping[str, Any]) -> str:
    """Dates on which few pixels are measured."""
    few = [(date, share) for date, share in zip(found["dates"], found["measured"], strict=True) if share < _SPARSE]
    if not few:
        return ""
    named = [f"{words.day(date)} ({percent(share)})" for date, share in few[:_MOST]]
    more = f" and {len(few) - _MOST} more" if len(few) > _MOST else ""
    return (
        f"On {count(len(few), 'date')} fewer than half of these pixels are measured: {words.listed(named)}{more}; products.exclude leaves "
        "dates out."
    )
