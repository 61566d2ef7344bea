"""Downloads that are killed at any moment, by any means, and two at once: every file right, none twice, no part left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from standins.loopback import Fault, Stand, count

WORKFLOW = Path(__file__).parents[2] / "workflow"
SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite that runs in the background hands down that it is ignored
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from insarcast.acquire.web import crew
from insarcast.acquire.web.download import fetch_all
from insarcast.acquire.web.remote import Remote
from insarcast.acquire.web.settings import WebSettings
from insarcast.core import InsarcastError
crew._LAST_WORDS = 0.1
settings = WebSettings(at_once=3, attempts=5, timeout=60, longest_wait=0.02, spare_gb=0)
files = {f"{index}.bin": Remote(f"{sys.argv[2]}/{index}") for index in range(int(sys.argv[4]))}
print("ready", flush=True)
try:
    fetch_all(files, Path(sys.argv[3]), settings, what="the test")
except InsarcastError as error:
    sys.exit(str(error))
"""
FAULTS: list[Fault] = ["truncate", "cut", "reset", "500", "503html", "429", "slow", "slow", "slow", "badrange", "short"]


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Stand() as server:
        yield server


def start(stand: Stand, folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(WORKFLOW), stand.base, str(folder), str(len(stand.files))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def half_of_it(tmp_path: Path) -> Path:
    """The part of the first file, once half of it is there and the server is silent."""
    part, end = tmp_path / "into/0.bin.part", time.monotonic() + 60
    while not (part.exists() and part.stat().st_size == 50_000):
        assert time.monotonic() < end
        time.sleep(0.01)
    return part


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again(tmp_path: Path, stand: Stand, seed: int) -> None:
    chance = random.Random(seed)
    bodies = {f"/{index}": chance.randbytes(chance.randrange(1, 400_000)) for index in range(12)}
    stand.files = dict(bodies)
    stand.faults = {path: chance.choices(FAULTS, k=chance.randrange(5)) for path in bodies}
    whole: dict[str, int] = {}  # path -> requests for it when its file was first seen whole
    kills = 0
    for _ in range(40):
        process = start(stand, tmp_path / "into")
        goal = stand.sent + chance.randrange(300_000)
        while process.poll() is None and (stand.sent < goal or kills == 3):
            time.sleep(0.002)
        if process.poll() is None:
            kills += 1
            process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
            process.wait()
        for path, body in bodies.items():
            file = tmp_path / f"into{path}.bin"
            if file.exists():
                assert file.read_bytes() == body, path  # never half a file under its own name
                whole.setdefault(path, count(stand.seen).get(path, 0))
        process.communicate()
        if process.returncode == 0:
            break
    assert process.returncode == 0
    assert kills >= 2
    assert sorted(os.listdir(tmp_path / "into")) == sorted(f"{path[1:]}.bin" for path in bodies)
    assert count(stand.seen) == whole  # what was whole was never asked for again


def test_two_at_once_fetch_each_file_once(tmp_path: Path, stand: Stand) -> None:
    stand.files = {f"/{index}": random.Random(index).randbytes(50_000) for index in range(10)}
    stand.faults = {path: ["slow"] for path in stand.files}
    processes = [start(stand, tmp_path / "into") for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0], [process.communicate() for process in processes]
    assert set(count(stand.seen).values()) == {1}
    assert {f"/{path.stem}": path.read_bytes() for path in (tmp_path / "into").iterdir()} == stand.files


def test_another_goes_on_with_what_a_killed_one_held(tmp_path: Path, stand: Stand) -> None:
    stand.files = {"/0": random.Random(0).randbytes(100_000)}
    stand.faults = {"/0": ["stall"]}
    first = start(stand, tmp_path / "into")
    half_of_it(tmp_path)
    second = start(stand, tmp_path / "into")
    first.kill()
    assert second.wait(60) == 0, second.communicate()
    assert (tmp_path / "into/0.bin").read_bytes() == stand.files["/0"]
    assert [request.headers["Range"] for request in stand.seen if request.headers["Range"]] == ["bytes=50000-"]
    first.communicate()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_part_and_does_not_wait_for_a_silent_server(
    tmp_path: Path, stand: Stand, sign: signal.Signals
) -> None:
    stand.files, stand.faults = {"/0": random.Random(0).randbytes(100_000)}, {"/0": ["stall"]}
    process = start(stand, tmp_path / "into")
    part = half_of_it(tmp_path)
    process.send_signal(sign)
    assert process.wait(50) != 0  # less than the time-out of the download
    process.communicate()
    assert part.stat().st_size == 50_000
    assert start(stand, tmp_path / "into").wait(60) == 0
    assert os.listdir(tmp_path / "into") == ["0.bin"]
    assert stand.seen[1].headers["Range"] == "bytes=50000-"
