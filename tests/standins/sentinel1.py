"""Acquisitions of Sentinel-1 as NASA's CMR describes them: orbits, bursts, scenes and state vectors from a seed.

The satellite flies a circle over a turning Earth with the mission's repeat cycle (12 days, 175 orbits), so that a burst lies in the
same place on every date. Burst ids follow the Sentinel-1 Level 1 Detailed Algorithm Definition (section 9.25): a cycle of bursts of
2.758273 s counted from the ascending node of track 1. Names of fields are those of real items of the collections
SENTINEL-1_BURSTS and SENTINEL-1A_SLC; links are left out but for the two that asf_search reads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORBIT = 12 * 86400 / 175  # seconds
BURST, PREAMBLE = 2.758273, 2.299849
RADIUS, INCLINATION = 7.0712e6, np.radians(98.18)
EQUATOR, FLATTENING = 6378137.0, 1 / 298.257223563
LOOKS = {"IW1": (27.5, 32.5), "IW2": (32.3, 37.0), "IW3": (36.9, 40.5)}  # degrees off nadir
LATER = {"IW1": 0.0, "IW2": 0.95, "IW3": 1.9}  # seconds within a cycle
LENGTH = 3.09  # seconds on the ground
SLICE, OVERLAP = 27.0, 2.1  # seconds of a scene
FIRST_ORBIT = {"S1A": 73, "S1B": 27, "S1C": 172, "S1D": 42}
LONG_NAME = {short: f"Sentinel-1{short[2]}" for short in FIRST_ORBIT}

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """A relative orbit that passes a place with the middle of its swath.

    Attributes:
        number: relative orbit.
        direction: ASCENDING or DESCENDING.
        lon, lat: the place, degrees.
        aside: degrees off nadir at which it is seen.
    """

    number: int
    direction: str
    lon: float
    lat: float
    aside: float = 34.6

    @cached_property
    def passes(self) -> float:
        """Seconds after the ascending node at which the place is passed."""
        quarter = {(True, True): 0, (False, True): 1, (False, False): 2, (True, False): 3}[
            self.direction == "ASCENDING", self.lat >= 0
        ]
        times = np.arange(quarter * ORBIT / 4, (quarter + 1) * ORBIT / 4, 0.05)
        lats = np.array([self._ground(time, self.aside, 0.0)[1] for time in times[::20]])
        coarse = times[::20][int(np.argmin(abs(lats - self.lat)))]
        fine = np.arange(coarse - 2, coarse + 2, 0.01)
        return float(fine[int(np.argmin([abs(self._ground(time, self.aside, 0.0)[1] - self.lat) for time in fine]))])

    @cached_property
    def node(self) -> float:
        """Longitude of the ascending node, degrees."""
        return self.lon - self._ground(self.passes, self.aside, 0.0)[0]

    def position(self, time: float, right: float = 0.0, up: float = 0.0, node: float | None = None) -> Vector:
        """Place of the satellite, m, Earth-fixed, ``time`` s after the node, moved off its orbit to the right and up."""
        around, turned = 2 * np.pi * time / ORBIT, np.radians(self.node if node is None else node) - 2 * np.pi * time / 86400
        x, y = np.cos(around), np.sin(around) * np.cos(INCLINATION)
        place = RADIUS * np.array(
            [
                x * np.cos(turned) - y * np.sin(turned),
                x * np.sin(turned) + y * np.cos(turned),
                np.sin(around) * np.sin(INCLINATION),
            ]
        )
        if not right and not up:
            return place
        upwards = place / np.linalg.norm(place)
        across = np.cross(self.velocity(time), upwards)
        return place + up * upwards + right * across / np.linalg.norm(across)

    def velocity(self, time: float, node: float | None = None) -> Vector:
        """Its velocity, m/s, Earth-fixed."""
        return (self.position(time + 0.05, node=node) - self.position(time - 0.05, node=node)) / 0.1

    def ground(self, time: float, look: float) -> tuple[float, float]:
        """Longitude and latitude of the point that is seen ``look`` degrees off nadir, to the right."""
        return self._ground(time, look, self.node)

    def _ground(self, time: float, look: float, node: float) -> tuple[float, float]:
        place, course = self.position(time, node=node), self.velocity(time, node)
        up = place / np.linalg.norm(place)
        right = np.cross(course, up)
        ray = -np.cos(np.radians(look)) * up + np.sin(np.radians(look)) * right / np.linalg.norm(right)
        stretch = np.array([1, 1, 1 / (1 - FLATTENING)])
        start, step = place * stretch, ray * stretch
        a, b, c = step @ step, start @ step, start @ start - EQUATOR**2
        x, y, z = place + ray * (-b - np.sqrt(b * b - a * c)) / a
        return float(np.degrees(np.arctan2(y, x))), float(np.degrees(np.arctan2(z, (1 - FLATTENING) ** 2 * np.hypot(x, y))))

    def first_burst(self, time: float) -> int:
        """Number of the burst that begins at or before a time."""
        return 1 + int((time + (self.number - 1) * ORBIT - PREAMBLE) // BURST)

    def begins(self, burst: int) -> float:
        """When a burst's cycle begins, s after the node."""
        return PREAMBLE + (burst - 1) * BURST - (self.number - 1) * ORBIT

    def full_id(self, burst: int, swath: str) -> str:
        return f"{self.number:03d}_{burst:06d}_{swath}"

    @property
    def here(self) -> str:
        """Full id of the burst in whose middle the place lies."""
        return self.full_id(self.first_burst(self.passes - LATER["IW2"] - (LENGTH - BURST) / 2), "IW2")


