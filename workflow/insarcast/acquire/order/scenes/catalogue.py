"""Items of NASA's CMR as the scenes and bursts that jobs take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .names import BURST, SCENE, time_of

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class Scene:
    """A scene (SLC) or a burst of one acquisition, as the search tells of it.

    Attributes:
        name: what a job calls it.
        time: when it begins.
        satellite: S1A, S1B, S1C or S1D.
        orbit: absolute orbit; with the satellite it names the pass.
        track: relative orbit.
        direction: ascending or descending.
        burst: full id of a burst, or "".
        frame: number of a scene's frame, or None.
        made: when it was processed, or the catalogue last wrote it, as text that sorts.
        footprint: outline in degrees of longitude and latitude.
        product: asf_search's own object, for its baselines.
    """

    name: str
    time: datetime
    satellite: str
    orbit: int
    track: int
    direction: str
    burst: str
    frame: int | None
    made: str
    footprint: BaseGeometry
    product: Any


def read_scene(product: Any) -> Scene | None:
    """A product as a scene, or None for what no job takes (another name, no outline)."""
    told = product.properties
    name, burst = str(told["sceneName"]), (told.get("burst") or {}).get("fullBurstID") or ""
    match = (BURST if burst else SCENE).fullmatch(name)
    shape = _footprint(product.umm)
    if match is None or shape is None or told["orbit"] is None or told["pathNumber"] is None:
        return None
    return Scene(
        name=name,
        time=time_of(match["time"]),
        satellite=f"S1{str(told['platform'])[-1].upper()}" if burst else name[:3],
        orbit=told["orbit"],
        track=told["pathNumber"],
        direction=str(told["flightDirection"]).lower(),
        burst=burst,
        frame=told.get("frameNumber"),
        made=f"{told['processingDate'] or ''} {product.meta.get('revision-date', '')}",
        footprint=shape,
        product=product,
    )


def _footprint(umm: Mapping[str, Any]) -> BaseGeometry | None:
    """The outline of an item, degrees; over the antimeridian it has a part on either side, of which asf_search takes the first."""
    from shapely.geometry import MultiPolygon, Polygon

    geometry = umm.get("SpatialExtent", {}).get("HorizontalSpatialDomain", {}).get("Geometry", {})
    rings = [
        [(point["Longitude"], point["Latitude"]) for point in part["Boundary"]["Points"]]
        for part in geometry.get("GPolygons", ())
    ]
    shapes = [Polygon(ring) for ring in rings]
    return (shapes[0] if len(shapes) == 1 else MultiPolygon(shapes)) if shapes else None
