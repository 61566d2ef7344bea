"""The search and what is made of its answer: tracks, bursts, scenes, baselines; and what happens when the search misbehaves."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import requests
import shapely
from standins.cmr import PATH, Cmr
from standins.sentinel1 import Catalogue, Pass, Track, make_passes

from insarcast.acquire.order.scenes.baselines import date_baselines
from insarcast.acquire.order.scenes.bursts import burst_acquisitions
from insarcast.acquire.order.scenes.bursts import choose_bursts as choose
from insarcast.acquire.order.scenes.catalogue import Scene
from insarcast.acquire.order.scenes.frames import most_common_frame, overlap_enough, scene_acquisitions
from insarcast.acquire.order.scenes.groups import completed, group_fault
from insarcast.acquire.order.scenes.passes import choose_track, newest, one_a_day, passes
from insarcast.acquire.order.scenes.search import Query, find_scenes, search_session
from insarcast.acquire.web.errors import ServiceError
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import InsarcastError

QUICK = WebSettings(attempts=3, timeout=60, longest_wait=0.02)
TRACK = Track(5, "DESCENDING", -99.1, 19.4)
HERE = shapely.box(-99.2, 19.3, -99.0, 19.5)
USUAL: dict[str, Any] = {
    "job": "INSAR_ISCE_MULTI_BURST", "track": None, "direction": None, "bursts": [], "frame": None, "min_cover": 0.9, "polarization": "VV",
}  # fmt: skip


def serve(taken: Sequence[Pass], **keys: Any) -> Cmr:
    return Cmr(Catalogue(taken, polarizations=("VV", "VH")).items, **keys)


def bursts(stand: Cmr, area: Any = HERE, **keys: Any) -> list[Scene]:
    return find_scenes(Query("BURST", "VV", area, **keys), search_session(stand.base, QUICK))


def scenes(stand: Cmr, area: Any = HERE, **keys: Any) -> list[Scene]:
    return find_scenes(Query("SLC", "VV", area, **keys), search_session(stand.base, QUICK))


@pytest.fixture(scope="module")
def stand() -> Iterator[Cmr]:
    """Thirty dates of one track and twelve of another."""
    other = Track(78, "ASCENDING", -99.1, 19.4)
    taken = make_passes(TRACK, count=30, days=(6,), satellites=("S1A", "S1B")) + make_passes(other, count=12, seed=4)
    with serve(taken, page=40) as stand:
        yield stand


def choose_bursts(*given: Any) -> list[str]:
    return choose(*given)[0]


def test_a_search_in_pages_finds_each_burst_once(stand: Cmr) -> None:
    before = len(stand.seen)
    found = bursts(stand)
    known = {item["umm"]["GranuleUR"] for item in stand.items if "_VV_" in item["umm"]["GranuleUR"]}
    assert len(stand.seen) - before > 3
    assert len({scene.name for scene in found}) == len(found) > 100
    assert {scene.name for scene in found} <= known
    assert all(scene.burst.startswith(("005_", "078_")) for scene in found)
    assert [scene.time for scene in found] == sorted(scene.time for scene in found)
    assert {scene.satellite for scene in found} == {"S1A", "S1B"}


def test_the_period_and_the_direction_are_asked_for(stand: Cmr) -> None:
    found = bursts(stand, start="20200201", end="2020-03-04", direction="descending")
    assert {f"{scene.time:%Y%m%d}" for scene in found} == {"20200203", "20200209", "20200215", "20200221", "20200227", "20200304"}
    assert {scene.track for scene in found} == {5}
    assert {scene.track for scene in scenes(stand, track=78)} == {78}
    assert {scene.burst for scene in bursts(stand, None, bursts=[TRACK.here])} == {TRACK.here}


def test_a_scene_has_a_name_that_jobs_take(stand: Cmr) -> None:
    names = [scene.name for scene in scenes(stand)]
    assert all(name.startswith(("S1A_IW_SLC__1SDV_", "S1B_IW_SLC__1SDV_")) and len(name) == 67 for name in names)


FAULTS = ["429", "503html", "500", "reset", "truncate", "short", "stall", "corrupt", "empty_next"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_costs_one_more_request(fault: str) -> None:
    # Only where the time-out is what is tested it is short, and a machine that is slow for a moment may cost more requests.
    stalls = fault == "stall"
    settings = WebSettings(attempts=6, timeout=0.5, longest_wait=0.02) if stalls else QUICK
    with serve(make_passes(TRACK, count=3)) as stand:
        stand.faults[PATH] = [fault]
        assert len(find_scenes(Query("BURST", "VV", HERE), search_session(stand.base, settings))) == 9
        assert len(stand.seen) == 2 or (stalls and len(stand.seen) > 2)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("429", "cannot answer now"),
        ("503html", "cannot answer now"),
        ("reset", "cannot be reached"),
        ("short", "no JSON"),
        ("empty_next", "tells of more acquisitions than it lists"),
        ("login", "login page"),
        ("401", "refuses access"),
        ("404", "is not there"),
    ],
)
def test_a_fault_that_stays_is_one_sentence(fault: str, words: str) -> None:
    with serve(make_passes(TRACK, count=3)) as stand:
        stand.faults[PATH] = [fault] * 50
        with pytest.raises(InsarcastError, match=words) as caught:
            bursts(stand)
        assert len(stand.seen) <= QUICK.attempts
        assert "EARTHDATA_TOKEN" not in str(caught.value)  # a search sends no credentials
        assert "netrc" not in str(caught.value)
        assert str(caught.value).endswith(".")
        assert str(caught.value).count(". ") == 0


def test_pages_that_lack_items_are_asked_for_again_then_refused() -> None:
    with serve(make_passes(TRACK, count=30), page=40, short=3) as stand:
        with pytest.raises(ServiceError, match="tells of more acquisitions than it lists"):
            bursts(stand)
        starts = [request for request in stand.seen if request.headers.get("CMR-Search-After") is None]
        assert len(starts) == QUICK.attempts
        stand.short = 0
        assert len(bursts(stand)) > 80


def test_a_search_that_fails_reports_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """asf_search sends what was searched to a host of its own when a page is short, unless it is told not to."""
    import asf_search

    told: list[str] = []
    monkeypatch.setattr(asf_search, "REPORT_ERRORS", True)
    monkeypatch.setattr(requests, "post", lambda url, **_: told.append(url))
    with serve(make_passes(TRACK, count=30), page=40, short=3) as stand, pytest.raises(ServiceError):
        bursts(stand)
    assert told == []
    # The same search without us would have told.
    monkeypatch.setattr(asf_search, "REPORT_ERRORS", True)
    from asf_search.search.error_reporting import report_search_error

    class Fine:
        status_code = 200
        raise_for_status = staticmethod(lambda: None)

    monkeypatch.setattr(requests, "post", lambda url, **_: told.append(url) or Fine())
    report_search_error(asf_search.ASFSearchOptions(), "short")
    assert told == ["https://search-error-report.asf.alaska.edu"]


def test_what_was_processed_twice_counts_once() -> None:
    with serve(make_passes(TRACK, count=4, versions={1: 3})) as stand:
        for found in (bursts(stand), scenes(stand)):
            kept, left_out = newest(found)
            assert len(kept) + len(left_out) == len(found)
            assert len(left_out) == 2 * len(kept) // 4
            twice = next(scene for scene in kept if f"{scene.time:%Y%m%d}" == "20200116")
            same = [scene for scene in found if (scene.orbit, scene.burst, scene.time) == (twice.orbit, twice.burst, twice.time)]
            assert twice.made == max(scene.made for scene in same)
            assert all("is the same, processed later" in entry["reason"] for entry in left_out)


def test_several_tracks_end_in_a_sentence_that_lists_them(stand: Cmr) -> None:
    found = bursts(stand)
    with pytest.raises(InsarcastError) as caught:
        choose_track(found, HERE, USUAL)
    assert "2 tracks see the area: 5 descending (30 acquisitions, 100 % of the area), 78 ascending (12 " in str(caught.value)
    assert "set hyp3.track to one of them" in str(caught.value)
    assert {scene.track for scene in choose_track(bursts(stand, track=78), HERE, USUAL)} == {78}


def test_the_only_track_that_covers_the_area_is_taken() -> None:
    aside = Track(40, "DESCENDING", -97.95, 19.4)  # sees an edge of it
    with serve(make_passes(TRACK, count=3) + make_passes(aside, count=3)) as stand:
        found = bursts(stand)
        assert {scene.track for scene in found} == {5, 40}
        assert {scene.track for scene in choose_track(found, HERE, USUAL)} == {5}


def test_nothing_found_is_a_sentence(stand: Cmr) -> None:
    with pytest.raises(InsarcastError, match=r"found no VV acquisition of the area with track 99 in the study's period"):
        choose_track(bursts(stand, track=99), HERE, USUAL | {"track": 99})


def test_all_bursts_that_the_area_touches(stand: Cmr) -> None:
    found = choose_track(bursts(stand, track=5), HERE, USUAL)
    chosen = choose_bursts(found, HERE, USUAL)
    truth = {scene.burst for scene in found if scene.footprint.intersection(HERE).area > 0}
    assert set(chosen) == truth
    assert chosen == sorted(chosen)
    assert TRACK.here in chosen
    small = shapely.box(-99.12, 19.39, -99.08, 19.41)
    found = bursts(stand, small, track=5)  # the search is wider than the area
    assert choose_bursts(found, small, USUAL) == [TRACK.here]
    assert len({scene.burst for scene in found}) > 1


def wobbling(items: list[dict[str, Any]], most: float = 0.004) -> list[dict[str, Any]]:
    """Items whose outlines are moved to north or south, another way on each pass, as the catalogue has them."""
    rng, moved, shifts = random.Random(0), copy.deepcopy(items), dict[int, float]()
    for item in moved:
        shift = shifts.setdefault(item["umm"]["OrbitCalculatedSpatialDomains"][0]["OrbitNumber"], rng.uniform(-most, most))
        for part in item["umm"]["SpatialExtent"]["HorizontalSpatialDomain"]["Geometry"]["GPolygons"]:
            for point in part["Boundary"]["Points"]:
                point["Latitude"] = round(point["Latitude"] + shift, 6)
    return moved


def test_outlines_that_wobble_do_not_change_the_bursts() -> None:
    """An area whose edge lies on the edge of a burst: the same bursts, whichever date is the last."""
    with Cmr(wobbling(Catalogue(make_passes(TRACK, count=24)).items)) as stand:
        found = bursts(stand, shapely.box(-99.12, 19.3, -99.05, 19.44))
    newest_only, chosen = set(), set()
    for south in range(19328, 19344, 2):
        area = shapely.box(-99.12, south / 1000, -99.05, 19.44)
        sets = set()
        for count in range(16, 25):
            there = [scene for scene in found if scene.orbit in sorted({scene.orbit for scene in found})[:count]]
            last = {scene.burst: scene.footprint for scene in there}
            newest_only.add((south, tuple(burst for burst, shape in last.items() if shape.intersects(area))))
            sets.add(tuple(choose_bursts(there, area, USUAL)))
        assert len(sets) == 1, south
        chosen |= {(south, *sets)}
    assert len(newest_only) > len(chosen)  # the last outline alone would have changed them


def test_a_sliver_needs_no_burst_and_a_part_does(stand: Cmr) -> None:
    found = bursts(stand, track=5)
    shape = next(scene.footprint for scene in found if scene.burst == TRACK.here)
    others = shapely.union_all([scene.footprint for scene in found if scene.burst != TRACK.here])
    alone = shape.difference(others.buffer(0.02))
    assert choose_bursts(found, alone, USUAL) == [TRACK.here]
    west, south, east, north = alone.bounds
    middle = (west + east) / 2
    inside = shapely.box(middle - 0.03, (south + north) / 2 - 0.03, middle + 0.03, (south + north) / 2 + 0.03)
    edge = max(y for x, y in shape.intersection(shapely.LineString([(middle, south - 1), (middle, north + 1)])).coords)
    reaching = inside.union(shapely.box(middle - 0.001, south, middle + 0.001, edge + 0.0005))
    assert choose_bursts(found, reaching, USUAL) == [TRACK.here]
    wide = shapely.box(middle - 0.05, (south + north) / 2, middle + 0.05, edge + 0.03)
    assert len(choose_bursts(found, wide, USUAL)) > 1


def test_bursts_that_are_paid_stay_while_they_cover_the_area(stand: Cmr) -> None:
    found = bursts(stand, track=5)
    three = choose_bursts(found, HERE, USUAL)
    short = [burst.partition("_")[2] for burst in three]
    small = shapely.box(-99.12, 19.39, -99.08, 19.41)
    assert choose(found, small, USUAL, short) == (three, [])
    assert choose(found, small, USUAL) == ([TRACK.here], [])
    chosen, notes = choose(found, HERE, USUAL, [TRACK.here.partition("_")[2]])
    assert chosen == three
    assert notes == [
        f"the pairs that are paid have other bursts ({TRACK.here}), which do not cover the area any more: all pairs are new"
    ]
    assert choose(found, HERE, USUAL | {"bursts": [TRACK.here]}, short)[0] == [TRACK.here]


def test_bursts_are_completed_to_a_group() -> None:
    """Whatever an area touches, the fewest more bursts make it a group, and a group needs none."""
    rng = random.Random(1)
    for _ in range(500):
        some = {
            f"005_{rng.randint(10, 14):06d}_IW{rng.choice([1, 2, 3] if rng.random() < 0.8 else [1, 3])}"
            for _ in range(rng.randint(1, 8))
        }
        whole = completed(sorted(some))
        assert some <= set(whole)
        assert len(whole) > 15 or group_fault(whole) == "", (some, whole)
        assert completed(whole) == whole
        for burst in set(whole) - some:
            assert group_fault([other for other in whole if other != burst]) or len(whole) > 15
    assert completed(["005_000010_IW1", "005_000012_IW2"]) == [
        "005_000010_IW1",
        "005_000011_IW1",
        "005_000011_IW2",
        "005_000012_IW2",
    ]


def test_one_burst_only_where_it_covers_the_area(stand: Cmr) -> None:
    one = USUAL | {"job": "INSAR_ISCE_BURST"}
    small = shapely.box(-99.12, 19.39, -99.08, 19.41)
    found = bursts(stand, small, track=5)
    assert choose_bursts(found, small, one) == [TRACK.here]
    with pytest.raises(
        InsarcastError, match=r"orders one burst, but the area needs 3 .*; set hyp3\.job to INSAR_ISCE_MULTI_BURST"
    ):
        choose_bursts(bursts(stand, track=5), HERE, one)
    assert choose_bursts(found, small, one | {"bursts": [TRACK.here]}) == [TRACK.here]
    with pytest.raises(InsarcastError, match=r"no VV acquisition of burst 005_000001_IW1"):
        choose_bursts(found, small, one | {"bursts": ["005_000001_IW1"]})


def test_an_area_of_any_shape_is_searched(stand: Cmr) -> None:
    """A triangle, and two places far apart: what the outline of both together adds is sorted out."""
    triangle = shapely.Polygon([(-99.2, 19.3), (-99.0, 19.5), (-99.0, 19.3)])
    assert TRACK.here in choose_bursts(bursts(stand, triangle, track=5), triangle, USUAL)
    assert "polygon" in stand.seen[-1].form
    apart = shapely.union_all([shapely.box(-99.14, 19.39, -99.13, 19.4), shapely.box(-98.4, 19.39, -98.39, 19.4)])
    found = bursts(stand, apart, track=5)
    chosen = choose_bursts(found, apart, USUAL)
    assert {burst[-3:] for burst in chosen} == {"IW1", "IW2"}
    assert set(chosen) <= {scene.burst for scene in found}
    wavy = shapely.Point(-99.1, 19.4).buffer(0.05, quad_segs=40)
    assert TRACK.here in choose_bursts(bursts(stand, wavy, track=5), wavy, USUAL)


def test_bursts_over_the_antimeridian_are_a_sentence() -> None:
    items = Catalogue(make_passes(TRACK, count=1), rows=0).items
    for item in items:
        parts = item["umm"]["SpatialExtent"]["HorizontalSpatialDomain"]["Geometry"]["GPolygons"]
        points = [
            {"Longitude": point["Longitude"] + 280, "Latitude": point["Latitude"]} for point in parts[0]["Boundary"]["Points"]
        ]
        parts.append({"Boundary": {"Points": points}})
    with Cmr(items) as stand, pytest.raises(InsarcastError, match=r"over the antimeridian, where the service makes no product"):
        choose_bursts(bursts(stand), HERE, USUAL)


def test_too_many_bursts_are_a_sentence() -> None:
    wide = shapely.box(-100.5, 19.0, -97.9, 19.9)
    with (
        Cmr(Catalogue(make_passes(TRACK, count=1), rows=4).items) as stand,
        pytest.raises(InsarcastError, match=r"The area needs .* more, but a job holds 15 bursts at most; make area smaller"),
    ):
        choose_bursts(bursts(stand, wide), wide, USUAL)


def test_groups_are_those_of_the_service() -> None:
    """What asf_search's own check refuses is refused; what it takes is taken, but for a subswath left out between two."""
    from asf_search import S1MultiBurst, S1MultiBurstGroup

    rng = random.Random(0)
    agreed = {True: 0, False: 0}
    for _ in range(3000):
        rows = {number: [swath for swath in (1, 2, 3) if rng.random() < 0.75] for number in range(10, 10 + rng.randint(1, 6))}
        names = [f"005_{number:06d}_IW{swath}" for number, swaths in rows.items() for swath in swaths]
        if not names:
            continue
        try:
            S1MultiBurstGroup(
                [
                    S1MultiBurst(f"005_{number:06d}", tuple(f"IW{swath}" for swath in swaths))
                    for number, swaths in rows.items()
                    if swaths
                ]  # type: ignore[arg-type, misc]
            )
            taken = True
        except ValueError:
            taken = False
        skipped = {swath for swaths in rows.values() for swath in swaths} == {1, 3}
        assert (group_fault(names) == "") == (taken and not skipped), names
        agreed[taken] += 1
    assert min(agreed.values()) > 100


