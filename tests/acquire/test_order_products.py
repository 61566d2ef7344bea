"""Orders at a stand-in of HyP3: nothing is ordered, paid or fetched twice, whatever fails on the way, and the token is nowhere."""

from __future__ import annotations

import errno
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from standins.desk import BURSTS, DAYS, Desk, pairs_of, write_plan
from standins.hyp3_api import MOST_JOBS, REFUSALS, Hyp3, granules, pair_of, scene_of, zipped
from standins.loopback import Answer

from insarcast.acquire import acquire_products, is_shown, note_plan, order_state
from insarcast.acquire.fetched import read_fetched
from insarcast.acquire.order.service import send
from insarcast.acquire.order.service.jobs import read_plan
from insarcast.acquire.order.service.journal import bought, read_journal
from insarcast.core import Study, read_manifest

pytestmark = pytest.mark.usefixtures("quick")


def test_an_order_is_paid_once_and_fetched_once(desk: Desk) -> None:
    record = desk.order()
    pairs = ["_".join(pair) for pair in pairs_of(DAYS[:4])]
    assert record["pairs"] == pairs
    assert record["skipped"] == []
    assert record["folder"] == str(desk.products)
    assert sorted(record["products"]) == desk.names()
    assert record["credits"][0] == (
        "ASF DAAC HyP3 2026 using the hyp3_isce2 plugin version 4.0.0 running ISCE2 release 2.6.3. Contains modified Copernicus "
        "Sentinel data 2021, processed by ESA."
    )
    assert "zenodo" in record["credits"][-1]
    assert desk.stand.ordered() == [5]
    assert desk.stand.spent == 5
    assert len(desk.files_asked()) == 5
    assert {job["name"] for job in desk.stand.jobs} == {"basin"}
    before, asked = (desk.folder / "orders.json").read_bytes(), len(desk.stand.seen)
    desk.order()
    assert (desk.folder / "orders.json").read_bytes() == before
    assert len(desk.stand.seen) == asked  # all is in the cache: nobody was asked


def test_without_the_cache_jobs_are_found_again_by_name(desk: Desk) -> None:
    first = desk.order()
    for path in desk.products.rglob("*"):
        if path.is_file():
            path.unlink()
    assert desk.order() == first
    assert desk.stand.ordered() == [5]
    assert len(desk.files_asked()) == 10


def test_a_month_more_orders_only_what_is_new(desk: Desk) -> None:
    desk.order()
    desk.order(write_plan(desk.plan, DAYS))
    assert desk.stand.ordered() == [5, 2]
    assert desk.stand.spent == 7
    assert len(desk.files_asked()) == 7


@pytest.mark.parametrize("kind", ["INSAR_GAMMA", "INSAR_ISCE_BURST", "INSAR_ISCE_MULTI_BURST"])
def test_every_kind_of_job_becomes_a_manifest(tmp_path: Path, kind: str) -> None:
    """What each job delivers, in its own names and files, is found by the reader of HyP3's products."""
    with Hyp3(scene_of("2021-01-09", 4)) as stand:
        desk = Desk(tmp_path, stand)
        desk.order(write_plan(desk.plan, DAYS[:4], kind))
    study = tmp_path / "study.yaml"
    study.write_text("cubes: {A: {source: hyp3, area: [10, 20, 11, 21]}}")
    products, gnss = (Study(study).get(key, "A") for key in ("products", "gnss"))
    # A product of an earlier order, of the same pair, lies in the same folder and is not this cube's.
    other = desk.products / f"S1_136231_IW2_{DAYS[0]}_{DAYS[1]}_VV_INT80_0000"
    other.mkdir()
    manifest = tmp_path / "manifest.json"
    acquire_products(manifest, "hyp3", products, gnss, None, "originals", str(desk.cache), fetched=[tmp_path / "orders.json"])
    found = read_manifest(manifest)
    assert found.dates == DAYS[:4]
    assert len(found.pairs) == 5
    assert found.skipped == []
    several = kind == "INSAR_ISCE_MULTI_BURST"  # those bring a water mask only where the order asks for it
    assert sorted(found.static) == ["dem", "lv_phi", "lv_theta", *([] if several else ["water"])]
    assert all(pair.baseline is not None for pair in found.pairs)
    assert any("HyP3" in line for line in found.credits)


