"""What the rules hold at once does not grow with the scene: arrays counted by tracemalloc on 4 and on 36 blocks."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from insarcast.core import open_store
from insarcast.stack import align_products, close_loops
from insarcast.stack.alignment import align, groups
from insarcast.stack.network import candidates, closure, survey
from tests.benchmarks.scenes import network, write_scene

PAIRS = network(8, (1, 2))
EDGE = 128


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def peaks(folder: Path, blocks: int) -> dict[str, int]:
    edge = EDGE * int(blocks**0.5)
    listed = write_scene(folder, edge, edge, 8, PAIRS)
    ifgs, every = folder / "ifgs.zarr", list(range(len(PAIRS)))
    found = {
        "align": peak(lambda: align_products(listed, ifgs, "stop", mem_mb=1)),
        "close": peak(lambda: close_loops(ifgs, folder / "closure.zarr", folder / "network.parquet", mem_mb=1)),
    }
    data = open_store(ifgs)
    found["survey"] = peak(lambda: survey.survey_pairs(data, 8))
    found["candidates"] = peak(lambda: candidates.find_candidates(data, every, 3, 0.5))
    return found


def test_peaks_are_those_of_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (align, groups, closure, candidates):
        monkeypatch.setattr(module, "EDGE", EDGE)
    monkeypatch.setattr(survey, "shard_edge", lambda layers: EDGE)
    monkeypatch.setattr("insarcast.stack.alignment.facts._PIXELS", EDGE * EDGE)
    peaks(tmp_path / "warm", 4)  # imports and caches
    small, large = peaks(tmp_path / "small", 4), peaks(tmp_path / "large", 36)
    again = peaks(tmp_path / "again", 36)  # on a busy machine zarr's threads hold more chunks at a time
    large = {rule: min(most, again[rule]) for rule, most in large.items()}
    scene = 36 * EDGE * EDGE * 4  # bytes of one layer of the larger scene
    band = 40 * EDGE * (6 - 2) * EDGE  # the reference is sought in bands as wide as the scene, in some 40 bytes per pixel
    for rule, most in large.items():
        assert most <= 1.1 * small[rule] + (band if rule == "candidates" else 0.3 * scene), (rule, small[rule], most)
