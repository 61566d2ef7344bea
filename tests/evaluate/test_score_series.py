"""Scores of ready series: against what the same numbers give by hand."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.stats import spearmanr
from series import make_forecasts, make_series

from insarcast.core import InsarcastError, open_store, write_store
from insarcast.evaluate import score_series
from insarcast.evaluate.series.crps import crps_of_quantiles

MODELS = ("persistence", "ses", "theta", "auto", "stacking")
CLASSES = [5, 15]
OUTPUTS = {
    "scores": "series.parquet",
    "table": "series.csv",
    "significance": "significance.parquet",
    "pit": "pit.parquet",
    "errors": "series_errors.zarr",
    "noise": "noise.json",
}


def run(
    folder: Path, series: Path, forecasts: list[Path], *, clusters: list[Path] | None = None, auto: bool = True
) -> SimpleNamespace:
    """Score, and read what was written."""
    out = folder / "evaluate"
    out.mkdir(exist_ok=True)
    choice = [folder / "combine/ensembles/auto.json"] if auto else []
    paths = {name: out / file for name, file in OUTPUTS.items()}
    score_series(series, forecasts, choice, clusters or [], **paths, velocity_classes=CLASSES, dates=None, seed=0)
    found = {name: pd.read_parquet(paths[name]) for name in ("scores", "significance", "pit")}
    return SimpleNamespace(
        **found, errors=open_store(paths["errors"]).load(), noise=json.loads(paths["noise"].read_text()), paths=paths
    )


def edit(store: Path, change: dict[str, object] | None = None, **values: np.ndarray) -> None:
    """Rewrite a store with other values of some variables, or attributes."""
    data = open_store(store).load()
    for name, value in values.items():
        data[name] = (data[name].dims, value, data[name].attrs)
    write_store(data.assign_attrs(change or {}), store)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A series with a join among the tested dates, points with gaps, and clusters."""
    folder = tmp_path_factory.mktemp("series")
    series = make_series(folder, n_dates=80, n_points=60, join=70, gaps=3, rate=-60.0)
    forecasts = make_forecasts(folder, series, MODELS)
    labels = folder / "cluster/series.zarr"
    labels.parent.mkdir()
    label = (np.arange(60) % 3 - 1).astype("int16")
    write_store(xr.Dataset({"label": ("point", label)}), labels)
    found = run(folder, series, forecasts, clusters=[labels])
    return SimpleNamespace(folder=folder, series=series, forecasts=forecasts, label=label, **vars(found))