def test_an_answer_that_is_lost_is_looked_up(desk: Desk) -> None:
    """The order was taken, the connection broke: the jobs are found and not sent again."""
    desk.stand.faults["POST /jobs"] = ["truncate"]
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.ordered() == [5]
    assert desk.stand.spent == 5


@pytest.mark.parametrize("fault", ["truncate", "cut"])
def test_a_list_that_lags_behind_orders_does_not_pay_twice(desk: Desk, fault: str) -> None:
    desk.stand.faults["POST /jobs"] = [fault]
    desk.stand.lag = 4
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.spent == 5


@pytest.mark.parametrize(
    "fault", ["reset", "503html", "429", "500", Answer(200, b"{ no json", {"Content-Type": "application/json"})]
)
def test_an_order_that_was_not_taken_is_sent_again(desk: Desk, fault: Any) -> None:
    desk.stand.faults["POST /jobs"] = [fault]
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.ordered() == [5, 5]
    assert desk.stand.spent == 5
    assert len(desk.stand.jobs) == 5


def test_an_order_of_which_a_part_was_stored_says_so(desk: Desk) -> None:
    """The service charged all and stored two: what is missing is not sent in the same breath, for it may only be late."""
    desk.stand.partial = 2
    assert "took credits while an order was under way, but does not list its jobs" in desk.sentence()
    assert desk.stand.ordered() == [5]
    # A quarter of an hour later it is clear, and what is missing is ordered.
    journal = desk.products / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    journal.write_text("".join(json.dumps(line | ({"at": line["at"] - 900} if "at" in line else {})) + "\n" for line in lines))
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.ordered() == [5, 3]


def test_jobs_that_the_service_tells_in_other_words_are_paid_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer says which of the sent ones they are, and the journal remembers."""
    prepared = desk.stand._prepared

    def other_words(job: Any) -> dict[str, Any]:
        told = prepared(job)
        return told | {"job_parameters": told["job_parameters"] | {"apply_water_mask": "no"}}

    monkeypatch.setattr(desk.stand, "_prepared", other_words)
    assert len(desk.order()["pairs"]) == 5
    for path in desk.products.rglob("*.tif"):
        path.unlink()
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.ordered() == [5]


def test_a_run_that_is_killed_while_it_orders_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the service took the order and before anything was noted; the list lags."""
    from insarcast.acquire.order.service.client import Service

    send = Service.send

    def die(self: Service, jobs: Any) -> Any:
        send(self, jobs)
        raise KeyboardInterrupt

    monkeypatch.setattr(Service, "send", die)
    desk.stand.lag = 3
    with pytest.raises(KeyboardInterrupt):
        desk.order()
    monkeypatch.setattr(Service, "send", send)
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.ordered() == [5]
    assert desk.stand.spent == 5