def test_a_date_that_lacks_a_burst_is_listed() -> None:
    with serve(make_passes(TRACK, count=5, lost={2: frozenset([TRACK.here])})) as stand:
        found = bursts(stand)
        chosen = choose_bursts(found, HERE, USUAL)
        taken, left_out = burst_acquisitions(found, chosen, HERE)
    assert [one.date for one in taken] == ["20200104", "20200116", "20200209", "20200221"]
    assert [(entry["name"], entry["reason"]) for entry in left_out] == [
        ("20200128", f"of its bursts 2 of 3 are there; {TRACK.here} not")
    ]
    assert all([scene.burst for scene in one.scenes] == chosen for one in taken)
    assert all(one.covered == pytest.approx(1) for one in taken)


def test_a_pass_over_midnight_is_one_acquisition(stand: Cmr) -> None:
    found = bursts(stand, track=5, end="20200104")
    assert len(found) == 3
    late = [
        replace(
            scene, time=scene.time.replace(hour=23, minute=59, second=59) if number == 0 else scene.time.replace(day=5, hour=0)
        )
        for number, scene in enumerate(found)
    ]
    assert len(passes(late)) == 1
    taken, _ = burst_acquisitions(late, sorted({scene.burst for scene in late}), None)
    assert [one.date for one in taken] == ["20200104"]


