"""Scores against numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from cubes import make_cube, make_dates

from insarcast.core import InsarcastError, open_store, write_json, write_store
from insarcast.evaluate import score_forecasts
from insarcast.evaluate.grid import scores
from insarcast.evaluate.grid.tally import bootstrap_skill, interval_pairs, neighbour_variance
from insarcast.evaluate.grid.truth import date_variance

DATES = make_dates(6)
VINTAGES = [f"asof-{str(date).replace('-', '')}" for date in DATES[3:5]]
QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
NY, NX = 2, 3

# Increments from origin to target that happened (mm), in the order of the pixels; the reference pixel is (0, 0).
TRUTH = {(0, 0): [0, -4, -10, 2, 6, -20], (0, 1): [0, -8, -20, 4, 12, -40], (1, 0): [0, -6, -10, 0, 8, -20]}


def write_world(
    folder: Path, *, offset: float = 0.0, choice: tuple[str, ...] = ("drift", "drift"), **changes
) -> dict[str, list[Path] | Path]:
    """A world of 2 x 3 pixels, 6 dates, origins at the fourth and fifth, horizons 1 and 2, two models.

    ``offset``: the newest cube's reference moves by so much per date, as if it had another one. ``choice``: the model chosen at
    each origin; the operational origin chooses drift, newest first in the file, for the order must not matter. ``changes``: function by name
    of a store (``full``, a vintage, ``raw-model``, ``model``) that alters it before it is written.
    """
    full = make_cube(6, NY, NX, reference=(0, 0), noise=0.0, not_inverted=(), masked=())
    d = np.zeros((6, NY * NX))
    d[4], d[5] = TRUTH[0, 0], TRUTH[0, 1]
    np.testing.assert_array_equal(d[5] - d[4] + np.array([0, -2, 0, -2, 2, 0]), TRUTH[1, 0])
    full["displacement"][:] = d.reshape(6, NY, NX) + offset * np.arange(6)[:, None, None]
    full["displacement"][5] += np.array([[0, -2, 0], [-2, 2, 0]])
    cubes = {"full": full}
    for at, name in enumerate(VINTAGES):
        cube = make_cube(6, NY, NX, name, reference=(0, 0), noise=0.0, not_inverted=(), masked=())
        cube["velocity"][:] = [[0, -20, -20], [-80, -80, -80 if at == 0 else 20]]
        cubes[name] = cube
    stores = {}
    for model, middle in (("persistence", 0.0), ("drift", -5.0)):
        median = np.full((3, 2, NY, NX), middle, "float32")
        stores[f"raw-{model}"] = forecast_of(median, 1.0, model)
        stores[model] = forecast_of(median, 2.0, model)
    paths = {}
    for name, store in (cubes | stores).items():
        paths[name] = folder / f"{name}.zarr"
        write_store(changes[name](store) if name in changes else store, paths[name])
    named = [{"origin": str(DATES[at]), "model": model} for at, model in zip((5, 3, 4), ("drift", *choice), strict=False)]
    write_json(folder / "choice.json", {**named[0], "by_origin": named})
    return {
        "choice": folder / "choice.json",
        "raws": [paths["raw-persistence"], paths["raw-drift"]],
        "forecasts": [paths["persistence"], paths["drift"]],
        "vintages": [paths[name] for name in VINTAGES],
        "full": paths["full"],
        "clusters": [],
    }


def forecast_of(median: np.ndarray, half: float, model: str) -> xr.Dataset:
    """Quantiles 5 and 95 % lie 2 ``half`` from the median, 25 and 75 % lie ``half`` from it."""
    offsets = half * np.array([-2, -1, 0, 1, 2], "float32")
    cube = make_cube(6, NY, NX)
    origins = DATES[[3, 4, 5]]
    dates = make_dates(8)
    return xr.Dataset(
        {
            "increment": (("origin", "horizon", "quantile", "y", "x"), median[:, :, None] + offsets[:, None, None]),
            "calibrated": (("origin", "horizon"), np.array([[True, False], [True, False], [True, True]])),
        },
        coords={
            "origin": origins.astype("datetime64[ns]"),
            "horizon": [1, 2],
            "quantile": QUANTILES,
            "target_time": (("origin", "horizon"), dates[[[4, 5], [5, 6], [6, 7]]].astype("datetime64[ns]")),
            "y": cube.y,
            "x": cube.x,
        },
        attrs={"model": model, "vintages": [*VINTAGES, "full"]},
    ).rio.write_crs("EPSG:4326")


LABELS = {VINTAGES[0]: [[-1, 1, 0], [0, 0, 0]], VINTAGES[1]: [[2, 1, 1], [0, 0, -1]]}


def write_clusters(folder: Path, names: list[str]) -> list[Path]:
    paths = []
    for name in names:
        label = np.array(LABELS[name], "int16")
        cube = make_cube(6, NY, NX)
        store = xr.Dataset({"label": (("y", "x"), label)}, coords={"y": cube.y, "x": cube.x}, attrs={"k": int(label.max()) + 1})
        paths.append(folder / "cluster" / f"{name}.zarr")
        write_store(store.rio.write_crs("EPSG:4326"), paths[-1])
    return paths


def score(folder: Path, clusters: list[str] | None = None, **world) -> tuple[pd.DataFrame, xr.Dataset]:
    outputs = folder / "scores.parquet", folder / "scores.csv", folder / "errors.zarr"
    paths = write_world(folder, **world)
    if clusters is not None:
        paths["clusters"] = write_clusters(folder, clusters)
    score_forecasts(**paths, scores=outputs[0], table=outputs[1], errors=outputs[2], velocity_classes=[10, 50], block=1, seed=0)
    return pd.read_parquet(outputs[0]), open_store(outputs[2]).load()


def row(
    table: pd.DataFrame, model: str, origin: str = "all", horizon: int = 1, kind: str = "all", cluster: str = "all"
) -> pd.Series:
    at = (table.model == model) & (table.origin == origin) & (table.horizon == horizon) & (table.velocity_class == kind)
    at &= table.cluster == cluster
    assert at.sum() == 1
    return table[at].iloc[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, xr.Dataset, Path]:
    folder = tmp_path_factory.mktemp("scores")
    return *score(folder), folder


def test_by_hand(made) -> None:
    """Persistence errs by minus the truth, [0, 4, 10, -2, -6, 20]; drift by five less: [-5, -1, 5, -7, -11, 15]."""
    table, *_ = made
    first = str(DATES[3])
    base, drift = row(table, "persistence", first), row(table, "drift", first)
    assert (base.n, base.mae, base.bias) == (6, 7.0, pytest.approx(26 / 6))
    assert base.rmse == pytest.approx(np.sqrt((0 + 16 + 100 + 4 + 36 + 400) / 6))
    assert (base.skill, base.skill_low, base.skill_high) == (0, 0, 0)
    assert drift.mae == pytest.approx(44 / 6)
    assert drift.bias == pytest.approx(-4 / 6)
    assert drift.rmse == pytest.approx(np.sqrt((25 + 1 + 25 + 49 + 121 + 225) / 6))
    assert drift.skill == pytest.approx(1 - 44 / 42)
    assert np.isnan(drift.skill_low), "six blocks are too few for a bootstrap"


def test_coverage_and_width_before_and_after_calibration(made) -> None:
    """Half-widths: own 1 and 2 mm, calibrated 2 and 4 mm; an error on the edge is inside."""
    table, *_ = made
    base = row(table, "persistence", str(DATES[3]))
    assert (base.coverage50, base.coverage90) == (pytest.approx(2 / 6), pytest.approx(3 / 6))
    assert (base.own_coverage50, base.own_coverage90) == (pytest.approx(1 / 6), pytest.approx(2 / 6))
    assert (base.width50, base.width90, base.own_width50, base.own_width90) == (4, 8, 2, 4)
    assert (base.n_interval, base.calibrated) == (6, 1)
    assert row(table, "persistence", str(DATES[3]), 2).calibrated == 0


def test_pooled_rows_weigh_pixels_alike(made) -> None:
    table, *_ = made
    pooled = row(table, "persistence")
    assert pooled.n == 12
    assert pooled.mae == pytest.approx((42 + 6 + 10 + 0 + 8 + 20) / 12)
    slow = row(table, "persistence", kind="10 to 50")
    assert slow.n == 5, "two at the first origin, three at the second, by the velocity of their own as-of cubes"
    assert slow.mae == pytest.approx((4 + 10 + 6 + 10 + 20) / 5)
    assert row(table, "persistence", kind="50 and above").n == 5
    assert row(table, "persistence", kind="below 10").n == 2


def test_order_and_what_is_left_out(made) -> None:
    """Persistence first; nothing from the newest date, whose future is not known, nor beyond the last observation."""
    table, errors, folder = made
    assert table.model.tolist() == sorted(table.model, key=["persistence", "drift", "chosen"].index)
    assert set(table.origin) == {str(DATES[3]), str(DATES[4]), "all"}
    assert set(table[table.origin == str(DATES[4])].horizon) == {1}
    assert errors.error.dims == ("model", "origin", "horizon", "y", "x")
    assert errors.model.values.tolist() == ["persistence", "drift"]
    assert errors.error.sel(model="drift").values[0, 0].ravel().tolist() == [-5, -1, 5, -7, -11, 15]
    assert np.isnan(errors.error.values[:, 1, 1]).all()
    assert errors.truth.values[1, 0].ravel().tolist() == TRUTH[1, 0]
    assert errors.rio.crs.to_epsg() == 4326
    text = pd.read_csv(folder / "scores.csv")
    assert text.columns.tolist() == table.columns.tolist()
    np.testing.assert_allclose(text.mae, table.mae, atol=1e-4)


def test_truth_is_referred_to_the_as_of_reference(made, tmp_path) -> None:
    table, errors, _ = made
    moved, moved_errors = score(tmp_path, offset=7.0)
    np.testing.assert_allclose(moved.mae, table.mae, rtol=1e-6)
    np.testing.assert_allclose(moved_errors.truth, errors.truth, atol=1e-5)


def bridge(*dates: int):
    def change(cube: xr.Dataset) -> xr.Dataset:
        for date in dates:
            cube["filled"][date, 0, 2] = True
        return cube

    return change


@pytest.mark.parametrize(("date", "counts"), [(3, (6, 6, 6)), (4, (5, 5, 6)), (5, (6, 5, 5))])
def test_a_bridged_step_on_the_way_is_not_scored(tmp_path, date: int, counts: tuple[int, int, int]) -> None:
    """A step into the origin does not matter; one into the target or between does."""
    table, errors = score(tmp_path, full=bridge(date))
    asked = ((str(DATES[3]), 1), (str(DATES[3]), 2), (str(DATES[4]), 1))
    assert tuple(int(row(table, "drift", *each).n) for each in asked) == counts
    assert int(np.isfinite(errors.error.values[0]).sum()) == sum(counts)


def test_the_as_of_mask_decides_not_the_newest(tmp_path) -> None:
    def mask(cube: xr.Dataset) -> xr.Dataset:
        cube["mask"][0, 2] = False
        return cube

    table, _ = score(tmp_path, full=mask, **{VINTAGES[1]: mask})
    assert row(table, "drift", str(DATES[3])).n == 6
    assert row(table, "drift", str(DATES[4])).n == 5


def test_models_are_scored_on_common_pixels(tmp_path) -> None:
    def lose(store: xr.Dataset) -> xr.Dataset:
        store["increment"][0, 0, :, 1, 2] = np.nan
        return store

    table, _ = score(tmp_path, drift=lose)
    for model in ("persistence", "drift"):
        assert row(table, model, str(DATES[3])).n == 5
    assert row(table, "persistence", str(DATES[3])).mae == pytest.approx(22 / 5)


def test_the_automatic_choice_is_scored_as_it_was_made(tmp_path) -> None:
    """At each origin the model named for it, whatever the newest choice is: here drift first, then persistence."""
    table, errors = score(tmp_path, choice=("drift", "persistence"))
    scored = ["n", "mae", "rmse", "bias", "skill", "coverage90", "width90", "own_coverage50"]
    for origin, model in ((str(DATES[3]), "drift"), (str(DATES[4]), "persistence")):
        pd.testing.assert_series_equal(row(table, "chosen", origin)[scored], row(table, model, origin)[scored], check_names=False)
    pooled = row(table, "chosen")
    assert pooled.mae == pytest.approx((44 + 6 + 10 + 0 + 8 + 20) / 12)
    assert pooled.skill == pytest.approx(1 - 88 / 86)
    assert errors.model.values.tolist() == ["persistence", "drift"]


@pytest.mark.parametrize("choice", [("drift", "gone"), ("drift",)])
def test_an_origin_without_a_choice_is_a_sentence(tmp_path, choice: tuple[str, ...]) -> None:
    with pytest.raises(InsarcastError, match=f"choice.json chooses no model with a forecast at {DATES[4]}; delete"):
        score(tmp_path, choice=choice)


def test_a_model_by_the_name_of_the_choice_is_a_sentence(tmp_path) -> None:
    with pytest.raises(InsarcastError, match="A model is called 'chosen'"):
        score(tmp_path, drift=lambda store: store.assign_attrs(model="chosen"))


def test_a_bridged_reference_pixel_does_not_shift_the_truth(tmp_path) -> None:
    """Window of 2 x 2 around (0, 0): the bridged pixel (0, 1) fell by 4 mm to the fifth date; the mean of the others is [0, 2, 6] / 3."""

    def widen(cube: xr.Dataset) -> xr.Dataset:
        return cube.assign_attrs(reference_window=3)

    def jump(cube: xr.Dataset) -> xr.Dataset:
        cube["filled"][4, 0, 1] = True
        return cube

    _, errors = score(tmp_path, full=jump, **{VINTAGES[0]: widen})
    expected = np.array([0, np.nan, -10, 2, 6, -20]) - 8 / 3
    np.testing.assert_allclose(errors.truth.values[0, 0].ravel(), expected, atol=1e-5)


def test_a_reference_only_over_a_bridged_step_is_told(tmp_path) -> None:
    def jump(cube: xr.Dataset) -> xr.Dataset:
        cube["filled"][5, 0, 0] = True
        return cube

    table, errors = score(tmp_path, full=jump)
    assert set(table.origin) == {str(DATES[3]), "all"}
    assert errors.attrs["unscored"] == [
        f"{DATES[at]} to {DATES[5]}: the newest cube has no displacement at the reference point of {VINTAGES[at - 3]}, "
        "or only over a bridged step."
        for at in (3, 4)
    ]


def test_an_unknown_interval_counts_for_the_error_only(tmp_path) -> None:
    def lose(store: xr.Dataset) -> xr.Dataset:
        store["increment"][0, 0, [0, 1, 3, 4], 0, 0] = np.nan
        return store

    found = row(score(tmp_path, persistence=lose)[0], "persistence", str(DATES[3]))
    assert (found.n, found.n_interval) == (6, 5)
    assert found.coverage50 == pytest.approx(1 / 5)


def test_window_by_window_gives_the_same(made, tmp_path, monkeypatch) -> None:
    table, errors, _ = made
    windows = [(slice(r, r + 1), slice(c, c + 1)) for r in range(NY) for c in range(NX)]
    monkeypatch.setattr(scores, "blocks", lambda ny, nx, edge: windows)
    again, maps = score(tmp_path)
    columns = [name for name in table.columns if name != "noise_pixel"]
    pd.testing.assert_frame_equal(again[columns], table[columns], rtol=1e-12)
    assert maps.error.values.tobytes() == errors.error.values.tobytes()


def test_a_dropped_date_is_told(tmp_path) -> None:
    table, errors = score(tmp_path, full=lambda cube: cube.isel(time=[0, 1, 2, 3, 5]))
    assert set(table.origin) == {str(DATES[3]), "all"}
    assert errors.attrs["unscored"] == [
        f"{DATES[3]} to {DATES[4]}: {DATES[4]} was dropped from the newest cube.",
        f"{DATES[4]} to {DATES[5]}: {DATES[4]} was dropped from the newest cube.",
    ]


def test_nothing_to_score_leaves_an_empty_table(tmp_path) -> None:
    table, errors = score(tmp_path, full=lambda cube: cube.isel(time=slice(0, 4)))
    assert not len(table)
    assert {"model", "origin", "horizon", "velocity_class", "n", "mae", "skill", "coverage90"} <= set(table.columns)
    assert np.isnan(errors.error.values).all()


def test_formal_noise_by_hand(made) -> None:
    """The test cubes' sigma grows as 0.5 sqrt(date): 0.5^2 (3 + 4) and 0.5^2 (4 + 5) mm2."""
    table, *_ = made
    assert row(table, "drift", str(DATES[3])).noise == pytest.approx(np.sqrt(0.25 * 7), rel=1e-6)
    assert row(table, "drift").noise == pytest.approx(np.sqrt(0.25 * 8), rel=1e-6)


