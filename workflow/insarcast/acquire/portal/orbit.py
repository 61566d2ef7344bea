"""Which tracks of Sentinel-1 can see a place: the orbit repeats exactly, so that few of the portal's 175 tracks need be asked.

Two satellites share 175 orbits in twelve days, sun-synchronous, at an inclination of 98.18 degrees (ESA, Sentinel-1 Orbit); the
ascending node of relative orbit 1 lies at longitude 0, to a degree. The interferometric wide swath is 250 km wide, to the right of
the flight direction, its middle some 500 km from the ground track.
"""

from __future__ import annotations

import math

_INCLINATION = math.radians(98.18)
_STEP = 360 * 12 / 175  # degrees that the next node lies further west
_AWAY = math.degrees(500 / 6371)  # from ground track to the middle of the swath, degrees of arc
_HALF = math.degrees(125 / 6371)  # and from there to its edge
_MARGIN = 2.0  # degrees of longitude: orbits are kept to a tube, nodes and swaths are known to about one
_HIGHEST = 72.0  # degrees of latitude up to which tracks run so steeply that this holds


def tracks_over(bounds: tuple[float, float, float, float]) -> list[int] | None:
    """Relative orbits whose swath can meet a box.

    Args:
        bounds: west, south, east and north in degrees.

    Returns:
        Tracks in ascending order, some of which may just miss it; None near the poles, where every track may see it.
    """
    west, south, east, north = bounds
    if max(abs(south), abs(north)) > _HIGHEST:
        return None
    found = set()
    for latitude in (south, (south + north) / 2, north):
        narrow = math.cos(math.radians(latitude))
        reach = _HALF / narrow + (east - west) / 2 + _MARGIN
        for ascending in (True, False):
            middle = _track_longitude(latitude, ascending) + (_AWAY if ascending else -_AWAY) / narrow
            for track in range(1, 176):
                off = middle - (track - 1) * _STEP - (west + east) / 2
                if abs((off + 180) % 360 - 180) <= reach:
                    found.add(track)
    return sorted(found)


def _track_longitude(latitude: float, ascending: bool) -> float:
    """Longitude in degrees at which the orbit with its node at 0 passes a latitude, the Earth turning below it."""
    along = math.asin(math.sin(math.radians(latitude)) / math.sin(_INCLINATION))
    along = along if ascending else math.pi - along
    east = math.degrees(math.atan2(math.cos(_INCLINATION) * math.sin(along), math.cos(along)))
    return east - math.degrees(along) / 360 * _STEP