def row_of(table: pd.DataFrame, model: str, horizon: int, **classes: str) -> pd.Series:
    wanted = {"velocity_class": "all", "cluster": "all", "noise_class": "all", **classes}
    chosen = table[(table["model"] == model) & (table["horizon"] == horizon)]
    for name, value in wanted.items():
        chosen = chosen[chosen[name] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def cells(case: SimpleNamespace, model: str) -> SimpleNamespace:
    """Forecasts of the tested origins and the truth by hand, (origin, horizon, point)."""
    series, store = open_store(case.series).load(), open_store(case.forecasts[MODELS.index(model)]).load()
    store = store.isel(origin=store.role.values.astype(object) == "test")
    values = series.displacement.values[:, store["index"].values].astype(float)
    jump = series.jump.values[:, store["index"].values]
    truth = np.full(store.observed.shape, np.nan)
    for at in range(store.sizes["origin"]):
        start = 63 + at
        for step in range(1, 5):
            if start + step < 80:
                same = ~jump[start + 1 : start + step + 1].any(axis=0)
                truth[at, step - 1] = np.where(same, values[start + step] - values[start], np.nan)
    fan = store.increment.transpose("quantile", ...).values.astype(float)
    own = store.own.transpose("quantile", ...).values.astype(float)
    return SimpleNamespace(
        truth=truth, fan=fan, own=own, median=fan[2], sd=store.sd.values, index=store["index"].values, past=values[:64]
    )


@pytest.mark.parametrize("model", ["persistence", "theta"])
@pytest.mark.parametrize("horizon", [1, 3, 0])
def test_scores_are_what_the_cells_give_by_hand(case: SimpleNamespace, model: str, horizon: int) -> None:
    c = cells(case, model)
    cut = slice(None) if horizon == 0 else slice(horizon - 1, horizon)
    known = np.isfinite(c.truth[:, cut])
    truth, median, sd = c.truth[:, cut][known], c.median[:, cut][known], np.broadcast_to(c.sd, c.truth.shape)[:, cut][known]
    error, row = median - truth, row_of(case.scores, model, horizon)
    scale = np.abs(np.diff(c.past, axis=0)).mean(axis=0)
    expected = {
        "n": known.sum(),
        "n_origins": known.any(axis=(1, 2)).sum(),
        "mae": np.abs(error).mean(),
        "mse": (error**2).mean(),
        "rmse": np.sqrt((error**2).mean()),
        "sd": error.std(),
        "bias": error.mean(),
        "r2": 1 - (error**2).sum() / ((truth - truth.mean()) ** 2).sum(),
        "mu": 100 * (1 - np.abs(error).mean() / np.abs(truth).mean()),
        "mase": (np.abs(error) / np.broadcast_to(scale, c.truth.shape)[:, cut][known]).mean(),
        "skill": 1 - np.abs(error).mean() / np.abs(truth).mean(),
    }
    fan, own = c.fan[:, :, cut][:, known], c.own[:, :, cut][:, known]
    expected["crps"] = crps_of_quantiles(truth, fan, [0.05, 0.25, 0.5, 0.75, 0.95]).mean()
    for prefix, each in (("", fan), ("own_", own)):
        for percent, low, high in ((50, 1, 3), (90, 0, 4)):
            expected[f"{prefix}coverage{percent}"] = ((each[low] <= truth) & (truth <= each[high])).mean()
            expected[f"{prefix}width{percent}"] = (each[high] - each[low]).mean()
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, rel=1e-5), name
    assert row["spread_skill"] == pytest.approx(spearmanr(sd, np.abs(error)).statistic, abs=0.02)
    if model == "persistence":
        assert np.isnan(row["pcc"])
        assert row["skill_low"] == row["skill_high"] == row["skill"] == 0
    else:
        assert row["pcc"] == pytest.approx(np.corrcoef(truth, median)[0, 1], rel=1e-5)
        assert row["skill_low"] < row["skill"] < row["skill_high"]
        assert row["coverage90_low"] <= row["coverage90"] <= row["coverage90_high"]


def test_shares_between_quantiles_are_those_of_the_cells(case: SimpleNamespace) -> None:
    c = cells(case, "ses")
    known = np.isfinite(c.truth[:, 1])
    truth, fan = c.truth[:, 1][known], c.fan[:, :, 1][:, known]
    found = case.pit[(case.pit["model"] == "ses") & (case.pit["horizon"] == 2)]
    edges = np.concatenate([np.full((1, len(truth)), -np.inf), fan, np.full((1, len(truth)), np.inf)])
    shares = [((low < truth) & (truth <= high)).mean() for low, high in pairwise(edges)]
    assert found["share"].to_numpy() == pytest.approx(np.array(shares))
    assert found["expected"].to_numpy() == pytest.approx([0.05, 0.2, 0.25, 0.25, 0.2, 0.05])
    assert set(case.pit["horizon"]) == {0, 1, 2, 3, 4}