def test_noise_of_a_date_is_found_under_even_motion() -> None:
    """White noise of 3 mm on irregular dates and a trend; and the jump over a bridged step is no noise."""
    rng = np.random.default_rng(0)
    days = np.cumsum([0, 12, 24, 6, 12, 36, 12, 12, 18, 12, 12, 12, 24])
    d = rng.normal(0, 3, (13, 100, 100)) - 0.6 * days[:, None, None]
    filled = np.zeros(d.shape, bool)
    filled[6] = True
    d[6:] += 200
    cube = xr.Dataset(
        {"displacement": (("time", "y", "x"), d), "filled": (("time", "y", "x"), filled)},
        coords={"time": DATES[0].astype("datetime64[ns]") + days * np.timedelta64(1, "D")},
    )
    assert date_variance(cube).mean() == pytest.approx(9.0, rel=0.02)
    assert np.isnan(date_variance(cube.isel(time=slice(0, 4)))).all(), "two triples are too few"
    assert np.isnan(date_variance(cube.isel(time=slice(0, 2)))).all()


def test_noise_that_neighbours_do_not_share() -> None:
    rng = np.random.default_rng(1)
    smooth = np.add.outer(np.arange(200.0), np.arange(200.0)) * 0.01
    field = smooth + rng.normal(0, 2, (200, 200))
    field[50:60, 50:60] = np.nan
    kind = np.zeros(field.shape, int)
    kind[:, 100:] = 1
    half, which = neighbour_variance(field, kind)
    for each in (0, 1):
        assert half[which == each].mean() == pytest.approx(4.0, rel=0.03)
    assert neighbour_variance(np.array([[1.0, 3.0], [np.nan, 3.0]]), np.array([[0, 1], [0, 0]]))[0].tolist() == [2.0, 0.0]


