"""Whether what was delivered is what was ordered, by a product's name and by its parameter file."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from insarcast.core import InsarcastError

from ...interferograms.hyp3_parameters import read_parameters
from ...interferograms.hyp3_product import Product
from ...interferograms.key_values import read_key_values
from ..scenes.names import BURST, SCENE
from ..service.jobs import PIXELS, granules_of, settings_of
from .words import plain

CHECKS = 1  # raised whenever these checks change, so that what an earlier version refused is looked at again
_LAYER = re.compile(r"_(?P<polarization>VV|HH)(?:[PRO]\d{3,4})?_INT(?P<pixel>\d{2})_")
_TIMES = re.compile(r"_(\d{8}T\d{6})(?=_)")
_ONE_BURST = r"\d{6}_IW[123]"
_SWATHS = re.compile(r"(\d{6})s([123])n(\d{2})")


@dataclass(frozen=True)
class Course:
    """Where the satellite flew, as a plan says it.

    Attributes:
        track: relative orbit, or None where it is not known.
        direction: ascending or descending, or None.
    """

    track: int | None = None
    direction: str | None = None


def name_fault(product: Product, job: Mapping[str, Any]) -> str:
    """What the name of a product says that its job does not, or "".

    Names of all versions are read: those of one burst may be in the form of several (issue 2957 of ASFHyP3/hyp3), and those of several
    gave corners in their first months, of which nothing can be held against the job. A track is no part of it: HyP3 derives that from the
    orbit at the beginning of a scene, which may be another than a burst's behind the equator.

    Args:
        product: the product, by its name.
        job: ``{"job_type", "job_parameters"}``.
    """
    wanted = granules_of(job)
    if product.is_gamma != (job["job_type"] == "INSAR_GAMMA"):
        return f"which is of {'a whole scene' if product.is_gamma else 'bursts'}, not of {job['job_type']}"
    if product.is_gamma:
        times, named = [_time(granules[0]) for granules in wanted], _TIMES.findall(product.name)
        if times != named:
            return f"whose scenes begin at {' and '.join(named)}, not at {' and '.join(times)}"
    elif fault := _burst_fault(product.ground, wanted[0]):
        return fault
    if layer := _LAYER.search(product.name):
        if layer["polarization"][0] != _polarization(wanted[0][0]):
            return f"which is of polarization {layer['polarization']}, not {2 * _polarization(wanted[0][0])}"
        pixel = PIXELS[settings_of(job)["looks"]]
        if int(layer["pixel"]) != pixel:
            return f"whose pixels are of {int(layer['pixel'])} m, not {pixel} m"
    return ""


def _burst_fault(ground: str, granules: tuple[str, ...]) -> str:
    """What a name says of bursts: the one that it is of, or the first of each subswath and how many there are."""
    wanted = sorted(match["burst"] for match in map(BURST.fullmatch, granules) if match)
    if re.fullmatch(_ONE_BURST, ground):
        return "" if wanted == [ground] else f"which is of burst {ground}, not of {', '.join(wanted)}"
    for first, swath, count in _SWATHS.findall(ground):
        inside = [burst for burst in wanted if burst.endswith(f"IW{swath}")]
        if (first, int(count)) != ((inside or ["000000"])[0][:6], len(inside)):
            said = f"{int(count)} bursts from {first} on" if int(count) else "no burst"
            return f"which has {said} of subswath IW{swath}, not {', '.join(inside) or 'none'}"
    return ""


def text_fault(product: Product, job: Mapping[str, Any], course: Course) -> str:
    """What the parameter file of a product says that its job does not, or "".

    Granules that are named settle it, and so do burst numbers in the product's name, which the caller has compared. Track and direction
    count only where there are neither, for they are derived; else they are a printed note. Of lines that are not there nothing is held
    against it, nor of a file that is none: the reader of products lists it.

    Args:
        product: the product where it lies now.
        job: ``{"job_type", "job_parameters"}``.
        course: of the plan.
    """
    said = read_key_values(product.text, ":") if product.text.is_file() else {}
    settled = _names_bursts(product)
    for which, granules in zip(("reference", "secondary"), granules_of(job), strict=True):
        named = [name.strip() for name in said.get(f"{which} granule", "").split(",") if name.strip()]
        if not named:
            continue
        pattern = BURST if BURST.fullmatch(granules[0]) else SCENE
        if all(map(pattern.fullmatch, named)):
            fits = set(named) == set(granules)
        else:  # the first jobs of several bursts named the scene that these were joined to
            days = {match["time"][:8] for match in map(SCENE.fullmatch, named) if match}
            fits = days <= {_time(granules[0])[:8]}
        if not fits:
            other = next((name for name in named if name not in granules), f"{len(named)} granules")
            return f"its parameter file says that it is made of {plain(other)}, not of {', '.join(granules[:2])}"
        settled = True
    fault = _course_fault(product, said, course)
    if fault and settled:
        print(f"{product.name}: {fault}; its granules are those that were ordered, so it is used", file=sys.stderr, flush=True)
        return ""
    return fault


def _course_fault(product: Product, said: Mapping[str, str], course: Course) -> str:
    """What a product says of the satellite's course that the plan does not, or ""."""
    flown = said.get("reference pass direction", "").lower()
    if flown in ("ascending", "descending") and course.direction not in (None, flown):
        return f"its parameter file says that it was {flown}, not {course.direction}"
    if product.path is not None and course.track not in (None, product.path):
        return f"its name says that it is of track {product.path}, not {course.track}"
    try:
        orbits = read_parameters(product).orbits
    except InsarcastError:
        return ""
    if orbits and course.track is not None and course.track not in orbits:
        return f"its parameter file says that it is of track {' or '.join(map(str, sorted(orbits)))}, not {course.track}"
    return ""


def _names_bursts(product: Product) -> bool:
    """Whether the name says which bursts it is of; their numbers count on around the Earth, so each is of one track."""
    return bool(re.fullmatch(_ONE_BURST, product.ground) or _SWATHS.search(product.ground))


def _time(granule: str) -> str:
    match = BURST.fullmatch(granule) or SCENE.fullmatch(granule)
    assert match is not None  # jobs are checked when the plan is read
    return match["time"]


def _polarization(granule: str) -> str:
    """V or H."""
    match = BURST.fullmatch(granule) or SCENE.fullmatch(granule)
    assert match is not None
    return match["polarization"][0]
