"""Delays that came with a frame: found without a folder, and said where they cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from insarcast.acquire import find_delays, frame_losses, list_delays
from insarcast.acquire.fetched import Fetched, lost_since
from insarcast.acquire.interferograms.licsar_frame import frame_files
from insarcast.acquire.portal.pairs import files_of
from insarcast.core import InsarcastError, Study

PAIRS = ["20200101_20200113", "20200113_20200125"]


def record(tmp_path: Path, dates: list[str]) -> Path:
    """A frame in the cache with delays of some dates, one of them of no pair."""
    folder = tmp_path / "cache/licsar/005A_07021_131313"
    for date in dates:
        (folder / "epochs" / date).mkdir(parents=True)
        (folder / "epochs" / date / f"{date}.sltd.geo.tif").write_bytes(b"II")
    for pair in PAIRS:
        for name in files_of((pair[:8], pair[9:])).values():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"II")
    for name in frame_files(folder.name):
        (folder / "metadata" / name).parent.mkdir(exist_ok=True)
        (folder / "metadata" / name).write_bytes(b"II")
    without = [date for date in ("20200101", "20200113", "20200125") if date not in dates]
    path = tmp_path / "frame.json"
    Fetched(str(folder), PAIRS, [{"what": "delay", "name": date, "reason": "none"} for date in without]).write(path)
    return path


def test_delays_of_the_frame_s_own_dates(tmp_path: Path) -> None:
    frame = record(tmp_path, ["20200101", "20200113", "20191220"])
    find_delays(tmp_path / "delays.json", "gacos", None, None, [frame])
    found = json.loads((tmp_path / "delays.json").read_text())
    assert list(found["files"]) == ["20200101", "20200113"]
    assert sorted(found["sha256"]) == sorted(name for names in found["files"].values() for name in names)
    assert list_delays(None, None) == ""


def test_no_delay_at_all_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InsarcastError, match=r"no delay of GACOS for any of the 3 dates of 005A_07021_131313; order them"):
        find_delays(tmp_path / "delays.json", "gacos", None, None, [record(tmp_path, [])])


def test_a_delay_that_left_the_cache(tmp_path: Path) -> None:
    frame = record(tmp_path, ["20200101", "20200113"])
    assert frame_losses(frame, gacos=True) == ""
    (path,) = tmp_path.rglob("20200113.sltd.geo.tif")
    path.unlink()
    assert frame_losses(frame, gacos=True) == lost_since(frame)
    assert frame_losses(frame, gacos=False) == ""


def study(tmp_path: Path, **cube: Any) -> Study:
    path = tmp_path / "s.yaml"
    whole = {"source": "licsar", "licsar": {"frame": "005A_07021_131313", "gacos": True}} | cube
    path.write_text(yaml.safe_dump({"cubes": {"A": whole}, "stack": {"troposphere": {"method": "gacos"}}}))
    return Study(path)


def test_the_study_may_leave_the_folder_out(tmp_path: Path) -> None:
    assert study(tmp_path).get("stack.troposphere.folder", "A") is None
    with pytest.raises(InsarcastError, match=r"set licsar\.gacos: true"):
        study(tmp_path, licsar={"frame": "005A_07021_131313"})
    with pytest.raises(InsarcastError, match=r"give folder too"):
        study(tmp_path, products={"folder": "x"})
    with pytest.raises(InsarcastError, match=r"give folder too"):
        study(tmp_path, source="hyp3", products={"folder": "x"})
