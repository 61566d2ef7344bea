"""Unpacking: whole or not at all, inside its folder, and a sentence for every archive that is not what it should be."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import sys
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from insarcast.acquire.web import space
from insarcast.acquire.web.settings import WebSettings
from insarcast.acquire.web.unpack import unpack
from insarcast.core import InsarcastError

SETTINGS = WebSettings(spare_gb=0)
PRODUCT = {"P/P_unw_phase.tif": random.Random(1).randbytes(50_000), "P/P.txt": b"words\n" * 100, "P/deep/er/x": b""}


def pack(path: Path, members: dict[str, bytes], links: dict[str, str] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicate names are meant
        for name, body in members.items():
            archive.writestr(name, body)
        for name, target in (links or {}).items():
            link = zipfile.ZipInfo(name)
            link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
    return path


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("keep", [False, True])
def test_a_product(tmp_path: Path, keep: bool) -> None:
    archive = pack(tmp_path / "P.zip", PRODUCT)
    settings = replace(SETTINGS, keep_archives=keep)
    assert unpack(archive, tmp_path / "into", settings=settings) == tmp_path / "into/P"
    assert held(tmp_path / "into") == PRODUCT
    assert archive.exists() is keep
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "into").rglob("*")}
    assert unpack(archive, tmp_path / "into", settings=settings) == tmp_path / "into/P"  # again: nothing to do
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "into").rglob("*")} == before


def test_folders_and_other_tops(tmp_path: Path) -> None:
    archive = tmp_path / "flat.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.mkdir("empty")
        zipped.writestr("a.txt", "1")
        zipped.writestr("b/c.txt", "2")
    assert unpack(archive, tmp_path / "into", settings=SETTINGS) == tmp_path / "into/flat"
    assert held(tmp_path / "into") == {"flat/a.txt": b"1", "flat/b/c.txt": b"2"}
    assert unpack(pack(tmp_path / "other.zip", PRODUCT), tmp_path / "into", settings=SETTINGS) == tmp_path / "into/P"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../outside", "would lie outside the folder"),
        ("P/../../outside", "would lie outside the folder"),
        ("/absolute", "would lie outside the folder"),
        ("C:\\drive", "would lie outside the folder"),
        ("C:drive", "would lie outside the folder"),
        ("P\\..\\..\\outside", "would lie outside the folder"),
        ("\\\\server\\share\\x", "would lie outside the folder"),
        ("P/a\nb", "would lie outside the folder"),
        ("P/P.txt", "holds one name twice"),
        ("P/p.TXT", "holds one name twice"),
        ("P//P.txt", "holds one name twice"),
        ("P/P.txt/below", "holds one name twice"),
        ("P/deep", "holds one name twice"),
    ],
)
def test_names(tmp_path: Path, name: str, said: str) -> None:
    archive = tmp_path / "in/P.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as zipped, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for member, body in PRODUCT.items():
            zipped.writestr(member, body)
        zipped.writestr(name, "evil")
    with pytest.raises(InsarcastError, match=rf"P.zip is not unpacked: .*{said}; delete it and ask those who made it") as caught:
        unpack(archive, tmp_path / "in/to", settings=SETTINGS)
    assert "\n" not in str(caught.value)
    assert list(held(tmp_path)) == ["in/P.zip"]  # nothing written, nothing deleted


@pytest.mark.parametrize("target", ["/etc/passwd", "../..", "P.txt"])
def test_links(tmp_path: Path, target: str) -> None:
    archive = pack(tmp_path / "P.zip", PRODUCT, {"P/link": target})
    with pytest.raises(InsarcastError, match="'P/link' is a link or a device"):
        unpack(archive, tmp_path / "into", settings=SETTINGS)
    assert not (tmp_path / "into").exists()


def broken(tmp_path: Path, how: str) -> Path:
    archive = pack(tmp_path / "P.zip", PRODUCT)
    body = bytearray(archive.read_bytes())
    start = body.find(b"PK\x01\x02")  # the first entry of the central directory
    if how == "no zip":
        body = bytearray(b"<html>not found</html>")
    elif how == "empty":
        body = bytearray()
    elif how == "truncated":
        body = body[: len(body) // 2]
    elif how == "flipped":
        body[1000] ^= 1
    elif how == "renamed":
        body[32] ^= 128  # in the first file's name, where its data begin
    elif how == "encrypted":
        body[start + 8] |= 1
    elif how == "method":
        body[start + 10 : start + 12] = struct.pack("<H", 97)
    elif how == "says less":
        body[start + 24 : start + 28] = struct.pack("<I", 40_000)
    elif how == "says more":
        body[start + 24 : start + 28] = struct.pack("<I", 60_000)
    elif how == "overlap":
        body[start + 20 : start + 24] = struct.pack("<I", 60_000)
    archive.write_bytes(body)
    return archive


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no zip", "cannot be unpacked .File is not a zip file.; delete it and run again: it is fetched anew"),
        ("empty", "cannot be unpacked"),
        ("truncated", "cannot be unpacked .File is not a zip file"),
        ("flipped", "cannot be unpacked"),
        ("renamed", r"cannot be unpacked \(its list of files and what it holds disagree, so it is damaged\); delete it"),
        ("encrypted", "is encrypted"),
        ("method", "cannot be unpacked .*compression"),
        ("says less", "cannot be unpacked .*CRC"),
        ("says more", "cannot be unpacked"),
        ("overlap", "would grow|cannot be unpacked"),
    ],
)
def test_broken_archives(tmp_path: Path, how: str, said: str) -> None:
    archive = broken(tmp_path, how)
    before = archive.read_bytes()
    with pytest.raises(InsarcastError, match=said) as caught:
        unpack(archive, tmp_path / "into", settings=SETTINGS)
    assert str(archive) in str(caught.value)
    assert not list((tmp_path / "into").glob("*"))
    assert archive.read_bytes() == before
    pack(archive, PRODUCT)
    assert held(unpack(archive, tmp_path / "into", settings=SETTINGS).parent) == PRODUCT  # what the first one left is gone


def test_a_bomb(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        zipped.writestr("P/zeros", bytes(3_000_000))
    body = bytearray(buffer.getvalue())
    start = body.find(b"PK\x01\x02")
    body[start + 24 : start + 28] = struct.pack("<I", 3_000_000_000)
    (tmp_path / "P.zip").write_bytes(body)
    with pytest.raises(InsarcastError, match=r"it would grow from 0\.0 MB to 3\.0 GB, as no archive of images does"):
        unpack(tmp_path / "P.zip", tmp_path / "into", settings=SETTINGS)
    assert not (tmp_path / "into").exists()


def test_space_is_asked_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pack(tmp_path / "P.zip", PRODUCT)
    monkeypatch.setattr(space.shutil, "disk_usage", lambda folder: type("", (), {"free": 50_000}))
    with pytest.raises(InsarcastError, match=r"must stay free .downloads.spare_gb"):
        unpack(archive, tmp_path / "into", settings=SETTINGS)
    assert sorted(os.listdir(tmp_path)) == ["P.zip", "into"]
    assert not os.listdir(tmp_path / "into")


def test_no_archive_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InsarcastError, match=r"There is no archive .*; fetch it again"):
        unpack(tmp_path / "P.zip", tmp_path / "into", settings=SETTINGS)


def test_an_incomplete_folder_makes_room(tmp_path: Path) -> None:
    settings = replace(SETTINGS, keep_archives=True)
    archive = pack(tmp_path / "P.zip", PRODUCT)
    unpack(archive, tmp_path / "into", settings=settings)
    (tmp_path / "into/P/P.txt").write_bytes(b"half")
    (tmp_path / "into/P/of another version").write_bytes(b"x")
    unpack(archive, tmp_path / "into", settings=settings)
    assert held(tmp_path / "into") == PRODUCT
    assert os.listdir(tmp_path / "into") == ["P"]


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from insarcast.acquire.web.settings import WebSettings
from insarcast.acquire.web.unpack import unpack
print("ready", flush=True)
unpack(Path(sys.argv[2]), Path(sys.argv[3]), settings=WebSettings(spare_gb=0))
"""


