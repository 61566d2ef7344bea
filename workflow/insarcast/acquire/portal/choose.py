"""Which frame of the LiCSAR portal an area is cut from: the only one that covers it, or a sentence with what there is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insarcast.core import InsarcastError

from ..web.secrets import shown
from .footprints import Footprint, frame_latitude, frame_reach
from .frames import Known
from .orbit import tracks_over
from .portal import Portal

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

# Corners of frames are those of bursts, some km off what is geocoded in the end; an area that sticks out by so little is covered.
_WHOLE = 0.995
_DEGREE = 111.2  # km
_MOST = 8  # frames that a sentence lists


@dataclass(frozen=True)
class Candidate:
    """A frame and how much of the area it covers.

    Attributes:
        footprint: the frame.
        covered: part of the area, 0 to 1.
        distance: km between frame and area, 0 where they meet.
    """

    footprint: Footprint
    covered: float
    distance: float

    def __str__(self) -> str:
        direction = "ascending" if self.footprint.ascending else "descending"
        far = f"{self.covered:.0%}" if self.covered else f"{self.distance:.0f} km away"
        return f"{self.footprint.frame} ({direction}, {far})"


def choose_frame(area: BaseGeometry, licsar: Mapping[str, Any], portal: Portal, cache: Path) -> str:
    """The frame that covers an area.

    What the portal has is kept in ``<cache>/licsar/frames.json``: tracks, their frames, and where each lies. Only frames near the
    area's latitude, of tracks that can see it, are asked where they lie; before the sentence that none covers it, every list of the
    portal is read anew.

    Args:
        area: polygons in degrees.
        licsar: the study's section: track, direction.
        portal: the portal.
        cache: the study's cache.

    Raises:
        InsarcastError: no frame covers it, or more than one do; the sentence lists them.
    """
    known = Known(cache / "licsar/frames.json", portal)
    track, direction = licsar["track"], licsar["direction"]
    likely = [track] if track else tracks_over(area.bounds)
    found, unknown = _candidates(area, known, likely, track, direction)
    if not _covering(found) and (known.kept or not track):
        known.forget(track)
        found, unknown = _candidates(area, known, [track] if track else None, track, direction)
    whole = _covering(found)
    if len(whole) == 1:
        return whole[0].footprint.frame
    raise InsarcastError(_sentence(whole, found, unknown, licsar, portal))


def _covering(found: list[Candidate]) -> list[Candidate]:
    return [candidate for candidate in found if candidate.covered >= _WHOLE]


def _candidates(
    area: BaseGeometry, known: Known, asked: list[int] | None, track: int | None, direction: str | None
) -> tuple[list[Candidate], list[Footprint]]:
    """Frames by how much they cover, then by distance; and those that do not say where they lie."""
    known.learn_tracks(asked)
    _, south, _, north = area.bounds
    near = [
        frame
        for number, frames in sorted(known.tracks.items())
        if track in (None, number)
        for frame in frames
        if south - frame_reach(frame) <= frame_latitude(frame) <= north + frame_reach(frame)
        and direction in (None, "ascending" if frame[3] == "A" else "descending")
    ]
    known.learn_footprints(near)
    middle = area.centroid
    narrow = math.cos(math.radians(middle.y))
    found, unknown = [], []
    for footprint in (known.footprints[frame] for frame in near):
        if not footprint.points:
            unknown.append(footprint)
            continue
        shape = footprint.shape(middle.x)
        distance = _flat(shape, narrow).distance(_flat(area, narrow)) * _DEGREE
        found.append(Candidate(footprint, area.intersection(shape).area / area.area, distance))
    return sorted(found, key=lambda c: (-c.covered, c.distance, c.footprint.frame)), unknown


def _flat(shape: BaseGeometry, narrow: float) -> BaseGeometry:
    """Longitudes shortened to the length that they have at the area's latitude."""
    import shapely

    return shapely.transform(shape, lambda points: points * [narrow, 1.0])


def _sentence(
    whole: list[Candidate], found: list[Candidate], unknown: list[Footprint], licsar: Mapping[str, Any], portal: Portal
) -> str:
    asked = [licsar["direction"] or "", f"of track {licsar['track']}" if licsar["track"] else ""]
    of = f"frame {asked[1]}".strip() if not asked[0] else f"{asked[0]} frame {asked[1]}".strip()
    silent = f"; {len(unknown)} more near it do not say where they lie: {_names(unknown)}" if unknown else ""
    if whole:
        return (
            f"{len(whole)} frames of the portal cover the area: {_some(whole)}; name one in licsar.frame, or choose by licsar.track "
            "and licsar.direction."
        )
    partly = [candidate for candidate in found if candidate.covered]
    if partly:
        return (
            f"No {of} covers the whole area; parts of it are in {_some(partly)}{silent}; name one in licsar.frame, or make "
            "the area smaller."
        )
    near = f"the nearest are {_some(found[:3])}" if found else f"{shown(portal.url)} has none at its latitude"
    return f"No {of} covers the area; {near}{silent}; move the area, or order products from hyp3 (source: hyp3)."


def _some(candidates: list[Candidate]) -> str:
    names = [str(candidate) for candidate in candidates]
    return ", ".join(names[:_MOST]) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")


def _names(footprints: list[Footprint]) -> str:
    names = [footprint.frame for footprint in footprints]
    return ", ".join(names[:_MOST]) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")
