"""What a person is told while files are fetched and services are waited for: in the log, on a terminal, and on the screen beside a log."""

from __future__ import annotations

import fcntl
import io
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from threading import Event

import pytest
from standins.loopback import Stand

from insarcast.acquire.web import teller
from insarcast.acquire.web.download import fetch_all
from insarcast.acquire.web.part import Halted, claimed, part_of
from insarcast.acquire.web.progress import Progress
from insarcast.acquire.web.remote import Remote
from insarcast.acquire.web.session import service_session
from insarcast.acquire.web.settings import WebSettings
from insarcast.acquire.web.teller import Teller, span
from insarcast.core import InsarcastError

DOWNLOADS = {"at_once": 2, "attempts": 3, "timeout": 5, "longest_wait": 0.01, "spare_gb": 0}


class Clock:
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(time, "monotonic", found)
    return found


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Stand({"/a": b"a" * 1000, "/b": b"b" * 1000, "/jobs": b"[1]"}) as server:
        yield server


def test_beside_a_log_a_line_comes_ever_more_rarely(clock: Clock) -> None:
    """Half a day: at most one in ten seconds, at least one in five minutes, and the last."""
    said: list[tuple[float, str]] = []
    told = Teller(lambda text: said.append((clock.now, text)))
    progress = Progress("the order", {"a": 300_000_000_000}, teller=told)
    while clock.now < 100 + 12 * 3600:
        clock.now += 1
        progress.add("a", 6_000_000)
        progress.tick()
    times = [when for when, _ in said]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert times[0] == 110
    assert sorted(gaps) == gaps
    assert (gaps[0], gaps[-1]) == (10, 300)
    assert len(said) < 250
    assert said[0][1] == "the order: fetched 0 of 1 files, 0.06 GB of 300.00 GB, 6.0 MB/s, 13.9 h left".replace(
        "0.06 GB", "60.0 MB"
    )
    progress.done("a")
    progress.end()
    assert said[-1][1] == "the order: fetched 1 of 1 files, 259.20 GB, 6.0 MB/s"


def test_the_files_of_one_job_share_the_rhythm(clock: Clock) -> None:
    said: list[str] = []
    told = Teller(said.append)
    for _ in range(100):
        progress = Progress("the order", {"a": 1000}, teller=told)
        for _ in range(60):
            clock.now += 1
            progress.tick()
    assert 20 < len(said) < 70


def test_a_short_download_is_one_line_and_none_where_nothing_came(clock: Clock) -> None:
    said: list[str] = []
    told = Teller(said.append)
    clock.now += 1000  # of something else
    progress = Progress("the order", {"a": 1000}, teller=told)
    progress.tick()
    progress.end()
    assert said == []
    progress.add("a", 1000)
    clock.now += 4
    progress.tick()
    progress.done("a")
    progress.end()
    assert said == ["the order: fetched 1 of 1 files, 0.0 MB, 0.0 MB/s"]


def test_silence_is_said(clock: Clock) -> None:
    said: list[str] = []
    progress = Progress("the order", {"a": 8_000_000, "b": None}, teller=Teller(said.append))
    progress.add("a", 2_000_000)
    progress.elsewhere("b", True)
    clock.now += 40
    progress.tick()
    assert said == [
        "the order: fetched 0 of 2 files, 2.0 MB of about 16.0 MB, 0.1 MB/s, nothing came for 40 s, 1 waited for that another run fetches"
    ]
    progress.add("a", 2_000_000)
    progress.elsewhere("b", False)
    clock.now += 10
    progress.tick()
    assert said[1] == "the order: fetched 0 of 2 files, 4.0 MB of about 16.0 MB, 0.1 MB/s, 2 min left"