def test_bootstrap_of_the_skill() -> None:
    """Against a plain resampling of blocks, and its two certain cases."""
    rng = np.random.default_rng(2)
    base = rng.gamma(2, 1, 60)
    absolute = base * rng.uniform(0.3, 0.9, 60)
    weights = rng.multinomial(60, np.full(60, 1 / 60), 2000).astype(float)
    low, high = bootstrap_skill(absolute, base, weights)
    picks = np.random.default_rng(3).integers(0, 60, (20000, 60))
    plain = np.percentile(1 - absolute[picks].sum(1) / base[picks].sum(1), [2.5, 97.5])
    np.testing.assert_allclose([low, high], plain, atol=0.01)
    assert bootstrap_skill(0.4 * base, base, weights) == (pytest.approx(0.6), pytest.approx(0.6))
    few = np.where(np.arange(60) < 9, base, 0.0)
    assert np.isnan(bootstrap_skill(few, few, weights)).all(), "nine blocks with pixels are too few"


def test_intervals_of_quantiles() -> None:
    assert interval_pairs([0.05, 0.25, 0.5, 0.75, 0.95]) == {50: (1, 3), 90: (0, 4)}
    assert interval_pairs([0.1, 0.5, 0.8, 0.9]) == {80: (0, 3)}
    assert interval_pairs([0.5]) == {}


