"""Which scene of each pass a job of whole scenes takes: where scenes are cut drifts from date to date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from insarcast.core import InsarcastError

from ...select import Skipped, skip
from .catalogue import Scene
from .passes import WHOLE, Acquisition, passes, share

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def scene_acquisitions(
    scenes: Sequence[Scene], area: BaseGeometry, hyp3: Mapping[str, Any]
) -> tuple[list[Acquisition], list[Skipped]]:
    """The scene of each pass that covers the area best, of equals the one whose middle is nearest to it.

    Where ``hyp3.frame`` is set, the scene that lies most over that frame's is taken instead.

    Args:
        scenes: scenes of one track.
        area: the place.
        hyp3: the study's ``hyp3``: frame, min_cover.

    Returns:
        Acquisitions, and the dates whose scene covers less than ``min_cover`` of what the best one covers.

    Raises:
        InsarcastError: no scene has the frame.
    """
    goal = area if hyp3["frame"] is None else _frame(scenes, hyp3["frame"])

    def fit(scene: Scene) -> tuple[float, float, str]:
        return round(share([scene], goal), 3), -scene.footprint.centroid.distance(goal.centroid), scene.name

    chosen = [max(taken, key=fit) for taken in passes(scenes)]
    found = [Acquisition(f"{scene.time:%Y%m%d}", (scene,), share([scene], area)) for scene in chosen]
    best = max((taken.covered for taken in found), default=0.0)
    kept = [taken for taken in found if 0 < taken.covered >= hyp3["min_cover"] * best]
    reason = f"its scene covers {{:.0%}} of the area, less than hyp3.min_cover of the {best:.0%} that others cover"
    return kept, [skip("date", taken.date, reason.format(taken.covered)) for taken in found if taken not in kept]


def most_common_frame(acquisitions: Sequence[Acquisition]) -> int | None:
    """The frame number that most dates have, the smallest of equals."""
    numbers = Counter(scene.frame for taken in acquisitions for scene in taken.scenes if scene.frame is not None)
    return min(numbers, key=lambda number: (-numbers[number], number), default=None)


def overlap_enough(one: Acquisition, other: Acquisition, area: BaseGeometry, least: float) -> bool:
    """Whether two scenes cover so much of the area together."""
    if min(one.covered, other.covered) >= WHOLE:
        return True
    both = one.scenes[0].footprint.intersection(other.scenes[0].footprint)
    return bool(both.intersection(area).area >= least * area.area)


def _frame(scenes: Sequence[Scene], number: int) -> BaseGeometry:
    """The outline of the newest scene with a frame number."""
    shapes = [scene.footprint for scene in scenes if scene.frame == number]
    if not shapes:
        there = ", ".join(str(frame) for frame in sorted({scene.frame for scene in scenes if scene.frame is not None}))
        raise InsarcastError(
            f"No scene of track {scenes[0].track} has the frame {number}; there are {there}: correct hyp3.frame."
        )
    return shapes[-1]