def test_rows_by_class_are_of_their_points_and_add_up(case: SimpleNamespace) -> None:
    c = cells(case, "theta")
    years = 12 * np.arange(64) / 365.25
    velocity = np.abs(np.polyfit(years, c.past, 1)[0])
    noise = np.median(np.abs(np.diff(c.past, axis=0) - np.median(np.diff(c.past, axis=0), axis=0)), axis=0)
    low, high = np.percentile(noise, [100 / 3, 200 / 3])
    error, label = np.abs(c.median - c.truth), case.label[c.index]
    members = {
        ("velocity_class", "below 5"): velocity < 5,
        ("velocity_class", "15 and above"): velocity >= 15,
        ("noise_class", "low"): noise < low,
        ("noise_class", "middle"): (noise >= low) & (noise < high),
        ("cluster", "1"): label == 0,
        ("cluster", "2"): label == 1,
    }
    for (column, name), inside in members.items():
        assert 3 < inside.sum() < 57
        row = row_of(case.scores, "theta", 2, **{column: name})
        assert row["mae"] == pytest.approx(np.nanmean(error[:, 1][:, inside]), rel=1e-5)
        assert row["n"] == np.isfinite(error[:, 1][:, inside]).sum()
    whole = row_of(case.scores, "theta", 0)["n"]
    for column in ("velocity_class", "noise_class"):
        parts = case.scores[(case.scores["model"] == "theta") & (case.scores["horizon"] == 0) & (case.scores[column] != "all")]
        assert parts["n"].sum() == whole
    kind = case.errors.velocity_class
    assert (np.array(kind.attrs["names"])[kind.values] == "below 5").tolist() == (velocity < 5).tolist()


def test_table_has_every_model_in_order_and_the_same_rows_as_csv(case: SimpleNamespace) -> None:
    assert list(dict.fromkeys(case.scores["model"])) == list(MODELS)
    assert set(case.scores["horizon"]) == {0, 1, 2, 3, 4}
    assert len(pd.read_csv(case.paths["table"])) == len(case.scores)
    assert row_of(case.scores, "theta", 1)["label"] == "theta"
    documented = score_series.__doc__ or ""
    for name in (*case.scores.columns, *case.significance.columns, *case.pit.columns):
        assert name in documented, name


def test_errors_are_kept_and_what_is_left_out_is_counted(case: SimpleNamespace) -> None:
    c = cells(case, "ses")
    found = case.errors.error.sel(model="ses").values
    assert found == pytest.approx(c.median - c.truth, abs=1e-4, nan_ok=True)
    assert case.errors.truth.values == pytest.approx(c.truth, abs=1e-4, nan_ok=True)
    assert case.errors.attrs["scored"] == np.isfinite(c.truth).sum()
    reached = sum(min(4, 79 - start) for start in range(63, 79)) * 57
    assert case.errors.attrs["cells"] == reached
    join, beyond = case.errors.attrs["unscored"]
    assert join.startswith(f"{reached - np.isfinite(c.truth).sum()} of {reached} forecasts are not scored, because a join")
    assert beyond.startswith(f"{16 * 4 * 57 - reached} forecasts reach beyond the last date")


def test_tests_are_against_persistence_and_the_best_simple_model_of_the_past(case: SimpleNamespace) -> None:
    assert set(case.significance["against"]) == {"persistence", "ses"}
    assert set(case.significance[case.significance["against"] == "ses"]["chosen_on"]) == {"past"}
    theta = case.significance[(case.significance["model"] == "theta") & (case.significance["against"] == "persistence")]
    assert set(theta["horizon"]) == {0, 1, 2, 3, 4}
    assert (theta["dm"] < 0).all()
    gain = row_of(case.scores, "theta", 1)["mae"] - row_of(case.scores, "persistence", 1)["mae"]
    assert theta[theta["horizon"] == 1]["difference"].iloc[0] == pytest.approx(gain, rel=0.1)


def test_floor_lies_below_every_model_and_knows_the_noise(case: SimpleNamespace) -> None:
    sd = 3 * np.linspace(1, 2, 60)[:57]
    assert case.noise["noise_mm"] == pytest.approx(np.sqrt((sd**2).mean()), rel=0.1)
    for horizon in (1, 2, 3, 4):
        floor = case.noise["floor_mae_mm"][str(horizon)]
        assert floor == pytest.approx(np.sqrt(2 / np.pi) * sd.mean(), rel=0.12)
        assert floor < min(row_of(case.scores, model, horizon)["mae"] for model in MODELS)


