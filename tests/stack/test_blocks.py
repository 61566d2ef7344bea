"""A scene of many blocks gives what one block gives: memory is bounded by the block, the result does not know of it."""

from pathlib import Path

import numpy as np
import pytest

from insarcast.core import arrays, open_store
from insarcast.core import cube as contract
from insarcast.stack.alignment import groups
from insarcast.stack.cube import build as cube
from insarcast.stack.network import closure, survey
from insarcast.stack.network import solve as solver
from tests.stack.conftest import lags, solve, write_ifgs


def test_many_small_blocks_change_no_bit(tmp_path: Path, basin, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    truth, pairs = basin(ny=21, nx=30, noise=0.5), lags(8, 1, 2, 3)
    results = []
    for name in ("one", "many"):
        if name == "many":
            monkeypatch.setattr(arrays, "CHUNK", 8)
            monkeypatch.setattr(contract, "CHUNK", 8)
            for module in (closure, groups):
                monkeypatch.setattr(module, "EDGE", 8)
            for module in (survey, solver, cube):
                monkeypatch.setattr(module, "shard_edge", lambda layers: 8)
        folder = tmp_path / name
        folder.mkdir()
        data = write_ifgs(folder / "ifgs.zarr", truth, pairs)
        phase = data.phase.values.copy()
        phase[3, 5:12, 6:19] = np.nan
        write_ifgs(folder / "ifgs.zarr", truth, pairs, phase=phase)
        results.append((*solve(folder, mask="insarcast"), open_store(folder / "closure.zarr").load()))
    (one, facts_one, loops_one), (many, facts_many, loops_many) = results
    assert facts_one["reference"] == facts_many["reference"]
    assert facts_one["dropped"] == facts_many["dropped"]
    for left, right in ((one, many), (loops_one, loops_many)):
        for variable in left.variables:
            np.testing.assert_array_equal(left[variable].values, right[variable].values, err_msg=str(variable))
    assert facts_one["pairs"][3]["resid_rms"] == pytest.approx(facts_many["pairs"][3]["resid_rms"], rel=1e-12)