def test_a_part_that_another_process_holds_is_said(tmp_path: Path) -> None:
    with open(part_of(tmp_path / "a"), "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        halt = Event()
        with pytest.raises(Halted), claimed(tmp_path / "a", halt, halt.set):
            raise AssertionError
    assert halt.is_set()


def test_long_waits_are_said_and_of_lasting_trouble_ever_more_rarely(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    told = Teller(said.append)
    url = "https://me:pw@portal.example:8/x?sig=abcdefgh"
    told.wait(url, "the server answered 503", 2, clock.now)
    assert said == []  # a short pause after a first failure
    told.wait(url, "Authorization: Bearer abcdefgh", 120, clock.now)
    assert said == ["portal.example:8: Authorization: Bearer ***; asked again in 2 min"]
    told.wait(url, "the server answered 503", 120, clock.now)  # what the other threads met
    assert len(said) == 1
    told.wait("https://other.example/x", "the connection broke", 0.5, clock.now - 60)
    assert said[1:] == ["other.example: the connection broke; asked again now"]
    assert capsys.readouterr().err == "".join(f"{line}\n" for line in said)  # in the log too
    for _ in range(2 * 60):  # two hours of a minute's pauses
        clock.now += 60
        told.wait(url, "the server answered 503", 60, clock.now)
    assert 30 < len(said) < 60
    said.clear()
    clock.now += 3600
    told.wait(url, "the server answered 503", 60, clock.now)  # another trouble
    assert len(said) == 1


def test_waits_of_downloads_and_services_reach_the_screen(stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teller, "_LONG", 0.0)
    said: list[str] = []
    stand.faults = {"/a": ["503html"], "/jobs": ["429"]}
    files = {name: Remote(f"{stand.base}/{name}") for name in "ab"}
    fetch_all(files, tmp_path, WebSettings.of(DOWNLOADS, said.append), what="the order")
    assert said == [
        f"{stand.netloc}: the server answered 503; asked again now",
        said[-1],
    ]
    assert said[-1].startswith("the order: fetched 2 of 2 files, 0.0 MB, ")
    said.clear()
    with service_session(WebSettings.of(DOWNLOADS, said.append)) as session:
        session.get(f"{stand.base}/jobs?start_token=abcdefgh")
    assert said == [f"{stand.netloc}: the server answered 429: made to fail with 429; asked again now"]


def test_what_fails_without_a_byte_leaves_the_last_word_to_the_error(stand: Stand, tmp_path: Path) -> None:
    said: list[str] = []
    stand.faults = {"/a": ["404"]}
    with pytest.raises(InsarcastError, match="is not there"):
        fetch_all({"a": Remote(f"{stand.base}/a")}, tmp_path, WebSettings.of(DOWNLOADS, said.append))
    assert said == []
    fetch_all({"a": Remote(f"{stand.base}/a")}, tmp_path, WebSettings.of(DOWNLOADS, said.append))
    fetch_all({"a": Remote(f"{stand.base}/a")}, tmp_path, WebSettings.of(DOWNLOADS, said.append))  # it is there
    assert len(said) == 1


@pytest.mark.parametrize(("seconds", "words"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5000, "83 min"), (5400, "1.5 h")])
def test_spans_in_words(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_the_log_has_a_line_from_time_to_time(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    progress = Progress("the order", {"a": 4_000_000, "b": None, "c": None}, held=2)
    progress.at("a", 0, 4_000_000)
    progress.add("a", 1_000_000)
    clock.now += 5
    progress.tick()
    assert capsys.readouterr().err == ""
    clock.now += 5
    progress.tick()
    assert capsys.readouterr().err == "the order: fetched 2 of 5 files, 1.0 MB of about 12.0 MB, 0.1 MB/s, 2 min left\n"
    progress.add("a", 3_000_000)
    progress.done("a")
    progress.done("b", skipped=True)
    progress.done("c")
    progress.end()
    assert capsys.readouterr().err == "the order: fetched 4 of 5 files (1 left out), 4.0 MB, 0.4 MB/s\n"


def test_a_terminal_has_one_line_that_changes(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", said := Terminal())
    progress = Progress("the order", {"a": 2_000_000_000})
    for _ in range(3):
        progress.add("a", 500_000_000)
        clock.now += 1
        progress.tick()
    lines = said.getvalue()
    assert "\n" not in lines
    assert lines.count("\r") == 3
    assert lines.endswith("\rthe order: fetched 0 of 1 files, 1.50 GB of 2.00 GB, 500.0 MB/s, 1 s left\x1b[K")
    progress.done("a")
    Teller().say("a word in between")
    progress.end()
    assert said.getvalue().endswith("\ra word in between\x1b[K\n\rthe order: fetched 1 of 1 files, 1.50 GB, 500.0 MB/s\x1b[K\n")
