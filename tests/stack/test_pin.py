"""A reference stays when the network grows, and only then; no vintage sees one that was set with later data."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from insarcast.stack.network.invert import _network, _select
from insarcast.stack.network.reference import Reference
from insarcast.stack.network.survey import find_reference
from tests.stack.conftest import SETTINGS, lags, write_ifgs

N = 8


def stack(folder: Path, n_dates: int, *, stable: str = "west", hole: bool = False) -> xr.Dataset:
    """Ground whose western quarter stands still at first; from the seventh date on it is the eastern quarter."""
    x = np.linspace(0, 1, 40)
    early, late = np.clip((x - 0.25) / 0.75, 0, 1), np.clip((0.75 - x) / 0.75, 0, 1)
    rate = -20.0 * (early if stable == "west" else late)
    truth = rate * np.arange(n_dates)[:, None, None] * np.ones((24, 1))
    truth[6:] -= 400 * np.arange(max(n_dates - 6, 0))[:, None, None] * late
    truth += 0.3 * np.random.default_rng(3).normal(size=(20, *truth.shape[1:]))[:n_dates]
    pairs = sorted(lags(n_dates, 1, 2, 3), key=lambda pair: pair[::-1])
    data = write_ifgs(folder / "i.zarr", truth, pairs)
    if hole:
        phase = data.phase.values.copy()
        phase[[k for k, pair in enumerate(pairs) if pair[1] >= 6], :, :10] = np.nan
        data = write_ifgs(folder / "i.zarr", truth, pairs, phase=phase)
    return data


def choose(data: xr.Dataset, pin: Path | None, vintage: str = "full", **changes: Any) -> Reference:
    seen = _select(data, vintage)
    return find_reference(seen, _network(seen, vintage), SETTINGS["reference"] | changes, vintage, pin)


def test_the_reference_stays_when_the_network_grows(tmp_path: Path) -> None:
    pin = tmp_path / "cache/reference.json"
    first = choose(stack(tmp_path, 6), pin)
    assert (first.method, first.since) == ("evidence", None)
    grown = stack(tmp_path, N)
    free = choose(grown, None)
    assert abs(free.col - first.col) > 10  # by evidence alone it would have moved, and the series would have jumped
    later = choose(grown, pin)
    assert (later.row, later.col, later.method, later.since) == (first.row, first.col, "pinned", "20200301")
    assert "up to 20200301" in later.sentence
    assert first.sentence in later.sentence
    assert later.record(grown)["since"] == "20200301"


def test_only_the_full_vintage_sets_a_pin_and_none_sees_the_future(tmp_path: Path) -> None:
    pin = tmp_path / "reference.json"
    grown = stack(tmp_path, N)
    choose(grown, pin, "asof-20200301")
    assert not pin.exists()
    choose(grown, pin)
    known = pin.read_bytes()
    past = choose(grown, pin, "asof-20200301")
    assert past.method == "evidence"
    assert past == choose(grown, None, "asof-20200301")
    assert pin.read_bytes() == known


def test_a_vintage_later_than_the_pin_uses_it(tmp_path: Path) -> None:
    pin = tmp_path / "reference.json"
    first = choose(stack(tmp_path, 6), pin)
    later = choose(stack(tmp_path, N), pin, "asof-20200313")
    assert (later.row, later.col, later.method) == (first.row, first.col, "pinned")


@pytest.mark.parametrize("change", ["settings", "gone", "unmeasured", "moved"])
def test_what_releases_a_pin(tmp_path: Path, capsys: pytest.CaptureFixture[str], change: str) -> None:
    pin = tmp_path / "reference.json"
    choose(stack(tmp_path, 6), pin)
    grown = stack(tmp_path, N, hole=change == "unmeasured")
    if change == "gone":
        grown = grown.isel(pair=slice(1, None))
    if change == "moved":
        grown = grown.isel(x=slice(20, None))
    free = choose(grown, None, window=5) if change == "settings" else choose(grown, None)
    capsys.readouterr()
    found = choose(grown, pin, window=5) if change == "settings" else choose(grown, pin)
    assert found == free
    assert found.method == "evidence"
    words = {
        "settings": "settings of the reference are others", "gone": "are gone", "unmeasured": "do not measure it",
        "moved": "outside the grid",
    }[change]  # fmt: skip
    assert words in capsys.readouterr().out
    assert choose(grown, pin, window=5 if change == "settings" else 3) == free  # the same interferograms give the same again


def test_a_newer_pin_leaves_earlier_vintages_theirs(tmp_path: Path) -> None:
    """What ``full`` decides of later data changes no bit of an earlier vintage, whichever of them runs first."""
    pin = tmp_path / "reference.json"
    first = choose(stack(tmp_path, 6), pin)
    grown = stack(tmp_path, N, hole=True)  # the newer interferograms do not measure the pinned place
    before = choose(grown, pin, "asof-20200313")
    full = choose(grown, pin)
    after = choose(grown, pin, "asof-20200313")
    assert full.method == "evidence"
    assert (full.row, full.col) != (first.row, first.col)
    assert before == after
    assert choose(grown, pin) == full