@dataclass(frozen=True)
class Pass:
    """One acquisition of a track.

    Attributes:
        track: of which track.
        satellite: S1A, S1B ...
        node_time: when it crossed the equator, UTC.
        right, up: how far off its orbit it was, m.
        number: how many cycles since the first.
        drift: seconds by which the scenes are cut later than on other dates.
        lost: full ids of the bursts that are not there.
        vectors: whether state vectors are told.
        versions: how often it was processed.
    """

    track: Track
    satellite: str
    node_time: datetime
    right: float
    up: float
    number: int
    drift: float = 0.0
    lost: frozenset[str] = frozenset()
    vectors: bool = True
    versions: int = 1

    @property
    def date(self) -> str:
        return f"{self.node_time + timedelta(seconds=self.track.passes):%Y%m%d}"

    @property
    def orbit(self) -> int:
        return FIRST_ORBIT[self.satellite] + (self.track.number - 1) + 175 * (60 + self.number)

    def perpendicular(self) -> float:
        """How far off the orbit it was at right angles to the line of sight of the place, m: the truth of its baseline."""
        place, course = self.track.position(self.track.passes), self.track.velocity(self.track.passes)
        shift = self.track.position(self.track.passes, self.right, self.up) - place
        lon, lat = np.radians([self.track.lon, self.track.lat])
        squared = 2 * FLATTENING - FLATTENING**2
        normal = EQUATOR / np.sqrt(1 - squared * np.sin(lat) ** 2)
        spot = np.array(
            [
                normal * np.cos(lat) * np.cos(lon),
                normal * np.cos(lat) * np.sin(lon),
                normal * (1 - squared) * np.sin(lat),
            ]
        )
        side = np.cross(course, place - spot)
        return float(shift @ side / np.linalg.norm(side))


def make_passes(
    track: Track,
    start: str = "2020-01-04",
    count: int = 20,
    days: Sequence[int] = (12,),
    satellites: Sequence[str] = ("S1A",),
    holes: Sequence[int] = (),
    tube: float = 60.0,
    seed: int = 0,
    drift: float = 0.0,
    **special: Mapping[int, Any],
) -> list[Pass]:
    """Acquisitions of a track at regular days.

    Args:
        track: the track.
        start: day of the first.
        count: how many there would be without holes.
        days: days from one to the next, in turn.
        satellites: who takes them, in turn.
        holes: numbers of those that were never made.
        tube: standard deviation of the orbit to either side, m.
        seed: of the orbit and of the times.
        drift: most seconds by which scenes are cut differently.
        special: further keys of :class:`Pass` (lost, vectors, versions) by number.
    """
    rng = np.random.default_rng([seed, track.number])
    noon = datetime.fromisoformat(start) + timedelta(hours=11 if track.direction == "ASCENDING" else 0, minutes=20)
    passes, day = [], 0
    for number in range(count):
        right, up = rng.normal(0, tube, 2)
        node = noon + timedelta(days=day, seconds=float(rng.uniform(0, 0.9)))
        cut = float(rng.uniform(-drift, drift))
        keys = {name: values[number] for name, values in special.items() if number in values}
        if number not in holes:
            satellite = satellites[number % len(satellites)]
            passes.append(Pass(track, satellite, node, float(right), float(up), number, cut, **keys))
        day += days[number % len(days)]
    return passes