@pytest.mark.parametrize("moment", ["unpack", "Courier._place", "Journal.deliver"])
def test_a_run_that_is_killed_while_it_unpacks_fetches_nothing_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Killed between unpacking and the place, before the unpacking, and between the place and the note of it."""
    from insarcast.acquire.order.delivery import courier
    from insarcast.acquire.order.service import journal

    owner: Any = {"unpack": courier, "Courier._place": courier.Courier, "Journal.deliver": journal.Journal}[moment]
    name = moment.rpartition(".")[2]
    real = getattr(owner, name)

    def die(*arguments: Any, **named: Any) -> None:
        if moment == "unpack":
            real(*arguments, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(owner, name, die)
    with pytest.raises(KeyboardInterrupt):
        desk.order()
    monkeypatch.setattr(owner, name, real)
    assert len(desk.order()["pairs"]) == 5
    assert len(desk.names()) == 5
    assert len(desk.files_asked()) == 5
    assert desk.stand.spent == 5


def test_a_broken_line_of_the_journal_says_nothing(desk: Desk) -> None:
    desk.order()
    with open(desk.products / "journal.jsonl", "ab") as file:
        file.write(b'{"did": "delivered", "key": "ab')
    desk.order(write_plan(desk.plan, DAYS))
    assert desk.stand.spent == 7
    asked = len(desk.stand.seen)
    desk.order()
    assert len(desk.stand.seen) == asked


def test_two_runs_at_once_pay_once(desk: Desk) -> None:
    """Two cubes of one project: the second waits while the first orders."""
    desk.stand.polls, desk.stand.lag = 4, 2
    other = Desk.__new__(Desk)
    other.__dict__ |= desk.__dict__ | {"folder": desk.folder / "b"}
    other.folder.mkdir()
    results: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda one=one: results.append(one.order())) for one in (desk, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(result["pairs"]) for result in results] == [5, 5]
    assert desk.stand.spent == 5
    assert len(desk.files_asked()) == 5


def test_jobs_of_any_name_count_where_the_study_says_so(desk: Desk) -> None:
    desk.order()
    plan = write_plan(desk.folder / "other.json", DAYS[:4], project="other")
    desk.order(plan, reuse="any")
    assert desk.stand.spent == 5
    # Without it another project's jobs do not count, nor do other settings.
    desk.order(write_plan(plan, DAYS[:4], project="third"))
    desk.order(write_plan(plan, DAYS[:4], looks="10x2"))
    assert desk.stand.spent == 15


def test_bursts_in_another_order_and_more_layers_are_the_same_job(desk: Desk) -> None:
    desk.order()
    plan = json.loads(desk.plan.read_text())
    for entry in plan["pairs"]:
        for name in ("reference", "secondary"):
            entry["job"]["job_parameters"][name].reverse()
    desk.plan.write_text(json.dumps(plan))
    desk.order()
    assert desk.stand.spent == 5
    write_plan(desk.plan, DAYS[:3], "INSAR_GAMMA", include_wrapped_phase=True)
    desk.order()
    assert desk.stand.spent == 35
    write_plan(desk.plan, DAYS[:3], "INSAR_GAMMA")
    desk.order()
    assert desk.stand.spent == 35


def test_pages_that_are_empty_and_lead_on(desk: Desk) -> None:
    """The service cuts its list into pages before it looks at names, so pages without a job of ours come first."""
    desk.order()
    desk.stand.page = 2
    for _ in range(3):
        desk.order(write_plan(desk.folder / "other.json", DAYS[:4], project="other"))
        desk.stand.jobs[-1]["name"] = "x"
    for path in desk.products.rglob("*.tif"):
        path.unlink()
    asked = len(desk.stand.seen)
    desk.stand.faults["GET /jobs"] = ["empty_next"]
    desk.order()
    assert {job["name"] for job in desk.stand.jobs if job["name"] == "basin"} == {"basin"}
    assert desk.stand.ordered()[0] == 5
    assert len([job for job in desk.stand.jobs if job["name"] == "basin"]) == 5
    assert any("start_token" in request.query for request in desk.stand.seen[asked:])


def test_pages_that_lead_back_to_themselves_end(desk: Desk) -> None:
    desk.stand.faults["GET /jobs"] = ["empty_next"] * 20
    assert "leads from page to page without end" in desk.sentence()
    assert desk.stand.ordered() == []


def test_the_price_is_compared_with_what_may_be_spent(desk: Desk) -> None:
    assert "costs 5 credits, more than hyp3.max_credits, 4;" in desk.sentence(max_credits=4)
    desk.stand.credits = 3.0
    assert "costs 5 credits, but 3 are left on the account" in desk.sentence()
    assert desk.stand.ordered() == []
    desk.stand.credits = None
    desk.order(max_credits=5)
    # What is ordered already costs nothing.
    write_plan(desk.plan, DAYS)
    desk.order(max_credits=2)
    assert desk.stand.spent == 7


def test_only_what_a_dry_run_has_shown_is_bought_without_a_limit(desk: Desk) -> None:
    text = desk.sentence(seen=False)
    assert (
        "Ordering 5 of 5 jobs of project basin costs 5 credits, and 5 pairs for 5 credits have not been shown by a dry run"
        in text
    )
    assert f"(the first: {DAYS[0]}_{DAYS[1]}; all are in {desk.folder / 'pairs.csv'})" in text
    assert "hyp3.max_credits: 5, or a dry run (hyp3.dry_run: true), allows them. Nothing was ordered." in text
    assert desk.screen == []
    desk.order()
    assert desk.screen[0] == "Ordering 5 of 5 jobs of project basin for 5 credits, 1000 are left"
    assert any(line.startswith("basin: ") and " of 5 jobs are done after " in line for line in desk.screen[1:])
    assert any("the jobs of basin: fetched " in line for line in desk.screen[1:])
    # What is bought already needs no consent, nor does an order within a limit.
    write_plan(desk.plan, DAYS)
    desk.order(seen=False, max_credits=2)
    assert desk.stand.ordered() == [5, 2]
    assert len(bought(desk.cache, "basin")) == 7
    shutil.rmtree(desk.cache)
    desk.order(seen=False)
    assert desk.stand.spent == 7
    assert len(bought(desk.cache, "basin")) == 7
    assert sum(line.startswith("Ordering ") for line in desk.screen) == 2


def test_a_note_of_what_was_shown_survives_a_broken_line(desk: Desk) -> None:
    assert not is_shown(desk.cache, desk.plan)
    note_plan(desk.cache, desk.plan)
    assert is_shown(desk.cache, desk.plan)
    notes = desk.products / "shown.jsonl"
    notes.write_bytes(notes.read_bytes().rstrip()[:-5])
    assert not is_shown(desk.cache, desk.plan)
    note_plan(desk.cache, desk.plan)
    assert is_shown(desk.cache, desk.plan)
    write_plan(desk.plan, DAYS)
    assert not is_shown(desk.cache, desk.plan)


@pytest.mark.parametrize("status", ["NOT_STARTED", "PENDING", "REJECTED"])
def test_an_account_without_access_is_told_where_to_ask_for_it(desk: Desk, status: str) -> None:
    desk.stand.credits, desk.stand.status = 0.0, status
    text = desk.sentence()
    assert "https://hyp3-docs.asf.alaska.edu/using/requesting_access/" in text
    assert "renew" not in text
    assert desk.stand.ordered() == []
    # A service that tells the status only when it is asked to take an order: its own words.
    desk.stand.credits = 10.0
    assert REFUSALS[status].rstrip(".") in desk.sentence()
    assert desk.stand.spent == 0


def test_the_table_of_prices_that_was_used_is_named(desk: Desk) -> None:
    """A comparison by prices that may be old is no promise."""
    desk.stand.faults["/costs"] = ["404"] * 3
    text = desk.sentence(max_credits=4)
    assert "costs 5 credits (http" in text
    assert "/costs could not be asked for its prices" in text
    assert "those of its documentation count), more than hyp3.max_credits, 4;" in text
    desk.order(max_credits=5)
    assert "those of its documentation count)" in desk.screen[0]


@pytest.mark.parametrize("status", [301, 302, 307])
def test_an_order_is_not_sent_on(desk: Desk, status: int) -> None:
    """As a GET, which most redirects make of a POST, it would be answered with the list of all jobs."""
    desk.order()
    write_plan(desk.plan, DAYS)
    desk.stand.faults["POST /jobs"] = [Answer(status, b"", {"Location": f"{desk.stand.base}/jobs"})]
    text = desk.sentence()
    assert f"leads to {desk.stand.base}/jobs; an order is not sent on: set hyp3.api" in text
    assert desk.stand.ordered() == [5, 2]
    assert desk.stand.spent == 5
    assert len(desk.order()["pairs"]) == 7
    assert desk.stand.spent == 7


def test_an_answer_in_another_order_or_of_other_jobs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    take = desk.stand._take

    def shuffled(request: Any) -> Answer:
        return Answer.of_json({"jobs": json.loads(take(request).body)["jobs"][::-1]})

    monkeypatch.setattr(desk.stand, "_take", shuffled)
    sent = read_journal(desk.products / "journal.jsonl").sent if desk.order() else {}
    keys = {want.key: want.pair for want in read_plan(desk.plan)[1]}
    told = {job["job_id"]: pair_of(job) for job in desk.stand.jobs}
    assert {keys[key]: told[job_id] for key, job_id in sent.items()} == {pair: pair for pair in keys.values()}
    write_plan(desk.plan, DAYS)
    first = {"jobs": desk.stand.jobs[:2]}
    desk.stand.faults["POST /jobs"] = [Answer.of_json(first)]
    assert "answered an order of 2 jobs with 2, of which 0 are those" in desk.sentence()


@pytest.mark.parametrize("again", [False, True])
def test_an_expired_job_that_fails_when_it_is_ordered_again(desk: Desk, again: bool) -> None:
    """It is paid twice, and a third time only as a failed job that is ordered again, once; then never more."""
    desk.order()
    desk.stand.expire()
    pair = f"{DAYS[0]}_{DAYS[1]}"
    desk.stand.failing = {pair}
    for _ in range(4):
        shutil.rmtree(desk.cache)
        desk.stand.failing = {pair}
        record = desk.order(reorder_expired=True, reorder_failed=again)
        assert pair not in record["pairs"]
        assert "failed at the service" in record["skipped"][0]["reason"]
    assert desk.stand.spent == 10 + again


def test_products_of_another_project_in_the_cache_are_not_fetched_again(desk: Desk) -> None:
    first = desk.order()
    asked = len(desk.stand.seen)
    other = write_plan(desk.folder / "other.json", DAYS[:4], project="renamed")
    record = desk.order(other, reuse="any")
    assert len(desk.stand.seen) == asked
    assert record["products"] == first["products"]
    assert record["folder"] == str(desk.cache / "hyp3" / "renamed")
    for name in first["products"]:
        assert sorted(path.name for path in (desk.cache / "hyp3" / "renamed" / name).iterdir()) == sorted(
            path.name for path in (desk.products / name).iterdir()
        )
    shutil.rmtree(desk.products)  # of its own from now on
    assert order_state(desk.folder / "orders.json") == ""
    assert desk.order(other, reuse="any") == record
    assert len(desk.stand.seen) == asked
    assert len(bought(desk.cache, "renamed")) == 5


def test_a_file_system_without_locks(desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def no_locks(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    assert len(desk.order()["pairs"]) == 5
    assert "has no locks: do not run twice at once there" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"project": "basin"}', '{"project": "basin", "pairs": [{"date1": "x"}]}']
)
def test_a_broken_plan(desk: Desk, content: str) -> None:
    good = desk.plan.read_text()
    desk.plan.write_text(content)
    assert f"{desk.plan} is no plan of an order (it " in desk.sentence()
    assert is_shown(desk.cache, desk.plan)  # there is nothing to show
    desk.plan.write_text(good)
    assert desk.stand.seen == []


def test_a_price_that_nobody_knows(desk: Desk) -> None:
    desk.stand.faults["/costs"] = [Answer.of_json([{"job_type": "RTC_GAMMA", "cost": 1.0}])] * 2
    assert "has no known price" in desk.sentence(max_credits=100)
    assert len(desk.order()["pairs"]) == 5


def test_more_jobs_than_one_request_takes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are sent in parts, after all parts were checked."""
    assert send.AT_ONCE == MOST_JOBS
    monkeypatch.setattr(send, "AT_ONCE", 3)
    desk.stand.most = 3
    write_plan(desk.plan, DAYS)
    assert len(desk.order()["pairs"]) == 7
    assert desk.stand.ordered() == [3, 3, 1]
    assert desk.stand.spent == 7
    posts = [request.json for request in desk.stand.seen if request.method == "POST"]
    assert [bool(post.get("validate_only")) for post in posts] == [True] * 3 + [False] * 3


