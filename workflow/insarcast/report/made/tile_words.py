"""Sentences on tiles, seams and training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..writing import words
from ..writing.words import NBSP, count, listed

MOST = 6  # tiles named one by one; more are counted


def times(number: int) -> str:
    """Once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def named(tiles: Sequence[int]) -> str:
    """Tiles by their numbers, or how many they are."""
    if len(tiles) > MOST:
        return f"{len(tiles)} tiles"
    return f"{'tile' if len(tiles) == 1 else 'tiles'}{NBSP}{listed([str(tile) for tile in tiles])}"


def cover(tiles: int, skipped: int, rows: int, cols: int) -> str:
    """How the scene is cut.

    Args:
        tiles: all tiles.
        skipped: those with too few usable pixels.
        rows: edge of a window in pixels.
        cols: the other edge.
    """
    size = f"{rows} \N{MULTIPLICATION SIGN} {cols} pixels"
    if tiles == 1:
        left = " It has too few usable pixels and is skipped." if skipped else ""
        return f"One tile of {size} covers the scene.{left}"
    left = f"; {skipped} of them {'has' if skipped == 1 else 'have'} too few usable pixels" if skipped else ""
    return f"{count(tiles, 'tile')} of {size} cover the scene{left}."


def summary(model: str, statuses: Sequence[str], worst: Mapping[str, Any]) -> str:
    """A model's tiles and its worst seam, short enough for a figure.

    Args:
        model: registered name.
        statuses: what became of each tile.
        worst: ``tiles`` and ``ratio`` of the worst seam; empty where there is none.
    """
    told = [f"{statuses.count(status)} {status}" for status in ("trained", "forecast", "failed", "skipped") if status in statuses]
    text = f"{words.capital(words.model(model))}, tiles: {', '.join(told)}"
    if worst.get("tiles") and worst.get("ratio"):
        text += f";\n   worst seam {float(worst['ratio']):.2f}, tiles {listed([str(tile) for tile in worst['tiles']])}"
    return text


def seams(model: str, blended: float | None, cut: float | None) -> str:
    """What blending did to the jumps across seams.

    Args:
        model: registered name.
        blended: median jump across seams over that beside them, as blended; None: no seam.
        cut: the same without blending.
    """
    name = words.model(model)
    if blended is None:
        return f"The map of {name} has no seam."
    if cut is None:
        return f"In the map of {name} the median jump across seams is {blended:.2f} times that beside them."
    if round(cut, 2) == round(blended, 2):
        return f"Blending left the median jump across seams of {name} at {blended:.2f} times that beside them."
    verb = "brought" if abs(blended - 1) < abs(cut - 1) else "did not help: it moved"
    return f"Blending {verb} the median jump across seams of {name} from {cut:.2f} to {blended:.2f} times that beside them."


def trained(model: str, fits: int, tiles: int, epochs: float | None, unmoved: int = 0) -> str:
    """How much was trained.

    Args:
        model: registered name.
        fits: trainings, over all tiles and origins.
        tiles: tiles with a training of their own; 0 where one training served all.
        epochs: median of the epoch that was kept over the trainings that beat their start; None where it is not known.
        unmoved: trainings of which no epoch was better than the weights at the start.
    """
    name = words.capital(words.model(model))
    if fits == 0:
        return f"{name} was not trained."
    where = f"on {count(tiles, 'tile')}" if tiles else "on all tiles together"
    text = f"{name} was trained {times(fits)} {where}"
    if epochs is None:
        return f"{text}."
    if unmoved == fits:
        helped = "in none of them an epoch" if fits > 1 else "no epoch"
        return f"{text}, but {helped} beat the start ({start_of(model)}), which was kept."
    of = f"of {count(fits, 'training')}"
    helped = f"in {fits - unmoved} {of} an epoch beat the start ({start_of(model)})"
    best = f"the {ordinal(round(epochs))} in the median"
    none = f"; in {unmoved} {of} no epoch did, and the start was kept" if unmoved else ""
    return f"{text}: {helped}, {best}{none}."


def start_of(model: str) -> str:
    """What a training starts from."""
    return "the network of all tiles" if model.endswith("_finetuned") else "the simple forecast that it corrects"


def ordinal(number: int) -> str:
    """1st, 2nd, 13th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def retried(model: str, tile: int, attempts: int) -> str:
    """A tile whose training failed and then did not."""
    return (
        f"{words.capital(words.model(model))}: tile{NBSP}{tile} failed {times(attempts - 1)} and was trained with another seed."
    )


def many_retried(model: str, tiles: int) -> str:
    """More such tiles than are named."""
    return f"{words.capital(words.model(model))}: {tiles} tiles failed at first and were trained with another seed."


def left_out(model: str, failed: Sequence[int], skipped: Sequence[int]) -> str:
    """Tiles without a forecast of the model's own; empty where there are none."""
    parts = []
    if failed:
        parts.append(f"{named(failed)} failed")
    if skipped:
        parts.append(f"{named(skipped)} {'was' if len(skipped) == 1 else 'were'} skipped")
    return f"{words.capital(words.model(model))}: {listed(parts)} (reasons in the record)." if parts else ""
