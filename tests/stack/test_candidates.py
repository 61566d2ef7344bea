"""Candidates for the reference, found band by band, are those of the whole scene at once."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from insarcast.stack.network import candidates
from insarcast.stack.network.reference import Reference
from tests.stack.conftest import lags, write_ifgs


def stack(folder: Path, coherence: float | None = None) -> xr.Dataset:
    rng = np.random.default_rng(0)
    pairs = lags(4, 1, 2)
    shape = (len(pairs), 41, 30)
    phase = rng.normal(size=shape).astype(np.float32)
    phase[rng.uniform(size=shape) < 0.004] = np.nan
    values = rng.uniform(0.2, 1, shape).astype(np.float32) if coherence is None else np.full(shape, coherence, np.float32)
    return write_ifgs(folder / "i.zarr", np.zeros((4, 41, 30)), pairs, phase=phase, coherence=values)


def expected(data: xr.Dataset, window: int) -> dict[tuple[int, int], float]:
    """Mean coherence of every complete window, one by one."""
    phase, coherence = data.phase.values, data.coherence.values
    count = np.isfinite(phase).sum(0)
    mean = np.where(np.isfinite(phase), coherence, 0).sum(0, dtype=np.float64) / count
    found = {}
    for row in range(41):
        for col in range(30):
            rows, cols = Reference(row, col, window, "config", "").slices(41, 30)
            inside = (rows.stop - rows.start, cols.stop - cols.start) == (window, window)
            if inside and (count[rows, cols] == count.max()).all():
                found[row, col] = float(mean[rows, cols].mean())
    return found


@pytest.mark.parametrize("window", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("edge", [8, 256])
def test_windows_are_those_of_the_whole_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int, edge: int) -> None:
    monkeypatch.setattr(candidates, "EDGE", edge)
    data = stack(tmp_path)
    whole = expected(data, window)
    found = candidates.find_candidates(data, range(data.sizes["pair"]), window, 0.0)
    assert list(zip(found.rows.tolist(), found.cols.tolist(), strict=True)) == list(whole)
    assert found.coherence is not None
    np.testing.assert_allclose(found.coherence, list(whole.values()), atol=1e-4)
    some = candidates.find_candidates(data, range(data.sizes["pair"]), window, 0.62)
    sure = {place for place, mean in whole.items() if mean > 0.6202}
    assert sure <= set(zip(some.rows.tolist(), some.cols.tolist(), strict=True)) <= {p for p, m in whole.items() if m > 0.6198}
    assert some.limit is None


def test_where_none_is_coherent_the_best_tenth_is_searched(tmp_path: Path) -> None:
    data = stack(tmp_path)
    whole = np.array(list(expected(data, 3).values()))
    found = candidates.find_candidates(data, range(data.sizes["pair"]), 3, 0.99)
    assert found.limit == pytest.approx(np.quantile(whole, 0.9), abs=0.002)
    assert len(found.rows) == pytest.approx(0.1 * len(whole), abs=2)


def test_a_coherence_equal_to_the_limit_is_enough(tmp_path: Path) -> None:
    for limit in (0.1, 0.3, 0.6, 0.7, 0.9):
        found = candidates.find_candidates(stack(tmp_path, limit), range(5), 3, limit)
        assert found.limit is None
        assert len(found.rows) > 100


def test_many_candidates_are_thinned_evenly_whatever_the_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "_MOST", 100)
    data = stack(tmp_path)
    every = list(expected(data, 3))
    for edge in (8, 256):
        monkeypatch.setattr(candidates, "EDGE", edge)
        found = candidates.find_candidates(data, range(data.sizes["pair"]), 3, 0.0)
        assert list(zip(found.rows.tolist(), found.cols.tolist(), strict=True)) == every[:: -(-len(every) // 100)]


def test_values_at_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "EDGE", 8)
    data = stack(tmp_path)
    rng = np.random.default_rng(1)
    rows, cols = rng.integers(0, 41, 60), rng.integers(0, 30, 60)
    found = candidates.read_points(data, [0, 2, 4], rows, cols)
    np.testing.assert_array_equal(found, data.phase.values[[0, 2, 4]][:, rows, cols])