def test_two_satellites_on_one_day_are_one_acquisition() -> None:
    twice = make_passes(TRACK, count=3) + make_passes(TRACK, count=1, satellites=("S1C",))
    with serve(twice) as stand:
        found = bursts(stand)
        taken, _ = burst_acquisitions(found, choose_bursts(found, HERE, USUAL), HERE)
    kept, left_out = one_a_day(taken)
    assert len(taken) == 4
    assert [one.date for one in kept] == ["20200104", "20200116", "20200128"]
    assert len(left_out) == 1
    assert "came on the same day" in left_out[0]["reason"]


def test_each_date_gives_the_scene_that_covers_best() -> None:
    """Scenes are cut up to 9 s (60 km) earlier or later: for each date the one that covers most of the area is taken."""
    gamma = USUAL | {"job": "INSAR_GAMMA"}
    with serve(make_passes(TRACK, count=25, drift=9)) as stand:
        found = scenes(stand)
        taken, left_out = scene_acquisitions(found, HERE, gamma)
        assert left_out == []
        assert len(taken) == 25
        assert len({one.scenes[0].frame for one in taken}) > 1
        assert all(one.covered == pytest.approx(1) for one in taken)
        frame = most_common_frame(taken)
        named, _ = scene_acquisitions(found, HERE, gamma | {"frame": frame})
        assert len(named) == 25
        assert min(abs((one.scenes[0].frame or 0) - (frame or 0)) for one in named) == 0
        with pytest.raises(
            InsarcastError, match=r"No scene of track 5 has the frame 3; there are 5\d\d, .*: correct hyp3\.frame"
        ):
            scene_acquisitions(found, HERE, gamma | {"frame": 3})