def test_what_the_service_refuses_is_named(desk: Desk) -> None:
    wrong = granules(DAYS[3], BURSTS)[0]
    desk.stand.unknown = {wrong}
    text = desk.sentence()
    assert f"refused the job of {DAYS[2]}_{DAYS[3]}" in text
    assert f"Some requested scenes could not be found: {wrong}" in text
    assert desk.stand.spent == 0
    assert desk.stand.ordered() == [5]


def test_an_echo_of_the_job_becomes_a_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What our own rules let through and the service's do not: only the job comes back."""
    from standins import hyp3_api

    monkeypatch.setattr(hyp3_api, "valid", lambda job: pair_of(job) != f"{DAYS[1]}_{DAYS[3]}")
    text = desk.sentence()
    assert f"refused the job of {DAYS[1]}_{DAYS[3]}," in text
    assert "schemas" not in text
    assert desk.stand.spent == 0


def test_credits_that_are_spent_meanwhile(desk: Desk) -> None:
    words = "These jobs would cost 5.0 credits, but you have only 1.0 remaining."
    desk.stand.faults["POST /jobs"] = [
        Answer(400, json.dumps({"detail": words}).encode(), {"Content-Type": "application/problem+json"})
    ]
    assert "These jobs would cost 5.0 credits, but you have only 1.0 remaining;" in desk.sentence()


