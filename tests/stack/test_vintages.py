"""Nothing from the future: what comes after a vintage's date changes no bit of it."""

from pathlib import Path

import numpy as np
import pytest

from tests.stack.conftest import lags, solve, write_ifgs

LAST = "asof-20200218"  # the fifth of eight dates


@pytest.mark.parametrize("reference", [{}, {"lon": -98.99, "lat": 19.99}])
def test_a_perturbed_future_changes_no_bit(tmp_path: Path, basin, reference) -> None:  # type: ignore[no-untyped-def]
    truth, pairs = basin(noise=0.5), lags(8, 1, 2, 3)
    future = [index for index, (_, second) in enumerate(pairs) if second > 4]
    results = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        data = write_ifgs(folder / "ifgs.zarr", truth, pairs)
        if name == "b":
            rng = np.random.default_rng(9)
            phase, coherence = data.phase.values.copy(), data.coherence.values.copy()
            phase[future] += rng.normal(size=phase[future].shape).astype(np.float32) * 5
            phase[future[0]] = np.nan
            coherence[future] = rng.uniform(size=coherence[future].shape)
            write_ifgs(folder / "ifgs.zarr", truth, pairs, phase=phase, coherence=coherence)
        results.append(solve(folder, LAST, mask="insarcast", reference=reference))
    (one, facts_one), (two, facts_two) = results
    assert facts_one == facts_two
    assert one.sizes["time"] == 5
    assert one.attrs == two.attrs
    for variable in one.variables:
        np.testing.assert_array_equal(one[variable].values, two[variable].values, err_msg=str(variable))


def test_the_past_does_matter(tmp_path: Path, basin) -> None:  # type: ignore[no-untyped-def]
    """The test above could not fail if vintages ignored their data: perturb the past and see it."""
    truth, pairs = basin(noise=0.5), lags(8, 1, 2, 3)
    data = write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    before, _ = solve(tmp_path, LAST)
    phase = data.phase.values.copy()
    phase[0] += np.random.default_rng(1).normal(size=phase[0].shape).astype(np.float32) * 0.3
    (tmp_path / "b").mkdir()
    write_ifgs(tmp_path / "b/ifgs.zarr", truth, pairs, phase=phase)
    after, _ = solve(tmp_path / "b", LAST)
    assert not np.array_equal(before.displacement.values, after.displacement.values)


def test_each_vintage_has_its_own_reference_and_dates(tmp_path: Path, basin) -> None:  # type: ignore[no-untyped-def]
    write_ifgs(tmp_path / "ifgs.zarr", basin(noise=0.5), lags(8, 1, 2, 3))
    full, _ = solve(tmp_path)
    past, facts = solve(tmp_path, LAST)
    assert (full.attrs["as_of"], past.attrs["as_of"]) == ("full", LAST)
    assert (full.sizes["time"], past.sizes["time"]) == (8, 5)
    assert facts["as_of"] == "20200218"
    assert max(pair["date2"] for pair in facts["pairs"]) == "20200218"


def test_a_date_that_does_not_exist_is_a_sentence(tmp_path: Path, basin) -> None:  # type: ignore[no-untyped-def]
    from insarcast.core import InsarcastError

    write_ifgs(tmp_path / "ifgs.zarr", basin(), lags(8, 1, 2))
    with pytest.raises(InsarcastError, match="no acquisition on 20200219"):
        solve(tmp_path, "asof-20200219")
