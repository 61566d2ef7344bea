"""Jobs and prices: what the service would refuse is said here first, the same job is known again, and costs are the service's."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from hyp3_sdk import HyP3
from hyp3_sdk.jobs import Job
from standins import hyp3_api
from standins.hyp3_api import Hyp3, granules, scene_name
from standins.loopback import Answer

from insarcast.acquire.order.service.faults import fault
from insarcast.acquire.order.service.jobs import Wanted, key_of, wanted_jobs
from insarcast.acquire.order.service.match import match, state_of
from insarcast.acquire.order.service.prices import job_costs
from insarcast.acquire.web.session import service_session
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import InsarcastError

D1, D2, D3 = "20210109", "20210121", "20210202"
BURSTS = ("136231_IW2", "136232_IW2", "136232_IW3")


def multi(**changes: Any) -> dict[str, Any]:
    job = HyP3.prepare_insar_isce_multi_burst_job(granules(D1, BURSTS), granules(D2, BURSTS))
    job["job_parameters"] |= changes
    return dict(job)


def burst(*names: str, **changes: Any) -> dict[str, Any]:
    given = names or (granules(D1)[0], granules(D2)[0])
    job = HyP3.prepare_insar_isce_burst_job(given[0], given[-1])
    job["job_parameters"] |= {"granules": list(given)} | changes
    return dict(job)


def gamma(*names: str, **changes: Any) -> dict[str, Any]:
    given = names or (scene_name(D1), scene_name(D2))
    job = HyP3.prepare_insar_job(given[0], given[-1])
    job["job_parameters"] |= changes
    return dict(job)


GOOD = [
    multi(), multi(looks="5x1", apply_water_mask=True), multi(reference=granules(D1), secondary=granules(D2)),
    multi(reference=granules(D1, BURSTS)[::-1]), burst(), burst(looks="10x2"), gamma(), gamma(looks="10x2", phase_filter_parameter=0),
    gamma(include_dem=True, include_look_vectors=True, phase_filter_parameter=1.0),
]  # fmt: skip
MANY = [f"{136200 + k}_IW2" for k in range(16)]
WRONG = [
    (multi(looks="30x6"), "looks 30x6 are none of 20x4, 10x2, 5x1"),
    (gamma(looks="5x1"), "looks 5x1 are none of 20x4, 10x2"),
    (gamma(phase_filter_parameter=1.5), "the phase filter 1.5 is not between 0 and 1"),
    (gamma(phase_filter_parameter="strong"), "the phase filter strong is not between 0 and 1"),
    (multi(apply_water_mask="yes"), "apply_water_mask is 'yes', not true or false"),
    (multi(filter=1), "INSAR_ISCE_MULTI_BURST has no parameter filter"),
    (multi(reference=[], secondary=[]), "it has 0 reference and 0 secondary bursts"),
    (multi(reference=granules(D1, MANY), secondary=granules(D2, MANY)), "it has 16 reference and 16 secondary bursts"),
    (multi(secondary=granules(D2, BURSTS[:2])), "it has 3 reference and 2 secondary bursts"),
    (multi(reference=granules(D1, [*BURSTS[:2], "136233_IW2"])), "has only one of its dates"),
    (multi(reference=granules(D1, BURSTS[:1] * 2), secondary=granules(D2, BURSTS[:1] * 2)), "burst 136231_IW2 is in it twice"),
    (multi(secondary=granules(D2, BURSTS, "VH")), "polarizations VH and VV"),
    (multi(reference=granules(D1, BURSTS, "VH"), secondary=granules(D2, BURSTS, "VH")), "polarization VH is neither VV nor HH"),
    (multi(reference=granules(D2, BURSTS), secondary=granules(D1, BURSTS)), "its reference is not earlier than its secondary"),
    (multi(reference=[*granules(D1, BURSTS[:2]), granules(D3, BURSTS)[2]]), "more than two minutes apart"),
    (multi(reference="S1_136231"), "reference is no list of granules"),
    (multi(reference=["S1_136231_IW2"], secondary=granules(D2)), "S1_136231_IW2 is no name of a burst"),
    (multi(reference=[name.replace("T02", "T32") for name in granules(D1, BURSTS)]), "a granule's time is none"),
    (burst(granules(D1)[0]), "it has 1 granules, not two"),
    (burst(granules(D1)[0], granules(D2, ["136299_IW2"])[0]), "has only one of its dates"),
    (burst(granules(D2)[0], granules(D1)[0]), "its reference is not earlier than its secondary"),
    (burst(granules(D1)[0], granules(D1)[0]), "its reference is not earlier than its secondary"),
    (burst(scene_name(D1), scene_name(D2)), "is no name of a burst"),
    (gamma(granules(D1)[0], granules(D2)[0]), "is no name of a scene"),
    (gamma(scene_name(D1), scene_name(D2).replace("1SDV", "1SDH")), "polarizations H and V"),
    (gamma(scene_name(D1), scene_name(D2).replace("_035140_", "_035141_")), "relative orbits 68 and 69"),
    ({"job_type": "RTC_GAMMA", "job_parameters": {}}, "RTC_GAMMA is no job of interferograms"),
]  # fmt: skip


@pytest.mark.parametrize("job", GOOD)
def test_jobs_that_the_service_takes(job: dict[str, Any]) -> None:
    assert fault(job, (D1, D2)) == ""
    assert hyp3_api.valid(job)
    assert hyp3_api.wrong_bursts(job) == ""


@pytest.mark.parametrize(("job", "said"), WRONG)
def test_jobs_that_the_service_would_refuse(job: dict[str, Any], said: str) -> None:
    assert said in fault(job, (D1, D2))


def test_dates_of_a_plan_and_of_its_granules() -> None:
    assert fault(multi(), (D1, D3)) == f"its granules are of {D1} and {D2}"


def test_wrong_jobs_of_a_plan_in_one_sentence() -> None:
    pairs = [{"date1": D1, "date2": D2, "job": multi(looks="1x1")}, {"date1": D1, "date2": D2, "job": multi()}]
    with pytest.raises(
        InsarcastError, match=rf"^1 of 2 jobs of plan\.json would be refused by the service \({D1}_{D2}: looks 1x1"
    ):
        wanted_jobs({"project": "p", "pairs": pairs}, "plan.json")
    pairs[0] = copy.deepcopy(pairs[1])
    with pytest.raises(InsarcastError, match="has a pair twice"):
        wanted_jobs({"project": "p", "pairs": pairs}, "plan.json")
    with pytest.raises(InsarcastError, match="has 101 letters"):
        wanted_jobs({"project": "p" * 101, "pairs": pairs[:1]}, "plan.json")


def test_the_same_job_has_the_same_key() -> None:
    job, other = multi(), multi()
    other["job_parameters"]["reference"] = other["job_parameters"]["reference"][::-1]
    del other["job_parameters"]["looks"]  # the default
    assert key_of(job) == key_of(other)
    assert len({key_of(job) for job in (multi(), multi(looks="10x2"), multi(apply_water_mask=True), burst(), gamma())}) == 5
    # Of two single granules the order is the order of the dates.
    assert key_of(burst()) != key_of(burst(granules(D2)[0], granules(D1)[0]))


NOW = datetime.now(UTC)


def told(job: dict[str, Any], status: str = "SUCCEEDED", days: float = -1, expires: float | None = 10, **parameters: Any) -> Job:
    """A job as the service tells it: defaults filled in, and a parameter of a newer version."""
    return Job(
        job_type=job["job_type"],
        job_id=f"{status} {days} {expires} {sorted(parameters)}",
        request_time=NOW + timedelta(days=days),
        status_code=status,
        user_id="u",
        job_parameters=hyp3_api.DEFAULTS[job["job_type"]] | job["job_parameters"] | {"newer": 1} | parameters,
        expiration_time=None if expires is None else NOW + timedelta(days=expires),
    )


def test_states() -> None:
    assert [state_of(told(multi(), status)) for status in ("PENDING", "RUNNING", "FAILED")] == ["waiting", "waiting", "failed"]
    assert state_of(told(multi(), expires=-1)) == "expired"
    assert state_of(told(multi(), expires=None)) == "ready"


def test_jobs_are_matched_by_what_they_are() -> None:
    want = Wanted("p", multi(), "k")
    assert match([want], [told(multi())])["k"]
    for other in (
        told(multi(looks="10x2")),
        told(multi(reference=granules(D1, BURSTS[:2]), secondary=granules(D2, BURSTS[:2]))),
        told(burst()),
    ):
        assert match([want], [other])["k"] == []
    strange = told(multi())
    strange.job_type = "RTC_GAMMA"
    assert match([want], [strange])["k"] == []


def test_layers_beyond_what_is_asked_do_no_harm_but_missing_ones_do() -> None:
    asked = gamma(include_dem=True, phase_filter_parameter=0.6)
    want = Wanted("p", asked, "k")
    more, less = told(asked, include_inc_map=True), told(asked, include_dem=False)
    assert match([want], [more, less])["k"] == [more]
    exact = told(asked, days=-5)
    assert match([want], [more, exact])["k"] == [exact, more]  # what fits exactly first, though older
    assert match([want], [told(asked, phase_filter_parameter=0.8)])["k"] == []


def test_the_best_of_several() -> None:
    want = Wanted("p", multi(), "k")
    jobs = [
        told(multi(), "FAILED", -1), told(multi(), days=-2, expires=-1), told(multi(), "RUNNING", -3), told(multi(), days=-5),
        told(multi(), days=-4),
    ]  # fmt: skip
    assert [job.request_time for job in match([want], jobs)["k"]] == [NOW - timedelta(days=n) for n in (4, 5, 3, 1, 2)]


PRICED = [
    (multi(), 1), (multi(looks="10x2"), 1), (multi(looks="5x1"), 10), (burst(looks="5x1"), 1), (gamma(), 10), (gamma(looks="10x2"), 15),
    (multi(reference=granules(D1, MANY[:5]), secondary=granules(D2, MANY[:5])), 5),
    (multi(reference=granules(D1, MANY[:15]), secondary=granules(D2, MANY[:15]), looks="5x1"), 110),
    ({"job_type": "ARIA_S1_GUNW", "job_parameters": {}}, None),
]  # fmt: skip


@pytest.mark.parametrize("down", [False, True])
def test_prices_asked_and_built_in_are_the_same(down: bool) -> None:
    with Hyp3() as stand, service_session(WebSettings(attempts=1)) as session:
        stand.down = 9 * down
        prices = job_costs(stand.base, session)
    assert prices.source == ("built-in" if down else "asked")
    assert bool(prices.note) == down
    assert [prices.of(job) for job, _ in PRICED] == [cost for _, cost in PRICED]


OLDER = [
    {"job_type": "INSAR_GAMMA", "cost_parameter": "looks", "cost_table": [{"parameter_value": "20x4", "cost": 7.0}]},
    {"job_type": "INSAR_ISCE_BURST", "cost": 2},
]
LISTED = [
    {"job_type": "INSAR_GAMMA", "cost_parameters": ["looks"], "cost_table": {"20x4": 7}},
    {"job_type": "INSAR_ISCE_BURST", "cost": 2},
]


@pytest.mark.parametrize("table", [OLDER, LISTED])
def test_prices_in_older_shapes(table: list[dict[str, Any]]) -> None:
    with Hyp3() as stand:
        stand.faults["/costs"] = [Answer.of_json(table)]
        prices = job_costs(stand.base + "/", requests.Session())
    assert prices.source == "asked"
    assert (prices.of(gamma()), prices.of(gamma(looks="10x2")), prices.of(burst()), prices.of(multi())) == (7, None, 2, None)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'[{"job_type": "X"}]', b"<html></html>", b'[{"cost": 1}]', b"3"])
def test_prices_that_cannot_be_read(body: bytes) -> None:
    with Hyp3() as stand:
        stand.faults["/costs"] = [Answer(200, body, {"Content-Type": "application/json"})]
        prices = job_costs(stand.base, requests.Session())
    assert prices.source == "built-in"
    assert prices.of(multi()) == 1
    assert str(Path("costs")) in prices.note