def test_killed_at_any_moment_it_goes_on(tmp_path: Path) -> None:
    """Before the first file, between the files, and while the last is written or the folder is renamed."""
    body = {f"P/{index:02}": random.Random(index).randbytes(200_000) for index in range(20)}
    whole = pack(tmp_path / "whole.zip", body)
    workflow = Path(__file__).parents[2] / "workflow"
    for files in (0, 1, 10, 20):
        shutil.copy(whole, tmp_path / "P.zip")
        command = [sys.executable, "-c", SCRIPT, str(workflow), str(tmp_path / "P.zip"), str(tmp_path / "into")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        while process.poll() is None and len(list(tmp_path.glob("into/.part-P/*"))) < files:
            pass
        process.send_signal(signal.SIGKILL)
        process.communicate()
        there = (tmp_path / "into/P").is_dir()
        assert there or (tmp_path / "P.zip").exists()
        if there:
            assert held(tmp_path / "into") == body  # never half a folder under its own name
        unpack(tmp_path / "P.zip", tmp_path / "into", settings=SETTINGS)
        assert held(tmp_path / "into") == body
        shutil.rmtree(tmp_path / "into")


def test_two_at_once(tmp_path: Path) -> None:
    body = {f"P/{index}": random.Random(index).randbytes(300_000) for index in range(30)}
    pack(tmp_path / "P.zip", body)
    workflow = Path(__file__).parents[2] / "workflow"
    command = [sys.executable, "-c", SCRIPT, str(workflow), str(tmp_path / "P.zip"), str(tmp_path / "into")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert held(tmp_path) == {f"into/{name}": content for name, content in body.items()}