def test_failed_jobs_are_left_out_or_ordered_again_once(desk: Desk) -> None:
    pair = f"{DAYS[0]}_{DAYS[1]}"
    desk.stand.failing = {pair}
    record = desk.order()
    assert pair not in record["pairs"]
    assert [(entry["what"], entry["name"]) for entry in record["skipped"]] == [("pair", pair)]
    assert "its job failed at the service (log: http" in record["skipped"][0]["reason"]
    assert desk.screen[-1].startswith(f"1 of 5 pairs did not come and are left out ({pair}: its job failed at the service")
    assert "hyp3.reorder_failed" in desk.screen[-1]
    assert desk.order() == record
    assert desk.stand.spent == 5
    assert pair not in desk.order(reorder_failed=True)["pairs"]  # fails again
    assert desk.stand.spent == 6
    desk.stand.failing = set()
    assert pair not in desk.order(reorder_failed=True)["pairs"]  # twice is enough
    assert desk.stand.spent == 6


def test_a_failed_job_that_succeeds_the_second_time(desk: Desk) -> None:
    pair = f"{DAYS[0]}_{DAYS[1]}"
    desk.stand.failing = {pair}
    desk.order()
    desk.stand.failing = set()
    assert pair in desk.order(reorder_failed=True)["pairs"]
    assert desk.stand.spent == 6


