"""Fetching files from a loopback server that misbehaves on purpose: nothing lost, nothing half-written, no file twice."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import random
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from threading import Barrier, Event, Lock
from typing import Any

import numpy as np
import pytest
import rasterio
from standins.loopback import Answer, Request, Stand, count
from standins.patience import PATIENT, Patience

from insarcast.acquire.web import crew, retry
from insarcast.acquire.web import part as parts
from insarcast.acquire.web.download import fetch_all
from insarcast.acquire.web.errors import Broken, NotThere, Refused, ServiceError
from insarcast.acquire.web.part import Note
from insarcast.acquire.web.pauses import Pauses
from insarcast.acquire.web.remote import Kind, Remote
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import InsarcastError

SETTINGS = WebSettings(at_once=3, attempts=4, timeout=PATIENT, longest_wait=0.01, spare_gb=0)
HERE = "/files/a.zip"


def make_zip(size: int = 200_000) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("product/unw.tif", random.Random(size).randbytes(size))
        archive.writestr("product/readme.txt", "words " * 999)
    return buffer.getvalue()


def make_tiff(tmp_path: Path, seed: int = 0) -> bytes:
    path = tmp_path / "made.tif"
    values = np.random.default_rng(seed).normal(size=(1, 200, 150)).astype("float32")
    with rasterio.open(
        path, "w", "GTiff", 150, 200, 1, dtype="float32", compress="deflate", transform=rasterio.Affine(0.1, 0, 7, 0, -0.1, 50)
    ) as image:
        image.write(values)
    body = path.read_bytes()
    path.unlink()
    return body


ZIP = make_zip()


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Stand({HERE: ZIP}) as server:
        yield server


def held(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fetch(stand: Stand, folder: Path, kind: Kind = "zip", settings: WebSettings = SETTINGS, **known: Any) -> Any:
    return fetch_all({"a.zip": Remote(stand.base + HERE, kind=kind, **known)}, folder, settings, what="the order")


# fault -> requests and bytes for a zip of which nothing was known before; half is what had to come twice
HALF, ONE = len(ZIP) // 2, len(ZIP)


@pytest.mark.parametrize(
    ("faults", "requests", "received"),
    [
        ([], 1, ONE),
        (["429", "503", "408", "425"][:3], 4, ONE),
        (["500", "502", "503html"], 4, ONE),
        (["reset", "reset"], 3, ONE),
        (["truncate"], 2, ONE),
        (["cut", "cut", "cut", "cut", "cut", "cut"], 7, ONE),  # each brought bytes: not counted as attempts
        (["stall"], 2, ONE),
        (["slow"], 1, ONE),
        (["nolength"], 1, ONE),
        (["short"], 3, ONE),  # one request more asks whether that was all
        (["wrongsize"], 2, ONE + ONE * 2 // 3),
        (["corrupt"], 2, 2 * ONE),
        (["cut", "whole"], 2, HALF + ONE),
        (["cut", "badrange"], 2, ONE),
        (["cut", "500", "reset", "stall", "cut"], 6, ONE),
    ],
)
def test_what_passes_is_tried_again(tmp_path: Path, stand: Stand, faults: list[Any], requests: int, received: int) -> None:
    stand.faults = {HERE: list(faults)}
    report = fetch(stand, tmp_path / "into", settings=Patience(stand, attempts=4, longest_wait=0.01, spare_gb=0))
    assert held(tmp_path / "into") == {"a.zip": ZIP}
    assert (len(stand.seen), report.received) == (requests, received)
    assert (report.fetched, report.held, report.skipped) == (["a.zip"], [], {})
    stand.seen.clear()
    assert fetch(stand, tmp_path / "into").held == ["a.zip"]
    assert not stand.seen


@pytest.mark.parametrize("fault", ["429", "500", "503html", "reset"])
def test_attempts_come_to_an_end(tmp_path: Path, stand: Stand, fault: str) -> None:
    stand.faults = {HERE: ["cut"] + [fault] * 9}
    with pytest.raises(
        ServiceError, match=r"/files/a.zip could not be fetched in 4 attempts \(.+\); check the network and run again"
    ):
        fetch(stand, tmp_path / "into")
    assert len(stand.seen) == 1 + 4
    assert sorted(held(tmp_path / "into")) == ["a.zip.part", "a.zip.part.json"]
    stand.faults.clear()
    assert fetch(stand, tmp_path / "into").received == len(ZIP) - HALF
    assert held(tmp_path / "into") == {"a.zip": ZIP}


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        ("401", Refused, "the server answered 401: made to fail with 401.: it wants credentials, and none were sent"),
        ("403", Refused, "the server answered 403"),
        ("404", NotThere, "is not there .the server answered 404"),
        ("410", NotThere, "is not there .the server answered 410"),
        ("expired", NotThere, "is a link that has expired .*Request has expired.; ask for a new one"),
        ("login", Refused, "with a login page instead of the file: the credentials are missing or have expired, or an agreement"),
        ("400", ServiceError, "does not do what it was asked .the server answered 400"),
        (
            Answer(403, b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"}),
            NotThere,
            "no longer open",
        ),
    ],
)
@pytest.mark.parametrize("before", [[], ["cut"]])
def test_what_does_not_pass_is_asked_once(
    tmp_path: Path, stand: Stand, before: list[Any], fault: Any, error: type[Exception], said: str
) -> None:
    stand.faults = {HERE: [*before, fault]}
    with pytest.raises(error, match=said) as caught:
        fetch(stand, tmp_path / "into")
    assert "\n" not in str(caught.value)
    assert len(stand.seen) == len(before) + 1
    gone = fault in ("404", "410")
    assert sorted(held(tmp_path / "into")) == (["a.zip.part", "a.zip.part.json"] if before and not gone else [])
    assert fetch(stand, tmp_path / "into").received == (len(ZIP) - HALF if before and not gone else len(ZIP))
    assert held(tmp_path / "into") == {"a.zip": ZIP}


@pytest.mark.parametrize(
    ("kind", "answer", "said"),
    [
        ("zip", Answer.page("<html>under repair</html>"), "a web page came instead of the file"),
        ("zip", Answer.page("<html><a href='/login'>Log in</a> under repair</html>"), "a web page came instead of the file"),
        ("any", Answer.page("<!DOCTYPE html><p>under repair"), "a web page came instead of the file"),
        ("text", Answer.page("\n<!doctype HTML><p>under repair"), "a web page came instead of the file"),
        ("zip", Answer.of_json({"message": "no quota"}), "a JSON message came instead of the file: .*no quota"),
        ("any", Answer.of_json({"message": "no quota"}), "a JSON message came instead of the file"),
        ("tiff", Answer(200, b"<?xml version='1.0'?>\n<Error><Code>SlowDown</Code></Error>"), "an XML message came .*SlowDown"),
    ],
)
def test_messages_instead_of_files(tmp_path: Path, stand: Stand, kind: Kind, answer: Answer, said: str) -> None:
    stand.faults = {HERE: [answer] * 4}
    with pytest.raises(ServiceError, match=said):
        fetch(stand, tmp_path / "into", kind=kind)
    assert held(tmp_path / "into") == {}
    assert len(stand.seen) == 4


def test_a_page_that_is_wanted_comes(tmp_path: Path, stand: Stand) -> None:
    stand.faults = {"/x": [Answer.page("<html>index</html>"), Answer.of_json([1])]}
    fetch_all(
        {"x.html": Remote(f"{stand.base}/x"), "x.json": Remote(f"{stand.base}/x")},
        tmp_path / "into",
        replace(SETTINGS, at_once=1),
    )
    assert held(tmp_path / "into") == {"x.html": b"<html>index</html>", "x.json": b"[1]"}


def test_the_same_wrong_bytes_twice_are_the_servers(tmp_path: Path, stand: Stand) -> None:
    stand.faults = {HERE: ["corrupt"] * 9}
    with pytest.raises(
        Broken, match=r"a.zip is no good: its member product/unw.tif is corrupt .*and the same came twice; .* at the order"
    ):
        fetch(stand, tmp_path / "into")
    assert len(stand.seen) == 2
    assert held(tmp_path / "into") == {}


@pytest.mark.parametrize(
    "known", [{"sha256": hashlib.sha256(ZIP).hexdigest()}, {"md5": hashlib.md5(ZIP).hexdigest().upper()}, {"size": len(ZIP)}]
)
def test_what_is_known_is_compared(tmp_path: Path, stand: Stand, known: dict[str, Any]) -> None:
    stand.faults = {HERE: ["wrongsize"]}
    assert fetch(stand, tmp_path / "into", "any", **known).received in (len(ZIP), len(ZIP) + len(ZIP) * 2 // 3)
    assert held(tmp_path / "into") == {"a.zip": ZIP}
    (tmp_path / "into/a.zip").write_bytes(b"other")
    fetch(stand, tmp_path / "into", "any", **known)
    assert held(tmp_path / "into") == {"a.zip": ZIP}


def test_a_login_page_is_told_from_a_wrong_size(tmp_path: Path, stand: Stand) -> None:
    stand.faults = {HERE: ["login"]}
    with pytest.raises(Refused, match="with a login page instead of the file"):
        fetch(stand, tmp_path / "into", size=len(ZIP), sha256=hashlib.sha256(ZIP).hexdigest())
    assert held(tmp_path / "into") == {}


def test_a_wrong_size_is_seen_at_once(tmp_path: Path, stand: Stand) -> None:
    with pytest.raises(Broken, match=f"the server says that it has {len(ZIP)} bytes instead of 5"):
        fetch(stand, tmp_path / "into", size=5)
    assert len(stand.seen) == 2
    assert held(tmp_path / "into") == {}


@pytest.mark.parametrize("fault", ["short", "wrongsize", "cut", "corrupt"])
def test_a_tiff_must_open_to_its_last_block(tmp_path: Path, stand: Stand, fault: str) -> None:
    body = make_tiff(tmp_path)
    stand.files["/t.tif"] = body
    stand.faults = {"/t.tif": [fault]}
    fetch_all({"sub/t.tif": Remote(f"{stand.base}/t.tif", kind="tiff")}, tmp_path / "into", SETTINGS)
    assert held(tmp_path / "into") == {"sub/t.tif": body}
    stand.faults = {"/t.tif": [Answer(200, body[:-100])] * 2}
    with pytest.raises(Broken, match=r"t\.tif is no good: it cannot be read as tiff"):
        fetch_all({"u.tif": Remote(f"{stand.base}/t.tif", kind="tiff")}, tmp_path / "into", SETTINGS)


@pytest.mark.parametrize("fault", ["short", "nolength"])
def test_the_end_of_a_connection_is_no_end_of_a_file(tmp_path: Path, stand: Stand, fault: str) -> None:
    stand.faults = {HERE: [fault]}
    assert fetch(stand, tmp_path / "into", kind="any").received == len(ZIP)
    assert held(tmp_path / "into") == {"a.zip": ZIP}


class Changing(Stand):
    """The file changes after the first request; faults of servers with ranges on top."""

    knows_if_range = True
    tags = True
    asked_if: str | None = None

    def respond(self, request: Request) -> Answer:
        version = b"old" if len(self.seen) == 1 else b"new"
        if not self.knows_if_range:
            self.asked_if = self.asked_if or request.headers["If-Range"]
            del request.headers["If-Range"]
        body = version * 30_000
        return Answer(200, body, self.validators(body) if self.tags else {})


def test_an_end_that_comes_too_early_is_known_by_the_size(tmp_path: Path, stand: Stand) -> None:
    stand.faults = {HERE: ["short"]}
    assert fetch(stand, tmp_path / "into", size=len(ZIP)).received == len(ZIP)
    assert len(stand.seen) == 2
    stand.faults = {"/less": ["short", "short"]}
    stand.files["/less"] = ZIP[:-99]
    with pytest.raises(Broken, match=f"instead of {len(ZIP)}"):
        fetch_all({"less": Remote(f"{stand.base}/less", size=len(ZIP))}, tmp_path / "into", SETTINGS)


@pytest.mark.parametrize(("knows", "requests"), [(True, 2), (False, 3)])
def test_a_file_that_changed_meanwhile_starts_anew(tmp_path: Path, stand: Stand, knows: bool, requests: int) -> None:
    with Changing() as changing:
        changing.knows_if_range, changing.faults = knows, {HERE: ["cut"]}
        fetch(changing, tmp_path / "into", kind="any")
        assert held(tmp_path / "into") == {"a.zip": b"new" * 30_000}
        assert len(changing.seen) == requests
        assert (changing.asked_if or changing.seen[1].headers["If-Range"]) == changing.validators(b"old" * 30_000)["ETag"]


def test_without_a_validator_and_a_checksum_nothing_is_joined(tmp_path: Path, stand: Stand) -> None:
    with Changing() as changing:
        changing.tags, changing.faults = False, {HERE: ["cut"]}
        fetch(changing, tmp_path / "into", kind="any")
        assert held(tmp_path / "into") == {"a.zip": b"new" * 30_000}
        assert [request.headers["Range"] for request in changing.seen] == [None, None]


@pytest.mark.parametrize(
    ("tag", "age", "sent"),
    [
        ('"a"', 1e6, "tag"),
        ('W/"a"', 1e6, "date"),
        (None, 1e6, "date"),
        (None, 0.0, None),  # written this second: may be two versions of one name
    ],
)
def test_only_a_strong_validator_is_sent(tmp_path: Path, stand: Stand, tag: str | None, age: float, sent: str | None) -> None:
    # The age counts from the test's own start: a suite may have collected its parameters long before.
    headers = {"Last-Modified": formatdate(time.time() - age, usegmt=True)}
    if tag is not None:
        headers["ETag"] = tag
    stand.validators = lambda body: headers  # type: ignore[method-assign]
    stand.faults = {HERE: ["cut"]}
    fetch(stand, tmp_path / "into")
    assert stand.seen[1].headers["If-Range"] == {"tag": tag, "date": headers["Last-Modified"], None: None}[sent]
    assert held(tmp_path / "into") == {"a.zip": ZIP}


@pytest.mark.parametrize(
    ("part", "note", "requests", "received"),
    [
        (ZIP[:1000], True, 1, len(ZIP) - 1000),
        (ZIP, True, 0, 0),  # killed between the last byte and the rename
        (ZIP, False, 1, 0),
        (b"", True, 1, len(ZIP)),
        (b"rubbish", True, 2, 2 * len(ZIP) - 7),
        (b"rubbish" + ZIP, True, 1, len(ZIP)),
        (b"r" * 999_999, False, 2, len(ZIP)),
    ],
)
def test_the_part_of_a_killed_run(tmp_path: Path, stand: Stand, part: bytes, note: bool, requests: int, received: int) -> None:
    place = tmp_path / "into"
    place.mkdir()
    (place / "a.zip.part").write_bytes(part)
    if note:
        tags = stand.validators(ZIP)
        text = Note(stand.base + HERE, tags["ETag"], tags["Last-Modified"], len(ZIP))
        (place / "a.zip.part.json").write_text(json.dumps(text.__dict__))
    report = fetch(stand, place)
    assert held(place) == {"a.zip": ZIP}
    assert (len(stand.seen), report.received) == (requests, received)


def test_what_a_kill_after_the_rename_leaves_is_removed(tmp_path: Path, stand: Stand) -> None:
    fetch(stand, tmp_path / "into")
    (tmp_path / "into/a.zip.part.json").write_text("{}")
    fetch(stand, tmp_path / "into")
    assert held(tmp_path / "into") == {"a.zip": ZIP}


def many(stand: Stand, number: int = 9, size: int = 3000) -> dict[str, Remote]:
    for index in range(number):
        stand.files[f"/many/{index}"] = random.Random(index).randbytes(size + index)
    return {f"deep/{index}.bin": Remote(f"{stand.base}/many/{index}") for index in range(number)}


def test_a_file_that_fails_does_not_stop_the_others(tmp_path: Path, stand: Stand) -> None:
    files = many(stand)
    stand.faults = {"/many/4": ["404"], "/many/7": ["500"] * 4}
    with pytest.raises(InsarcastError, match=r"many/4 is not there|many/7 could not be fetched in 4 attempts"):
        fetch_all(files, tmp_path / "into", SETTINGS)
    assert len(held(tmp_path / "into")) == 7
    stand.seen.clear()
    assert fetch_all(files, tmp_path / "into", SETTINGS).fetched == ["deep/4.bin", "deep/7.bin"]
    assert count(stand.seen) == {"/many/4": 1, "/many/7": 1}


@pytest.mark.parametrize(("fault", "most"), [("401", 3), ("500", 40)])
def test_a_server_that_is_closed_or_down_is_left_alone(tmp_path: Path, stand: Stand, fault: str, most: int) -> None:
    files = many(stand, 40)
    stand.faults = {r"/many/\d+": [fault] * 999}
    with pytest.raises(ServiceError):
        fetch_all(files, tmp_path / "into", SETTINGS)
    assert len(stand.seen) <= most
    assert held(tmp_path / "into") == {}


def test_what_is_missing_is_listed(tmp_path: Path, stand: Stand) -> None:
    files = many(stand)
    stand.faults = {"/many/1": ["404"], "/many/3": ["410"], "/many/5": ["expired"]}
    report = fetch_all(files, tmp_path / "into", SETTINGS, on_missing="list")
    assert list(report.skipped) == ["deep/1.bin", "deep/3.bin", "deep/5.bin"]
    assert "is not there (the server answered 404" in report.skipped["deep/1.bin"]
    assert "expired" in report.skipped["deep/5.bin"]
    assert len(held(tmp_path / "into")) == len(report.fetched) == 6


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", ""])
def test_no_name_leads_outside(tmp_path: Path, stand: Stand, name: str) -> None:
    with pytest.raises(InsarcastError, match=r"the portal names the file .* outside"):
        fetch_all({name: Remote(stand.base + HERE)}, tmp_path / "into", SETTINGS, what="the portal")
    assert not stand.seen


@pytest.mark.parametrize("at_once", [1, 4])
def test_no_more_at_once_than_allowed(tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    lock, together = Lock(), Barrier(at_once)
    now, most = [0], [0]

    class Counting(Stand):
        def respond(self, request: Request) -> Answer:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            together.wait(PATIENT)  # until as many are under way as may be
            time.sleep(0.02)  # one more would come now
            with lock:
                now[0] -= 1
            return super().respond(request)

    with Counting() as stand:
        fetch_all(many(stand, 12), tmp_path / "into", replace(SETTINGS, at_once=at_once))
    assert most[0] == at_once


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """What was asked for, and the pause that was made, in seconds."""
    made: list[tuple[float, float]] = []

    def pause(failed: int, asked: float, settings: WebSettings) -> float:
        made.append((asked, retry.pause(failed, asked, settings)))
        return made[-1][1]

    monkeypatch.setattr(crew, "pause", pause)
    return made


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_server_says_how_long(tmp_path: Path, stand: Stand, form: str, pauses: list[tuple[float, float]]) -> None:
    stand.retry_after = "86400" if form == "seconds" else formatdate(time.time() + 86400, usegmt=True)
    stand.faults = {HERE: ["503html"]}
    fetch(stand, tmp_path / "into")
    assert pauses == [(pytest.approx(86400, abs=600), SETTINGS.longest_wait)]  # no longer than allowed


def test_pauses_grow_up_to_what_is_allowed() -> None:
    waits = [retry.pause(failed, 0, WebSettings(longest_wait=10)) for failed in range(1, 7)]
    assert waits == [1, 2, 4, 8, 10, 10]
    assert retry.pause(1, 7, WebSettings(longest_wait=10)) == 7
    assert [retry.asked_wait(value) for value in (None, "", "soon", "-3", "1e3", formatdate(0))] == [0] * 6


def test_a_pause_holds_for_every_thread(tmp_path: Path, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    stand.retry_after = "86400"
    stand.faults = {"/many/0": ["429"]}
    files = many(stand, 8)
    closed, asked = Event(), list[float]()
    began: list[float] = []
    close, respond = Pauses.close, stand.respond

    def closing(self: Pauses, url: str, wait: float) -> None:
        began.append(time.monotonic())
        close(self, url, wait)
        closed.set()

    def answer(request: Request) -> Answer:
        asked.append(time.monotonic())
        closed.wait(PATIENT)  # what was under way beside it comes to an end after it
        return respond(request)

    monkeypatch.setattr(Pauses, "close", closing)
    stand.respond = answer  # type: ignore[method-assign]
    fetch_all(files, tmp_path / "into", replace(SETTINGS, longest_wait=0.3, at_once=2))
    assert len(began) == 1
    waited = sorted(when - began[0] for when in asked)
    assert len(waited) == 8  # the refused one came once more
    assert all(after >= 0.3 for after in waited[1:])  # then all wait


def test_space_is_asked_before(tmp_path: Path, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [10_000]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: type("", (), {"free": free[0]}))
    files = {"a.zip": Remote(stand.base + HERE, size=len(ZIP))}
    with pytest.raises(
        InsarcastError, match=r"has 0.00 GB free, but 0.00 GB are still to come and 0 GB must stay free .downloads.spare_gb"
    ):
        fetch_all(files, tmp_path / "into", SETTINGS)
    assert not stand.seen  # known before
    with pytest.raises(InsarcastError, match=r"must stay free"):
        fetch(stand, tmp_path / "into")  # known by the first answer
    assert len(stand.seen) == 1
    assert held(tmp_path / "into") == {}
    free[0] = len(ZIP)
    with pytest.raises(InsarcastError, match=r"1e-06 GB must stay free"):
        fetch(stand, tmp_path / "into", settings=replace(SETTINGS, spare_gb=1e-6))
    fetch(stand, tmp_path / "into")
    assert held(tmp_path / "into") == {"a.zip": ZIP}


def test_space_that_is_used_is_not_counted_twice(tmp_path: Path, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file after the other on a disk that has room for all and not a byte more; what was announced and failed is given back."""
    files = many(stand, 6, 50_000)
    room = sum(len(body) for path, body in stand.files.items() if path.startswith("/many/"))

    def usage(folder: Path) -> Any:
        used: dict[int, int] = {}  # by inode: a file may be renamed while we look
        for path in (tmp_path / "into").rglob("*.bin*"):
            with suppress(FileNotFoundError):
                used[path.stat().st_ino] = 0 if path.suffix == ".json" else path.stat().st_size
        return type("", (), {"free": room - sum(used.values())})

    monkeypatch.setattr(shutil, "disk_usage", usage)
    stand.faults = {"/many/0": ["cut", "404"], "/many/2": ["cut"], r"/many/\d": ["slow"] * 6}
    report = fetch_all(files, tmp_path / "into", SETTINGS, on_missing="list")
    assert list(report.skipped) == ["deep/0.bin"]
    assert len(fetch_all(files, tmp_path / "into", SETTINGS).fetched) == 1


def test_a_disk_without_locks(tmp_path: Path, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    fetch(stand, tmp_path / "into")
    assert held(tmp_path / "into") == {"a.zip": ZIP}


def test_a_disk_that_fills_up(tmp_path: Path, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    real, room = os.write, [50_000]

    def write(handle: int, block: Any) -> int:
        if room[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real(handle, block[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(parts.os, "write", write)
    with pytest.raises(InsarcastError, match=f"There is no space left on the disk of {tmp_path}/into; .* what has come is kept"):
        fetch(stand, tmp_path / "into")
    assert (tmp_path / "into/a.zip.part").read_bytes() == ZIP[:50_000]
    room[0] = 10**9
    assert fetch(stand, tmp_path / "into").received == len(ZIP) - 50_000
    assert held(tmp_path / "into") == {"a.zip": ZIP}