@dataclass
class Catalogue:
    """UMM items of acquisitions.

    Attributes:
        passes: the acquisitions.
        rows: cycles of bursts before and after the one over the place.
        scenes: scenes before and after the one over the place.
        polarizations: of the bursts; scenes have all of them.
    """

    passes: Sequence[Pass]
    rows: int = 2
    scenes: int = 1
    polarizations: Sequence[str] = ("VV", "VH")
    items: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.items = [item for taken in self.passes for item in (*self._bursts(taken), *self._scenes(taken))]

    def _bursts(self, taken: Pass) -> Iterator[dict[str, Any]]:
        track = taken.track
        middle = int(track.here.split("_")[1])
        for burst in range(middle - self.rows, middle + self.rows + 1):
            for swath, (near, far) in LOOKS.items():
                if track.full_id(burst, swath) in taken.lost:
                    continue
                begin = track.begins(burst) + LATER[swath]
                ring = _ring(track, begin, begin + LENGTH, near, far)
                for polarization in self.polarizations:
                    for version in range(taken.versions):
                        yield _burst_item(taken, burst, swath, polarization, begin, ring, version)

    def _scenes(self, taken: Pass) -> Iterator[dict[str, Any]]:
        for step in range(-self.scenes, self.scenes + 1):
            begin = taken.track.passes - SLICE / 2 + taken.drift + step * (SLICE - OVERLAP)
            ring = _ring(taken.track, begin, begin + SLICE, LOOKS["IW1"][0], LOOKS["IW3"][1])
            for version in range(taken.versions):
                yield _scene_item(taken, begin, "+".join(self.polarizations), ring, version)


def _ring(track: Track, begin: float, end: float, near: float, far: float) -> list[tuple[float, float]]:
    """Corners of a strip, counter-clockwise, closed."""
    ring = [track.ground(begin, near), track.ground(begin, far), track.ground(end, far), track.ground(end, near)]
    turned = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))
    ring = ring if turned > 0 else ring[::-1]
    return [*ring, ring[0]]


def _burst_item(
    taken: Pass, burst: int, swath: str, polarization: str, begin: float, ring: list[tuple[float, float]], version: int
) -> dict[str, Any]:
    begun, full = taken.node_time + timedelta(seconds=begin), taken.track.full_id(burst, swath)
    name = f"S1_{burst:06d}_{swath}_{begun:%Y%m%dT%H%M%S}_{polarization}_{_four(taken, version)}-BURST"
    special = {
        "AZIMUTH_ANX_TIME": f"{begin:.6f}",
        "AZIMUTH_TIME": f"{begun:%Y-%m-%dT%H:%M:%S.%f}",
        "BURST_ID_ABSOLUTE": str(burst + taken.number * 376000),
        "BURST_ID_FULL": full,
        "BURST_ID_RELATIVE": str(burst),
        "BURST_INDEX": str(burst % 9),
        "BYTE_LENGTH": "151439196",
        "LINES_PER_BURST": "1513",
        "POLARIZATION": polarization,
        "PROCESSING_LEVEL": "L1",
        "PROCESSING_TYPE": "BURST",
        "SAMPLES_PER_BURST": "25023",
        "SUBSWATH_NAME": swath,
    }
    item = _item(taken, name, "SENTINEL-1_BURSTS", begin + 1.0, begin + 2.0, ring, special, version)
    link = f"https://sentinel1-burst.asf.alaska.edu/{_scene_name(taken, begin, 'DV', 0)}/{swath}/{polarization}/{burst % 9}"
    item["umm"]["RelatedUrls"] = [{"URL": f"{link}.{ending}", "Type": "USE SERVICE API"} for ending in ("tiff", "xml")]
    return item


def _scene_item(taken: Pass, begin: float, polarizations: str, ring: list[tuple[float, float]], version: int) -> dict[str, Any]:
    name = _scene_name(taken, begin, "DV" if "+" in polarizations else "SV", version)
    special = {
        "BYTES": "4.1E9",
        "CENTER_ESA_FRAME": str(int((begin + SLICE / 2) / 5)),
        "FRAME_NUMBER": str(int((begin + SLICE / 2) / 5)),
        "GRANULE_TYPE": "SENTINEL_1A_FRAME",
        "MD5SUM": hashlib.md5(name.encode()).hexdigest(),
        "POLARIZATION": polarizations,
        "PROCESSING_TYPE": "SLC",
    }
    item = _item(taken, f"{name}-SLC", f"{LONG_NAME[taken.satellite].upper()}_SLC", begin, begin + SLICE, ring, special, version)
    made = taken.node_time + timedelta(seconds=begin, hours=3, days=400 * version)
    item["umm"]["DataGranule"] = {
        "Identifiers": [{"IdentifierType": "ProducerGranuleId", "Identifier": name}],
        "ProductionDateTime": f"{made:%Y-%m-%dT%H:%M:%S.000Z}",
    }
    item["umm"]["RelatedUrls"] = [{"URL": f"https://datapool.asf.alaska.edu/SLC/SA/{name}.zip", "Type": "GET DATA"}]
    return item