def test_when_nothing_comes(desk: Desk) -> None:
    desk.stand.failing = {"_".join(pair) for pair in pairs_of(DAYS[:4])}
    assert "None of the 5 pairs of project basin came" in desk.sentence()


def test_expired_products(desk: Desk) -> None:
    first = desk.order()
    desk.stand.expire()
    assert desk.order() == first  # in the cache
    asked = len(desk.stand.seen)
    lost = desk.products / first["products"][0]
    (lost / f"{lost.name}_unw_phase.tif").unlink()
    text = desk.sentence()
    assert (
        f"1 products of project basin have expired at the service and are not in the cache (the first: {DAYS[0]}_{DAYS[1]})"
        in text
    )
    assert "costs 1 credits" in text
    assert [request.path for request in desk.stand.seen[asked:] if request.method == "POST"] == []
    again = desk.order(reorder_expired=True)
    assert again["pairs"] == first["pairs"]
    assert again["products"][1:] == first["products"][1:]
    assert desk.stand.spent == 6
    assert len(desk.files_asked()) == 6


def test_half_a_product_is_fetched_again_and_big_layers_are_not_missed(desk: Desk) -> None:
    first = desk.order()
    place = desk.products / first["products"][1]
    (place / f"{place.name}.README.md.txt").unlink(missing_ok=True)
    asked = len(desk.stand.seen)
    desk.order()
    assert len(desk.stand.seen) == asked
    (place / f"{place.name}_corr.tif").write_bytes(b"cut")
    losses = order_state(desk.folder / "orders.json")
    assert losses
    assert desk.order() == first
    assert len(desk.files_asked()) == 6
    assert (place / f"{place.name}_corr.tif").read_bytes() != b"cut"
    assert order_state(desk.folder / "orders.json") == losses  # the same again: no further run
    for _ in range(2):  # not even where the journal went with the rest, again and again
        shutil.rmtree(desk.cache)
        before, losses = losses, order_state(desk.folder / "orders.json")
        assert losses != before
        assert desk.order() == first
        assert order_state(desk.folder / "orders.json") == losses
    assert desk.stand.spent == 5


