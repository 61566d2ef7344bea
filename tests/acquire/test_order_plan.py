"""A plan of an order: from a study's keys to pairs, jobs and a price, with nothing ordered."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from standins.cmr import PATH, Cmr
from standins.hyp3_api import TOKEN, Hyp3
from standins.sentinel1 import Catalogue, Pass, Track, make_passes

from insarcast.acquire import plan_order
from insarcast.acquire.order.network.graph import parts_of
from insarcast.acquire.order.service.jobs import fault, key_of, wanted_jobs
from insarcast.acquire.order.service.journal import JOURNAL, read_journal
from insarcast.acquire.order.service.prices import job_costs
from insarcast.acquire.order.shown import shown
from insarcast.acquire.web.session import service_session
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import InsarcastError
from insarcast.core.study import Study

TRACK = Track(5, "DESCENDING", -99.1, 19.4)
AREA = [-99.2, 19.3, -99.0, 19.5]
DOWNLOADS = {"attempts": 2, "timeout": 60, "longest_wait": 0.02}
IMPATIENT = {"attempts": 3, "timeout": 0.7, "longest_wait": 0.02}  # where time-outs are what is tested


class Planner:
    """Plans with the keys of a study, against stand-ins of the search and the service."""

    def __init__(self, folder: Path, api: str) -> None:
        self.folder, self.api = folder, api
        self.plan, self.pairs, self.cache = folder / "plan.json", folder / "pairs.csv", folder / "cache"
        self.downloads = DOWNLOADS

    def make(self, search: str, area: Any = AREA, products: dict[str, Any] | None = None, **hyp3: Any) -> dict[str, Any]:
        cube = {
            "source": "hyp3", "area": area, "products": products or {}, "downloads": self.downloads,
            "hyp3": {"search": search, "api": self.api, "login": self.api, **hyp3},
        }  # fmt: skip
        (self.folder / "s.yaml").write_text(yaml.safe_dump({"cubes": {"a": cube}}))
        study = Study(self.folder / "s.yaml")
        get = partial(study.get, cube="a")
        plan_order(
            self.plan, self.pairs, get("area"), get("hyp3"), get("products"), "insarcast-s-a", get("hyp3"), str(self.folder),
            get("downloads"), ["figure.svg"], str(self.cache), get("hyp3")["dry_run"],
        )  # fmt: skip
        return dict(json.loads(self.plan.read_text()))

    def buy(self, plan: dict[str, Any]) -> set[str]:
        """Note the jobs of a plan as an order does; their keys."""
        jobs = {key_of(pair["job"]): pair["job"] for pair in plan["pairs"]}
        read_journal(self.cache / "hyp3" / plan["project"] / JOURNAL).own(jobs)
        return set(jobs)


@pytest.fixture(scope="module")
def service() -> Iterator[Hyp3]:
    with Hyp3() as stand:
        yield stand


@pytest.fixture
def planner(tmp_path: Path, service: Hyp3, monkeypatch: pytest.MonkeyPatch) -> Planner:
    monkeypatch.delenv("EARTHDATA_TOKEN", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return Planner(tmp_path, service.base)


def serve(taken: Sequence[Pass], **keys: Any) -> Cmr:
    return Cmr(Catalogue(taken).items, **keys)


@pytest.fixture(scope="module")
def search() -> Iterator[Cmr]:
    """Forty dates over sixteen months, with holes, a lost burst, a date without state vectors and one processed twice."""
    taken = make_passes(
        TRACK,
        count=44,
        holes=(5, 20, 21, 22, 23),
        lost={10: frozenset([TRACK.here])},
        vectors={12: False},
        versions={7: 2},
        drift=4,
    )
    with serve(taken) as stand:
        yield stand


@pytest.mark.parametrize(
    ("job", "looks", "area", "price"),
    [
        ("INSAR_ISCE_MULTI_BURST", "20x4", AREA, 1),
        ("INSAR_ISCE_MULTI_BURST", "5x1", AREA, 10),
        ("INSAR_ISCE_BURST", "10x2", [-99.12, 19.39, -99.08, 19.41], 1),
        ("INSAR_GAMMA", "10x2", AREA, 15),
    ],
)
def test_a_plan_is_an_order_that_the_service_takes(
    planner: Planner, search: Cmr, job: str, looks: str, area: list[float], price: float
) -> None:
    plan = planner.make(search.base, area, job=job, looks=looks)
    assert [fault(pair["job"], (pair["date1"], pair["date2"])) for pair in plan["pairs"]] == [""] * len(plan["pairs"])
    assert len(wanted_jobs(plan, "plan.json")) == len(plan["pairs"])
    assert {pair["credits"] for pair in plan["pairs"]} == {price}
    assert plan["credits"] == price * len(plan["pairs"])
    assert plan["cost_table"] == "asked"
    assert (plan["track"], plan["direction"], plan["project"]) == (5, "descending", "insarcast-s-a")
    assert plan["covered"] == pytest.approx(1, abs=1e-3)
    assert plan["area"] == area
    dates = [scene["date"] for scene in plan["scenes"]]
    assert dates == sorted(set(dates))
    assert plan["scenes"][0]["baseline"] == 0
    numbers = [(dates.index(pair["date1"]), dates.index(pair["date2"])) for pair in plan["pairs"]]
    assert len(parts_of(len(dates), numbers)) == 1
    assert plan["connected"] is True
    for pair in plan["pairs"]:
        first, second = (next(scene for scene in plan["scenes"] if scene["date"] == pair[key]) for key in ("date1", "date2"))
        parameters = pair["job"]["job_parameters"]
        granules = (parameters["reference"], parameters["secondary"]) if "reference" in parameters else parameters["granules"]
        assert (first["names"], second["names"]) == (
            granules if "reference" in parameters else tuple([name] for name in granules)
        )
        known = first["baseline"] is not None and second["baseline"] is not None
        assert pair["baseline"] == (second["baseline"] - first["baseline"] if known else None)
        assert parameters["looks"] == looks
    assert any(scene["baseline"] is None for scene in plan["scenes"])
    reasons = {entry["what"]: entry for entry in plan["left_out"]}
    assert reasons["baseline"]["name"] == "20200527"
    assert "processed later" in reasons["scene"]["reason"]
    if job == "INSAR_GAMMA":
        assert plan["bursts"] == []
        assert isinstance(plan["frame"], int)
        assert all(pair["job"]["job_parameters"]["include_look_vectors"] for pair in plan["pairs"])
        assert all(pair["job"]["job_parameters"]["include_dem"] for pair in plan["pairs"])
    else:
        assert len(plan["bursts"]) == (3 if job == "INSAR_ISCE_MULTI_BURST" else 1)
        assert reasons["date"]["name"] == "20200503"
        assert all(len(scene["names"]) == len(plan["bursts"]) for scene in plan["scenes"])


def test_the_same_study_gives_the_same_bytes(planner: Planner, search: Cmr) -> None:
    planner.make(search.base)
    first = planner.plan.read_bytes(), planner.pairs.read_bytes()
    shuffled = Cmr(search.items[::-1], page=37)
    with shuffled:
        planner.make(shuffled.base)
    assert (planner.plan.read_bytes(), planner.pairs.read_bytes()) == first


def test_the_table_holds_the_pairs_of_the_plan(planner: Planner, search: Cmr) -> None:
    plan = planner.make(search.base)
    with open(planner.pairs, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["date1", "date2", "days", "baseline_m", "score", "why", "credits"]
    assert [(row["date1"], row["date2"], int(row["days"]), row["why"]) for row in rows] == [
        (pair["date1"], pair["date2"], pair["days"], pair["why"]) for pair in plan["pairs"]
    ]
    for row, pair in zip(rows, plan["pairs"], strict=True):
        assert row["baseline_m"] == ("" if pair["baseline"] is None else f"{pair['baseline']:g}")
        assert (float(row["score"]), float(row["credits"])) == (pair["score"], pair["credits"])


def test_what_is_printed_can_be_read(planner: Planner, search: Cmr, capsys: pytest.CaptureFixture[str]) -> None:
    plan = planner.make(search.base)
    said = capsys.readouterr().out
    assert f"{len(plan['scenes'])} from 2020-01-04 to 2021-06-03, the longest gap 60 days from 2020-08-19 to 2020-10-18" in said
    assert f"{len(plan['pairs'])} (" in said
    assert f"{plan['credits']:g} credits (1 a pair)" in said
    assert "baselines" in said
    assert "1 date without a known baseline" in said
    assert "figure.svg" in said
    assert "credits left are not known (No Earthdata credentials were found" in said  # a plan needs none
    assert not any(len(line) > 300 for line in said.splitlines())


def test_credits_left_are_told_and_the_token_is_not(
    planner: Planner, search: Cmr, service: Hyp3, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    planner.make(search.base)
    said = "".join(capsys.readouterr())
    assert "1000 credits left" in said
    assert TOKEN not in said + planner.plan.read_text() + planner.pairs.read_text()
    assert TOKEN not in "".join(str(request.headers) + request.body.decode() for request in search.seen)
    service.faults["/user"] = ["401"] * 9
    planner.make(search.base)
    assert "credits left are not known" in "".join(capsys.readouterr())
    service.faults.clear()


def test_nothing_is_ordered(planner: Planner, search: Cmr, service: Hyp3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    planner.make(search.base)
    assert {(request.method, request.path) for request in service.seen} <= {("GET", "/costs"), ("GET", "/user")}
    assert service.spent == 0


def test_a_price_that_nobody_tells_is_the_documented_one(
    planner: Planner, search: Cmr, capsys: pytest.CaptureFixture[str]
) -> None:
    planner.api = search.base  # which knows no prices
    plan = planner.make(search.base)
    assert plan["cost_table"] == "built-in"
    assert plan["credits"] == len(plan["pairs"])
    assert "could not be asked for its prices" in capsys.readouterr().out


def test_the_study_leaves_out_dates_and_pairs(planner: Planner, search: Cmr) -> None:
    exclude = ["20200116", "20200128_20200209", "20190101", "20200104_20230101"]
    plan = planner.make(search.base, products={"exclude": exclude, "start": "20200104", "end": "2020-08-01"})
    dates = [scene["date"] for scene in plan["scenes"]]
    assert (dates[0], dates[-1]) == ("20200104", "20200726")
    assert "20200116" not in dates
    assert ("20200128", "20200209") not in {(pair["date1"], pair["date2"]) for pair in plan["pairs"]}
    useless = [entry["name"] for entry in plan["left_out"] if entry["what"] == "exclude"]
    assert useless == ["20190101", "20200104_20230101"]


def test_a_season_leaves_the_rest_of_the_year_out(planner: Planner, search: Cmr) -> None:
    plan = planner.make(search.base, network={"season": ["11-01", "04-15"]})
    months = {scene["date"][4:6] for scene in plan["scenes"]}
    assert months <= {"11", "12", "01", "02", "03", "04"}
    assert {entry["reason"] for entry in plan["left_out"] if entry["what"] == "date"} >= {"outside of hyp3.network.season"}
    assert {pair["why"] for pair in plan["pairs"]} >= {"near", "bridge"}


def test_named_bursts_need_no_area(planner: Planner, search: Cmr) -> None:
    plan = planner.make(search.base, None, bursts=[TRACK.here], project="my-stack")
    assert (plan["bursts"], plan["project"], plan["covered"]) == ([TRACK.here], "my-stack", 1)
    west, south, east, north = plan["area"]
    assert west < TRACK.lon < east
    assert south < TRACK.lat < north


def test_satellites_are_mixed(planner: Planner) -> None:
    with serve(make_passes(TRACK, count=12, days=(6,), satellites=("S1A", "S1B", "S1C"))) as stand:
        plan = planner.make(stand.base, job="INSAR_GAMMA")
    mixed = {tuple(name[:3] for name in pair["job"]["job_parameters"]["granules"]) for pair in plan["pairs"]}
    assert len(mixed) > 3
    assert min(pair["days"] for pair in plan["pairs"]) == 6


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"job": "INSAR_GAMMA", "looks": "5x1"}, r"hyp3\.looks is 5x1, which jobs of bursts have only"),
    ({"job": "INSAR_GAMMA", "bursts": [TRACK.here]}, r"hyp3\.bursts is set, but hyp3\.job INSAR_GAMMA orders whole scenes"),
    ({"frame": 530}, r"hyp3\.frame is set, but hyp3\.job INSAR_ISCE_MULTI_BURST orders bursts"),
    ({"bursts": ["005_000001_IW1", "006_000001_IW1"]}, r"bursts of the tracks 5, 6; make a cube of each track"),
    ({"bursts": ["005_000001_IW1"], "track": 6}, r"hyp3\.track is 6, but hyp3\.bursts names bursts of track 5"),
    ({"bursts": ["005_000001_IW1"]}, r"found no VV acquisition of the burst 005_000001_IW1 in the study's"),
    ({"polarization": "HH"}, r"found no HH acquisition of the area"),
    ({"track": 6}, r"found no VV acquisition of the area with track 6 in the study's period"),
    ({"direction": "ascending"}, r"with direction ascending in"),
    ({"score": {"g_0": 0.2, "g_inf": 0.5}}, r"hyp3\.score\.g_inf is 0\.5, more than g_0, 0\.2"),
    ({"network": {"season": ["13-01", "05-01"]}}, r"hyp3\.network\.season has '13-01', which is no day of the year"),
    ({"network": {"bridge_date": "02-31"}}, r"hyp3\.network\.bridge_date has '02-31', which is no day of the year"),
    ({"network": {"max_pairs": 5}}, r"max_pairs is 5, but 38 dates hang together by 37 pairs at least"),
]


@pytest.mark.parametrize(("keys", "words"), WRONG)
def test_every_wrong_key_is_one_sentence(planner: Planner, search: Cmr, keys: dict[str, Any], words: str) -> None:
    with pytest.raises(InsarcastError, match=words) as caught:
        planner.make(search.base, **keys)
    assert str(caught.value).endswith(".")
    assert not planner.plan.exists()


def test_two_dates_are_too_few(planner: Planner, search: Cmr) -> None:
    with pytest.raises(InsarcastError, match=r"2 acquisitions can be paired, and a stack needs 3 at least"):
        planner.make(search.base, products={"start": "20200104", "end": "20200120"})
    lost = frozenset([TRACK.here])
    with (
        serve(make_passes(TRACK, count=4, lost={1: lost, 2: lost})) as stand,
        pytest.raises(InsarcastError, match=r"2 were left out \(20200116: of its bursts 2 of 3 are there; 005_009554_IW2 not\)"),
    ):
        planner.make(stand.base)


def test_a_date_that_was_added_leaves_the_other_jobs_as_they_are(planner: Planner) -> None:
    """Orders that were placed by an earlier plan are found again: the same pairs have the same jobs."""
    passes = make_passes(TRACK, count=14)
    with serve(passes[:12]) as stand:
        before = planner.make(stand.base)
    with serve(passes) as stand:
        after = planner.make(stand.base)
    jobs = {(pair["date1"], pair["date2"]): pair["job"] for pair in after["pairs"]}
    assert all(jobs[pair["date1"], pair["date2"]] == pair["job"] for pair in before["pairs"])
    assert len(jobs) > len(before["pairs"])


@pytest.mark.parametrize("name", ["429", "503html", "reset", "stall", "truncate", "short", "corrupt", "empty_next"])
def test_a_fault_of_the_search_changes_nothing_or_ends_in_a_sentence(planner: Planner, search: Cmr, name: str) -> None:
    planner.make(search.base)
    right = planner.plan.read_bytes()
    planner.plan.unlink()
    planner.downloads = IMPATIENT if name == "stall" else DOWNLOADS
    search.faults[PATH] = [name]
    planner.make(search.base)
    assert planner.plan.read_bytes() == right
    planner.plan.unlink()
    search.faults[PATH] = [name] * 20
    with pytest.raises(InsarcastError) as caught:
        planner.make(search.base)
    search.faults.clear()
    assert str(caught.value).endswith(".")
    assert not planner.plan.exists()


def new_pairs(plan: dict[str, Any]) -> list[tuple[str, str]]:
    return [(pair["date1"], pair["date2"]) for pair in plan["pairs"] if not pair["paid"]]


@pytest.mark.parametrize("job", ["INSAR_ISCE_MULTI_BURST", "INSAR_GAMMA"])
def test_what_is_paid_stays_and_costs_nothing(planner: Planner, capsys: pytest.CaptureFixture[str], job: str) -> None:
    passes = make_passes(TRACK, count=48, drift=2)
    with serve(passes[:44]) as stand:
        before = planner.make(stand.base, job=job)
        paid = planner.buy(before)
    assert new_pairs(before) == [(pair["date1"], pair["date2"]) for pair in before["pairs"]]
    dates = {scene["date"] for scene in before["scenes"]}
    with serve(passes) as stand:
        capsys.readouterr()
        after = planner.make(stand.base, job=job)
    assert paid <= {key_of(pair["job"]) for pair in after["pairs"]}
    assert all(not {*pair} <= dates for pair in new_pairs(after))
    assert {pair["credits"] for pair in after["pairs"] if pair["paid"]} == {0}
    count, price = len(new_pairs(after)), 10 if job == "INSAR_GAMMA" else 1
    assert after["credits"] == price * count > 0
    said = capsys.readouterr().out
    assert f"{price * count} credits ({price} a pair) for {count} new pairs, {len(paid)} are paid already" in said
    with serve(passes) as stand:
        planner.buy(after)
        nothing = planner.make(stand.base, job=job)
    assert (nothing["credits"], new_pairs(nothing)) == (0, [])
    assert "0 credits for 0 new pairs" in capsys.readouterr().out


def test_paid_pairs_of_the_same_settings_count_only(planner: Planner, search: Cmr, capsys: pytest.CaptureFixture[str]) -> None:
    plan = planner.make(search.base)
    planner.buy(plan)
    assert not any(pair["paid"] for pair in planner.make(search.base, project="another")["pairs"])
    capsys.readouterr()
    other = planner.make(search.base, looks="10x2")
    assert not any(pair["paid"] for pair in other["pairs"])
    assert f"pairs that are paid and not used, {len(plan['pairs'])}: with other settings" in capsys.readouterr().out
    few = planner.make(search.base, products={"end": "2020-10-30", "exclude": ["20200116", "20200128_20200209"]})
    assert 0 < len(new_pairs(few)) < 5  # around the date that is left out
    names = {f"{pair['date1']}_{pair['date2']}" for pair in few["pairs"]}
    assert "20200128_20200209" not in names
    assert not any("20200116" in name for name in names)
    reasons = {entry["name"]: entry["reason"] for entry in few["left_out"] if entry["what"] == "pair"}
    assert reasons["20200128_20200209"] == "it is paid, but products.exclude names it"
    assert reasons["20200104_20200116"] == "it is paid, but the plan has not both of its dates"


@pytest.mark.parametrize("job", ["INSAR_ISCE_MULTI_BURST", "INSAR_GAMMA"])
def test_a_scene_that_was_processed_again_buys_nothing_again(planner: Planner, job: str) -> None:
    with serve(make_passes(TRACK, count=8)) as stand:
        paid = planner.buy(planner.make(stand.base, job=job))
    with serve(make_passes(TRACK, count=9, versions={4: 2})) as stand:
        plan = planner.make(stand.base, job=job)
        fresh = planner.make(stand.base, job=job, project="another")
    assert paid <= {key_of(pair["job"]) for pair in plan["pairs"]}
    assert {second for _, second in new_pairs(plan)} == {"20200409"}
    assert not paid <= {key_of(pair["job"]) for pair in fresh["pairs"]}


def test_the_bursts_that_are_paid_stay(planner: Planner, search: Cmr, capsys: pytest.CaptureFixture[str]) -> None:
    """Also those that a smaller area does not touch; for a larger area all is new, and that is said."""
    plan = planner.make(search.base)
    paid = planner.buy(plan)
    small = planner.make(search.base, [-99.12, 19.39, -99.08, 19.41])
    assert small["bursts"] == plan["bursts"]
    assert {key_of(pair["job"]) for pair in small["pairs"]} == paid
    capsys.readouterr()
    large = planner.make(search.base, [-99.2, 19.1, -99.0, 19.7])
    assert set(large["bursts"]) > set(plan["bursts"])
    assert not any(pair["paid"] for pair in large["pairs"])
    said = capsys.readouterr().out
    assert "which do not cover the area any more: all pairs are new" in said
    assert "of other bursts or scenes" in said


def test_an_area_that_touches_no_group_gets_one(planner: Planner, capsys: pytest.CaptureFixture[str]) -> None:
    """Subswaths must begin and end within one burst of each other: what lacks is found by name, on all dates, and ordered with it."""
    import shapely

    def place(burst: str, swath: str) -> list[float]:
        shape = next(
            shapely.Polygon([(point["Longitude"], point["Latitude"]) for point in ring])
            for ring in (
                item["umm"]["SpatialExtent"]["HorizontalSpatialDomain"]["Geometry"]["GPolygons"][0]["Boundary"]["Points"]
                for item in items
                if item["umm"]["GranuleUR"].startswith(f"S1_{burst}_{swath}")
            )
        )
        return [shape.centroid.x, shape.centroid.y]

    items = Catalogue(make_passes(TRACK, count=5), rows=4).items
    first = int(TRACK.here.split("_")[1])
    near, far = place(f"{first - 2:06d}", "IW2"), place(f"{first + 2:06d}", "IW3")
    area = {
        "type": "MultiPolygon",
        "coordinates": [
            shapely.box(x - 0.01, y - 0.01, x + 0.01, y + 0.01).__geo_interface__["coordinates"] for x, y in (near, far)
        ],
    }
    (planner.folder / "area.geojson").write_text(json.dumps(area))
    with Cmr(items) as stand:
        plan = planner.make(stand.base, str(planner.folder / "area.geojson"))
    assert {f"005_{first - 2:06d}_IW2", f"005_{first + 2:06d}_IW3"} < set(plan["bursts"])
    assert len(plan["scenes"]) == 5
    assert all(fault(pair["job"], (pair["date1"], pair["date2"])) == "" for pair in plan["pairs"])
    assert "outside of the area and are ordered with it: the service joins no bursts without them" in capsys.readouterr().out


def test_a_pass_over_midnight_is_of_the_day_on_which_it_begins(planner: Planner) -> None:
    def shifted(one: Pass) -> Pass:
        midnight = one.node_time.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return replace(one, node_time=midnight - timedelta(seconds=TRACK.passes))

    passes = [shifted(one) for one in make_passes(TRACK, count=6)]
    tall = [-99.25, 19.1, -98.95, 19.7]
    with serve(passes) as stand:
        dates = [scene["date"] for scene in planner.make(stand.base, tall)["scenes"]]
        assert len(dates) == 6
        ended = planner.make(stand.base, tall, {"end": dates[3]})
        assert [scene["date"] for scene in ended["scenes"]] == dates[:4]
        assert {name[14:22] for name in ended["scenes"][3]["names"]} == {dates[3], "20200210"}  # both sides of midnight
        begun = planner.make(stand.base, tall, {"start": "20200117"})
        assert [scene["date"] for scene in begun["scenes"]] == dates[2:]
        assert [entry for entry in (*ended["left_out"], *begun["left_out"]) if entry["what"] == "date"] == []


def test_a_pair_that_is_excluded_is_listed(planner: Planner, search: Cmr) -> None:
    plan = planner.make(search.base, products={"exclude": ["20200128_20200209"]})
    listed = [entry for entry in plan["left_out"] if entry["name"] == "20200128_20200209"]
    assert listed == [{"what": "pair", "name": "20200128_20200209", "reason": "products.exclude"}]


def test_no_pairs_at_all_are_a_sentence(planner: Planner, search: Cmr) -> None:
    with pytest.raises(InsarcastError, match=r"0 acquisitions can be paired, and a stack needs 3 at least"):
        planner.make(search.base, network={"max_days": 5, "connect": False, "bridge_years": 0})
    assert not planner.plan.exists()


def test_bursts_that_are_not_there_without_an_area(planner: Planner, search: Cmr) -> None:
    with pytest.raises(InsarcastError, match=r"acquisition of the burst 005_000001_IW1 in the study's period") as caught:
        planner.make(search.base, None, bursts=["005_000001_IW1"])
    assert "area" not in str(caught.value)


def test_only_a_dry_run_shows_what_may_be_ordered(planner: Planner, search: Cmr) -> None:
    plan = planner.make(search.base, dry_run=False)
    assert shown(planner.cache, plan["project"]) == set()
    plan = planner.make(search.base)
    assert shown(planner.cache, plan["project"]) == {key_of(pair["job"]) for pair in plan["pairs"]}


def test_the_built_in_prices_are_those_of_the_service(service: Hyp3, search: Cmr) -> None:
    session = service_session(WebSettings(attempts=1, timeout=60, longest_wait=0.02))
    asked, built_in = job_costs(service.base, session), job_costs(search.base, session)
    assert (asked.source, built_in.source) == ("asked", "built-in")
    for looks in ("20x4", "10x2", "5x1"):
        for count in range(1, 16):
            job = {"job_type": "INSAR_ISCE_MULTI_BURST", "job_parameters": {"looks": looks, "reference": ["x"] * count}}
            assert asked.of(job) == built_in.of(job)
    thirteen = {"job_type": "INSAR_ISCE_MULTI_BURST", "job_parameters": {"looks": "20x4", "reference": ["x"] * 13}}
    assert built_in.of(thirteen) == 10
