"""Finding LiCSBAS's time series: which file, where its pixels lie, gaps, layers in and beside it, and what cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from affine import Affine
from products import write_raster
from products_ready import DEGREES, Ready, make_ready, write_licsbas
from ready_open import acquire, opened, refused, same, values, whole


@pytest.fixture
def ready() -> Ready:
    return make_ready(utm=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "frame"


def replaced(path: Path, **datasets: Any) -> None:
    """Datasets of a file by others; None takes one away."""
    with h5py.File(path, "a") as file:
        for name, value in datasets.items():
            if name in file:
                del file[name]
            if value is not None:
                file[name] = value


def test_the_series_that_no_filter_has_seen_is_used(folder: Path, ready: Ready) -> None:
    write_licsbas(folder, ready, "TS_GEOCml1/cum_filt.h5", filtwidth_yr=0.1, filtwidth_km=2.0, deramp_flag=1, hgt_linear_flag=1)
    found = acquire(folder, "licsbas")
    assert Path(found.static["series"][0]).name == "cum_filt.h5"
    assert found.conventions["done"][:2] == ["a ramp", "the delay that goes with height"]
    assert "looks ahead in time" in found.conventions["done"][2]
    write_licsbas(folder, ready)
    found = acquire(folder, "licsbas")
    assert Path(found.static["series"][0]).name == "cum.h5"
    assert found.conventions["done"] == []
    assert [entry["name"] for entry in found.skipped] == ["TS_GEOCml1/cum_filt.h5"]
    named = acquire(folder, "licsbas", files=["TS_GEOCml1/cum_filt.h5"])
    assert Path(named.static["series"][0]).name == "cum_filt.h5"


def test_the_folder_of_the_series_itself_may_be_named(folder: Path, ready: Ready) -> None:
    write_licsbas(folder, ready)
    same(values(opened(folder / "TS_GEOCml1", "licsbas")), ready.displacement)


def test_several_series_are_not_chosen_between(folder: Path, ready: Ready) -> None:
    write_licsbas(folder, ready, "TS_GEOCml1/cum.h5")
    write_licsbas(folder, ready, "TS_GEOCml1GACOS/cum.h5")
    assert "TS_GEOCml1 and TS_GEOCml1GACOS" in refused(folder, "licsbas")
    assert "name one" in refused(folder, "licsbas", files=["TS_*/cum.h5"])
    assert acquire(folder, "licsbas", files=["TS_GEOCml1GACOS/cum.h5"]).dates == ready.dates


@pytest.mark.parametrize("looks", [1, 2, 10])
def test_pixels_lie_where_the_originals_that_were_averaged_lay(folder: Path, ready: Ready, looks: int) -> None:
    """LiCSBAS keeps the centre of the first original pixel; the edge of the averaged grid is that of the original one."""
    original = Affine(DEGREES.a / looks, 0, DEGREES.c, 0, DEGREES.e / looks, DEGREES.f)
    path = write_licsbas(folder, ready, f"TS_GEOCml{looks}GACOSclip/cum.h5", looks=looks)
    with h5py.File(path) as file:
        corner = float(file["corner_lon"][()]), float(file["corner_lat"][()])
    assert corner == pytest.approx(original @ (0.5, 0.5))
    np.testing.assert_allclose(opened(folder, "licsbas").grid.transform, DEGREES, rtol=0, atol=1e-9)


def test_a_folder_that_does_not_say_how_many_pixels_were_averaged_is_listed(folder: Path, ready: Ready) -> None:
    path = write_licsbas(folder, ready)
    path.parent.rename(folder / "TS_mine")
    reasons = [entry["reason"] for entry in acquire(folder, "licsbas").skipped]
    assert any("how many pixels LiCSBAS averaged" in reason for reason in reasons)


def test_steps_without_an_interferogram_are_bridged(folder: Path, ready: Ready) -> None:
    write_licsbas(folder, ready, gaps=[4])
    series = opened(folder, "licsbas")
    assert series.filled is not None
    filled = series.filled(whole(series))
    assert filled.shape == ready.displacement.shape
    assert [bool(step.all()) for step in filled] == [False] * 4 + [True] + [False] * 4
    # Without the fourth date, the step from the third to the fifth holds the gap.
    chosen = {"start": ready.dates[1], "exclude": [ready.dates[4]]}
    series = opened(folder, "licsbas", chosen)
    assert series.filled is not None
    assert [bool(step.all()) for step in series.filled(whole(series))] == [False] * 3 + [True] + [False] * 3
    assert [bool(step.any()) for step in series.filled((slice(2, 3), slice(0, 2)))] == [False] * 3 + [True] + [False] * 3


def test_layers_beside_an_older_series_are_read(folder: Path, ready: Ready) -> None:
    write_licsbas(folder, ready, inside=False)
    found = acquire(folder, "licsbas")
    assert {"los_east", "los_north", "los_up", "height", "coherence", "mask", "n_unw"} <= set(found.static)
    series = opened(folder, "licsbas")
    known = np.isfinite(ready.displacement).all(axis=0)
    np.testing.assert_allclose(series.line_of_sight(whole(series))[:, known], ready.los[:, known], atol=1e-6)
    np.testing.assert_allclose(series.layers["height"](whole(series))[known], ready.height[known], rtol=1e-6)
    block = (slice(3, 7), slice(5, 20))
    np.testing.assert_array_equal(series.layers["coherence"](block), series.layers["coherence"](whole(series))[block])


def test_a_flat_file_of_another_size_is_no_layer(folder: Path, ready: Ready) -> None:
    write_licsbas(folder, ready, inside=False)
    path = folder / "TS_GEOCml1/results/hgt"
    path.write_bytes(path.read_bytes()[:-4])
    assert "height" not in acquire(folder, "licsbas").static


def test_without_vectors_the_study_must_say_where_the_satellite_is(folder: Path, ready: Ready) -> None:
    path = write_licsbas(folder, ready)
    replaced(path, **{"U.geo": None})
    assert "products.incidence and products.heading" in refused(folder, "licsbas")
    series = opened(folder, "licsbas", {"incidence": 39, "heading": -12})
    assert series.line_of_sight((slice(0, 1), slice(0, 1)))[:, 0, 0] == pytest.approx((-0.6156, -0.1308, 0.7771), abs=1e-4)


def test_the_wavelength_is_that_of_the_run(folder: Path, ready: Ready) -> None:
    path = write_licsbas(folder, ready)
    (path.parent / "info/13parameters.txt").write_text("range_samples:  31\nwavelength:     0.2360571\n")
    assert acquire(folder, "licsbas").conventions["wavelength"] == pytest.approx(0.2360571)
    (path.parent / "info/13parameters.txt").unlink()
    assert acquire(folder, "licsbas").conventions["wavelength"] == pytest.approx(0.0554658, abs=1e-6)
    assert acquire(folder, "licsbas", {"wavelength": 0.031}).conventions["wavelength"] == 0.031


def test_a_series_in_metres_contradicts_its_own_velocity(folder: Path, ready: Ready) -> None:
    path = write_licsbas(folder, ready)
    with h5py.File(path, "a") as file:
        file["cum"][:] = file["cum"][:] / 1000
    said = refused(folder, "licsbas")
    assert "0.001 times as fast" in said
    assert str(path) in said


def test_a_series_of_the_other_sign_contradicts_its_own_velocity(folder: Path, ready: Ready) -> None:
    path = write_licsbas(folder, ready)
    with h5py.File(path, "a") as file:
        file["cum"][:] = -file["cum"][:]
    assert "the other sign" in refused(folder, "licsbas")


def test_a_series_without_a_velocity_is_believed(folder: Path, ready: Ready) -> None:
    path = write_licsbas(folder, ready)
    assert "its velocity agrees" in opened(folder, "licsbas").stated
    replaced(path, vel=None)
    assert "agrees" not in opened(folder, "licsbas").stated
    same(values(opened(folder, "licsbas")), ready.displacement)


def test_dates_out_of_order_are_put_in_order_and_their_gaps_are_not_guessed(folder: Path, ready: Ready) -> None:
    path = write_licsbas(folder, ready)
    order = [0, 3, 1, 2, 8, 4, 5, 7, 6]
    with h5py.File(path, "a") as file:
        cum = file["cum"][:][order]
    replaced(path, cum=cum, imdates=np.array([int(ready.dates[at]) for at in order], np.int32))
    series = opened(folder, "licsbas")
    assert series.dates == ready.dates
    same(values(series), ready.displacement)
    assert series.filled is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"corner_lat": None}, "radar coordinates"),
        ({"imdates": None}, "no time series of LiCSBAS"),
        ({"cum": None}, "no time series of LiCSBAS"),
        ({"imdates": np.array([20200104] * 9, np.int32)}, "twice"),
        ({"imdates": np.arange(9, dtype=np.int32)}, "no day of the calendar"),
        ({"imdates": np.array([20200104, 20200116], np.int32)}, "9 layers but 2 dates"),
        ({"post_lat": 0.001}, "not north-up"),
        ({"corner_lon": 4000.0}, "no degrees"),
    ],
)
def test_what_is_missing_or_cannot_be_is_said(folder: Path, ready: Ready, change: dict[str, Any], said: str) -> None:
    path = write_licsbas(folder, ready)
    replaced(path, **change)
    sentence = refused(folder, "licsbas")
    assert said in sentence
    assert str(path) in sentence


def test_a_truncated_file_is_refused(folder: Path, ready: Ready) -> None:
    path = write_licsbas(folder, ready)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "truncated" in refused(folder, "licsbas")


@pytest.mark.parametrize("place", ["GEOC", "interferograms", "."])
def test_a_frame_of_interferograms_is_sent_to_the_other_source(folder: Path, place: str) -> None:
    pair = "20200104_20200116"
    write_raster(folder / place / pair / f"{pair}.geo.unw.tif", np.ones((3, 4), np.float32))
    said = refused(folder, "licsbas")
    assert "source licsar" in said
    assert "step 13" in said


def test_another_folder_is_no_series_of_licsbas(folder: Path) -> None:
    folder.mkdir()
    assert "the folder is empty" in refused(folder, "licsbas")
    (folder / "EQA.dem_par").write_text("")
    assert "there is for example EQA.dem_par" in refused(folder, "licsbas")