def test_of_two_same_jobs_the_newest_that_is_good_counts(desk: Desk) -> None:
    desk.order(poll_seconds=0.01)
    old = [dict(job) for job in desk.stand.jobs]
    for k, job in enumerate(old):  # the same ordered before by hand, expired or not
        when = "2025-01-01T00:00:00+00:00"
        job |= {"job_id": f"00000000-0000-0000-0009-00000000000{k}", "request_time": when}
        job["expiration_time"] = "2025-01-15T00:00:00+00:00" if k % 2 else job["expiration_time"]
    desk.stand.jobs += old
    for path in desk.products.rglob("*.tif"):
        path.unlink()
    desk.order()
    assert desk.stand.spent == 5
    assert {path.split("/")[2] for path in desk.files_asked()[5:]} == {job["job_id"] for job in desk.stand.jobs[:5]}


def test_a_job_that_never_ends(desk: Desk) -> None:
    pair = f"{DAYS[2]}_{DAYS[3]}"
    desk.stand.never = {pair}
    text = desk.sentence(wait_hours=0.3 / 3600)
    assert (
        f"1 of 5 jobs of project basin are not done after 8.33333e-05 h (hyp3.wait_hours; the first: {pair}); run again" in text
    )
    assert len(desk.names()) == 4
    desk.stand.never = set()
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.spent == 5
    assert len(desk.files_asked()) == 5


def test_an_api_that_is_down_for_a_while_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes down while jobs run, for longer than one request's attempts."""
    desk.stand.polls = 3
    take = desk.stand._take
    monkeypatch.setattr(desk.stand, "_take", lambda request: (take(request), setattr(desk.stand, "down", 8))[0])
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.down == 0
    assert desk.stand.spent == 5


@pytest.mark.parametrize("fault", ["401", "403", "login"])
def test_a_refusal_in_the_middle_ends_in_a_sentence_and_goes_on_later(desk: Desk, fault: str) -> None:
    desk.stand.polls = 3
    desk.stand.faults["GET /jobs"] = [Answer.of_json({"jobs": []}), Answer.of_json({"jobs": []}), fault]
    text = desk.sentence()
    assert "run again" in text
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.spent == 5


