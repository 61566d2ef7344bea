"""Perpendicular baselines of acquisitions, by asf_search from the state vectors that the catalogue holds."""

from __future__ import annotations

from collections.abc import Sequence

from ...select import Skipped, skip
from .passes import Acquisition


def date_baselines(acquisitions: Sequence[Acquisition]) -> tuple[list[float | None], list[Skipped]]:
    """Perpendicular baseline of each date against the first that has state vectors, m.

    Positive where the satellite was to the right of the first date's orbit and above it, seen at right angles to the line of sight.
    asf_search cuts the times of state vectors to whole seconds and rounds to 1 m: an error of up to 3 m. Of several bursts the one
    counts that has state vectors on most dates: they come from one pass and differ by a few per cent between the edges of a swath
    (asf_search itself takes the largest of a group's, by value and not by amount).

    Args:
        acquisitions: one for each date, with the same bursts.

    Returns:
        The baselines, None where there are no state vectors, and a line for each of these dates.
    """
    from asf_search.baseline import calculate_perpendicular_baselines

    if not acquisitions:
        return [], []
    has_vectors = [[scene.product.baseline is not None for scene in taken.scenes] for taken in acquisitions]
    places = range(len(acquisitions[0].scenes))
    best = max(places, key=lambda place: (sum(row[place] for row in has_vectors), -abs(place - len(places) // 2), -place))
    told = [taken.scenes[best] if row[best] else None for taken, row in zip(acquisitions, has_vectors, strict=True)]
    products = [scene.product for scene in told if scene is not None]
    if products:
        calculate_perpendicular_baselines(products[0].properties["sceneName"], products)
    found = [None if scene is None else scene.product.properties["perpendicularBaseline"] for scene in told]
    baselines = [None if value is None else float(value) for value in found]
    reason = "the catalogue has no state vectors of it, so its perpendicular baselines are not known; it is used all the same"
    unknown = [
        skip("baseline", taken.date, reason) for taken, value in zip(acquisitions, baselines, strict=True) if value is None
    ]
    return baselines, unknown
