"""NetCDF of LiCSBAS_out2nc.py: whichever way its rows go and its datasets are called, it is the series that it was made of."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from products_ready import Ready, make_ready, write_licsbas, write_out2nc
from ready_open import acquire, opened, refused, same, values, whole

LOOK = {"incidence": 39.2, "heading": -12.0}


@pytest.fixture
def ready() -> Ready:
    return make_ready(utm=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "exported"


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("aligned", [False, True])
def test_it_is_the_series_that_it_was_made_of(folder: Path, ready: Ready, up: bool, aligned: bool) -> None:
    write_out2nc(folder / "output.nc", ready, up=up, aligned=aligned)
    series = opened(folder, "licsbas", LOOK)
    assert series.dates == ready.dates
    same(values(series), ready.displacement)
    np.testing.assert_allclose(series.grid.transform, ready.transform, rtol=0, atol=1e-9)
    part = (slice(3, 9), slice(5, 20))
    np.testing.assert_array_equal(series.displacement(part), values(series)[:, 3:9, 5:20])
    measured = np.isfinite(ready.displacement).any(axis=0)
    np.testing.assert_allclose(series.layers["coherence"](whole(series))[measured], ready.coherence[measured], rtol=1e-6)
    np.testing.assert_array_equal(series.layers["mask"](whole(series)) == 1, measured & (ready.coherence > 0.5))
    assert series.baselines == pytest.approx(ready.baselines, abs=1e-4)
    row, col = ready.reference
    assert series.reference == pytest.approx(ready.transform @ (col + 0.5, row + 0.5))
    assert "agrees" in series.stated
    assert series.done == ()


def test_some_of_its_dates_are_read(folder: Path, ready: Ready) -> None:
    write_out2nc(folder / "output.nc", ready)
    series = opened(folder, "licsbas", LOOK | {"start": ready.dates[2], "exclude": [ready.dates[4]]})
    kept = [2, 3, *range(5, len(ready.dates))]
    assert series.dates == [ready.dates[at] for at in kept]
    same(values(series), ready.displacement[kept])


def test_what_is_not_exact_and_what_looks_ahead_is_said(folder: Path, ready: Ready) -> None:
    write_out2nc(folder / "output.nc", ready, filtered=True)
    found = acquire(folder, "licsbas", LOOK)
    assert any("moved places by half a pixel" in entry["reason"] for entry in found.skipped)
    assert "looks ahead in time" in found.conventions["done"][0]


def test_cum_h5_beside_it_is_preferred_and_two_exports_are_not_chosen_between(folder: Path, ready: Ready) -> None:
    write_out2nc(folder / "output.nc", ready)
    path = write_licsbas(folder, ready)
    assert acquire(folder, "licsbas").static["series"] == [str(path)]
    assert acquire(folder, "licsbas", LOOK, files=["output.nc"]).static["series"] == [str(folder / "output.nc")]
    path.unlink()
    write_out2nc(folder / "other.nc", ready)
    assert "other.nc and output.nc; name the one to use" in refused(folder, "licsbas", LOOK)


@pytest.mark.parametrize(("unit", "said"), [(None, "in 'no units', but"), ("cm", "in 'cm', but"), ("rad", "in 'rad', but")])
def test_other_units_are_refused(folder: Path, ready: Ready, unit: str | None, said: str) -> None:
    write_out2nc(folder / "output.nc", ready, unit=unit)
    assert said in refused(folder, "licsbas", LOOK)


def test_another_sign_or_size_than_its_own_velocity_is_refused(folder: Path, ready: Ready) -> None:
    path = write_out2nc(folder / "output.nc", ready)
    with h5py.File(path, "a") as file:
        file["cum"][...] = -file["cum"][:]
    assert "falls where its own vel rises" in refused(folder, "licsbas", LOOK)
    with h5py.File(path, "a") as file:
        file["cum"][...] = -file["cum"][:] / 10
    assert "so one of them is not in mm" in refused(folder, "licsbas", LOOK)


def test_it_does_not_say_where_the_satellite_looks_from(folder: Path, ready: Ready) -> None:
    write_out2nc(folder / "output.nc", ready)
    said = refused(folder, "licsbas")
    assert "set products.incidence and products.heading (mean incidence is 39.2 degrees)" in said


def test_another_netcdf_is_refused(folder: Path) -> None:
    folder.mkdir()
    with h5py.File(folder / "some.nc", "w") as file:
        file["t2m"] = np.zeros((3, 4, 5))
    assert "is no NetCDF of LiCSBAS_out2nc.py" in refused(folder, "licsbas", LOOK)
