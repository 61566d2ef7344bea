"""Delay with height: what it finds where the truth is known, and what it must leave alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from insarcast.acquire import Scene, make_scene, noisy_series
from insarcast.stack.corrections.robust import fit_robustly, jackknife
from tests.stack.inverted import correct, write_inverted

LINEAR = {"height": "linear"}
NY, NX, N = 40, 44, 20


def scene(seed: int, *, relief: float = 800, **air: float) -> Scene:
    area = {"rows": 72, "columns": 80, "relief": relief}
    return make_scene({"seed": seed, "area": area, "acquisitions": {"count": 30}, "troposphere": air})


def errors(folder: Path, made: Scene, **settings: Any) -> tuple[float, float, float, dict[str, Any]]:
    """RMSE to the true deformation before and after over the ground, mm; greatest change of a velocity, mm/yr; the record's step."""
    coherence = np.where(made.cover == 2, 0, made.coherence_at(0, 1))
    place = np.unravel_index(np.argmax(np.where(made.kind == 0, coherence, -1)[1:-1, 1:-1]), np.subtract(made.shape, 2))
    row, col = int(place[0]) + 1, int(place[1]) + 1
    inverted = noisy_series(made)
    days = np.array([(day - made.dates[0]).days for day in made.dates])
    write_inverted(
        folder, inverted, height=made.height, x=made.lattice.x, y=made.lattice.y, crs=made.lattice.epsg, reference=(row, col),
        coherent=coherence > 0.4, days=days,
    )  # fmt: skip
    corrected, record, _ = correct(folder, air=settings or LINEAR)
    from insarcast.core import open_store

    before = open_store(folder / "inversion.zarr").displacement.values.astype(float)
    truth = made.displacement - made.displacement[0]
    truth = truth - truth[:, row - 1 : row + 2, col - 1 : col + 2].mean((1, 2))[:, None, None]
    ground = made.kind != 3
    rmse = [float(np.sqrt(((series - truth)[:, ground] ** 2).mean())) for series in (before, corrected)]
    change = np.polyfit(days / 365.25, (corrected - before).reshape(len(days), -1), 1)[0]
    return rmse[0], rmse[1], float(np.abs(change).max()), record["steps"][0]


def test_stratified_air_alone_is_found_and_taken_off(tmp_path: Path) -> None:
    """Without turbulence: to the noise, and each date's slope to half a mm per km, up to a line in time."""
    made = scene(0, turbulence=0, stratified=10)
    before, after, change, step = errors(tmp_path, made)
    assert after < 0.5 * before
    assert change < 0.01
    height = made.height.ravel() / 1000
    true = np.array([np.polyfit(height, date.ravel(), 1)[0] for date in made.atmosphere])
    days = np.array([(day - made.dates[0]).days for day in made.dates], float)
    basis = np.linalg.qr(np.vander(days, 2))[0]
    np.testing.assert_allclose(step["mm_per_km"], true - basis @ (basis.T @ true), atol=0.5)
    assert np.std(true) > 8
    assert step["std_after"][5] < step["std_before"][5]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_helps_under_turbulence_and_does_no_harm_without_stratified_air(tmp_path: Path, seed: int) -> None:
    for name, most, air in (("both", 0.97, {"stratified": 10}), ("turbulent", 1.03, {"stratified": 0, "stratified_seasonal": 0})):
        (tmp_path / name).mkdir()
        before, after, change, _ = errors(tmp_path / name, scene(seed, **air))
        assert after < most * before, name
        assert change < 0.01, name


def test_it_does_no_harm_where_there_is_no_air(tmp_path: Path) -> None:
    """Five bowls of all kinds in the valley below the hills: what it takes for air is a fraction of the noise."""
    before, after, change, _ = errors(tmp_path, scene(1, turbulence=0, stratified=0, stratified_seasonal=0))
    assert after < before + 0.03
    assert change < 0.01


def relief() -> npt.NDArray[Any]:
    y, x = np.mgrid[0:NY, 0:NX]
    return np.asarray(600 * (x / NX) ** 2 + 150 * np.sin(y / 5), float)


def rough(size: float) -> npt.NDArray[Any]:
    return size * np.random.default_rng(5).normal(size=(N, NY, NX))


def test_motion_that_goes_with_the_height_stays(tmp_path: Path) -> None:
    """The valley sinks by up to 80 mm/yr, more slowly as time goes on: it has the height's pattern, but is no delay."""
    years = np.arange(N)[:, None, None] * 36 / 365.25
    sinking = np.minimum(relief() - 250, 0) * (0.2 * years - 0.03 * years**2)  # a third of the scene is hills that stay
    write_inverted(tmp_path, sinking + rough(1.0), height=relief(), days=36)
    corrected, record, _ = correct(tmp_path, air=LINEAR)
    assert np.ptp(sinking[-1]) > 100
    np.testing.assert_allclose(corrected, corrected_by_nothing(tmp_path), atol=0.3)
    assert max(np.abs(record["steps"][0]["mm_per_km"])) < 1


def corrected_by_nothing(folder: Path) -> npt.NDArray[Any]:
    from insarcast.core import open_store

    return np.asarray(open_store(folder / "inversion.zarr").displacement.values)