def test_chunks_of_points_change_nothing(case: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("insarcast.evaluate.series.stores._MOST_POINTS", 16)
    (tmp_path / "combine").symlink_to(case.folder / "combine")
    found = run(tmp_path, case.series, case.forecasts, clusters=[case.folder / "cluster/series.zarr"])
    pd.testing.assert_frame_equal(found.scores, case.scores, rtol=1e-9)
    pd.testing.assert_frame_equal(found.pit, case.pit)
    xr.testing.assert_equal(found.errors, case.errors)


def test_classes_know_nothing_later_than_the_first_test_origin(tmp_path: Path) -> None:
    """Whatever happens after it, the points stay in their classes and MASE has its scale."""
    found = []
    for place, later in ((tmp_path / "one", 0.0), (tmp_path / "two", 80.0)):
        series = make_series(place, n_dates=60, seed=4)
        data = open_store(series).load()
        torn, jump = data.displacement.values.copy(), data.jump.values.copy()
        torn[48:] += later * np.random.default_rng(1).normal(size=torn[48:].shape)
        if later:
            jump[50, ::3] = True
            torn[55, 5] = np.nan
        edit(series, displacement=torn, jump=jump, velocity=data.velocity.values + later)
        data = open_store(series).load()
        forecasts = make_forecasts(place, series.with_name("series.zarr"), ("persistence", "ses"))
        found.append((open_store(forecasts[0])["index"].values, run(place, series, forecasts, auto=False).errors))
    (index, one), (other, two) = found
    shared = np.isin(index, other)
    for name in ("past_velocity", "velocity_class"):
        assert (one[name].values[shared] == two[name].values).all()
    assert (one.error.sel(model="ses").values[..., shared] != two.error.sel(model="ses").values).any()
    assert len(np.unique(one.velocity_class.values)) > 1


def test_noise_classes_know_nothing_later_than_the_first_test_origin(tmp_path: Path) -> None:
    found = []
    for place, later in ((tmp_path / "one", 0.0), (tmp_path / "two", 80.0)):
        series = make_series(place, n_dates=60, seed=4)
        torn = open_store(series).displacement.values.copy()
        torn[48:] += later * np.random.default_rng(1).normal(size=torn[48:].shape)
        edit(series, displacement=torn)
        found.append(run(place, series, make_forecasts(place, series, ("persistence", "ses")), auto=False).errors)
    for name in ("noise_class", "velocity_class", "past_velocity"):
        assert (found[0][name].values == found[1][name].values).all()
    assert (np.bincount(found[0].noise_class.values) == 20).all()


def test_same_cells_for_all_models_and_the_culprit_is_named(tmp_path: Path) -> None:
    series = make_series(tmp_path)
    forecasts = make_forecasts(tmp_path, series, ("persistence", "ses", "theta"))
    torn = open_store(forecasts[2]).increment.values.copy()
    torn[:, :, :, :7] = np.nan
    edit(forecasts[2], increment=torn)
    found = run(tmp_path, series, forecasts, auto=False)
    keys = ["horizon", "velocity_class", "cluster", "noise_class"]
    assert set(found.scores.groupby(keys)["n"].nunique()) == {1}
    assert set(found.scores.groupby(keys)["model"].count()) == {3}
    assert np.isnan(found.errors.error.values[:, :, :, :7]).all()
    assert np.isfinite(found.errors.error.values[:, 0, :, 7:]).all()
    assert "a model has no forecast (theta: " in found.errors.attrs["unscored"][0]
    assert set(found.significance["chosen_on"]) == {"", "test"}


def test_points_without_an_interval_count_for_the_median_alone(tmp_path: Path) -> None:
    series = make_series(tmp_path)
    forecasts = make_forecasts(tmp_path, series, ("persistence", "ses"))
    store = open_store(forecasts[1])
    torn, sd = store.increment.values.copy(), store.sd.values.copy()
    torn[:, :, [0, 1, 3, 4], :7] = np.nan
    sd[..., :7] = np.nan
    edit(forecasts[1], increment=torn, sd=sd)
    row = row_of(run(tmp_path, series, forecasts, auto=False).scores, "ses", 1)
    assert row["n"] == 10 * 60
    assert row["n_interval"] == 10 * 53
    assert 0 < row["coverage90"] <= 1
    assert np.isfinite(row["crps"])


def test_few_origins_have_no_interval_of_the_skill(tmp_path: Path) -> None:
    series = make_series(tmp_path, n_dates=40)
    found = run(tmp_path, series, make_forecasts(tmp_path, series, ("persistence", "ses"), 5), auto=False)
    assert np.isfinite(row_of(found.scores, "ses", 1)["skill_low"])
    assert np.isnan(row_of(found.scores, "ses", 5)["skill_low"])
    assert np.isnan(row_of(found.scores, "ses", 0)["coverage90_high"])
    assert "nan" not in json.dumps(found.noise).lower().replace("cannot", "")


def broken_points(folder: Path, series: Path, forecasts: list[Path]) -> str:
    data = open_store(forecasts[1]).load()
    write_store(data.isel(point=slice(1, None)), forecasts[1])
    return "ses.zarr forecasts other points than"


def broken_past(folder: Path, series: Path, forecasts: list[Path]) -> str:
    edit(series, displacement=open_store(series).displacement.values + np.arange(50, dtype="float32")[:, None])
    return "were made from another displacement series"


def no_persistence(folder: Path, series: Path, forecasts: list[Path]) -> str:
    forecasts.pop(0)
    return "put persistence first in forecast.models"


def no_store(folder: Path, series: Path, forecasts: list[Path]) -> str:
    forecasts[1] = folder / "combine/series/gone.zarr"
    return "gone.zarr is no readable store"


def no_own(folder: Path, series: Path, forecasts: list[Path]) -> str:
    write_store(open_store(forecasts[1]).load().drop_vars("own"), forecasts[1])
    return "ses.zarr has no variable 'own'"


def no_test(folder: Path, series: Path, forecasts: list[Path]) -> str:
    for path in forecasts:
        data = open_store(path).load()
        write_store(data.assign_coords(role=("origin", np.full(data.sizes["origin"], "newest", object))), path)
    return "holds no forecast from a test date"


def no_median(folder: Path, series: Path, forecasts: list[Path]) -> str:
    for path in forecasts:
        write_store(open_store(path).load().isel(quantile=[0, 1, 3, 4]), path)
    return "add 0.5 to forecast.quantiles"


@pytest.mark.parametrize("spoil", [broken_points, broken_past, no_persistence, no_store, no_own, no_test, no_median])
def test_wrong_inputs_end_in_a_sentence(tmp_path: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    series = make_series(tmp_path)
    forecasts = make_forecasts(tmp_path, series, ("persistence", "ses"), 4)
    sentence = spoil(tmp_path, series, forecasts)
    with pytest.raises(InsarcastError) as caught:
        run(tmp_path, series, forecasts, auto=False)
    assert sentence in str(caught.value)


def test_no_scored_cell_ends_in_a_sentence_that_says_why(tmp_path: Path) -> None:
    series = make_series(tmp_path)
    forecasts = make_forecasts(tmp_path, series, ("persistence", "ses"), 4)
    edit(forecasts[1], increment=np.full(open_store(forecasts[1]).increment.shape, np.nan, "float32"))
    with pytest.raises(
        InsarcastError, match=r"No forecast of .* can be scored: 2040 of 2040 .* a model has no forecast \(ses: 2040\)"
    ):
        run(tmp_path, series, forecasts, auto=False)


def test_clusters_of_another_series_end_in_a_sentence(tmp_path: Path) -> None:
    series = make_series(tmp_path)
    forecasts = make_forecasts(tmp_path, series, ("persistence", "ses"))
    write_store(xr.Dataset({"label": ("point", np.zeros(9, "int16"))}), tmp_path / "labels.zarr")
    with pytest.raises(InsarcastError, match="has clusters of 9 points, but the series has 60"):
        run(tmp_path, series, forecasts, clusters=[tmp_path / "labels.zarr"], auto=False)
