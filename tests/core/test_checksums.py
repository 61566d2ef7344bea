"""Checksums of files: right, in the order asked for, and not read again while a file is the one that it was."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from insarcast.core import checksums, files_sha256

AGE = 10**10  # ns: older than any clock is coarse


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files of two folders, some seconds old: an inode's time cannot be set back, so the clock is set forward."""
    now = time.time_ns
    monkeypatch.setattr(checksums.time, "time_ns", lambda: now() + AGE)
    made = []
    for at in range(6):
        path = tmp_path / f"data{at % 2}" / f"{at}.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([at]) * (1000 + at))
        _age(path)
        made.append(str(path))
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of files that are read."""
    seen: list[str] = []
    true = checksums.file_sha256
    monkeypatch.setattr(checksums, "file_sha256", lambda path: (seen.append(path.name), true(path))[1])
    return seen


def _age(path: Path) -> None:
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns - AGE))


def _true(files: list[str]) -> dict[str, str]:
    return {name: hashlib.sha256(Path(name).read_bytes()).hexdigest() for name in files}


@pytest.mark.parametrize("threads", [1, 3])
def test_they_are_those_of_the_bytes_in_the_order_asked_for(files: list[str], threads: int) -> None:
    asked = [*files[::-1], files[0]]
    assert list(files_sha256(asked, threads).items()) == list(_true(files[::-1]).items())


def test_a_file_that_is_the_same_is_not_read_again(files: list[str], tmp_path: Path, read: list[str]) -> None:
    first = files_sha256(files, 2, tmp_path / "cache")
    assert sorted(read) == [f"{at}.bin" for at in range(6)]
    assert files_sha256(files, 2, tmp_path / "cache") == first
    assert len(read) == 6
    files_sha256(files, 2)  # nothing noted, nothing known
    assert len(read) == 12


@pytest.mark.parametrize("what", ["size", "time", "inode", "time set back"])
def test_a_file_that_is_another_is_read_again(files: list[str], tmp_path: Path, read: list[str], what: str) -> None:
    files_sha256(files, notes=tmp_path / "cache")
    read.clear()
    path = Path(files[2])
    state = path.stat()
    if what == "size":
        path.write_bytes(path.read_bytes() + b"more")
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    elif what == "time":
        path.write_bytes(b"X" * state.st_size)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    elif what == "time set back":
        while path.stat().st_ctime_ns == state.st_ctime_ns:  # until the file system's clock has ticked
            with path.open("r+b") as file:
                file.write(b"X" * state.st_size)
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    else:
        other = path.with_name("other")
        other.write_bytes(b"X" * state.st_size)
        os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
        other.replace(path)
    assert files_sha256(files, notes=tmp_path / "cache") == _true(files)
    assert read == ["2.bin"]


def test_a_file_that_was_just_written_is_not_noted(tmp_path: Path, read: list[str]) -> None:
    path = tmp_path / "young.bin"
    path.write_bytes(b"a")
    future = path.stat().st_mtime_ns + 3600 * 10**9  # however slow the machine is
    os.utime(path, ns=(future, future))
    for _ in range(2):
        files_sha256([str(path)], notes=tmp_path / "cache")
    assert read == ["young.bin"] * 2


def test_broken_notes_and_a_cache_that_cannot_be_written_do_no_harm(files: list[str], tmp_path: Path) -> None:
    notes = tmp_path / "cache"
    files_sha256(files, notes=notes)
    for at, place in enumerate(sorted(notes.iterdir())):
        place.write_text(["{", '{"a": 1}'][at])
    assert files_sha256(files, notes=notes) == _true(files)
    (tmp_path / "file").write_text("no folder")
    assert files_sha256(files, notes=tmp_path / "file") == _true(files)


def test_what_was_read_before_an_error_is_noted(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    true = checksums.file_sha256

    def fail(path: Path) -> str:
        if path.name == "5.bin":
            raise OSError("lost")
        return true(path)

    monkeypatch.setattr(checksums, "file_sha256", fail)
    with pytest.raises(OSError, match="lost"):
        files_sha256(files, notes=tmp_path / "cache")
    monkeypatch.setattr(checksums, "file_sha256", lambda path: (_ for _ in ()).throw(AssertionError(path)))
    assert files_sha256(files[:4:2], notes=tmp_path / "cache") == _true(files[:4:2])


def test_several_are_read_at_a_time(files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(3)
    monkeypatch.setattr(checksums, "file_sha256", lambda path: str(together.wait(60)))
    assert len(files_sha256(files, 3)) == 6
