"""Where bursts lie: outlines that do not change from pass to pass, and what each burst alone adds to an area."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

from .catalogue import Scene

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

WOBBLE = 0.004  # degrees: by so much outlines of one burst differ from pass to pass
_SLIVER = 0.05  # share of the area: more is no sliver, however thin


def outlines(scenes: Sequence[Scene]) -> dict[str, BaseGeometry]:
    """The outline of each burst on the pass on which it lay most in the middle of where it lay on all.

    The catalogue's outlines move by some 100 m from pass to pass; a burst at the edge of an area must not come and go with them.
    """
    of_burst: dict[str, list[Scene]] = {}
    for scene in scenes:
        if scene.burst:
            of_burst.setdefault(scene.burst, []).append(scene)
    return {burst: _middle(found) for burst, found in sorted(of_burst.items())}


def _middle(scenes: Sequence[Scene]) -> BaseGeometry:
    centres = [scene.footprint.centroid for scene in scenes]
    x, y = median(centre.x for centre in centres), median(centre.y for centre in centres)
    far = [round((centre.x - x) ** 2 + (centre.y - y) ** 2, 12) for centre in centres]
    return min(zip(far, scenes, strict=True), key=lambda pair: (pair[0], pair[1].name))[1].footprint


def touching(shapes: Mapping[str, BaseGeometry], area: BaseGeometry) -> list[str]:
    """Bursts that have a part of the area."""
    return [burst for burst, shape in shapes.items() if shape.intersection(area).area > 0]


def needed(shapes: Mapping[str, BaseGeometry], area: BaseGeometry) -> list[str]:
    """Bursts without which a part of the area would be lost: of those that touch it, such as add slivers only are left out.

    A sliver is thinner than outlines wobble and at most a twentieth of the area. The one that adds least goes first.
    """
    kept = touching(shapes, area)
    while len(kept) > 1:
        alone = {burst: _lost(shapes, area, kept, set(kept) - {burst}) for burst in kept}
        least = min(kept, key=lambda burst: (round(alone[burst].area / area.area, 6), burst))
        if not is_sliver(alone[least], area):
            break
        kept.remove(least)
    return kept


def covers_still(shapes: Mapping[str, BaseGeometry], area: BaseGeometry, bursts: Collection[str]) -> bool:
    """Whether bursts cover what all that were found cover, but for slivers; they may be twice as wide as where bursts are chosen,
    so that those that are chosen once stay.
    """
    return bool(touching({burst: shapes[burst] for burst in bursts if burst in shapes}, area)) and is_sliver(
        _lost(shapes, area, shapes, bursts), area, 2
    )


def is_sliver(piece: BaseGeometry, area: BaseGeometry, times: float = 1) -> bool:
    """Whether a part of an area is thinner than outlines wobble, and small."""
    return bool(piece.area <= times * _SLIVER * area.area and piece.buffer(-times * WOBBLE / 2).is_empty)


def _lost(shapes: Mapping[str, BaseGeometry], area: BaseGeometry, whole: Collection[str], part: Collection[str]) -> BaseGeometry:
    """What some bursts have of an area and a part of them has not."""
    from shapely import union_all

    have = union_all([shapes[burst] for burst in sorted(whole)]).intersection(area)
    return have.difference(union_all([shapes[burst] for burst in sorted(part) if burst in shapes]))
