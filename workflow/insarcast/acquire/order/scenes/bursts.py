"""Which bursts a job is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from insarcast.core import InsarcastError

from ...select import Skipped, skip
from .catalogue import Scene
from .groups import completed, group_fault, listed
from .outlines import covers_still, needed, outlines
from .passes import WHOLE, Acquisition, passes, share

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def choose_bursts(
    scenes: Sequence[Scene], area: BaseGeometry | None, hyp3: Mapping[str, Any], paid: Sequence[str] = ()
) -> tuple[list[str], list[str]]:
    """Bursts that a job is made of: those that are named; else those of jobs that are paid, while they cover the area; else those
    that the area needs, with what the service needs to make one product of them.

    Args:
        scenes: bursts of one track.
        area: the place, or None where bursts are named.
        hyp3: the study's ``hyp3``: job, bursts.
        paid: bursts of the jobs that are paid, without their track, ``136231_IW2``.

    Returns:
        Full ids of the bursts in order, and sentences about them for whoever reads the plan.

    Raises:
        InsarcastError: too many, not one where one is wanted, or the service does not make one product of them.
    """
    shapes = outlines(scenes)
    notes: list[str] = []
    if hyp3["bursts"]:
        chosen = sorted(set(hyp3["bursts"]))
        if missing := [burst for burst in chosen if burst not in shapes]:
            raise InsarcastError(
                f"The search found no {hyp3['polarization']} acquisition of burst {missing[0]} in the study's period; correct "
                "hyp3.bursts, products.start or products.end."
            )
        if hyp3["job"] == "INSAR_ISCE_BURST":
            chosen = [_one(chosen, shapes, area)]
    else:
        assert area is not None
        chosen, notes = _of_area(shapes, area, hyp3, sorted(f"{scenes[0].track:03d}_{burst}" for burst in paid))
    if fault := group_fault(chosen):
        how = "hyp3.bursts names" if hyp3["bursts"] else "The area needs"
        raise InsarcastError(
            f"{how} {listed(chosen)}, but {fault}; make area smaller, name neighbouring bursts in hyp3.bursts, or order whole scenes: "
            "hyp3.job INSAR_GAMMA."
        )
    if over := next((burst for burst in chosen if burst in shapes and _over_antimeridian(shapes[burst])), None):
        raise InsarcastError(f"Burst {over} lies over the antimeridian, where the service makes no product; choose another area.")
    return chosen, notes


def _of_area(
    shapes: Mapping[str, BaseGeometry], area: BaseGeometry, hyp3: Mapping[str, Any], paid: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Bursts for an area, and what to say about them."""
    if paid and covers_still(shapes, area, paid):
        return list(paid), []
    notes = []
    if paid:
        notes.append(
            f"the pairs that are paid have other bursts ({listed(paid)}), which do not cover the area any more: all pairs are new"
        )
    chosen = needed(shapes, area)
    if hyp3["job"] == "INSAR_ISCE_BURST":
        return [_one(chosen, shapes, area)], notes
    whole = completed(chosen)
    if more := sorted(set(whole) - set(chosen)):
        notes.append(
            f"{listed(more)} {'lies' if len(more) == 1 else 'lie'} outside of the area and {'is' if len(more) == 1 else 'are'} ordered "
            f"with it: the service joins no bursts without {'it' if len(more) == 1 else 'them'}"
        )
    return whole, notes


def _one(chosen: Sequence[str], shapes: Mapping[str, BaseGeometry], area: BaseGeometry | None) -> str:
    """The one burst of a job of one."""
    if len(chosen) == 1:
        return chosen[0]
    covering = {burst: shapes[burst].intersection(area).area / area.area for burst in chosen} if area is not None else {}
    best = max(covering, key=lambda burst: (round(covering[burst], 6), burst), default=None)
    if best is not None and covering[best] >= WHOLE:
        return best
    told = ", ".join(f"{burst} {100 * covering[burst]:.0f} %" if covering else burst for burst in chosen)
    raise InsarcastError(
        f"INSAR_ISCE_BURST orders one burst, but {'the area needs' if covering else 'hyp3.bursts names'} {len(chosen)} ({told}); set "
        "hyp3.job to INSAR_ISCE_MULTI_BURST, or hyp3.bursts to the one that matters."
    )


def outside(scenes: Sequence[Scene], bursts: Sequence[str], area: BaseGeometry | None) -> list[str]:
    """Of bursts those that do not touch the area: a search for the area finds them on some dates only, or not at all."""
    shapes = outlines([scene for scene in scenes if scene.burst in set(bursts)])
    return [burst for burst in bursts if area is not None and (burst not in shapes or shapes[burst].intersection(area).area == 0)]


def burst_acquisitions(
    scenes: Sequence[Scene], bursts: Sequence[str], area: BaseGeometry | None
) -> tuple[list[Acquisition], list[Skipped]]:
    """Passes that have all the bursts; dates on which one is missing are listed."""
    wanted = set(bursts)
    covered = share([scene for scene in scenes if scene.burst in wanted], area) if area is not None else 1.0
    found: list[Acquisition] = []
    left_out: list[Skipped] = []
    for whole in passes(scenes):
        taken = [scene for scene in whole if scene.burst in wanted]
        date = f"{(taken or whole)[0].time:%Y%m%d}"
        if missing := sorted(wanted - {scene.burst for scene in taken}):
            left_out.append(
                skip(
                    "date", date, f"of its bursts {len(wanted) - len(missing)} of {len(wanted)} are there; {listed(missing)} not"
                )
            )
        else:
            found.append(Acquisition(date, tuple(sorted(taken, key=lambda scene: scene.burst)), covered))
    return found, left_out


def _over_antimeridian(shape: BaseGeometry) -> bool:
    west, _, east, _ = shape.bounds
    return bool(east - west > 180)
