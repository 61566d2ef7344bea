"""Sentences on the inversion and on what was taken off afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..writing import words
from ..writing.words import NBSP, count, percent

_NORMS = {
    "l2": "least squares",
    "l1": "least absolute residuals",
    "huber": "Huber's robust least squares",
    "student": "a robust fit (Student's t with 4 degrees of freedom)",
}
_WEIGHTS = {
    "none": "without weights",
    "coherence": "weighted by coherence",
    "auto": "weighted by the noise of each interferogram and coherence, estimated from the network's own misfits",
}


def solver(settings: Mapping[str, Any]) -> str:
    """By which norm and weights the network was inverted."""
    norm, weights = str(settings.get("norm", "l2")), str(settings.get("weights", "none"))
    return f"{_NORMS.get(norm, norm)}, {_WEIGHTS.get(weights, 'weighted')}"


def pair_noise(found: Mapping[str, Any]) -> list[float]:
    """Estimated noise of the used interferograms, mm; empty in a record that has none."""
    return [float(pair["sigma_mm"]) for pair in found["pairs"] if pair.get("kept") and pair.get("sigma_mm") is not None]


def noise(found: Mapping[str, Any]) -> str:
    """How noisy the interferograms are by the network's own evidence; empty where it was not estimated."""
    values = pair_noise(found)
    if not values:
        return ""
    low, middle, high = min(values), float(np.median(values)), max(values)
    variance = found.get("variance") or {}
    off = variance.get("outliers")
    rest = f" {words.capital(percent(off))} of their samples misfit by more than four standard deviations." if off else ""
    return (
        f"The noise of an interferogram, by the misfits of the network, is {middle:.1f}{NBSP}mm in the median "
        f"({low:.1f} to {high:.1f}{NBSP}mm; a sample of usual coherence).{rest}"
    )


def use_of_noise(settings: Mapping[str, Any]) -> str:
    """What the estimated noise is for: weights, or nothing but to be known."""
    if settings.get("weights") == "auto":
        return "; its inverse square is the weight of the interferogram"
    return "; it is shown only, for the interferograms are not weighted by it"


def unwrapping(found: Mapping[str, Any]) -> str:
    """Unwrapping errors that were corrected, and what was left; empty where nothing was looked for or found."""
    fixed = found.get("corrected") or {}
    samples, pixels, left = (int(fixed.get(key) or 0) for key in ("samples", "pixels", "left"))
    loops = found.get("loop_errors") or {}
    over, closures = (int(loops.get(key) or 0) for key in ("over_pi", "samples"))
    opened = (
        f"{words.whole(over)} of {words.whole(closures)} loop closures, each of one pixel, exceed{{}} \N{GREEK SMALL LETTER PI}"
    )
    if not samples and not left:
        return f"Unwrapping errors: no sample was corrected, though {opened.format('')}." if fixed and over else ""
    first = (
        f"{count(samples, 'sample')} in {count(pixels, 'pixel')} {'was' if samples == 1 else 'were'} off by whole cycles and corrected, each "
        "checked by solving the pixel anew"
        if samples
        else "none could be corrected for certain"
    )
    rest = f"; {count(left, 'pixel')} still misfit{'s' if left == 1 else ''} by more than half a cycle" if left else ""
    before = (
        f" {words.capital(opened.format('ed'))} before: a wrong sample opens every loop that it is in, noise opens loops as well, and those of all "
        "other pixels were left as they are."
        if over
        else ""
    )
    return f"Unwrapping errors: {first}{rest}.{before}"


def corrections(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was taken off each date after the inversion, a sentence for each step."""
    return [f"After the inversion: {str(step['sentence']).rstrip('.')}." for step in steps]
