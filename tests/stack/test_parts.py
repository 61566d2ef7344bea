"""Closure, gates, reference, noise indices and mask, each against a case whose answer is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import linregress

from insarcast.core import InsarcastError, open_store
from insarcast.stack.cube.mask import FLAGS, PRESETS, reasons, resolve_thresholds
from insarcast.stack.cube.noise import consistency, spans, velocity_std
from insarcast.stack.network.closure import find_triplets
from insarcast.stack.network.loops import count_loops, nullify
from insarcast.stack.network.quality import components
from insarcast.stack.network.reference import half_sample_mode
from tests.stack.conftest import lags, solve, write_ifgs

Array = npt.NDArray[np.float64]
Basin = Callable[..., Array]


def test_triplets_of_a_full_network_are_the_binomial() -> None:
    n = 7
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    triplets = find_triplets(pairs)
    assert len(triplets) == n * (n - 1) * (n - 2) // 6
    for one, two, three in triplets:
        assert (pairs[one][0], pairs[two][1]) == pairs[three]
        assert pairs[one][1] == pairs[two][0]
    assert len(find_triplets(lags(7, 1))) == 0


def test_a_cycle_lost_in_one_interferogram_is_counted_where_it_happened() -> None:
    pairs = lags(4, 1, 2)
    triplets = find_triplets(pairs)
    phase = np.zeros((len(pairs), 4))
    hit = pairs.index((1, 2))
    phase[hit, 1] = 2 * np.pi
    phase[hit, 3] = np.nan
    counts = count_loops(phase, triplets)
    assert counts["n_loop"].tolist() == [2, 2, 2, 0]
    assert counts["n_loop_err"].tolist() == [0, 2, 0, 0]
    assert counts["n_pair_no_loop"].tolist() == [0, 0, 0, len(pairs) - 1]
    np.testing.assert_allclose(counts["loop_phase_mean"], [0, 2 * np.pi, 0, np.nan], rtol=1e-6)
    gone = nullify(phase, triplets, "all")
    assert gone[hit, 1]
    assert not gone[:, 0].any()
    # (0, 1) and (2, 3) are only in one loop each, with the broken one: 'all' cannot tell them apart; (0, 2) likewise.
    assert nullify(phase, triplets, "any").sum() >= gone.sum()


def test_an_interferogram_only_in_bad_loops_is_dropped_and_listed(tmp_path: Path, basin: Basin) -> None:
    truth, pairs = basin(), lags(8, 1, 2)
    data = write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    phase = data.phase.values.copy()
    bad = pairs.index((0, 1))
    phase[bad] += np.random.default_rng(0).normal(size=phase[bad].shape).astype(np.float32) * 3
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs, phase=phase)
    cube, decisions = solve(tmp_path)
    dropped = [entry for entry in decisions["dropped"] if entry["what"] == "pair"]
    # (0, 1) and (0, 2) share their only loop: both are only ever in bad loops.
    assert [entry["name"] for entry in dropped] == ["20200101_20200113", "20200101_20200125"]
    assert all("its only triplet fails to close (rms" in entry["reason"] for entry in dropped)
    assert {"what": "date", "name": "20200101"}.items() <= next(e for e in decisions["dropped"] if e["what"] == "date").items()
    assert cube.sizes["time"] == 7


def test_a_chain_needs_leave_to_go_on(tmp_path: Path, basin: Basin) -> None:
    truth, pairs = basin(), lags(8, 1)
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    with pytest.raises(InsarcastError, match="close no triplet"):
        solve(tmp_path)
    cube, _ = solve(tmp_path, closing={"required": False})
    row, col = cube.attrs["reference_row"], cube.attrs["reference_col"]
    np.testing.assert_allclose(cube.displacement, truth - truth[:, row, col][:, None, None], atol=1e-3)


def test_a_poorly_covered_interferogram_is_dropped_with_its_share(tmp_path: Path, basin: Basin) -> None:
    truth, pairs = basin(), lags(8, 1, 2, 3)
    data = write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    phase = data.phase.values.copy()
    phase[4, :, 6:] = np.nan
    coherence = data.coherence.values.copy()
    coherence[9] = 0.02
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs, phase=phase, coherence=coherence)
    _, decisions = solve(tmp_path)
    told = {entry["name"]: entry["reason"] for entry in decisions["dropped"]}
    assert told == {
        "20200218_20200301": "covers 19% of the valid area, less than 30%",
        "20200125_20200218": "mean coherence 0.02, below 0.05",
    }


def test_two_networks_are_named_or_bridged(tmp_path: Path, basin: Basin) -> None:
    truth = basin()
    pairs = [pair for pair in lags(8, 1, 2) if not (pair[0] <= 3 < pair[1])]
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    with pytest.raises(
        InsarcastError, match=r"2 separate networks: 20200101 to 20200206 \(4 dates\); 20200218 to 20200325 \(4 dates\)"
    ):
        solve(tmp_path)
    cube, _ = solve(tmp_path, bridge=True)
    assert cube.filled.values.any((1, 2)).tolist() == [t == 4 for t in range(8)]
    assert (cube.n_gap == 1).all()
    np.testing.assert_allclose(cube.max_span, 36 / 365.25, rtol=1e-5)
    row, col = cube.attrs["reference_row"], cube.attrs["reference_col"]
    np.testing.assert_allclose(cube.displacement, truth - truth[:, row, col][:, None, None], atol=1e-3)  # truth is linear


@pytest.mark.parametrize(
    ("measures", "words"),
    [
        (
            lambda pair: False,
            r"None of the 18 interferograms measures anything at the reference point \(3 x 3 pixels at 19\.9900 N, ",
        ),
        (lambda pair: pair == (0, 1), r"Only 1 of 18 .*, too few for a time series; set stack\.reference\.lon and lat"),
        (
            lambda pair: not pair[0] <= 3 < pair[1],
            r"Only 12 of 18 .*, and these fall into separate networks; set stack\.reference",
        ),
    ],
)
def test_a_reference_that_nothing_measures_is_named(
    tmp_path: Path, basin: Basin, measures: Callable[[tuple[int, int]], bool], words: str
) -> None:
    truth, pairs = basin(), lags(8, 1, 2, 3)
    phase = write_ifgs(tmp_path / "ifgs.zarr", truth, pairs).phase.values.copy()
    phase[[number for number, pair in enumerate(pairs) if not measures(pair)], 8:13, 8:13] = np.nan
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs, phase=phase)
    with pytest.raises(InsarcastError, match=words):
        solve(tmp_path, reference={"lon": -98.99, "lat": 19.99})
    solve(tmp_path, reference={"lon": -98.975, "lat": 19.99})


def test_components() -> None:
    assert components([0, 1, 2, 5, 7], [(5, 7), (0, 2)]) == [[0, 2], [1], [5, 7]]


def test_the_reference_is_on_stable_ground_though_most_of_the_scene_subsides(tmp_path: Path, basin: Basin) -> None:
    truth = basin(noise=0.3)
    write_ifgs(tmp_path / "ifgs.zarr", truth, lags(8, 1, 2))
    cube, decisions = solve(tmp_path)
    stable = truth.shape[2] // 4
    assert cube.attrs["reference_col"] <= stable
    assert np.median(truth[-1]) < -10  # the scene's median moves
    assert "Chosen by evidence" in decisions["reference"]["sentence"]
    window = cube.displacement.isel(
        y=slice(cube.attrs["reference_row"] - 1, cube.attrs["reference_row"] + 2),
        x=slice(cube.attrs["reference_col"] - 1, cube.attrs["reference_col"] + 2),
    )
    np.testing.assert_allclose(window.mean(("y", "x")), 0, atol=1e-4)


def test_a_reference_named_by_the_study_is_used(tmp_path: Path, basin: Basin) -> None:
    truth = basin()
    data = write_ifgs(tmp_path / "ifgs.zarr", truth, lags(8, 1, 2))
    lon, lat = float(data.x[20]), float(data.y[10])
    cube, decisions = solve(tmp_path, reference={"lon": lon, "lat": lat, "window": 1})
    assert decisions["reference"]["method"] == "config"
    np.testing.assert_allclose(cube.displacement, truth - truth[:, 10, 20][:, None, None], atol=1e-3)
    with pytest.raises(InsarcastError, match="outside"):
        solve(tmp_path, reference={"lon": 3.0, "lat": lat})
    with pytest.raises(InsarcastError, match="only one of lon and lat"):
        solve(tmp_path, reference={"lon": lon})


def test_an_interferogram_without_the_reference_is_dropped(tmp_path: Path, basin: Basin) -> None:
    truth, pairs = basin(), lags(8, 1, 2, 3)
    data = write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    phase = data.phase.values.copy()
    phase[3, 9:12, 19:22] = np.nan
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs, phase=phase)
    _, decisions = solve(tmp_path, reference={"lon": float(data.x[20]), "lat": float(data.y[10])})
    assert [e["reason"] for e in decisions["dropped"]] == ["nothing measured at the reference point"]


def test_weighting_an_unreferenced_stack_would_be_wrong_so_pairs_are_referenced_first(tmp_path: Path, basin: Basin) -> None:
    """Weighted and L1 inversions of pairs with arbitrary constants are off by tens of mm; ours see referenced pairs only."""
    truth, pairs = basin(), lags(8, 1, 2, 3)
    coherence = np.random.default_rng(0).uniform(0.3, 0.9, (len(pairs), *truth.shape[1:])).astype(np.float32)
    data = write_ifgs(tmp_path / "ifgs.zarr", truth, pairs, coherence=coherence)
    place = {"lon": float(data.x[2]), "lat": float(data.y[2])}
    for settings in ({"weights": "coherence"}, {"norm": "l1"}):
        cube, _ = solve(tmp_path, reference=place, settings=settings)
        np.testing.assert_allclose(cube.displacement, truth, atol=1e-3)


def test_half_sample_mode_finds_the_peak_not_the_median() -> None:
    rng = np.random.default_rng(0)
    sample = np.r_[rng.normal(0, 1, 300), rng.uniform(-200, -10, 700)]
    assert abs(half_sample_mode(sample)) < 1
    assert half_sample_mode(np.array([4.0])) == 4
    assert half_sample_mode(np.array([1.0, 1.1, 5.0])) == pytest.approx(1.05)


def test_bootstrap_std_of_white_noise_is_the_standard_error() -> None:
    rng = np.random.default_rng(0)
    years = np.linspace(0, 4, 60)
    series = rng.normal(size=(60, 20, 20))
    oracle = [linregress(years, series[:, i, j]).stderr for i, j in np.ndindex(20, 20)]
    ratio = velocity_std(series, years, 0).mean() / np.mean(oracle)
    assert ratio == pytest.approx(1, abs=0.06)
    assert (velocity_std(series, years, 0) == velocity_std(series, years, 0)).all()


def test_stc_by_hand() -> None:
    series = np.full((3, 3, 4), np.nan)
    series[:, 1, 1], series[:, 1, 2] = [0, 1, 4], [0, 3, 4]
    # steps 1, 3 and 3, 1: double difference -2, 2, rms 2; the other neighbours are missing.
    np.testing.assert_allclose(consistency(series), [[2, 2]])
    assert np.isnan(consistency(np.pad(np.zeros((3, 1, 1)), [(0, 0), (1, 1), (1, 1)], constant_values=np.nan))).all()


def test_spans_by_hand() -> None:
    filled = np.zeros((6, 1, 2), bool)
    filled[2, 0, 0] = filled[3, 0, 0] = True
    n_gap, span = spans(filled, np.array([0, 1, 2, 4, 5, 6.0]))
    assert n_gap.tolist() == [[2, 0]]
    assert span.tolist() == [[2, 6]]


def test_mask_reasons_are_bits_and_nan_is_masked() -> None:
    indices = {"temporal_coherence": np.array([0.9, 0.5, np.nan, 0.9]), "stc": np.array([1, 20, 1, 1.0])}
    flags = reasons(indices, np.array([True, True, True, False]), {"temporal_coherence": 0.7, "stc": 15, "coherence": 0.5})
    names = [[name for bit, name in enumerate(FLAGS) if value >> bit & 1] for value in flags.tolist()]
    assert names == [[], ["stc", "temporal_coherence"], ["temporal_coherence"], ["not_inverted"]]


def test_presets_are_the_published_thresholds_and_single_ones_replace_them() -> None:
    assert PRESETS["licsbas"]["resid_rms"] == 2
    assert PRESETS["licsbas-comet"]["coherence"] == 0.15
    assert resolve_thresholds({"preset": "mintpy", "thresholds": {}}, 2.0) == {"temporal_coherence": 0.7}
    changed = resolve_thresholds({"preset": "licsbas", "thresholds": {"stc": None, "resid_rms": 9}}, 0.5)
    assert "stc" not in changed
    assert changed["resid_rms"] == 9
    assert 0.49 < changed["max_span"] < 0.5  # a record of half a year is not masked for being shorter than a year


def test_everything_masked_is_a_sentence_with_the_best_value(tmp_path: Path, basin: Basin) -> None:
    from insarcast.stack import build_cube

    truth, pairs = basin(noise=1.0), lags(8, 1, 2)
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs, coherence=np.full((len(pairs), *truth.shape[1:]), 0.65, np.float32))
    solve(tmp_path)
    with pytest.raises(
        InsarcastError, match=r"Every pixel is masked: coherence alone masks 768 of 768 \(threshold 0.9, best value 0.65\)"
    ):
        build_cube(
            tmp_path / "ifgs.zarr", tmp_path / "full/inversion.zarr", tmp_path / "c.zarr", "full",
            {"preset": "insarcast", "thresholds": {"coherence": 0.9}}, 0, "",
        )  # fmt: skip


def test_nullify_repairs_a_patch_of_lost_cycles(tmp_path: Path, basin: Basin) -> None:
    truth, pairs = basin(), lags(8, 1, 2, 3)
    data = write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    phase = data.phase.values.copy()
    hit = pairs.index((3, 5))
    phase[hit, 10:14, 20:25] += np.float32(2 * np.pi)
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs, phase=phase)
    place = {"lon": float(data.x[2]), "lat": float(data.y[2])}
    patch = {"y": slice(10, 14), "x": slice(20, 25)}
    plain, _ = solve(tmp_path, reference=place)
    assert (plain.n_loop_err.isel(patch) > 0).all()
    assert int((plain.n_loop_err > 0).sum()) == 20
    fixed, decisions = solve(tmp_path, reference=place, closing={"nullify": "all"})
    error = np.abs(fixed.displacement - truth).isel(patch).max()
    assert error < 1e-3 < np.abs(plain.displacement - truth).isel(patch).max()
    assert {e["what"] for e in decisions["dropped"]} == {"sample"}


def test_closure_store_holds_the_median_that_the_constants_leave(tmp_path: Path, basin: Basin) -> None:
    truth, pairs = basin(noise=0.2), lags(8, 1, 2)
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    solve(tmp_path)
    loops, data = open_store(tmp_path / "closure.zarr"), open_store(tmp_path / "ifgs.zarr")
    phase = data.phase.values
    for t in range(loops.sizes["triplet"]):
        one, two, three = loops.pairs.values[t]
        raw = phase[one] + phase[two] - phase[three]
        np.testing.assert_array_equal(loops.closure.values[t], raw)
        assert float(loops["median"][t]) == pytest.approx(np.median(raw), abs=1e-4)
        assert float(loops.rms[t]) < 1e-3  # the same noise is in all three: a network of differences closes


def test_a_triplet_without_a_common_pixel_says_nothing() -> None:
    from insarcast.stack.network.quality import Network, gate_loops

    pairs = [(0, 1), (1, 2), (0, 2), (2, 3), (1, 3)]
    dates = np.datetime64("2020-01-01") + np.arange(4)
    network = Network(dates, pairs, np.ones(5, bool), [None] * 5, [{} for _ in pairs])
    bad = gate_loops(network, np.array([[0, 1, 2], [1, 3, 4]]), np.array([0.2, np.nan]), 1.5, True)
    assert network.keep.all()
    assert not bad.any()


def test_loop_counts_of_a_long_full_network_do_not_overflow() -> None:
    triplets = np.zeros((34_220, 3), np.int64)
    assert count_loops(np.zeros((1, 1)), triplets)["n_loop"][0] == 34_220


def test_the_reference_where_no_pixel_is_in_every_interferogram(tmp_path: Path, basin: Basin) -> None:
    """Footprints that differ: each half of the scene lacks one interferogram of its own."""
    truth, pairs = basin(noise=0.3), lags(8, 1, 2, 3)
    data = write_ifgs(tmp_path / "ifgs.zarr", truth, pairs)
    phase = data.phase.values.copy()
    phase[2, :, :16], phase[9, :, 16:] = np.nan, np.nan
    write_ifgs(tmp_path / "ifgs.zarr", truth, pairs, phase=phase)
    cube, decisions = solve(tmp_path)
    assert "each of the same 17 of 18 interferograms" in decisions["reference"]["sentence"]
    assert "nan" not in decisions["reference"]["sentence"]
    assert cube.attrs["reference_col"] <= 8  # stable ground
    assert [e["reason"] for e in decisions["dropped"] if e["what"] == "pair"] == ["nothing measured at the reference point"]


def test_what_was_skipped_is_listed_whatever_its_name(tmp_path: Path, basin: Basin) -> None:
    import json

    from insarcast.core import open_store, write_store

    write_ifgs(tmp_path / "raw.zarr", basin(), lags(8, 1, 2))
    skipped = [{"what": "file", "name": "S1_20211345.tif", "reason": "no date"}]
    write_store(open_store(tmp_path / "raw.zarr").load().assign_attrs(skipped=json.dumps(skipped)), tmp_path / "ifgs.zarr")
    _, decisions = solve(tmp_path)
    assert [entry["name"] for entry in decisions["dropped"]] == ["S1_20211345.tif"]
    _, past = solve(tmp_path, "asof-20200218")
    assert past["dropped"] == []  # a file of a later date is not yet known
