"""Which pairs of a plan are paid already: they stay in it, and what is new is planned around them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..select import Skipped, skip
from .frames import overlap_enough
from .graph import Edge
from .jobs import granules_of, key_of, settings_of
from .prepare import prepare_job
from .scenes import Acquisition, share

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from .catalogue import Scene

_BURST = re.compile(r"S1_(\d{6}_IW[123])_(\d{8}T\d{6})_([VH]{2})_[\dA-F]{4}-BURST")
_SCENE = re.compile(r"(S1[A-D])_IW_SLC__1S[SD]([VH])_(\d{8}T\d{6})_\d{8}T\d{6}_(\d{6})_[\dA-F]{6}_[\dA-F]{4}")
_SAME = timedelta(seconds=60)  # granules of one burst or scene on one pass begin no further apart, whenever they were processed


@dataclass(frozen=True)
class Side:
    """One date of a job that is paid.

    Attributes:
        time: when its first granule begins.
        bursts: its bursts without their track, empty for a scene.
        polarization: VV or HH.
        flight: satellite and absolute orbit of a scene, or None.
    """

    time: datetime
    bursts: frozenset[str]
    polarization: str
    flight: tuple[str, int] | None = None

    @property
    def date(self) -> str:
        return f"{self.time:%Y%m%d}"


@dataclass(frozen=True)
class Paid:
    """A job that is paid.

    Attributes:
        job: job_type and job_parameters.
        first, second: its dates.
    """

    job: Mapping[str, Any]
    first: Side
    second: Side

    @property
    def name(self) -> str:
        return f"{self.first.date}_{self.second.date}"


def read_paid(jobs: Sequence[Mapping[str, Any]], hyp3: Mapping[str, Any]) -> list[Paid]:
    """Of paid jobs those of the study's kind and polarization, in the order in which they were paid."""
    found = []
    for job in jobs:
        if job["job_type"] != hyp3["job"]:
            continue
        granules = granules_of(job)
        if len(granules) != 2 or not (first := _side(granules[0])) or not (second := _side(granules[1])):
            continue
        if first.bursts == second.bursts and first.polarization == second.polarization == hyp3["polarization"]:
            found.append(Paid(job, first, second))
    return found


def _side(granules: Sequence[str]) -> Side | None:
    """What the names of a date's granules tell."""
    if scene := _SCENE.fullmatch(granules[0]) if len(granules) == 1 else None:
        return Side(_time(scene[3]), frozenset(), scene[2] * 2, (scene[1], int(scene[4])))
    bursts = [_BURST.fullmatch(name) for name in granules]
    told = [match.groups() for match in bursts if match]
    if not told or len(told) < len(bursts) or len({polarization for _, _, polarization in told}) > 1:
        return None
    return Side(min(_time(time) for _, time, _ in told), frozenset(burst for burst, _, _ in told), told[0][2])


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S")


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
