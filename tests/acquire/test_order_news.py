"""What is told of jobs that are waited for: the log hears of every change, the screen every few minutes, changed or not."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from insarcast.acquire.order.delivery.watch import _News
from insarcast.acquire.web.teller import Teller


def test_the_screen_hears_of_jobs_every_few_minutes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    said: list[tuple[float, str]] = []
    news = _News("basin", Teller(lambda text: said.append((now[0] - 1000, text))))
    jobs: dict[str, Any] = {key: SimpleNamespace(status_code="RUNNING") for key in "abcd"}
    states, results = dict.fromkeys("abcd", "waiting"), dict[str, str]()
    for _ in range(60):  # an hour, asked once a minute; nothing changes
        news.tell(states, results, jobs)
        now[0] += 60
    assert said[0] == (0, "basin: 0 of 4 jobs are done after 0:00:00 (4 running, 0 unpacked)")
    assert [when for when, _ in said][:3] == [0, 180, 360]
    assert 10 < len(said) < 20
    assert capsys.readouterr().err == "after 0:00:00: 4 running, 0 unpacked\n"
    del states["a"], states["b"]
    states["c"], results["a"], results["b"] = "ready", "", "its job failed"
    now[0] += 3600
    news.tell(states, results, jobs)
    assert said[-1][1] == "basin: 3 of 4 jobs are done after 2:00:00 (1 running, 1 ready, 1 unpacked, 1 not to be had)"
    assert capsys.readouterr().err == "after 2:00:00: 1 running, 1 ready, 1 unpacked, 1 not to be had\n"
