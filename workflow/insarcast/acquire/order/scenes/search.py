"""Ask NASA's CMR for acquisitions through asf_search, and know whether the answer is whole.

asf_search makes the queries and reads the answers; what it leaves to its caller is done here:

* its reports of errors to ASF are switched off: a search that fails says nothing to anyone else;
* it says whether a search is complete of the last of several queries only, so each query is a search of its own;
* a page that leads on without holding anything makes it ask for ever, so such a page ends the search, which is tried again;
* of an answer that is no success it reads JSON, which a proxy's page is not: the session judges answers before asf_search sees them.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ...web.errors import Refused, ServiceError
from ...web.retry import passing_tried_again
from ...web.secrets import shown
from ...web.session import ServiceSession, service_session
from ...web.settings import WebSettings
from .catalogue import Scene, read_scene

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

CMR = "https://cmr.earthdata.nasa.gov"
_ONE_PASS = timedelta(minutes=2)  # more than an area takes
_PADDING = 0.05  # degrees: outlines of a burst differ from date to date, so the search is a little wider than the area


@dataclass(frozen=True)
class Query:
    """What to search for.

    Attributes:
        level: BURST or SLC.
        polarization: VV or HH.
        area: the place, or None where bursts are named.
        bursts: full ids of bursts.
        track: relative orbit.
        direction: ascending or descending.
        start: first day, ``yyyy-mm-dd`` or ``yyyymmdd``.
        end: last day.
    """

    level: str
    polarization: str
    area: BaseGeometry | None = None
    bursts: Sequence[str] = ()
    track: int | None = None
    direction: str | None = None
    start: str | None = None
    end: str | None = None


def search_session(search: str, settings: WebSettings) -> ServiceSession:
    """A session for the search at the study's ``hyp3.search``; it holds no credentials, for the search needs none."""
    session = service_session(settings, instead={CMR: search.rstrip("/")})
    session.idempotent = True  # a search by POST does no harm twice
    return session


def find_scenes(query: Query, session: ServiceSession) -> list[Scene]:
    """All scenes or bursts that a query asks for, in the order of their time and name.

    Raises:
        ServiceError: the search cannot be reached, or does not answer in full.
    """
    found = {scene.name: scene for options in _options(query) for scene in _complete(options, session)}
    return sorted(found.values(), key=lambda scene: (scene.time, scene.name))


def _options(query: Query) -> Iterator[dict[str, Any]]:
    """asf_search's keys, one set for each of CMR's queries."""
    keys: dict[str, Any] = {"processingLevel": query.level, "beamMode": "IW"}
    if query.area is not None:
        keys["intersectsWith"] = _outline(query.area)
    if query.track is not None:
        keys["relativeOrbit"] = query.track
    if query.direction is not None:
        keys["flightDirection"] = query.direction.upper()
    # A pass that goes over midnight is of the day on which it begins; what is of other days is sorted out later.
    if query.start:
        keys["start"] = f"{_day(query.start) - _ONE_PASS:%Y-%m-%dT%H:%M:%SZ}"
    if query.end:
        keys["end"] = f"{_day(query.end) + timedelta(days=1) + _ONE_PASS:%Y-%m-%dT%H:%M:%SZ}"
    # A scene has both polarizations under one name, a burst one of them.
    names = (query.polarization, {"VV": "VV+VH", "HH": "HH+HV"}[query.polarization])
    for polarization in names if query.level == "SLC" else names[:1]:
        for burst in query.bursts or (None,):
            yield keys | {"polarization": polarization} | ({"fullBurstID": burst} if burst else {})


def _outline(area: BaseGeometry) -> str:
    """WKT of a simple outline around the area; what only touches the outline is sorted out later."""
    around = area.convex_hull.buffer(_PADDING, quad_segs=1, join_style="mitre", mitre_limit=2)
    return str((around if len(around.exterior.coords) <= 30 else around.envelope).wkt)


def _day(text: str) -> datetime:
    return datetime.strptime(text.replace("-", ""), "%Y%m%d")


def _complete(options: Mapping[str, Any], session: ServiceSession) -> list[Scene]:
    """The whole answer to one query; one that is short or no JSON is asked for again."""
    settings, place = session.settings, shown(session.replaced(CMR))

    def ask() -> list[Scene]:
        return [scene for scene in map(read_scene, _pages(options, session, place)) if scene is not None]

    return passing_tried_again(ask, settings, place)


def _pages(options: Mapping[str, Any], session: ServiceSession, place: str) -> list[Any]:
    """asf_search's products of one query.

    Raises:
        ServiceError: the answer is not whole; passing.
    """
    import asf_search
    from asf_search.search import search_generator

    asf_search.REPORT_ERRORS = False
    asf_search.ASF_LOGGER.setLevel(logging.CRITICAL)  # what matters of its warnings is said here, in sentences
    session.headers.pop("CMR-Search-After", None)  # asf_search leaves it there when it fails half-way
    found: list[Any] = []
    complete = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # asf_search uses what shapely is about to give up
            for page in search_generator(opts=asf_search.ASFSearchOptions(session=session, **options)):
                found += page
                complete = page.searchComplete
                if not page and not complete:
                    break  # it would ask for the same page for ever
    except Refused as error:
        said = "with a login page" if error.status is None or error.status < 400 else f"with {error.status}"
        raise ServiceError(
            f"The search at {place} refuses access (it answered {said}), though a search needs no login; a proxy or gateway may stand "
            "in the way, or hyp3.search is wrong: correct it, or try again later.",
            status=error.status,
        ) from None
    except ServiceError as error:
        # The session has tried this request often enough.
        raise ServiceError(str(error), status=error.status, detail=error.detail) from None
    except asf_search.ASFSearchError as error:
        raise ServiceError(f"The search at {place} failed ({_short(error)}); correct hyp3.search, or try again later.") from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise ServiceError(
            f"The search at {place} gave an answer that is not that of CMR ({_short(error)}); try again later, or correct hyp3.search.",
            passing=True,
        ) from None
    if not complete:
        raise ServiceError(
            f"The search at {place} tells of more acquisitions than it lists ({len(found)} came); a plan from these would have holes, "
            "so try again later.",
            passing=True,
        )
    return found


def _short(error: BaseException) -> str:
    words = " ".join(str(error).split()).rstrip(".")
    return f"{type(error).__name__}: {words[:120]}"