def test_clusters_by_hand(made, tmp_path) -> None:
    """Errors of persistence at the first origin [0, 4, 10, -2, -6, 20], at the second [0, 6, 10, 0, -8, 20]; the newest name first."""
    table, errors = score(tmp_path, clusters=VINTAGES[::-1])
    first, second = (str(date) for date in DATES[3:5])
    found = [row(table, "persistence", first, cluster=name) for name in ("1", "2")]
    assert [(item.n, item.mae) for item in found] == [(4, 38 / 4), (1, 4)]
    assert not len(table[(table.cluster == "3") & (table.origin == first)]), "a rank that an origin does not have"
    later = [row(table, "persistence", second, cluster=name) for name in ("1", "2", "3")]
    assert [(item.n, item.mae) for item in later] == [(2, 4), (2, 8), (1, 0)]
    pooled = row(table, "drift", cluster="1")
    assert (pooled.n, pooled.mae) == (6, pytest.approx((5 + 7 + 11 + 15 + 5 + 13) / 6))
    assert pooled.skill == pytest.approx(1 - pooled.mae / ((38 + 8) / 6))
    assert row(table, "drift", first, cluster="1").coverage90 == pytest.approx(0 / 4)
    assert set(table[table.cluster != "all"].velocity_class) == {"all"}
    plain, *_ = made
    pd.testing.assert_frame_equal(table[table.cluster == "all"].reset_index(drop=True), plain)
    assert table.model.tolist() == sorted(table.model, key=["persistence", "drift", "chosen"].index)
    assert errors.attrs["vintages"] == VINTAGES


def test_without_clusters_there_is_one_of_all(made) -> None:
    table, *_ = made
    assert set(table.cluster) == {"all"}
    assert table.columns.tolist()[:5] == ["model", "origin", "horizon", "velocity_class", "cluster"]


def test_clusters_that_lack_an_origin_are_a_sentence(tmp_path) -> None:
    with pytest.raises(InsarcastError, match=f"cluster holds no clusters of {VINTAGES[1]}; delete"):
        score(tmp_path, clusters=VINTAGES[:1])
