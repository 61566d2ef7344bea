"""Locks: one holder at a time, and none where the file system has no locks."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

import pytest

from insarcast.acquire.portal.fetch import alone_in
from insarcast.acquire.portal.frames import Known
from insarcast.acquire.portal.portal import Portal
from insarcast.acquire.simulated.write_scene import alone_with
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import locked, take_lock


def test_one_holds_it_and_the_next_waits(tmp_path: Path) -> None:
    place, waits, order = tmp_path / "folder/lock", threading.Event(), []

    def second() -> None:
        with locked(place, waits.set):
            order.append("second")

    with locked(place), open(place) as other:
        assert take_lock(other) is False
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(60)
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
    with open(place) as other:
        assert take_lock(other.fileno()) is True


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the file system answers instead of locking."""
    answers = [errno.ENOLCK]

    def flock(*_: Any) -> None:
        raise OSError(answers[0], "")

    monkeypatch.setattr("fcntl.flock", flock)
    return answers


@pytest.mark.parametrize("answer", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_a_run_goes_on_and_says_so(
    tmp_path: Path, refused: list[int], answer: int, capsys: pytest.CaptureFixture[str]
) -> None:
    refused[:] = [answer]
    with locked(tmp_path / "lock"):
        said = capsys.readouterr().err
    assert said == f"{tmp_path} has no locks: do not run twice at once there\n"


def test_another_answer_is_an_error(tmp_path: Path, refused: list[int]) -> None:
    refused[:] = [errno.EIO]
    with pytest.raises(OSError, match=f"Errno {errno.EIO}"), locked(tmp_path / "lock"):
        pass


def test_the_cache_needs_no_locks(tmp_path: Path, refused: list[int]) -> None:
    web = WebSettings()
    assert refused == [errno.ENOLCK]
    with alone_in(tmp_path / "frame", web.teller), alone_with(tmp_path / "scene"):
        known = Known(tmp_path / "licsar/frames.json", Portal("http://127.0.0.1:9/", [], web))
        known.tracks = {5: {"005A_07021_131313": "x"}}
        known.learn_footprints([])
    assert Known(tmp_path / "licsar/frames.json", Portal("http://127.0.0.1:9/", [], web)).tracks == known.tracks
