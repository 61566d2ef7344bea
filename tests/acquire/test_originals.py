"""Public originals: their tables, and that their files come once, whole, from a loopback server."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from standins.loopback import Stand, count

from insarcast.acquire.originals import fetch_original, read_original
from insarcast.acquire.places import find_folder
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import InsarcastError

FILES = {f"unw/{name}.tif": name.encode() * 5000 for name in ("one", "two", "three", "four", "five", "six")}
TABLES = Path(__file__).parents[2] / "config/originals"
SETTINGS = WebSettings(longest_wait=0.01, spare_gb=0)


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Stand({f"/data/{name}": body for name, body in FILES.items()}) as server:
        yield server


def table(folder: Path, base: str) -> Path:
    files = {name: {"path": name, "sha256": hashlib.sha256(body).hexdigest()} for name, body in FILES.items()}
    folder.mkdir(exist_ok=True)
    text = yaml.safe_dump({"licence": "none", "citation": "a test", "base": f"{base}/data", "files": files})
    (folder / "area.yaml").write_text(text)
    return folder


def fetch(tmp_path: Path) -> Path:
    return fetch_original("area", tmp_path / "tables", tmp_path / "cache", SETTINGS)


def held(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def test_all_files_come_once(tmp_path: Path, stand: Stand, capsys: pytest.CaptureFixture[str]) -> None:
    table(tmp_path / "tables", stand.base)
    place = fetch(tmp_path)
    assert place == tmp_path / "cache/originals/area"
    assert held(place) == FILES
    assert fetch(tmp_path) == place
    assert set(count(stand.seen).values()) == {1}
    assert "config/originals/area.yaml: fetched 6 of 6 files" in capsys.readouterr().err


def test_other_bytes_than_the_table_says(tmp_path: Path, stand: Stand) -> None:
    table(tmp_path / "tables", stand.base)
    stand.faults = {"/data/unw/two.tif": ["corrupt"] * 9}
    with pytest.raises(InsarcastError) as caught:
        fetch(tmp_path)
    said = str(caught.value)
    assert "unw/two.tif is no good: it has the sha256" in said
    assert "has changed or is broken: look at it, and at config/originals/area.yaml" in said
    assert "or use a data root that holds the folder" in said
    assert "unw/two.tif" not in held(tmp_path / "cache/originals/area")
    assert len(stand.asked("/data/unw/two.tif")) == 2


def test_a_file_of_an_earlier_table_is_replaced(tmp_path: Path, stand: Stand) -> None:
    table(tmp_path / "tables", stand.base)
    old = tmp_path / "cache/originals/area/unw/two.tif"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"an older version")
    assert held(fetch(tmp_path)) == FILES


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as closed:  # bound, but nobody listens
        closed.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{closed.getsockname()[1]}"
        table(tmp_path / "tables", base)
        places: dict[str, Any] = {
            "original": "area",
            "originals": tmp_path / "tables",
            "cache": tmp_path / "cache",
            "settings": SETTINGS,
        }
        with pytest.raises(InsarcastError) as caught:
            find_folder("area", key="products.folder", data_root=str(tmp_path), **places)
    said = str(caught.value)
    assert "\n" not in said
    assert f"under the data root {tmp_path}" in said
    assert f"{base}/data/unw/" in said
    assert "could not be fetched in 6 attempts (the connection was refused); check the network" in said
    assert "or use a data root that holds the folder" in said


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
    if (root := os.environ.get("INSARCAST_DATA")) is None:
        pytest.skip("INSARCAST_DATA is not set: the copy of mexico_cropA is there")
    for name, remote in read_original("mexico_cropA", TABLES).files.items():
        body = (Path(root) / "mexico_cropA" / name).read_bytes()
        assert hashlib.sha256(body).hexdigest() == remote.sha256
