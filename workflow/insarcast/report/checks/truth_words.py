"""Sentences on simulated scenes, whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..writing import words
from ..writing.words import NBSP, listed, mm

WHERE = {"stable": "on stable ground", "bowl": "in the bowls", "vegetation": "in vegetation", "water": "on water"}
MOST, PART = 0.5, 0.2  # shares of the squared error from which the troposphere explains most, or part of it


def notice(names: Sequence[str], every: bool) -> str:
    """That what is shown was never measured.

    Args:
        names: simulated lines of sight.
        every: whether they are all of the study.
    """
    what = "This scene is simulated" if every else f"{listed(names)} {'is' if len(names) == 1 else 'are'} simulated"
    return (
        f"{what}: a computer made its ground motion, atmosphere and noise, and no satellite has seen it. "
        "Nothing here tells anything about a real place."
    )


def place_of(kind: str) -> str:
    """Where pixels of a kind lie."""
    return WHERE.get(kind, f"on ground of the kind “{words.plain(kind)}”")


def cube(by_kind: Mapping[str, float], deformation: float | None, visible: float | None) -> str:
    """How far the displacement is from the truth.

    Args:
        by_kind: rms of cube minus true deformation in mm, by kind of ground, in the order to tell.
        deformation: the same over all used pixels, or None.
        visible: rms against the deformation with the atmosphere, which is all that a radar can see; or None.
    """
    if deformation is None:
        return "The displacement could not be compared with the truth."
    parts = [f"{mm(value)} from the truth {place_of(kind)}" for kind, value in by_kind.items()]
    shown = (
        listed([parts[0], *(part.replace(" from the truth", "") for part in parts[1:])])
        if parts
        else f"{mm(deformation)} from the truth"
    )
    return f"The displacement is {shown} (rms){_troposphere(deformation, visible)}."


def _troposphere(deformation: float, visible: float | None) -> str:
    if visible is None or deformation <= 0:
        return ""
    share = 1 - (visible / deformation) ** 2
    rest = f"with it as part of the truth, {mm(visible)} are left"
    if share >= MOST:
        return f"; the troposphere explains most of it: {rest}"
    return f"; the troposphere explains {'part' if share >= PART else 'little'} of it: {rest}"


def forecast(name: str, truth: float | None, observed: float | None, skill: float | None = None) -> str:
    """The forecast's error against the truth and against the noisy observation, and whether it beats “nothing changes”.

    Args:
        name: the scored model in words.
        truth: mean absolute error in mm of the place that the forecast ends at against where the ground then is, or None.
        observed: the same of the forecast change against the observed change.
        skill: against “nothing changes” when the truth is the judge, or None.
    """
    if truth is None or observed is None:
        return "No forecast could be compared with the truth."
    told = ""
    if skill is not None:
        verdict = "better" if round(skill, 2) > 0 else "no better"
        told = f", which is {verdict} than “nothing changes” (skill {words.signed(skill, 2)})"
    return (
        f"Against the truth, where the ground then is (the first date's atmosphere aside), the mean error of {name} is {truth:.1f}{NBSP}mm{told}; "
        f"against the noisy observation it is {observed:.1f}{NBSP}mm."
    )
