"""Fetching public originals, against a loopback server that misbehaves on purpose."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from insarcast.acquire import download
from insarcast.acquire.originals import fetch_original, read_original
from insarcast.acquire.places import find_folder
from insarcast.core import InsarcastError

FILES = {f"unw/{name}.tif": name.encode() * 5000 for name in ("one", "two", "three", "four", "five", "six")}
TABLES = Path(__file__).parents[2] / "config/originals"


class Stand(ThreadingHTTPServer):
    """A stand-in server: ``faults[path]`` is a list of misdeeds, one for each of the next requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults: dict[str, list[str]] = {}
        self.seen: Counter[str] = Counter()
        self.ranges: list[str] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/data"


class Handler(BaseHTTPRequestHandler):
    server: Stand

    def log_message(self, *arguments: Any) -> None:
        """Keep the test's output quiet."""

    def do_GET(self) -> None:
        name = self.path.removeprefix("/data/")
        self.server.seen[name] += 1
        faults = self.server.faults.get(name, [])
        fault = faults.pop(0) if faults else ""
        body = FILES.get(name, b"")
        if fault.isdigit() or name not in FILES:
            self.answer(int(fault or 404), b"no", {"Retry-After": "0"})
            return
        if fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        headers, status = {}, 200
        if (asked := self.headers.get("Range")) and fault != "whole":
            self.server.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                self.answer(416, b"", {})
                return
            headers, status, body = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}, 206, body[start:]
        if fault == "other":
            body = b"x" + body[1:]
        self.answer(status, body, headers, cut=fault == "cut")

    def answer(self, status: int, body: bytes, headers: dict[str, str], cut: bool = False) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setattr(download, "BACK_OFF", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Stand() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def table(folder: Path, base: str, **checksums: str) -> Path:
    files = {name: {"path": name, "sha256": hashlib.sha256(body).hexdigest()} for name, body in FILES.items()}
    for name, checksum in checksums.items():
        files[f"unw/{name}.tif"]["sha256"] = checksum
    folder.mkdir(exist_ok=True)
    (folder / "area.yaml").write_text(yaml.safe_dump({"licence": "none", "citation": "a test", "base": base, "files": files}))
    return folder


def fetch(tmp_path: Path) -> Path:
    return fetch_original("area", tmp_path / "tables", tmp_path / "cache")


def held(place: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file() and path.name != ".lock"
    }


def test_all_files_come_once(tmp_path: Path, stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    table(tmp_path / "tables", stand.base)
    place = fetch(tmp_path)
    assert place == tmp_path / "cache/originals/area"
    assert held(place) == FILES
    assert fetch(tmp_path) == place
    assert set(stand.seen.values()) == {1}
    assert "fetched 6 of 6" in capsys.readouterr().err


@pytest.mark.parametrize("fault", ["503", "429", "500", "reset", "cut"])
def test_what_passes_is_tried_again(tmp_path: Path, stand: Stand, fault: str) -> None:
    table(tmp_path / "tables", stand.base)
    stand.faults = {"unw/two.tif": [fault, fault]}
    assert held(fetch(tmp_path)) == FILES
    assert stand.seen["unw/two.tif"] == 3
    assert sum(stand.seen.values()) == 8


def test_a_cut_connection_is_continued_where_it_broke(tmp_path: Path, stand: Stand) -> None:
    table(tmp_path / "tables", stand.base)
    stand.faults = {"unw/two.tif": ["cut"]}
    assert held(fetch(tmp_path)) == FILES
    assert stand.ranges == [f"bytes={len(FILES['unw/two.tif']) // 2}-"]


@pytest.mark.parametrize(
    ("part", "fault"), [(b"twotwo", ""), (b"twotwo", "whole"), (b"rubbish", ""), (b"two" * 5000, ""), (b"r" * 99999, "")]
)
def test_the_part_of_a_killed_run(tmp_path: Path, stand: Stand, part: bytes, fault: str) -> None:
    table(tmp_path / "tables", stand.base)
    place = tmp_path / "cache/originals/area/unw"
    place.mkdir(parents=True)
    (place / "two.tif.part").write_bytes(part)
    stand.faults = {"unw/two.tif": [fault]}
    assert held(fetch(tmp_path)) == FILES


def test_a_restart_fetches_only_what_is_missing(tmp_path: Path, stand: Stand) -> None:
    table(tmp_path / "tables", stand.base)
    stand.faults = {"unw/six.tif": ["500"] * download.ATTEMPTS}
    with pytest.raises(InsarcastError, match=r"unw/six.tif could not be fetched in 5 attempts \(the server answered 500\)"):
        fetch(tmp_path)
    assert "unw/six.tif" not in held(tmp_path / "cache/originals/area")
    stand.seen.clear()
    assert held(fetch(tmp_path)) == FILES
    assert stand.seen == {"unw/six.tif": 1}


def test_what_is_not_there_is_asked_for_once(tmp_path: Path, stand: Stand) -> None:
    table(tmp_path / "tables", stand.base)
    stand.faults = {"unw/two.tif": ["404"]}
    with pytest.raises(InsarcastError, match=rf"{stand.base}/unw/two.tif is not there \(the server answered 404\)"):
        fetch(tmp_path)
    assert stand.seen["unw/two.tif"] == 1


def test_other_bytes_than_the_table_says(tmp_path: Path, stand: Stand) -> None:
    table(tmp_path / "tables", stand.base)
    stand.faults = {"unw/two.tif": ["other"] * 9}
    with pytest.raises(InsarcastError, match="the public file has changed"):
        fetch(tmp_path)
    assert not [name for name in held(tmp_path / "cache/originals/area") if "two" in name]


def test_a_file_of_an_earlier_table_is_replaced(tmp_path: Path, stand: Stand) -> None:
    table(tmp_path / "tables", stand.base)
    old = tmp_path / "cache/originals/area/unw/two.tif"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"an older version")
    assert held(fetch(tmp_path)) == FILES


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "BACK_OFF", 0.001)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as closed:  # bound, but nobody listens
        closed.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{closed.getsockname()[1]}/data"
        table(tmp_path / "tables", base)
        places: dict[str, Any] = {"original": "area", "originals": tmp_path / "tables", "cache": tmp_path / "cache"}
        with pytest.raises(InsarcastError) as caught:
            find_folder("area", key="products.folder", data_root=str(tmp_path), **places)
    said = str(caught.value)
    assert "\n" not in said
    assert f"under the data root {tmp_path}" in said
    assert f"{base}/unw/" in said
    assert "check the network, or use a data root that holds the folder" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base: [", "is no table"),
        ("{licence: a, citation: b, base: c, files: {x: {path: x}}}", "sha256"),
        ("{licence: a, citation: b, base: c, files: {../x: {path: x, sha256: y}}}", "outside its folder"),
    ],
)
def test_a_bad_table(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "area.yaml").write_text(text)
    with pytest.raises(InsarcastError, match=said):
        read_original("area", tmp_path)


@pytest.mark.parametrize("name", ["mexico_cropA", "mexico_gnss"])
def test_our_own_tables_read(name: str) -> None:
    original = read_original(name, TABLES)
    assert all(len(remote.sha256) == 64 and remote.url.startswith("https://") for remote in original.files.values())


def test_the_table_fits_the_data() -> None:
    import os

    if (root := os.environ.get("INSARCAST_DATA")) is None:
        pytest.skip("INSARCAST_DATA is not set: the copy of mexico_cropA is there")
    for name, remote in read_original("mexico_cropA", TABLES).files.items():
        body = (Path(root) / "mexico_cropA" / name).read_bytes()
        assert hashlib.sha256(body).hexdigest() == remote.sha256
