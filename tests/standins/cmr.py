"""A stand-in of NASA's CMR, ``/search/granules.umm_json``, that asf_search works on as it is.

It filters by what asf_search sends (attributes, collections, boxes, polygons, points, times, names) and refuses what it does not
know, sorts and pages as CMR does: ``CMR-Hits``, and ``CMR-Search-After`` with every page that is not empty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import shapely

from .loopback import Answer, Request, Stand

PATH = "/search/granules.umm_json"
_IGNORED = ("options[temporal][and]", "options[platform][ignore_case]", "sort_key[]", "options[readable_granule_name][pattern]")


class Cmr(Stand):
    """The stand-in: a catalogue of UMM items behind a port of this machine.

    Attributes:
        items: what it knows.
        page: most items on a page, whatever is asked for.
        short: how many items of each page after the first are left out while the hits still count them.
    """

    def __init__(self, items: Sequence[dict[str, Any]], page: int = 2000, short: int = 0) -> None:
        super().__init__()
        self.items, self.page, self.short = list(items), page, short

    def respond(self, request: Request) -> Answer:
        if request.path != PATH:
            return Answer.of_json({"errors": [f"there is no {request.path}"]}, 404)
        query = parse_qs(request.body.decode(), keep_blank_values=True) if request.method == "POST" else request.query
        try:
            found = search(self.items, query)
        except ValueError as error:
            return Answer.of_json({"errors": [str(error)]}, 400)
        size = min(self.page, int(query.get("page_size", ["10"])[0]))
        after = request.headers.get("CMR-Search-After")
        rest = found if after is None else [item for item in found if _place(item) > _unplaced(after)]
        shown = rest[:size]
        headers = {"CMR-Hits": str(len(found)), "Content-Type": "application/vnd.nasa.cmr.umm_results+json; charset=utf-8"}
        if shown:
            headers["CMR-Search-After"] = json.dumps(_key(shown[-1]))
        if after is not None:
            shown = shown[: max(0, len(shown) - self.short)]
        return Answer(200, json.dumps({"hits": len(found), "took": 5, "items": shown}).encode(), headers)

    def empty_page(self, request: Request) -> Answer:
        """A page that holds nothing and yet leads on."""
        return Answer.of_json({"hits": len(self.items), "took": 5, "items": []}, **{"CMR-Search-After": '["2020", "more"]'})


def search(items: Sequence[dict[str, Any]], query: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Items that a query asks for, the newest first.

    Raises:
        ValueError: the query has a key that this stand-in does not know.
    """
    found = list(items)
    names: dict[str, set[str]] = {}
    for key, value in ((key, value) for key, values in query.items() for value in values):
        if key == "attribute[]":
            kind, name, wanted = value.split(",", 2)
            if kind not in ("string", "int", "float"):
                raise ValueError(f"attribute {value} is not supported")
            found = [item for item in found if _attribute(item, name, kind) == (wanted if kind == "string" else float(wanted))]
        elif key in ("bounding_box", "polygon", "point"):
            shape = _shape(key, [float(number) for number in value.split(",")])
            found = [item for item in found if footprint(item).intersects(shape)]
        elif key == "temporal":
            start, end = value.split(",")[:2]
            found = [
                item for item in found if (not start or _end(item) >= start[:19]) and (not end or _begin(item) <= end[:19] + "Z")
            ]
        elif key in (
            "shortName",
            "short_name",
            "granule_ur[]",
            "granule_ur",
            "readable_granule_name[]",
            "platform[]",
            "provider",
        ):
            names.setdefault(key.removesuffix("[]"), set()).add(value)
        elif key not in (*_IGNORED, "page_size"):
            raise ValueError(f"Parameter [{key}] was not recognized.")
    for key, wanted in names.items():
        found = [item for item in found if _named(item, key) & {name.upper() for name in wanted}]
    return sorted(found, key=_place)


def footprint(item: dict[str, Any]) -> shapely.Polygon:
    """The polygon of an item, degrees."""
    points = item["umm"]["SpatialExtent"]["HorizontalSpatialDomain"]["Geometry"]["GPolygons"][0]["Boundary"]["Points"]
    return shapely.Polygon([(point["Longitude"], point["Latitude"]) for point in points])


def attribute(item: dict[str, Any], name: str) -> str | None:
    """The value of an additional attribute."""
    return next((entry["Values"][0] for entry in item["umm"]["AdditionalAttributes"] if entry["Name"] == name), None)


def _attribute(item: dict[str, Any], name: str, kind: str) -> str | float | None:
    value = attribute(item, name)
    return value if kind == "string" or value is None else float(value)


def _shape(key: str, numbers: list[float]) -> Any:
    if key == "bounding_box":
        return shapely.box(*numbers)
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    if key == "point":
        return shapely.Point(points[0])
    shape = shapely.Polygon(points)
    if not shape.exterior.is_ccw or points[0] != points[-1]:
        raise ValueError("The polygon boundary points are listed in the wrong order (clockwise vs counter clockwise).")
    return shape


def _named(item: dict[str, Any], key: str) -> set[str]:
    umm = item["umm"]
    named = {
        "shortName": [umm["CollectionReference"]["ShortName"]],
        "short_name": [umm["CollectionReference"]["ShortName"]],
        "granule_ur": [umm["GranuleUR"]],
        "readable_granule_name": [
            umm["GranuleUR"],
            *(entry["Identifier"] for entry in umm.get("DataGranule", {}).get("Identifiers", ())),
        ],
        "platform": [umm["Platforms"][0]["ShortName"]],
        "provider": [item["meta"]["provider-id"]],
    }[key]
    return {name.upper() for name in named}


def _begin(item: dict[str, Any]) -> str:
    return str(item["umm"]["TemporalExtent"]["RangeDateTime"]["BeginningDateTime"])


def _end(item: dict[str, Any]) -> str:
    return str(item["umm"]["TemporalExtent"]["RangeDateTime"]["EndingDateTime"])


def _key(item: dict[str, Any]) -> list[str]:
    return [_end(item), item["umm"]["GranuleUR"]]


def _place(item: dict[str, Any]) -> tuple[tuple[int, ...], str]:
    """Order of the answers: the latest end first, then by name."""
    return tuple(-ord(letter) for letter in _end(item)), str(item["umm"]["GranuleUR"])


def _unplaced(after: str) -> tuple[tuple[int, ...], str]:
    end, name = json.loads(after)
    return tuple(-ord(letter) for letter in end), name
