"""From what a search found to one acquisition a date: tracks, passes, what was processed twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insarcast.core import InsarcastError

from ...select import Skipped, skip
from .catalogue import Scene
from .outlines import outlines

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

WHOLE = 0.999  # share of the area from which on it counts as covered: outlines are given to 1e-6 degrees
_SAME = 5  # seconds: scenes of one pass that begin closer together are one, processed twice


@dataclass(frozen=True)
class Acquisition:
    """What one date gives to a job.

    Attributes:
        date: ``yyyymmdd``, UTC, of its first burst or scene.
        scenes: its bursts in the order of their ids, or one scene.
        covered: share of the area.
    """

    date: str
    scenes: tuple[Scene, ...]
    covered: float = 1.0

    @property
    def names(self) -> list[str]:
        return [scene.name for scene in self.scenes]

    @property
    def satellite(self) -> str:
        return self.scenes[0].satellite


def newest(scenes: Sequence[Scene]) -> tuple[list[Scene], list[Skipped]]:
    """Of scenes that were processed more than once, the newest; the others are listed."""
    kept: list[Scene] = []
    left_out: list[Skipped] = []
    for scene in sorted(
        scenes, key=lambda scene: (scene.satellite, scene.orbit, scene.burst, scene.time, scene.made, scene.name)
    ):
        before = kept[-1] if kept else None
        same = (
            before is not None
            and (before.satellite, before.orbit, before.burst) == (scene.satellite, scene.orbit, scene.burst)
            and (scene.time - before.time).total_seconds() <= _SAME
        )
        if same and before is not None:
            old, new = sorted((before, scene), key=lambda one: (one.made, one.name))
            left_out.append(skip("scene", old.name, f"{new.name} is the same, processed later"))
            kept[-1] = new
        else:
            kept.append(scene)
    return kept, left_out


def passes(scenes: Sequence[Scene]) -> list[list[Scene]]:
    """Scenes of one satellite on one orbit together, in the order of their time: a pass may go on after midnight."""
    found: dict[tuple[str, int], list[Scene]] = {}
    for scene in sorted(scenes, key=lambda scene: (scene.time, scene.name)):
        found.setdefault((scene.satellite, scene.orbit), []).append(scene)
    return list(found.values())


def choose_track(
    scenes: Sequence[Scene], area: BaseGeometry | None, hyp3: Mapping[str, Any], paid: int | None = None
) -> list[Scene]:
    """Scenes of the one track that is wanted.

    Args:
        scenes: what was found.
        area: the place, or None where bursts are named.
        hyp3: the study's ``hyp3``: track, direction.
        paid: track of the pairs that are paid, which counts where several are found.

    Raises:
        InsarcastError: nothing was found, or several tracks cover the area.
    """
    tracks = {
        number: [scene for scene in scenes if scene.track == number] for number in sorted({scene.track for scene in scenes})
    }
    if area is not None:
        tracks = {number: found for number, found in tracks.items() if share(found, area) > 0}
    if not tracks:
        wanted = [f"{key} {hyp3[key]}" for key in ("track", "direction") if hyp3[key]]
        named = f"the burst{'s' if len(hyp3['bursts']) > 1 else ''} {', '.join(hyp3['bursts'])}" if hyp3["bursts"] else ""
        raise InsarcastError(
            f"The search found no {hyp3['polarization']} acquisition of {named or 'the area'}"
            f"{' with ' + ' and '.join(wanted) if wanted else ''} in the study's period; look at "
            f"{'hyp3.bursts' if named else 'area'}, products.start, products.end and the keys of hyp3."
        )
    if len(tracks) == 1:
        return next(iter(tracks.values()))
    if paid in tracks:
        return tracks[paid]
    whole = [number for number, found in tracks.items() if area is not None and share(found, area) >= WHOLE]
    if len(whole) == 1:
        return tracks[whole[0]]
    told = [
        f"{number} {found[0].direction} ({len(passes(found))} acquisitions"
        + (f", {_percent(share(found, area))} of the area)" if area is not None else ")")
        for number, found in tracks.items()
    ]
    seen = "the area" if area is not None else "the bursts"
    raise InsarcastError(
        f"{len(tracks)} tracks see {seen}: {', '.join(told)}; set hyp3.track to one of them (or make a cube of each)."
    )


def share(scenes: Sequence[Scene], area: BaseGeometry) -> float:
    """Share of the area that scenes cover: bursts together, each where it mostly is; of whole scenes the one that covers most."""
    from shapely import union_all

    bursts = outlines(scenes)
    if bursts:
        return float(union_all(list(bursts.values())).intersection(area).area / area.area)
    return max((float(scene.footprint.intersection(area).area / area.area) for scene in scenes), default=0.0)


def one_a_day(acquisitions: Sequence[Acquisition]) -> tuple[list[Acquisition], list[Skipped]]:
    """One acquisition for each date, the one that covers most, the earlier of equals; the others are listed."""
    kept: dict[str, Acquisition] = {}
    left_out: list[Skipped] = []
    for taken in sorted(
        acquisitions, key=lambda taken: (taken.date, -round(taken.covered, 3), taken.scenes[0].time, taken.names)
    ):
        if taken.date in kept:
            other = kept[taken.date]
            left_out.append(
                skip("scene", taken.names[0], f"{other.satellite} came on the same day, and a day has one acquisition")
            )
        else:
            kept[taken.date] = taken
    return list(kept.values()), left_out


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %" if part >= WHOLE or part < 0.99 else "99 %"