def test_a_wrong_token(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARTHDATA_TOKEN", "wrong-token-987654321")
    text = desk.sentence()
    assert "wrong-token" not in text
    assert "EARTHDATA_TOKEN" in text
    assert desk.stand.ordered() == []


@pytest.mark.parametrize(
    "fault", ["503html", "429", "reset", "truncate", "cut", "short", "wrongsize", "corrupt", "expired", "login"]
)
def test_a_file_that_comes_wrong_is_had_all_the_same(desk: Desk, fault: str) -> None:
    # A login page ends all transfers of the moment: a second one may meet these or the next, which is then the end of the run.
    desk.stand.faults["/files/.*"] = [fault] if fault == "login" else [fault, fault]
    assert len(desk.order()["pairs"]) == 5
    assert len(desk.names()) == 5
    assert desk.stand.spent == 5


def test_a_link_that_stays_expired(desk: Desk) -> None:
    """The address is asked for once more; then, when all else is there, it is a sentence, for the product is paid."""
    desk.stand.polls = 1
    job_id = desk.stand.job_id
    desk.stand.faults[f"/files/{job_id(2)}/.*"] = ["expired"] * 2
    text = desk.sentence()
    assert f"1 of 5 products of project basin could not be fetched ({DAYS[2]}_{DAYS[3]}: " in text
    assert "is a link that has expired" in text
    assert "signature" not in text.lower()
    assert len(desk.names()) == 4
    assert [request.path for request in desk.stand.seen if request.path.startswith("/jobs/")] == [f"/jobs/{job_id(2)}"]
    assert len(desk.order()["pairs"]) == 5
    assert len(desk.files_asked()) == 7
    assert desk.stand.spent == 5


def test_files_that_cannot_be_reached_end_in_a_sentence(desk: Desk) -> None:
    desk.stand.faults["/files/.*"] = ["login"] * 100
    text = desk.sentence()
    assert "login page" in text
    assert "go on at the service" in text
    assert len(desk.files_asked()) < 30
    desk.stand.faults.clear()
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.spent == 5


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (zipped({"../../evil.tif": b"x"}), "would lie outside the folder"),
        (zipped({"/etc/evil.tif": b"x"}), "would lie outside the folder"),
        (zipped({"S1_136231_IW2_20210109_20210121_VV_INT80_AAAA/readme": b"x"}), "its zip holds S1_136231_IW2"),
    ],
)
def test_a_zip_that_is_not_to_be_trusted_is_left_out(desk: Desk, body: bytes, said: str) -> None:
    pair = f"{DAYS[0]}_{DAYS[1]}"
    desk.stand.zips[pair] = body
    record = desk.order()
    assert pair not in record["pairs"]
    assert [entry["name"] for entry in record["skipped"]] == [pair]
    assert said in record["skipped"][0]["reason"]
    assert not list(desk.folder.rglob("*evil*"))
    assert len(desk.names()) == 4


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("result.zip", "'result.zip', which is no name of an interferogram of HyP3"),
        ("../S1_136231_IW2_20210109_20210121_VV_INT80_AAAA.zip", "which is no name of an interferogram"),
        ("S1_136231_IW2_20210109_20210202_VV_INT80_AAAA.zip", "which is the pair 20210109_20210202"),
        ("S1_136231_IW2_20210109_20210121_VV_INT80_AAAA.nc", "which is no name of an interferogram"),
    ],
)
def test_a_product_that_is_not_the_one_ordered_is_left_out(desk: Desk, name: str, said: str) -> None:
    pair = f"{DAYS[0]}_{DAYS[1]}"
    desk.stand.names[pair] = name
    record = desk.order()
    assert pair not in record["pairs"]
    assert said in record["skipped"][0]["reason"]


def test_a_product_that_lacks_a_file_is_left_out(desk: Desk) -> None:
    pair = f"{DAYS[0]}_{DAYS[1]}"
    name = "S1_064_000000s1n00-136231s2n02-000000s3n00_IW_20210109_20210121_VV_INT80_AAAA"
    desk.stand.names[pair] = f"{name}.zip"
    desk.stand.zips[pair] = zipped({f"{name}/{name}_corr.tif": b"x", f"{name}/{name}.txt": b"x"})
    record = desk.order()
    assert f"{name}_unw_phase.tif" in record["skipped"][0]["reason"]
    assert "corr" not in record["skipped"][0]["reason"]


def test_a_zip_that_is_none(desk: Desk) -> None:
    """Of the size that was promised, twice the same: the file at the service is broken, which another run may find mended."""
    pair = f"{DAYS[0]}_{DAYS[1]}"
    desk.stand.zips[pair] = b"PK no zip at all, but of the size that was promised"
    assert f"1 of 5 products of project basin could not be fetched ({pair}: " in desk.sentence()
    assert len(desk.names()) == 4


def test_archives_are_kept_where_the_study_says_so(desk: Desk) -> None:
    desk.order(keep_archives=True)
    archives = sorted(desk.products.glob(".archives/*/*.zip"))
    assert len(archives) == 5
    assert sorted(path.stem for path in archives) == desk.names()
    assert read_fetched(desk.folder / "orders.json").products
    for path in archives:
        path.unlink()


def test_a_plan_that_the_service_would_refuse_is_not_sent(desk: Desk) -> None:
    plan = json.loads(desk.plan.read_text())
    plan["pairs"][1]["job"]["job_parameters"]["looks"] = "30x6"
    desk.plan.write_text(json.dumps(plan))
    text = desk.sentence()
    assert "1 of 5 jobs of" in text
    assert "looks 30x6 are none of 20x4, 10x2, 5x1" in text
    assert desk.stand.seen == []
