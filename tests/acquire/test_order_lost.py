"""Orders whose answer is lost: looked for before anything is sent again, in the same run and in every later one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from standins.desk import DAYS, Desk, write_plan

from insarcast.acquire.order.service import doubts
from insarcast.acquire.order.service.client import Service
from insarcast.acquire.order.service.journal import read_journal


@pytest.mark.parametrize("credits", [1000.0, None])
def test_an_order_that_is_taken_after_the_gateway_gave_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, credits: float | None
) -> None:
    """HyP3's gateway answers 504 while the service goes on with the order."""
    monkeypatch.setattr(doubts, "LOOKS", (0.0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2))
    desk.stand.credits, desk.stand.late_orders = credits, 0.5
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.ordered() == [5]
    assert desk.stand.spent == 5
    assert desk.screen[1].startswith("The order got no clear answer (the server answered 504")


def test_without_a_charge_to_go_by_it_is_looked_for_until_nothing_can_be_taken_any_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account without limit: the first looks find nothing, and the order is taken only then."""
    monkeypatch.setattr(doubts, "SETTLED_AFTER", 60.0)
    monkeypatch.setattr(doubts, "LOOKS", (0.0, 0.01, 0.01, 0.05))
    desk.stand.credits, desk.stand.late_orders = None, 1.0
    assert len(desk.order()["pairs"]) == 5
    assert desk.stand.ordered() == [5]
    assert "No charge tells whether the order was taken; looking until 1 minutes after it was sent" in desk.screen


@pytest.mark.parametrize("renewed", [False, True])
def test_it_is_sent_again_once_it_is_clear_that_it_was_not_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, renewed: bool
) -> None:
    """Without a limit, and where the month's credits came meanwhile, which hides a charge."""
    monkeypatch.setattr(doubts, "SETTLED_AFTER", 1.0)
    desk.stand.credits = 10.0 if renewed else None
    credits = Service.credits
    asked: list[float | None] = []

    def renewing(self: Service) -> float | None:
        asked.append(credits(self))
        desk.stand.credits = 1000.0 if renewed else None
        return asked[-1]

    monkeypatch.setattr(Service, "credits", renewing)
    desk.stand.faults["POST /jobs"] = ["504"]
    began = time.monotonic()
    assert len(desk.order()["pairs"]) == 5
    assert time.monotonic() - began > 1.0
    assert desk.stand.ordered() == [5, 5]
    assert desk.stand.spent == 5


def test_a_later_run_looks_for_an_order_without_an_answer_before_it_sends_it_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run was killed after it had sent; the mark in the journal outlives it, and the order is taken while the next one looks."""
    monkeypatch.setattr(doubts, "SETTLED_AFTER", 60.0)
    monkeypatch.setattr(doubts, "LOOKS", (0.0, 0.01, 0.01, 0.05))
    send, sent = Service.send, list[Callable[[], object]]()

    def die(self: Service, jobs: Sequence[Mapping[str, Any]]) -> None:
        sent.append(lambda: send(self, jobs))
        raise KeyboardInterrupt

    monkeypatch.setattr(Service, "send", die)
    desk.stand.credits = None
    write_plan(desk.plan, DAYS[:3])
    with pytest.raises(KeyboardInterrupt):
        desk.order()
    journal = desk.products / "journal.jsonl"
    assert len(read_journal(journal).doubts) == 3
    monkeypatch.setattr(Service, "send", send)
    # Another plan in between does not clear the mark of jobs that it has not.
    desk.order(write_plan(desk.folder / "other.json", DAYS[2:]))
    assert len(read_journal(journal).doubts) == 3
    threading.Timer(0.5, sent[0]).start()
    assert len(desk.order()["pairs"]) == 3
    assert "An earlier run was ended while it ordered; looking whether its order was taken" in desk.screen
    assert desk.stand.ordered() == [3, 3]
    assert desk.stand.spent == 6
    assert read_journal(journal).doubts == {}


def test_a_failed_job_is_no_answer_to_its_second_order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It failed a moment ago, and the run was killed while it ordered it again: its number was known before."""
    monkeypatch.setattr(doubts, "LOOKS", (0.0, 0.01, 0.01, 0.01, 0.01))
    desk.stand.failing = {f"{DAYS[0]}_{DAYS[1]}"}
    assert len(desk.order()["pairs"]) == 4
    desk.stand.failing, desk.stand.lag = set(), 3
    killed_after_sending(monkeypatch, lambda: desk.order(reorder_failed=True))
    assert len(desk.order(reorder_failed=True)["pairs"]) == 5
    assert desk.stand.ordered() == [5, 1]
    assert desk.stand.spent == 6


def test_an_order_of_another_project_without_an_answer_is_looked_for_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where jobs of any name count, two studies of one cache pay once, whichever of them was killed while it ordered."""
    monkeypatch.setattr(doubts, "LOOKS", (0.0, 0.01, 0.01, 0.01, 0.01))
    other = write_plan(desk.folder / "other.json", DAYS[:4], project="other")
    desk.stand.lag = 3
    killed_after_sending(monkeypatch, lambda: desk.order(other, reuse="any"))
    assert len(desk.order(reuse="any")["pairs"]) == 5
    assert "An earlier run was ended while it ordered; looking whether its order was taken" in desk.screen
    assert len(desk.order(other, reuse="any")["pairs"]) == 5
    assert desk.stand.ordered() == [5]
    assert desk.stand.spent == 5
    # A study that counts only its own jobs orders its own.
    desk.order(write_plan(desk.folder / "third.json", DAYS[:3], project="third"))
    assert desk.stand.spent == 8


def test_a_job_that_another_project_sent_and_no_list_shows_yet(desk: Desk) -> None:
    other = write_plan(desk.folder / "other.json", DAYS[:4], project="other")
    desk.stand.polls = 10**6
    desk.sentence(plan=other, wait_hours=0)
    desk.stand.polls, desk.stand.lag = 2, 3
    desk.stand._hidden |= {job["job_id"]: 2 for job in desk.stand.jobs}
    assert len(desk.order(reuse="any")["pairs"]) == 5
    assert desk.stand.ordered() == [5]


def killed_after_sending(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> None:
    """A run that ends between the request that the service took and its answer."""
    with monkeypatch.context() as patch:
        send = Service.send

        def die(self: Service, jobs: Sequence[Mapping[str, Any]]) -> None:
            send(self, jobs)
            raise KeyboardInterrupt

        patch.setattr(Service, "send", die)
        with pytest.raises(KeyboardInterrupt):
            run()
