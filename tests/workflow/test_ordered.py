"""From an area to products over stand-ins of the search and of HyP3: planned, ordered once, fetched once, and on again after a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flow import Run, command, environment, snakemake
from standins.cmr import Cmr
from standins.hyp3_api import TOKEN, Hyp3, scene_of
from standins.loopback import Answer
from standins.sentinel1 import Catalogue, Track, make_passes

TRACK = Track(41, "DESCENDING", 50.5, 35.55)
PASSES = make_passes(TRACK, "2020-01-04", 6)
DATES = [taken.date for taken in PASSES]
ACQUIRED = Path("results/basin/A/acquire")
MANIFEST = f"{ACQUIRED}/manifest.json"


class Place:
    """A working folder, the two services, and a study that orders from them."""

    def __init__(self, folder: Path, search: Cmr, service: Hyp3) -> None:
        self.folder, self.search, self.service = folder, search, service

    def run(self, *targets: str, dates: int = 4, **hyp3: Any) -> Run:
        """Build targets of a study that ends at one of the dates."""
        return snakemake(self.folder, *targets, study_file=self.study(dates, **hyp3))

    def study(self, dates: int, **hyp3: Any) -> Path:
        settings: dict[str, Any] = {
            "dry_run": False, "job": "INSAR_ISCE_BURST", "bursts": [TRACK.here], "api": self.service.base, "search": self.search.base,
            "login": self.service.base, "poll_seconds": 0.3, "network": {"neighbours": 2, "bridge_years": 0, "max_baseline": 2000},
        }  # fmt: skip
        cube = {
            "source": "hyp3",
            "area": [50.495, 35.545, 50.505, 35.555],
            "products": {"end": DATES[dates - 1]},
            "hyp3": settings | hyp3,
            "downloads": {"attempts": 3, "timeout": 60, "longest_wait": 0.2, "spare_gb": 0},
        }
        path = self.folder / "basin.yaml"
        path.write_text(yaml.safe_dump({"cubes": {"A": cube}}))
        return path

    def record(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / ACQUIRED / "orders.json").read_text())
        return content

    def files_asked(self) -> int:
        return sum(request.path.startswith("/files/") for request in self.service.seen)

    def holds_no_token(self, *runs: Run) -> None:
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        assert len(files) > 20
        assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
        assert [run for run in runs if TOKEN in run.text] == []


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("EARTHDATA_TOKEN", TOKEN)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    area = {"rows": 18, "columns": 22, "water": 0.06, "lon": TRACK.lon, "lat": TRACK.lat}
    start = f"{DATES[0][:4]}-{DATES[0][4:6]}-{DATES[0][6:]}"
    with Cmr(Catalogue(PASSES).items) as search, Hyp3(scene_of(start, len(DATES), area=area)) as service:
        service.flight = (TRACK.number, TRACK.direction)
        yield Place(tmp_path, search, service)


def kill_once_ordered(place: Place) -> None:
    """Kill snakemake and its jobs as soon as the service has taken the order, before any product is there."""
    process = subprocess.Popen(
        command(place.folder, [MANIFEST], {"study_file": place.study(4, max_credits=5)}, ["-c2"]),
        cwd=place.folder, env=environment(), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 120
    while not place.service.ordered():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


def test_what_was_shown_is_ordered_once_whatever_happens(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_once_ordered(place)
    shutil.rmtree(place.folder / ".snakemake/locks")
    first = place.run(MANIFEST)
    assert first.code == 0, first.text
    assert place.service.ordered() == [5]
    assert place.service.spent == 5
    assert place.files_asked() == 5
    pairs = [(DATES[i], DATES[j]) for i, j in ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3))]
    assert place.record()["pairs"] == ["_".join(pair) for pair in pairs]
    manifest = json.loads((place.folder / MANIFEST).read_text())
    assert manifest["dates"] == DATES[:4]
    assert any("HyP3" in line for line in manifest["credits"])

    # The cache is deleted: one run brings all back, and then nothing is to be done; how it is ordered is no reason to do so again.
    shutil.rmtree(place.folder / "cache")
    assert place.run(MANIFEST).code == 0
    assert place.files_asked() == 10
    asked = len(place.service.seen) + len(place.search.seen)
    again = place.run(MANIFEST, poll_seconds=60, max_credits=0)
    assert "Nothing to be done" in again.text, again.text
    assert len(place.service.seen) + len(place.search.seen) == asked

    lost = Path(place.record()["folder"], place.record()["products"][2])

    # A date more that nobody has seen is not ordered: it waits, and the study goes on with what is paid. A dry run shows it, though its
    # plan is made already.
    unseen = place.run(MANIFEST, dates=5)
    assert unseen.code == 0, unseen.text
    for words in ("2 pairs for 2 credits have not been shown by a dry run", f"{ACQUIRED}/pairs.csv", "Going on with the 5 pairs"):
        assert words in unseen.text
    manifest = json.loads((place.folder / MANIFEST).read_text())
    assert manifest["dates"] == DATES[:4]
    assert sum("it awaits consent" in entry["reason"] for entry in manifest["skipped"]) == 2
    searched = len(place.search.seen)
    shown = snakemake(place.folder, "basin", options=["-n"], study_file=place.study(5, dry_run=True))
    assert shown.code == 0, shown.text
    assert "Dry run: cube 'A' of basin" in shown.text
    assert len(place.search.seen) == searched
    assert place.service.spent == 5

    # What is new is ordered then, and what is lost is fetched.
    for path in (place.folder / lost).glob("*_corr.tif"):
        path.unlink()
    more = place.run(MANIFEST, dates=5)
    assert more.code == 0, more.text
    assert "for 2 credits, 995 are left" in more.text
    assert place.service.ordered() == [5, 2]
    assert place.files_asked() == 10 + 1 + 2
    assert json.loads((place.folder / MANIFEST).read_text())["dates"] == DATES[:5]
    assert len(list((place.folder / "cache/hyp3/insarcast-basin-A").glob("S1_*"))) == 7
    place.holds_no_token(first, again, unseen, shown, more)

    # The search is down, twice: what five dates left behind the plan is not taken for done.
    with monkeypatch.context() as down:
        down.setattr(place.search, "respond", lambda request: Answer.page("<html>down</html>", 503))
        for _ in range(2):
            place.run(MANIFEST, dates=6, max_credits=9).failed_plainly("cannot answer now")
    last = place.run(MANIFEST, dates=6, max_credits=9)
    assert last.code == 0, last.text
    assert json.loads((place.folder / MANIFEST).read_text())["dates"] == DATES
    assert "Nothing to be done" in place.run(MANIFEST, dates=6, max_credits=9).text
