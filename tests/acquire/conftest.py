"""Fixtures of orders: quick waits, and a desk that looks after every test whether anything was lost or shown that must not be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from standins.desk import Desk
from standins.hyp3_api import TOKEN, Hyp3

from insarcast.acquire.order.service import doubts
from insarcast.acquire.web import retry


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "BACK_OFF", 0.01)
    monkeypatch.setattr(doubts, "LOOKS", tuple(seconds / 1000 for seconds in doubts.LOOKS))
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)


@pytest.fixture
def desk(quick: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with Hyp3() as stand:
        desk = Desk(tmp_path, stand)
        yield desk
        # After every test, whatever it did: nothing half-written, and the token in no file and on no screen.
        said = capsys.readouterr()
        held = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert TOKEN not in said.out + said.err
        assert [path for path in held if TOKEN.encode() in path.read_bytes()] == []
        assert [path for path in held if path.suffix == ".zip" or any(part.startswith(".part-") for part in path.parts)] == []
        assert all(request.headers.get("Authorization") is None for request in stand.seen if request.path.startswith("/files/"))
