"""What a person reads about the blending."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .seams import FEW
from .weights import cut_halo


@dataclass(frozen=True)
class Halo:
    """Outermost pixels of a window that weigh nothing.

    Attributes:
        wanted: asked for, or as far as the model sees.
        used: what the least overlap of the scene allows of it; None where there is one tile.
        overlap: the least overlap, in pixels; None where there is one tile.
        source: ``study`` (stitch.halo), ``measured`` (receptive fields), or ``unknown``: neither, no halo is left out.
    """

    wanted: int
    used: int | None
    overlap: int | None
    source: str


def choose_halo(halo: int | None, receptive_field: float | None, overlaps: Sequence[int]) -> Halo:
    """The halo of a map.

    Args:
        halo: the study's; None: the receptive field, rounded up.
        receptive_field: radius in pixels, where it was measured.
        overlaps: overlaps of all seams.
    """
    source = "study" if halo is not None else "unknown" if receptive_field is None else "measured"
    wanted = halo if halo is not None else math.ceil(receptive_field or 0)
    overlap = min(overlaps, default=None)
    return Halo(wanted, None if overlap is None else cut_halo(wanted, overlap), overlap, source)


def describe(
    blend: str,
    halo: Halo,
    seam: dict[str, Any] | None,
    tiles: int,
    failed: Sequence[dict[str, Any]],
    skipped: Sequence[dict[str, Any]],
    uncovered: int,
) -> str:
    """Everything worth a sentence: the overlap, the seams, the tiles that are missing."""
    said = [
        _overlap_sentence(blend, halo),
        _seam_sentence(blend, seam, tiles),
        _missing_sentence(failed, skipped, tiles, uncovered),
    ]
    return " ".join(sentence for sentence in said if sentence)


def _overlap_sentence(blend: str, halo: Halo) -> str:
    if halo.overlap is None or halo.used is None:
        return ""
    advice = f"set tile.overlap to {2 * (halo.wanted + 1)} or more"
    if halo.overlap == 0:
        return f"The tiles do not overlap, so nothing is blended: {advice}."
    if blend == "none":
        return "Each pixel comes from the tile whose core holds it; nothing is blended (stitch.blend is none)."
    if halo.used < halo.wanted:
        why = "stitch.halo is" if halo.source == "study" else "the model sees"
        return (
            f"The tiles overlap by {halo.overlap} pixels but {why} {halo.wanted} to each side, and only the outermost {halo.used} "
            f"of a window are left out: {advice}."
        )
    if halo.source == "unknown":
        return "How far the model sees was not measured, so no halo is left out of the blending; stitch.halo sets one."
    return ""


def _seam_sentence(blend: str, seam: dict[str, Any] | None, tiles: int) -> str:
    if tiles == 1:
        return "One tile covers the scene: there is no seam."
    if seam is None:
        return "No seam could be measured: no two neighbouring tiles have forecasts on both sides."
    few = f" (measured from only {seam['pairs']} pairs of pixels)" if seam["pairs"] < FEW else ""
    if seam["blended"] is None:
        return f"Neighbouring pixels beside the seams have the same forecast, so no ratio can be given{few}."
    text = (
        f"Across a seam the median forecast jumps by {seam['seam_mm']:.2g} mm from pixel to pixel, "
        f"{seam['blended']:.2f} ± {seam['error']:.2f} times as much as beside it"
    )
    without = "" if blend == "none" or seam["none"] is None else f"; without blending {seam['none']:.2f} times"
    return f"{text}{without}{few}."


def _missing_sentence(failed: Sequence[dict[str, Any]], skipped: Sequence[dict[str, Any]], tiles: int, uncovered: int) -> str:
    said = [
        f"{len(which)} of {tiles} tiles {word} ({', '.join(str(each['tile']) for each in which)})"
        for which, word in ((failed, "failed"), (skipped, "were skipped"))
        if which
    ]
    if not said and not uncovered:
        return ""
    left = f"{uncovered} usable pixels have no forecast" if uncovered else "their neighbours cover all that is usable"
    return f"{'; '.join(said)}: {left}." if said else f"{left}."