def _item(
    taken: Pass,
    name: str,
    collection: str,
    begin: float,
    end: float,
    ring: list[tuple[float, float]],
    special: dict[str, str],
    version: int,
) -> dict[str, Any]:
    """What items of both collections have."""
    first, last = (taken.node_time + timedelta(seconds=time) for time in (begin, end))
    written = f"{first + timedelta(days=1 + 400 * version):%Y-%m-%dT%H:%M:%SZ}"
    middle = np.mean(ring[:-1], axis=0)
    attributes = {
        "ASC_NODE_TIME": f"{taken.node_time:%Y-%m-%dT%H:%M:%S.%f}",
        "ASCENDING_DESCENDING": taken.track.direction,
        "ASF_PLATFORM": LONG_NAME[taken.satellite],
        "BEAM_MODE": "IW",
        "BEAM_MODE_TYPE": "IW",
        "CENTER_LAT": str(middle[1]),
        "CENTER_LON": str(middle[0]),
        "GROUP_ID": f"{taken.satellite}_IWDV_{int(begin / 5):04d}_{int(end / 5):04d}_{taken.orbit:06d}_{taken.track.number:03d}",
        "PATH_NUMBER": str(taken.track.number),
        **(_vectors(taken, begin) if taken.vectors else {}),
        **special,
    }
    points = [{"Longitude": round(lon, 6), "Latitude": round(lat, 6)} for lon, lat in ring]
    return {
        "meta": {
            "concept-type": "granule",
            "concept-id": f"G{int(hashlib.md5(name.encode()).hexdigest()[:8], 16)}-ASF",
            "native-id": name,
            "provider-id": "ASF",
            "format": "application/vnd.nasa.cmr.umm+json",
            "revision-id": 1 + version,
            "revision-date": written,
        },
        "umm": {
            "TemporalExtent": {
                "RangeDateTime": {
                    "BeginningDateTime": f"{first:%Y-%m-%dT%H:%M:%S.%fZ}",
                    "EndingDateTime": f"{last:%Y-%m-%dT%H:%M:%S.%fZ}",
                }
            },
            "OrbitCalculatedSpatialDomains": [{"OrbitNumber": taken.orbit}],
            "GranuleUR": name,
            "AdditionalAttributes": [{"Name": key, "Values": [value]} for key, value in sorted(attributes.items())],
            "SpatialExtent": {"HorizontalSpatialDomain": {"Geometry": {"GPolygons": [{"Boundary": {"Points": points}}]}}},
            "ProviderDates": [{"Type": "Insert", "Date": written}, {"Type": "Update", "Date": written}],
            "CollectionReference": {"ShortName": collection, "Version": "1"},
            "PGEVersionClass": {"PGEName": "Sentinel-1 IPF", "PGEVersion": f"003.{31 + version}"},
            "Platforms": [{"ShortName": LONG_NAME[taken.satellite].upper(), "Instruments": [{"ShortName": "C-SAR"}]}],
        },
    }


def _vectors(taken: Pass, begin: float) -> dict[str, str]:
    """State vectors on whole tens of seconds around a time."""
    begun = taken.node_time + timedelta(seconds=begin)
    before = begun.replace(second=begun.second // 10 * 10, microsecond=0)
    vectors = {}
    for name, when in (("PRE", before), ("POST", before + timedelta(seconds=10))):
        time = (when - taken.node_time).total_seconds()
        place, course = taken.track.position(time, taken.right, taken.up), taken.track.velocity(time)
        for kind, values in (("POSITION", place), ("VELOCITY", course)):
            text = ",".join(f"{value:.6f}" for value in values)
            vectors[f"SV_{kind}_{name}"] = f"{text},{when:%Y-%m-%dT%H:%M:%S.%f}"
    return vectors


def _scene_name(taken: Pass, begin: float, polarization: str, version: int) -> str:
    first, last = (taken.node_time + timedelta(seconds=time) for time in (begin, begin + SLICE))
    times = f"{first:%Y%m%dT%H%M%S}_{last:%Y%m%dT%H%M%S}"
    return f"{taken.satellite}_IW_SLC__1S{polarization}_{times}_{taken.orbit:06d}_{taken.orbit * 7:06X}_{_four(taken, version)}"


def _four(taken: Pass, version: int) -> str:
    """Four digits that tell one processing from another."""
    return hashlib.md5(f"{taken.satellite}{taken.orbit}{version}".encode()).hexdigest()[:4].upper()
