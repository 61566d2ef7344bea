"""Orders that have grown since they were agreed to: what is paid goes on, what is new waits and is listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from standins.desk import DAYS, Desk, job_of, write_plan

from insarcast.acquire import note_plan, order_state

NEW = [f"{DAYS[2]}_{DAYS[4]}", f"{DAYS[3]}_{DAYS[4]}"]


def waiting(record: dict[str, object]) -> dict[str, str]:
    skipped = record["skipped"]
    assert isinstance(skipped, list)
    return {entry["name"]: entry["reason"] for entry in skipped}


def test_new_dates_wait_until_a_dry_run_has_shown_them(desk: Desk) -> None:
    first = desk.order()
    out = desk.folder / "orders.json"
    before = order_state(out)
    record = desk.order(write_plan(desk.plan, DAYS), seen=False)
    assert record["pairs"] == first["pairs"]
    assert record["products"] == first["products"]
    assert sorted(waiting(record)) == NEW
    assert set(waiting(record).values()) == {
        "it awaits consent: it is new since the last dry run, and a dry run (hyp3.dry_run) or hyp3.max_credits allows it"
    }
    said = desk.screen[-1]
    assert said.startswith("Ordering 2 of 7 jobs of project basin costs 2 credits,")
    assert "costs 2 credits, and 2 pairs for 2 credits are new since the last dry run" in said
    assert f"all are in {desk.folder / 'pairs.csv'})" in said
    assert said.endswith("Nothing was ordered. Going on with the 5 pairs that are paid; the report lists those that wait.")
    assert desk.stand.ordered() == [5]
    # Nobody has agreed yet: there is no reason to run again. Then there is, once, and only once.
    assert order_state(out) == before
    note_plan(desk.cache, desk.plan)
    agreed = order_state(out)
    assert agreed != before
    grown = desk.order(seen=False)
    assert len(grown["pairs"]) == 7
    assert grown["waiting"] is None
    assert desk.stand.ordered() == [5, 2]
    assert order_state(out) == agreed


def test_new_dates_wait_until_the_limit_allows_them(desk: Desk) -> None:
    desk.order(max_credits=5)
    write_plan(desk.plan, DAYS)
    out = desk.folder / "orders.json"
    record = desk.order(seen=False, max_credits=1)
    assert set(waiting(record).values()) == {
        "it awaits consent: the order that it is in costs 2 credits, more than hyp3.max_credits"
    }
    assert "more than hyp3.max_credits, 1;" in desk.screen[-1]
    assert order_state(out, 1.5) == order_state(out) == ""
    assert order_state(out, 2).startswith("agreed since")
    assert len(desk.order(seen=False, max_credits=2)["pairs"]) == 7
    assert desk.stand.spent == 7


def test_new_dates_that_the_account_cannot_pay_wait(desk: Desk) -> None:
    desk.order()
    desk.stand.credits = 1.0
    record = desk.order(write_plan(desk.plan, DAYS))
    assert sorted(waiting(record)) == NEW
    assert "--forcerun order_products tries again" in waiting(record)[NEW[0]]
    # It is agreed to, but whether the account has more now is not known while the workflow is planned.
    assert order_state(desk.folder / "orders.json") == ""
    desk.stand.credits = 10.0
    assert len(desk.order()["pairs"]) == 7


def test_what_is_paid_is_fetched_while_the_rest_waits(desk: Desk) -> None:
    """The cache was deleted since: jobs are found at the service, and fetched again."""
    desk.order()
    for path in desk.products.rglob("*.tif"):
        path.unlink()
    (desk.products / "shown.jsonl").unlink()
    record = desk.order(write_plan(desk.plan, DAYS), seen=False)
    assert len(record["pairs"]) == 5
    assert sorted(waiting(record)) == NEW
    assert desk.stand.spent == 5
    assert len(desk.files_asked()) == 10


def test_more_pairs_of_dates_that_are_paid_stop(desk: Desk) -> None:
    """Then it is the study that has changed, and half of what it asks for is no answer."""
    desk.order()
    plan = json.loads(desk.plan.read_text())
    plan["pairs"].append({"date1": DAYS[0], "date2": DAYS[3], "job": job_of(DAYS[0], DAYS[3]), "credits": 1})
    desk.plan.write_text(json.dumps(plan))
    assert "1 pairs for 1 credits are new since the last dry run" in desk.sentence(seen=False)
    assert "more than hyp3.max_credits, 0;" in desk.sentence(seen=False, max_credits=0)


def test_a_first_order_stops(desk: Desk) -> None:
    assert "5 pairs for 5 credits have not been shown" in desk.sentence(seen=False)
    assert desk.screen == []


def test_a_first_order_stops_also_where_another_project_has_paid_a_part(desk: Desk) -> None:
    """Else a study that nobody agreed to would go on with a fragment, now or when it is run again."""
    desk.order(write_plan(desk.folder / "other.json", DAYS[:3], project="other"))
    write_plan(desk.plan, DAYS)
    for _ in range(2):
        said = desk.sentence(seen=False, reuse="any")
        assert "Ordering 4 of 7 jobs of project basin costs 4 credits, and 4 pairs for 4 credits have not been shown" in said
    assert desk.stand.spent == 3
    # Once it is agreed to, it is the project's own, and what is new later waits.
    write_plan(desk.plan, DAYS[:3])
    assert len(desk.order(seen=False, reuse="any")["pairs"]) == 3
    assert desk.stand.spent == 3
    write_plan(desk.plan, DAYS[:4])
    assert len(desk.order(seen=False, reuse="any")["skipped"]) == 2


def test_dates_of_jobs_that_failed_are_still_new(desk: Desk) -> None:
    desk.order()
    desk.stand.failing = set(NEW)
    assert len(desk.order(write_plan(desk.plan, DAYS))["pairs"]) == 5
    plan = json.loads(desk.plan.read_text())
    plan["pairs"].append({"date1": DAYS[1], "date2": DAYS[4], "job": job_of(DAYS[1], DAYS[4]), "credits": 1})
    desk.plan.write_text(json.dumps(plan))
    assert "it is new since" in waiting(desk.order(seen=False))[f"{DAYS[1]}_{DAYS[4]}"]


def test_a_record_of_an_older_version_is_made_again(tmp_path: Path) -> None:
    out = tmp_path / "orders.json"
    assert order_state(out) == ""
    out.write_text(json.dumps({"folder": str(tmp_path), "pairs": [], "what": "is this"}))
    assert order_state(out) == "another version"


@pytest.mark.parametrize("credits", [None, 3.0])
def test_a_price_that_nobody_knows_is_no_consent(tmp_path: Path, credits: float | None) -> None:
    out = tmp_path / "orders.json"
    waits = {"keys": ["a"], "credits": credits, "consent": True}
    out.write_text(json.dumps({"folder": str(tmp_path / "hyp3" / "p"), "pairs": [], "waiting": waits}))
    assert bool(order_state(out, 10.0)) == (credits is not None)
    assert order_state(out) == ""
