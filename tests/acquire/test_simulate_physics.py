"""The simulated scene against published forms: spectra, consolidation, troughs, coherence, noise, sign."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import quad
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import gamma as gamma_function
from scipy.special import hyp2f1

from insarcast.acquire import Scene, make_scene, noisy_series
from insarcast.acquire.scene.bowls import consolidation, course, profile
from insarcast.acquire.scene.coherence import draw_noise, phase_deviation
from insarcast.acquire.scene.fields import power_law_field
from insarcast.acquire.scene.interferograms import make_interferogram
from insarcast.acquire.scene.make import stable_pixel
from insarcast.acquire.scene.scene import KINDS
from insarcast.acquire.scene.settings import complete_settings
from insarcast.acquire.scene.site import COVERS
from insarcast.core import InsarcastError, line_of_sight

WAVELENGTH = 0.055465763
QUIET = {
    "troposphere": {"turbulence": 0, "stratified": 0, "stratified_seasonal": 0},
    "errors": {"noise": False, "unwrapping": 0, "holes": 0, "min_coherence": 0, "dem": 0},
}
STEADY = {"kind": "steady", "rate": -100, "place": [0.5, 0.5], "radius": 600}


def small(**changes: Any) -> Scene:
    """A scene of 20 x 24 pixels and 6 dates."""
    settings = {
        "area": {"rows": 20, "columns": 24, **changes.pop("area", {})},
        "acquisitions": {"count": 6, "gap_after": 3, **changes.pop("acquisitions", {})},
    }
    return make_scene(settings | changes)


def bowl(**changes: Any) -> dict[str, Any]:
    return complete_settings({"bowls": [STEADY | changes]})["bowls"][0]


# Troposphere


def slope(k: npt.NDArray[Any], power: npt.NDArray[Any], low: float, high: float) -> float:
    """Slope in the log-log plane, each octave weighing alike."""
    edges = np.geomspace(low, high, 9)
    bins = [(k >= a) & (k < b) for a, b in itertools.pairwise(edges)]
    points = [(np.log(k[inside].mean()), np.log(power[inside].mean())) for inside in bins if inside.any()]
    return float(np.polyfit(*np.array(points).T, 1)[0])


def spectra(exponents: tuple[float, ...], scales: tuple[float, ...]) -> tuple[npt.NDArray[Any], ...]:
    """Frequencies and power, two-dimensional and along lines, of windowed fields of 256 x 256 pixels of 100 m."""
    size, pixel = 256, 100.0
    window = np.hanning(size)
    fields = [power_law_field(np.random.default_rng(n), (size, size), pixel, exponents, scales) for n in range(12)]
    flat = sum(np.abs(np.fft.fft2(field * np.outer(window, window))) ** 2 for field in fields)
    lines = sum((np.abs(np.fft.rfft(field * window)) ** 2).mean(0) for field in fields)
    f = np.fft.fftfreq(size, pixel)
    return np.hypot(f[:, None], f).ravel(), np.asarray(flat).ravel(), np.fft.rfftfreq(size, pixel), np.asarray(lines)


@pytest.mark.parametrize("exponent", [2 / 3, 5 / 3, 2.2])
def test_turbulence_follows_its_power_law_along_lines_and_in_the_plane(exponent: float) -> None:
    k2, flat, k1, lines = spectra((exponent,), ())
    assert slope(k2, flat, 4e-4, 4e-3) == pytest.approx(-(exponent + 1), abs=0.12)
    assert slope(k1, lines, 4e-4, 3e-3) == pytest.approx(-exponent, abs=0.25)  # the line cuts the corner frequencies off


def test_turbulence_has_hanssens_regimes() -> None:
    k, power, *_ = spectra((5 / 3, 8 / 3, 2 / 3), (4000, 800))
    assert slope(k, power, 1 / 12000, 1 / 4500) == pytest.approx(-8 / 3, abs=0.5)  # few waves of that length fit
    assert slope(k, power, 1 / 3600, 1 / 900) == pytest.approx(-11 / 3, abs=0.2)
    assert slope(k, power, 1 / 700, 1 / 210) == pytest.approx(-5 / 3, abs=0.15)


def test_opposite_edges_of_a_field_are_unrelated() -> None:
    fields = [power_law_field(np.random.default_rng(n), (24, 24), 100, (5 / 3,)) for n in range(200)]
    edges = np.array([(field[12, 0], field[12, -1], field[12, 1]) for field in fields])
    related = np.corrcoef(edges.T)
    assert related[0, 2] > 0.8
    assert related[0, 1] < 0.2


def test_more_vapour_is_farther_in_the_valley() -> None:
    scene = small(troposphere={"turbulence": 0, "stratified": 0, "stratified_seasonal": 10, "wettest_day": 9})
    delay, height = scene.delay_at(0), scene.height  # the first date is day 9
    gradient = np.polyfit(height.ravel() / 1000, delay.ravel(), 1)[0]
    assert gradient == pytest.approx(10, rel=1e-3)  # mm per km: the valley appears to have moved away
    assert abs(delay.mean()) < 1e-3


# Ground


def test_consolidation_is_terzaghis() -> None:
    # Time factors of textbooks' tables, and both asymptotes.
    assert consolidation(np.array([0.197, 0.403, 0.848])) == pytest.approx([0.5, 0.7, 0.9], abs=1e-3)
    early, late = np.array([1e-4, 1e-3, 1e-2]), np.array([0.5, 1, 2])
    assert consolidation(early) == pytest.approx(2 * np.sqrt(early / np.pi), rel=1e-3)
    assert consolidation(late) == pytest.approx(1 - 8 / np.pi**2 * np.exp(-(np.pi**2) * late / 4), rel=1e-4)


def test_consolidation_solves_the_diffusion_of_pore_pressure() -> None:
    n = 100  # half a clay layer, drained at the top, its middle is the no-flow boundary
    step, pressure, time = 0.4 / n**2, np.ones(n), 0.0
    while time < 0.3:
        above, below = np.concatenate([[-pressure[0]], pressure[:-1]]), np.concatenate([pressure[1:], pressure[-1:]])
        pressure = pressure + step * n**2 * (above - 2 * pressure + below)
        time += step
    assert float(consolidation(np.array(time))) == pytest.approx(1 - pressure.mean(), abs=2e-3)


def test_courses_have_the_rate_that_the_study_gives() -> None:
    years = np.linspace(0, 2, 2001)
    rate = {}
    for name, changes in {
        "steady": {},
        "accelerating": {"kind": "accelerating", "time_constant": 0.7},
        "terzaghi": {"kind": "decaying", "time_constant": 30, "age": 0.8},
        "exponential": {"kind": "decaying", "time_constant": 1.5, "form": "exponential"},
        "onset": {"kind": "onset", "onset": 0.6},
    }.items():
        moved = course(bowl(**changes), years)
        assert moved[0] == pytest.approx(0, abs=1e-9)
        rate[name] = np.diff(moved) / np.diff(years)
        assert rate[name].min() == pytest.approx(-100, rel=2e-3), name  # the fastest within the record
    assert rate["accelerating"][0] == pytest.approx(-100 * np.exp(-2 / 0.7), rel=1e-2)
    assert rate["exponential"][-1] == pytest.approx(-100 * np.exp(-2 / 1.5), rel=1e-2)
    assert rate["terzaghi"][-1] == pytest.approx(-100 * np.sqrt(0.8 / 2.8), rel=2e-2)  # early: U goes with the root of time
    assert rate["onset"][:1190] == pytest.approx(0)


def test_a_yearly_swing_returns_and_peaks_on_its_day() -> None:
    scene = small(bowls=[STEADY | {"kind": "seasonal", "rate": 0, "seasonal": 10, "peak_day": 9}], acquisitions={"count": 40})
    days = (scene.time - scene.time[0]).astype(int)
    assert scene.courses[0] == pytest.approx(10 * np.cos(2 * np.pi * days / 365.25) - 10, abs=1e-6)


def test_a_trough_over_a_panel_is_knothes() -> None:
    d = np.linspace(-4000, 4000, 8001)
    shape, tilt = profile(d, 500, 4000)
    assert shape[4000] == 1
    assert shape[[2000, 6000]] == pytest.approx(0.5, abs=1e-6)  # half of the subsidence over the edges of a wide panel
    assert abs(tilt[[2000, 6000]]) == pytest.approx(1 / 500, rel=1e-6)  # the greatest tilt is w / r
    for width in (0, 300, 4000):
        shape, tilt = profile(d, 500, width)
        assert tilt[1:-1] == pytest.approx((shape[2:] - shape[:-2]) / 2, abs=1e-7)
        assert shape.max() == shape[4000] == pytest.approx(1)
    assert profile(np.array([500.0]), 500, 0)[0] == pytest.approx(np.exp(-np.pi))


def test_vertical_motion_is_projected_with_the_local_look_vector() -> None:
    scene = small(bowls=[STEADY | {"place": [0.52, 0.525]}], **QUIET)
    moved = scene.displacement[-1] / (-100 * (scene.time[-1] - scene.time[0]).astype(float) / 365.25)
    assert moved[10, 12] == pytest.approx(scene.look.enu[2][10, 12], rel=1e-3)
    assert scene.displacement[0] == pytest.approx(0)
    assert scene.velocity[10, 12] == pytest.approx(-100 * moved[10, 12], rel=1e-5)
    for heading in (-12.6, -167.4):
        look = small(acquisitions={"heading": heading, "incidence": 38.5}).look
        expected = line_of_sight(38.5, heading)
        assert [part.mean() for part in look.enu] == pytest.approx(expected, abs=2e-3)
        assert look.ascending == (heading > -90)
        # the incidence grows away from the satellite, which stands where the vector points
        west_minus_east = look.theta[:, 0].mean() - look.theta[:, -1].mean()
        assert np.sign(west_minus_east) == -np.sign(expected[0])


def test_horizontal_motion_goes_to_the_centre_of_a_sinking_bowl() -> None:
    plain, sliding = (small(bowls=[STEADY | {"horizontal": b}], **QUIET) for b in (0, 0.35))
    extra = sliding.displacement[-1] - plain.displacement[-1]
    east = sliding.look.enu[0]
    west_side, east_side = extra[10, 8] / east[10, 8], extra[10, 15] / east[10, 15]  # its east component, mm
    assert west_side > 1
    assert east_side < -1
    # greatest at the steepest place, 0.35 R times the tilt there
    years = (plain.time[-1] - plain.time[0]).astype(float) / 365.25
    d = np.linspace(-900, 900, 181)
    assert np.abs(extra / east).max() == pytest.approx(100 * years * 0.35 * 600 * np.abs(profile(d, 600, 0)[1]).max(), rel=0.15)


def test_sinking_ground_is_a_growing_phase() -> None:
    scene = small(bowls=[STEADY], **QUIET)
    pair = make_interferogram(scene, 0, 5)
    corner, centre = pair.phase[0, 0], pair.phase[10, 12]
    sunk = scene.displacement[5, 10, 12] - scene.displacement[5, 0, 0]
    assert sunk < -10
    assert centre - corner == pytest.approx(-4 * np.pi / WAVELENGTH * sunk / 1000, rel=1e-4)
    assert centre > corner


# Radar


def test_coherence_decays_as_given() -> None:
    scene = small(coherence={"texture": 0, "critical_baseline": 1e12, "season": 0.4, "greenest_day": 200})
    for i, j in ((0, 1), (0, 5)):
        gamma = scene.coherence_at(i, j)
        days = (scene.dates[j] - scene.dates[i]).days
        season = np.mean([0.5 * (1 + np.cos(2 * np.pi * (scene.dates[n].timetuple().tm_yday - 200) / 365.25)) for n in (i, j)])
        expected = {
            "bare": 0.5 + 0.42 * np.exp(-days / 300),
            "vegetation": (0.2 + 0.55 * np.exp(-days / 40)) * (1 - 0.4 * season),
            "water": 0.03,
        }
        for number, name in enumerate(COVERS):
            assert gamma[scene.cover == number] == pytest.approx(expected[name], rel=1e-4), name
    near, far = (small(acquisitions={"tube": tube}, coherence={"texture": 0}) for tube in (0, 300))
    baseline = abs(far.baselines[2] - far.baselines[0])
    assert far.coherence_at(0, 2) == pytest.approx(np.maximum(near.coherence_at(0, 2) * (1 - baseline / 5000), 0.01), rel=1e-4)


@pytest.mark.parametrize(("coherence", "looks"), [(0.9, 40), (0.7, 40), (0.5, 80)])
def test_phase_noise_is_rodriguez_and_martins(coherence: float, looks: float) -> None:
    noise, _ = draw_noise(np.random.default_rng(1), np.full((300, 300), coherence, np.float32), looks)
    bound = np.sqrt((1 - coherence**2) / (2 * looks * coherence**2))
    assert noise.std() == pytest.approx(bound, rel=0.04)
    assert phase_deviation(np.array(coherence), looks) == pytest.approx(bound)
    assert abs(noise.mean()) < 5 * bound / 300


def multilook_pdf(phase: float, coherence: float, looks: int) -> float:
    """Lee, Hoppel, Mango and Miller 1994, equation 20."""
    beta = coherence * np.cos(phase)
    first = gamma_function(looks + 0.5) * (1 - coherence**2) ** looks * beta
    first /= 2 * np.sqrt(np.pi) * gamma_function(looks) * (1 - beta**2) ** (looks + 0.5)
    return float(first + (1 - coherence**2) ** looks / (2 * np.pi) * hyp2f1(looks, 1, 0.5, beta**2))


@pytest.mark.parametrize(("coherence", "looks"), [(0.1, 4), (0.4, 4), (0.3, 20)])
def test_phase_noise_has_the_multilook_distribution_where_coherence_is_low(coherence: float, looks: int) -> None:
    noise, _ = draw_noise(np.random.default_rng(2), np.full((400, 400), coherence, np.float32), looks)
    variance = quad(lambda p: p * p * multilook_pdf(p, coherence, looks), -np.pi, np.pi)[0]
    assert noise.std() == pytest.approx(np.sqrt(variance), rel=0.01)


def test_estimated_coherence_is_biased_like_a_processors() -> None:
    looks = 10
    _, none = draw_noise(np.random.default_rng(3), np.full((300, 300), 1e-6, np.float32), looks)
    expected = gamma_function(looks) * gamma_function(1.5) / gamma_function(looks + 0.5)  # Touzi et al. 1999, for no coherence
    assert none.mean() == pytest.approx(expected, rel=0.01)
    _, high = draw_noise(np.random.default_rng(3), np.full((300, 300), 0.9, np.float32), 40)
    assert high.mean() == pytest.approx(0.9, abs=0.003)
    assert high.std() == pytest.approx((1 - 0.81) / np.sqrt(2 * 40), rel=0.1)


def closure(scene: Scene) -> npt.NDArray[Any]:
    """Closure of the first three dates without its constant."""
    loop = make_interferogram(scene, 0, 1).phase + make_interferogram(scene, 1, 2).phase - make_interferogram(scene, 0, 2).phase
    return np.asarray(loop - np.nanmedian(loop))


def test_loops_close_but_for_the_noise_of_pairs() -> None:
    errors = QUIET["errors"] | {"dem": 5}
    assert np.abs(closure(small(errors=errors))).max() < 2e-4
    noisy = closure(small(errors=errors | {"noise": True}))
    assert 0.02 < np.nanstd(noisy[np.abs(noisy) < 1]) < 0.6


def test_unwrapping_errors_are_whole_cycles_in_patches() -> None:
    errors = QUIET["errors"] | {"unwrapping": 0.4, "unwrapping_radius": 300}
    wrong = small(area={"rows": 40, "columns": 40}, errors=errors, acquisitions={"count": 40, "annual": False})
    right = small(area={"rows": 40, "columns": 40}, errors=QUIET["errors"], acquisitions={"count": 40, "annual": False})
    share = []
    for i, j in wrong.pairs[:60]:
        pair = make_interferogram(wrong, i, j)
        cycles = (pair.phase - make_interferogram(right, i, j).phase) / (2 * np.pi)
        assert cycles == pytest.approx(pair.cycles, abs=1e-3)
        share.append(pair.cycles.any())
        assert np.count_nonzero(pair.cycles) < 0.5 * cycles.size
    assert np.mean(share) == pytest.approx(0.4, abs=0.2)


def test_holes_hold_no_phase_and_no_coherence() -> None:
    scene = small(area={"rows": 40, "columns": 40}, errors=QUIET["errors"] | {"holes": 1, "holes_radius": 400})
    pair = make_interferogram(scene, 0, 1)
    hole = np.isnan(pair.phase)
    assert 0.005 < hole.mean() < 0.4
    assert pair.coherence[hole].max() <= 0.05


def test_a_dem_error_grows_with_the_baseline() -> None:
    scene = small(bowls=[], **QUIET | {"errors": QUIET["errors"] | {"dem": 10}})
    i, j = scene.pairs[int(np.argmax([abs(scene.baselines[b] - scene.baselines[a]) for a, b in scene.pairs]))]
    phase = make_interferogram(scene, i, j).phase
    incidence, height = np.pi / 2 - scene.look.theta, 693000.0
    expected = 4 * np.pi * (scene.baselines[j] - scene.baselines[i]) * scene.dem_error
    expected /= WAVELENGTH * height / np.cos(incidence) * np.sin(incidence)
    assert phase - phase.mean() == pytest.approx(expected - expected.mean(), abs=1e-3)


# Dates, network, seeds


def test_dates_have_an_interval_a_gap_and_missing_ones() -> None:
    whole = small(acquisitions={"count": 40, "missing": 0, "gap": 48, "gap_after": 20})
    steps = np.diff(whole.time).astype(int)
    assert steps[19] == 60
    assert set(np.delete(steps, 19)) == {12}
    thin = np.diff(small(acquisitions={"count": 300, "missing": 0.2, "gap": 0}).time).astype(int)
    assert 12 * len(thin) / thin.sum() == pytest.approx(0.8, abs=0.06)


def test_the_network_has_the_lags_and_holds_together() -> None:
    scene = small(acquisitions={"count": 45, "lags": [1, 3], "lost": 0.5})
    lags = np.array([j - i for i, j in scene.pairs])
    yearly = np.array([abs((scene.dates[j] - scene.dates[i]).days - 365) <= 6 for i, j in scene.pairs])
    assert set(lags[~yearly]) == {1, 3}
    assert yearly.any()
    assert not set(scene.pairs) & set(scene.lost)
    assert 0.2 < len(scene.lost) / (len(scene.lost) + len(scene.pairs)) < 0.6
    graph = coo_array((np.ones(len(lags)), np.array(scene.pairs).T), shape=(45, 45))
    assert connected_components(graph, directed=False)[0] == 1
    apart = small(acquisitions={"count": 10, "lags": [2], "annual": False, "lost": 0.5})
    graph = coo_array((np.ones(len(apart.pairs)), np.array(apart.pairs).T), shape=(10, 10))
    assert connected_components(graph, directed=False)[0] == 2  # as the lags ask for, and no more


def test_the_same_seed_makes_the_same_scene_and_a_longer_record_keeps_it() -> None:
    bowls = [STEADY]
    one, again, other, longer = (
        small(bowls=bowls, seed=seed, acquisitions={"count": count}) for seed, count in ((3, 6), (3, 6), (4, 6), (3, 9))
    )
    for scene in (again, longer):
        assert scene.dates[:6] == one.dates
        assert np.array_equal(make_interferogram(scene, 1, 3).phase, make_interferogram(one, 1, 3).phase, equal_nan=True)
        assert np.array_equal(scene.displacement[:6], one.displacement)
    assert not np.array_equal(make_interferogram(other, 1, 3).phase, make_interferogram(one, 1, 3).phase, equal_nan=True)


def test_the_default_scene_is_a_basin_with_stable_ground() -> None:
    scene = make_scene()
    share = {name: np.mean(scene.kind == number) for number, name in enumerate(KINDS)}
    assert min(share["stable"], share["bowl"]) > 0.2
    assert share["water"] == pytest.approx(0.03, abs=0.005)
    assert -185 < scene.velocity.min() < -140
    assert {row["kind"] for row in scene.settings["bowls"]} == {"steady", "accelerating", "decaying", "seasonal", "onset"}
    still = np.abs(scene.displacement[:, scene.kind == KINDS.index("stable")]).max()
    assert still < 2 * (scene.time[-1] - scene.time[0]).astype(float) / 365.25 + 1e-3


def test_a_noisy_series_is_the_truth_and_the_air_from_a_stable_point() -> None:
    scene = small(area={"rows": 30, "columns": 30}, bowls=[STEADY])
    series = noisy_series(scene)
    row, col = stable_pixel(scene)
    assert series.shape == scene.displacement.shape
    assert not series[0].any()
    assert not series[:, row, col].any()
    expected = scene.displacement + scene.atmosphere
    expected = expected - expected[0]
    expected = expected - expected[:, row, col][:, None, None]
    left = (series - expected)[1:, scene.cover == COVERS.index("bare")]
    assert 0.05 < left.std() < 2
    assert np.array_equal(series, noisy_series(scene))


# Settings that cannot be


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"bowls": [STEADY | {"place": [1.2, 0.5]}]}, "simulate.bowls.0.place is [1.2, 0.5], which lies outside the scene"),
        ({"bowls": [STEADY, STEADY | {"kind": "decaying"}]}, "simulate.bowls.1 is decaying, but has no time_constant"),
        ({"bowls": [STEADY | {"kind": "accelerating", "time_constant": 0}]}, "time_constant is 0, but must be above 0"),
        ({"bowls": [STEADY | {"kind": "onset", "onset": 5}]}, "a share of the record"),
        ({"bowls": [STEADY | {"kind": "seasonal"}]}, "its amplitude 'seasonal' is 0"),
        ({"bowls": [STEADY | {"radius": 0}]}, "radius above 0"),
        ({"bowls": [STEADY | {"rate": float("inf")}]}, "finite"),
        ({"bowls": [{"kind": "steady"}]}, "'simulate.bowls.0.rate' is missing"),
        ({"acquisitions": {"count": 2}}, "at least three dates"),
        ({"acquisitions": {"start": "2021-02-30"}}, "is no date"),
        ({"troposphere": {"scales": [500, 2000]}}, "the longer wavelength comes first"),
        ({"coherence": {"bare": [0.5, 0.9, 300]}}, "simulate.coherence.bare"),
        ({"coherence": {"water": [0.5, 0.1, 0]}}, "simulate.coherence.water decays within 0 days"),
        ({"area": {"pixel": 150}}, "HyP3's names"),
        ({"area": {"water": 0.5, "vegetation": 0.5}}, "a reference point needs"),
        ({"aera": {}}, "unknown key 'simulate.aera'"),
        ({"area": {"row": 3}}, "unknown key 'simulate.area.row'"),
    ],
)
def test_settings_that_cannot_be_end_in_a_sentence(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InsarcastError) as caught:
        make_scene({"area": {"rows": 8, "columns": 8}} | settings)
    text = str(caught.value)
    assert says in text
    assert text.endswith(".")
    assert "\n" not in text