def test_what_could_be_chance_is_left_alone(tmp_path: Path) -> None:
    """Noise without any delay: slopes as large as their errors are not believed."""
    write_inverted(tmp_path, rough(1.0), height=relief())
    corrected, record, fix = correct(tmp_path, air=LINEAR)
    assert not any(record["steps"][0]["share"])
    np.testing.assert_allclose(corrected, corrected_by_nothing(tmp_path), atol=1e-5)
    assert "delay with height taken off" in fix.attributes["corrections"]


def test_the_record_warns_where_most_moves_or_few_pixels_are_left(tmp_path: Path) -> None:
    years = np.arange(N)[:, None, None] * 36 / 365.25
    x = np.arange(NX) / NX
    air = 0.03 * np.random.default_rng(3).normal(size=N)[:, None, None] * relief()
    said = {}
    scenes = {"still": 0 * x, "moving": -90 * np.maximum(x - 0.3, 0), "few": -900 * np.maximum(x - 0.07, 0)}
    for name, speed in scenes.items():
        (tmp_path / name).mkdir()
        write_inverted(tmp_path / name, air + years * speed + rough(1.0), height=relief(), days=36)
        said[name] = correct(tmp_path / name, air=LINEAR)[1]["steps"][0]
    assert "caution" not in said["still"]["sentence"]
    assert said["still"]["moving_share"] < 0.05
    assert said["still"]["pixels"] > 0.9 * NY * NX
    assert "of the pixels move, so what is taken off may be motion" in said["moving"]["sentence"]
    assert said["moving"]["moving_share"] == pytest.approx(0.67, abs=0.06)
    assert "of the pixels move" in said["few"]["sentence"]
    assert "of a usual slope" in said["still"]["sentence"]
    assert "about the mean" in said["still"]["note"]
    from insarcast.stack.corrections.height import HeightDelay

    none = np.zeros(N)
    few = HeightDelay((1,), none[:, None], none, none, none, pixels=150)
    assert few.caution == "only 150 pixels are left to estimate it from"


def test_a_quadratic_delay_needs_the_quadratic(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    air = rng.normal(size=N)[:, None, None] * (0.03 * relief() - 4e-5 * relief() ** 2)
    write_inverted(tmp_path, air + rough(0.2), height=relief())
    left = {}
    for kind in ("linear", "quadratic"):
        corrected, _, _ = correct(tmp_path, air={"height": kind})
        flat = corrected.reshape(N, -1)
        basis = np.linalg.qr(np.vander(np.arange(N) * 1.0, 2))[0]
        left[kind] = np.std(flat - basis @ (basis.T @ flat))
    assert left["quadratic"] < 0.4
    assert left["linear"] > 2 * left["quadratic"]


@pytest.mark.parametrize(("height", "reason"), [(None, "no heights"), (relief() / 20, "relief of 3. m is too small")])
def test_without_relief_nothing_is_corrected_and_the_record_says_why(tmp_path: Path, height: Any, reason: str) -> None:
    import re

    write_inverted(tmp_path, rough(1.0) + 0.02 * relief(), height=height)
    corrected, record, _ = correct(tmp_path, air=LINEAR)
    np.testing.assert_allclose(corrected, corrected_by_nothing(tmp_path), atol=1e-5)
    assert re.search(f"delay with height not corrected: .*{reason}", record["steps"][0]["sentence"])


def test_the_same_from_a_part_of_the_dates_only(tmp_path: Path) -> None:
    """What comes after the vintage's last date changes nothing: the vintage's inversion does not hold it."""
    series = rough(1.0) + 0.02 * np.random.default_rng(1).normal(size=N)[:, None, None] * relief()
    ends = []
    for name, late in (("a", 0.0), ("b", 50.0)):
        (tmp_path / name).mkdir()
        changed = series.copy()
        changed[12:] += late
        write_inverted(tmp_path / name, changed[:12], height=relief())
        ends.append(correct(tmp_path / name, air=LINEAR)[0])
    np.testing.assert_array_equal(*ends)


def test_robust_fit_ignores_a_third_of_moving_ground() -> None:
    rng = np.random.default_rng(0)
    x = rng.random(3000)
    y = 2 + 5 * x + 0.1 * rng.normal(size=3000)
    y[:1000] -= 8 * (1 + x[:1000])
    found, weights = fit_robustly(np.stack([np.ones(3000), x]), y)
    np.testing.assert_allclose(found, [2, 5], atol=0.05)
    assert weights[:1000].max() == 0


def test_jackknife_is_the_formal_error_of_independent_noise_and_more_where_neighbours_share_it() -> None:
    rng = np.random.default_rng(0)
    parts = np.repeat(np.arange(25), 80)
    x = rng.normal(size=2000)
    terms = np.stack([np.ones(2000), x])
    single = [jackknife(terms, rng.normal(size=2000), np.ones(2000), parts)[1, 1] for _ in range(60)]
    assert np.sqrt(np.mean(single)) == pytest.approx(1 / np.sqrt(2000), rel=0.15)
    x = np.repeat(rng.normal(size=25), 80) + 0.1 * x
    terms = np.stack([np.ones(2000), x])
    shared = [jackknife(terms, np.repeat(rng.normal(size=25), 80), np.ones(2000), parts)[1, 1] for _ in range(60)]
    assert np.sqrt(np.mean(shared)) > 5 / np.sqrt(2000)
