"""Which bursts a job is made of, and whether the service makes one product of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from insarcast.core import InsarcastError

from ..select import Skipped, skip
from .catalogue import Scene
from .scenes import WHOLE, Acquisition, passes, share

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

MOST = 15


def choose_bursts(scenes: Sequence[Scene], area: BaseGeometry | None, hyp3: Mapping[str, Any]) -> list[str]:
    """Full ids of the bursts that a job is made of, in order: those that are named, or all that the area touches.

    Args:
        scenes: bursts of one track.
        area: the place, or None where bursts are named.
        hyp3: the study's ``hyp3``: job, bursts.

    Raises:
        InsarcastError: too many, not one where one is wanted, or the service does not make one product of them.
    """
    shapes = {scene.burst: scene.footprint for scene in scenes}  # in the order of their time: the last counts
    if hyp3["bursts"]:
        chosen = sorted(set(hyp3["bursts"]))
        if missing := [burst for burst in chosen if burst not in shapes]:
            raise InsarcastError(
                f"The search found no {hyp3['polarization']} acquisition of burst {missing[0]} in the study's period; correct "
                "hyp3.bursts, products.start or products.end."
            )
    else:
        assert area is not None
        chosen = sorted(burst for burst, shape in shapes.items() if shape.intersection(area).area > 0)
    if hyp3["job"] == "INSAR_ISCE_BURST":
        chosen = [_one(chosen, shapes, area)]
    if fault := group_fault(chosen):
        how = "hyp3.bursts names" if hyp3["bursts"] else "The area touches"
        raise InsarcastError(
            f"{how} {_listed(chosen)}, but {fault}; make area smaller, name neighbouring bursts in hyp3.bursts, or order whole scenes: "
            "hyp3.job INSAR_GAMMA."
        )
    if over := next((burst for burst in chosen if _over_antimeridian(shapes[burst])), None):
        raise InsarcastError(f"Burst {over} lies over the antimeridian, where the service makes no product; choose another area.")
    return chosen


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


def group_fault(bursts: Sequence[str]) -> str:
    """Why the service would not make one product of bursts, or "".

    Its rules are those of burst2safe, which asf_search's ``S1MultiBurstGroup`` has too (up to 15; one track; consecutive in each
    subswath; neighbouring subswaths begin and end within one burst of each other), and no subswath may be left out between others:
    a group must have no holes (HyP3's guide to burst InSAR, "Considerations for selecting input bursts").
    """
    if len(bursts) > MOST:
        return f"a job holds {MOST} bursts at most"
    if len({burst.split("_")[0] for burst in bursts}) > 1:
        return "they are of several tracks"
    rows: dict[int, list[int]] = {}
    for burst in bursts:
        _, number, name = burst.split("_")
        rows.setdefault(int(name[2]), []).append(int(number))
    swaths = sorted(rows)
    if swaths != list(range(swaths[0], swaths[-1] + 1)):
        return "IW2 is missing between IW1 and IW3"
    for swath in swaths:
        numbers = sorted(rows[swath])
        if numbers != list(range(numbers[0], numbers[-1] + 1)):
            return f"IW{swath} has a hole: its numbers are {', '.join(map(str, numbers))}"
    for near, far in pairwise(swaths):
        if any(abs(end(rows[near]) - end(rows[far])) > 1 for end in (min, max)):
            return f"IW{near} and IW{far} do not begin and end within one burst of each other"
    return ""


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
                    "date", date, f"of its bursts {len(wanted) - len(missing)} of {len(wanted)} are there; {_listed(missing)} not"
                )
            )
        else:
            found.append(Acquisition(date, tuple(sorted(taken, key=lambda scene: scene.burst)), covered))
    return found, left_out


def _over_antimeridian(shape: BaseGeometry) -> bool:
    west, _, east, _ = shape.bounds
    return bool(east - west > 180)


def _listed(bursts: Sequence[str]) -> str:
    shown = ", ".join(bursts[:MOST])
    return f"{shown} and {len(bursts) - MOST} more" if len(bursts) > MOST else shown
