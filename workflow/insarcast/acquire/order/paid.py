"""Which pairs of a plan are paid already: they stay in it, and what is new is planned around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..select import Skipped, skip
from .network.graph import Edge
from .prepare import prepare_job
from .scenes.frames import overlap_enough
from .scenes.granules import Paid, Side
from .scenes.passes import Acquisition, share
from .service.jobs import key_of, settings_of

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from .scenes.catalogue import Scene

_SAME = timedelta(seconds=60)  # granules of one burst or scene on one pass begin no further apart, whenever they were processed


def usual_bursts(paid: Sequence[Paid]) -> list[str]:
    """The bursts that most of paid jobs are made of, of equals the last."""
    sets = Counter(one.first.bursts for one in paid)
    last = {one.first.bursts: number for number, one in enumerate(paid)}
    ranked = sorted((sets[bursts], last[bursts], sorted(bursts)) for bursts in sets)
    return ranked[-1][2] if ranked else []


def usual_track(paid: Sequence[Paid], scenes: Sequence[Scene]) -> int | None:
    """The track of the most of paid jobs, if the search has found it."""
    bursts = set(usual_bursts(paid))
    flights = {side.flight for one in paid for side in (one.first, one.second)} - {None}
    found = Counter(
        scene.track
        for scene in scenes
        if scene.burst.partition("_")[2] in bursts or (not scene.burst and (scene.satellite, scene.orbit) in flights)
    )
    return min(found, key=lambda track: (-found[track], track), default=None)


def paid_edges(
    paid: Sequence[Paid],
    taken: Sequence[Acquisition],
    hyp3: Mapping[str, Any],
    exclude: Sequence[str],
    scenes_fit: Callable[[Paid], bool] = lambda one: True,
) -> tuple[dict[Edge, Mapping[str, Any]], list[Skipped]]:
    """Paid jobs that a plan keeps, by the places of their dates.

    A product stays what it is when one of its scenes is processed again under another name, so granules need not have the names that
    the catalogue has now: bursts, pass and settings count. Of several jobs of a pair the one with today's names counts, else the last.

    Args:
        paid: of the study's kind.
        taken: the acquisition of each date.
        hyp3: the study's ``hyp3``.
        exclude: the study's ``products.exclude``.
        scenes_fit: whether the scenes of a job are such as the study wants.

    Returns:
        The jobs, and pairs that are paid and not used.
    """
    places = {one.date: number for number, one in enumerate(taken)}
    wanted = settings_of(prepare_job(taken[0], taken[1], hyp3))
    kept: dict[Edge, Mapping[str, Any]] = {}
    reasons: dict[str, str] = {}
    for one in paid:
        if one.first.date not in places or one.second.date not in places:
            reasons[one.name] = "it is paid, but the plan has not both of its dates"
            continue
        edge = places[one.first.date], places[one.second.date]
        first, second = taken[edge[0]], taken[edge[1]]
        if one.name in exclude:
            reasons[one.name] = "it is paid, but products.exclude names it"
        elif settings_of(one.job) != wanted:
            reasons[one.name] = "it is paid, but with other settings"
        elif not (_is_of(one.first, first) and _is_of(one.second, second) and scenes_fit(one)):
            reasons[one.name] = "it is paid, but of other bursts or scenes"
        elif edge not in kept or key_of(kept[edge]) != key_of(prepare_job(first, second, hyp3)):
            kept[edge] = one.job
    names = {f"{taken[one].date}_{taken[other].date}" for one, other in kept}
    return kept, [skip("pair", name, reason) for name, reason in sorted(reasons.items()) if name not in names]


def unused_note(unused: Sequence[Skipped]) -> list[str]:
    """A sentence about pairs that are paid and not in the plan, or none."""
    reasons = Counter(entry["reason"].removeprefix("it is paid, but ") for entry in unused)
    told = "; ".join(f"{count}: {reason}" for reason, count in sorted(reasons.items()))
    return [f"pairs that are paid and not used, {told}"] if told else []


def _is_of(side: Side, taken: Acquisition) -> bool:
    """Whether a job's granules are of the pass that a plan takes."""
    if side.flight is not None:
        return side.flight == (taken.satellite, taken.scenes[0].orbit)
    same = side.bursts == {scene.burst.partition("_")[2] for scene in taken.scenes}
    return same and abs(side.time - min(scene.time for scene in taken.scenes)) <= _SAME


def fitting_scenes(
    scenes: Sequence[Scene], taken: Sequence[Acquisition], area: BaseGeometry, hyp3: Mapping[str, Any]
) -> Callable[[Paid], bool]:
    """For jobs of whole scenes: whether the scenes of a paid one cover as much of the area as the study wants."""
    least = hyp3["min_cover"] * max(one.covered for one in taken)

    def found(side: Side) -> Acquisition | None:
        near = [scene for scene in scenes if (scene.satellite, scene.orbit) == side.flight]
        near = [scene for scene in near if abs(scene.time - side.time) <= timedelta(seconds=5)]
        return Acquisition(side.date, (near[-1],), share(near[-1:], area)) if near else None

    def fits(one: Paid) -> bool:
        first, second = found(one.first), found(one.second)
        if first is None or second is None:
            return False
        if hyp3["frame"] is not None:
            chosen = {acquisition.scenes[0].time for acquisition in taken}
            return all(
                min(abs(side.scenes[0].time - time) for time in chosen) <= timedelta(seconds=5) for side in (first, second)
            )
        return overlap_enough(first, second, area, least)

    return fits