def test_scenes_that_cover_too_little_are_listed() -> None:
    gamma = USUAL | {"job": "INSAR_GAMMA"}
    tall = shapely.box(-99.2, 18.75, -99.0, 20.1)  # nearly as long as a scene
    with serve(make_passes(TRACK, count=25, drift=9)) as stand:
        taken, left_out = scene_acquisitions(scenes(stand, tall), tall, gamma)
    best = max(one.covered for one in taken)
    assert 0 < len(left_out) < 25
    assert min(one.covered for one in taken) >= 0.9 * best
    assert all("less than hyp3.min_cover of the" in entry["reason"] for entry in left_out)
    apart = [overlap_enough(one, other, tall, 0.9 * best) for one, other in pairwise(taken)]
    assert all(overlap_enough(one, one, tall, 0.9 * best) for one in taken)
    assert len(apart) == len(taken) - 1


@pytest.mark.parametrize(
    ("direction", "lat"), [("DESCENDING", 19.4), ("ASCENDING", 19.4), ("ASCENDING", -33.9), ("DESCENDING", 61.0)]
)
def test_baselines_are_those_of_the_orbits(direction: str, lat: float) -> None:
    """Against the geometry that the state vectors were made from: sign, amount, and none where there are no state vectors."""
    track = Track(5, direction, -99.1, lat)
    taken = make_passes(track, count=20, tube=80, vectors={7: False}, satellites=("S1A", "S1B"), days=(6,))
    area = shapely.box(-99.15, lat - 0.05, -99.05, lat + 0.05)
    with serve(taken) as stand:
        found = bursts(stand, area)
        acquisitions, _ = burst_acquisitions(found, choose_bursts(found, area, USUAL), area)
    baselines, unknown = date_baselines(acquisitions)
    truth = {one.date: one.perpendicular() - taken[0].perpendicular() for one in taken}
    errors = [abs(value - truth[one.date]) for one, value in zip(acquisitions, baselines, strict=True) if value is not None]
    assert len(errors) == 19
    assert max(errors) < 3
    assert max(map(abs, truth.values())) > 100
    assert [entry["name"] for entry in unknown] == [taken[7].date]
    assert baselines[7] is None


def test_no_state_vectors_at_all() -> None:
    taken = make_passes(TRACK, count=4, vectors=dict.fromkeys(range(4), False))
    with serve(taken) as stand:
        found = bursts(stand)
        acquisitions, _ = burst_acquisitions(found, choose_bursts(found, HERE, USUAL), HERE)
    baselines, unknown = date_baselines(acquisitions)
    assert baselines == [None] * 4
    assert len(unknown) == 4
