"""Sentences on velocity classes: who wins where."""

from __future__ import annotations

from collections.abc import Sequence

from ..writing import words
from ..writing.words import NBSP, capital, count, listed
from .scoring import BASELINE, ClassScore


def label(name: str) -> str:
    """A velocity class with its unit: below 10 mm/yr, 200 mm/yr and above."""
    start = name.removesuffix(" and above")
    return f"{start}{NBSP}mm/yr{name[len(start) :]}"


def fastest(name: str, part: ClassScore) -> str:
    """How a model fares in the fastest class.

    Args:
        name: the scored model in words.
        part: errors of the fastest class.
    """
    verb = "errs less" if part.own < part.base else "errs more" if part.own > part.base else "errs as much"
    own, base = _two(part.own, part.base)
    than = "as" if verb.endswith("as much") else "than"
    if part.best == BASELINE:
        best = "no model does better there"
    elif part.least < part.own:
        best = f"{words.model(part.best)} does best there ({part.least:.1f}{NBSP}mm), but that is known only afterwards"
    else:
        best = "no model errs less there"
    return (
        f"In the fastest class ({label(part.label)}, {count(part.n, 'value')}) {name} {verb} {than} “nothing changes”: "
        f"{own} against {base}{NBSP}mm; {best}."
    )


def classes(name: str, parts: Sequence[ClassScore]) -> str:
    """In which velocity classes a model wins, and the errors behind it.

    Args:
        name: the scored model in words.
        parts: errors by class, slowest first.
    """
    better = sum(part.own < part.base for part in parts)
    told = []
    for part in parts:
        own, base = _two(part.own, part.base)
        best = f" (best: {words.model(part.best)}, {part.least:.1f}{NBSP}mm)" if part.least < min(part.own, part.base) else ""
        told.append(f"{own} against {base}{NBSP}mm {_at(part.label)}{best}")
    where = f"{better} of {count(len(parts), 'velocity class', 'velocity classes')}"
    return f"{capital(name)} errs less than “nothing changes” in {where}: {listed(told)}."


def _at(name: str) -> str:
    return label(name) if name.startswith("below") else f"at {label(name)}"


def _two(first: float, second: float) -> tuple[str, str]:
    """Two errors to be compared, to 0.1 mm, or to 0.01 mm where that would show them as equal."""
    digits = 2 if f"{first:.1f}" == f"{second:.1f}" and first != second else 1
    return f"{first:.{digits}f}", f"{second:.{digits}f}"
