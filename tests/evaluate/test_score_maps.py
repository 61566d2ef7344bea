"""Scores of maps against torchmetrics, numpy and numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from cubes import make_cube, make_dates

from insarcast.core import blocks, open_store, write_json, write_store
from insarcast.evaluate import score_maps
from insarcast.evaluate.grid import maps

DATES = make_dates(8)
ORIGINS = (5, 6)
VINTAGES = [f"asof-{str(DATES[at]).replace('-', '')}" for at in ORIGINS]


def write_world(folder: Path, ny: int, nx: int, *, gaps: bool = True, origins: int = 2, bridged: tuple[int, ...] = ()) -> dict:
    """Two models, two origins and horizons; the second origin's second target is not scored. Pixels with x = 0 or y = 0 are masked."""
    rng = np.random.default_rng(0)
    cubes = [
        make_cube(
            8, ny, nx, name, bridged=bridged, not_inverted=(), masked=[(0, x) for x in range(nx)] + [(y, 0) for y in range(ny)]
        )
        for name in VINTAGES
    ]
    rows, cols = np.mgrid[:ny, :nx]
    truth = np.stack([-3 * np.hypot(rows / ny, cols / nx) * step for step in (1, 2, 1.5, 3)]).reshape(2, 2, ny, nx)
    truth = (truth + rng.normal(0, 1, truth.shape)).astype("float32")
    truth[1, 1] = np.nan
    if gaps:
        truth[:, :, ny // 2 : ny // 2 + 3, 2:9] = np.nan
    error = np.stack([-truth, rng.normal(0.1, 0.9, truth.shape)]).astype("float32")
    error[1, :, :, 5, 5] = error[0, :, :, 5, 5]
    error[:, np.isnan(truth)] = np.nan
    store = xr.Dataset(
        {"error": (("model", "origin", "horizon", "y", "x"), error), "truth": (("origin", "horizon", "y", "x"), truth)},
        coords={
            "model": ["persistence", "drift"],
            "origin": DATES[list(ORIGINS)].astype("datetime64[ns]"),
            "horizon": [1, 2],
            "y": cubes[0].y,
            "x": cubes[0].x,
        },
        attrs={"vintages": VINTAGES},
    ).rio.write_crs("EPSG:4326")
    store = store.isel(origin=slice(0, origins)).assign_attrs(vintages=VINTAGES[:origins])
    write_store(store, folder / "errors.zarr")
    for name, cube in zip(VINTAGES, cubes, strict=True):
        write_store(cube, folder / f"{name}.zarr")
    named = [{"origin": str(DATES[at]), "model": model} for at, model in zip(ORIGINS, ("persistence", "drift"), strict=True)]
    write_json(folder / "choice.json", {**named[-1], "by_origin": named})
    return {"store": store, "cubes": cubes, "folder": folder}


def score(world: dict) -> tuple[pd.DataFrame, xr.Dataset]:
    folder = world["folder"]
    paths = [folder / f"{name}.zarr" for name in world["store"].attrs["vintages"]]
    outputs = {"scores": folder / "maps.parquet", "table": folder / "maps.csv", "maps": folder / "maps.zarr"}
    score_maps(folder / "errors.zarr", paths, folder / "choice.json", **outputs)
    return pd.read_parquet(outputs["scores"]), open_store(outputs["maps"]).load()


def row(table: pd.DataFrame, model: str, origin: int | str, horizon: int) -> pd.Series:
    name = origin if isinstance(origin, str) else str(DATES[ORIGINS[origin]])
    at = (table.model == model) & (table.origin == name) & (table.horizon == horizon)
    assert at.sum() == 1
    return table[at].iloc[0]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, pd.DataFrame, xr.Dataset]:
    world = write_world(tmp_path_factory.mktemp("small"), 24, 20)
    return world, *score(world)


def test_errors_and_shares_by_numpy(small) -> None:
    world, table, _ = small
    error = world["store"].error.values.astype(float)
    for at, step in ((0, 0), (0, 1), (1, 0)):
        base, drift = (np.abs(error[model, at, step][np.isfinite(error[0, at, step])]) for model in (0, 1))
        found = row(table, "drift", at, step + 1)
        assert found.n == len(base) == 24 * 20 - 21
        assert found.mae == pytest.approx(drift.mean())
        assert found.improved == pytest.approx((drift < base).mean())
        assert found.tied == pytest.approx(1 / len(base)), "one pixel was made alike"
        truth = world["store"].truth.values[at, step].astype(float)
        known = np.isfinite(truth)
        forecast = (truth + error[1, at, step])[known]
        assert found.correlation == pytest.approx(np.corrcoef(forecast, truth[known])[0, 1], rel=1e-6)
        own = row(table, "persistence", at, step + 1)
        assert (own.improved, own.tied) == (0, 1)
        assert np.isnan(own.correlation), "its map is constant"


def test_data_ranges_are_those_of_the_first_origins_cube(small) -> None:
    world, table, _ = small
    d = world["cubes"][0].displacement.values.astype(float)[:, 1:, 1:]
    np.testing.assert_allclose(table.data_range, d.max() - d.min())
    for step in (1, 2):
        change = d[step:] - d[:-step]
        np.testing.assert_allclose(table[table.horizon == step].data_range_increment, change.max() - change.min())


def test_a_change_over_a_bridged_step_is_no_range(tmp_path) -> None:
    world = write_world(tmp_path, 24, 20, bridged=(3,))
    table, _ = score(world)
    d = world["cubes"][0].displacement.values.astype(float)[:, 1:, 1:]
    kept = np.stack([d[2] - d[0], d[5] - d[3]])
    assert row(table, "drift", 0, 2).data_range_increment == pytest.approx(kept.max() - kept.min())


def test_the_row_over_all_origins(small) -> None:
    _, table, _ = small
    one, two, pooled = (row(table, "drift", origin, 1) for origin in (0, 1, "all"))
    assert pooled.n == one.n + two.n
    assert pooled.mae == pytest.approx((one.n * one.mae + two.n * two.mae) / pooled.n)
    for name in ("ssim", "ssim_increment", "correlation"):
        assert pooled[name] == pytest.approx((one[name] + two[name]) / 2)
    assert row(table, "drift", "all", 2).ssim == row(table, "drift", 0, 2).ssim


def test_the_choice_as_it_was_made_comes_last(small) -> None:
    _, table, _ = small
    assert list(dict.fromkeys(table.model)) == ["persistence", "drift", "chosen"]
    assert row(table, "chosen", 0, 1).ssim == row(table, "persistence", 0, 1).ssim
    assert row(table, "chosen", 1, 1).ssim == row(table, "drift", 1, 1).ssim
    text = pd.read_csv(small[0]["folder"] / "maps.csv")
    assert text.columns.tolist() == table.columns.tolist()


def test_maps_by_numpy(small) -> None:
    world, _, found = small
    error = np.abs(world["store"].error.values.astype(float)).reshape(2, 4, 24, 20)
    n = np.isfinite(error[0]).sum(axis=0)
    np.testing.assert_array_equal(found.n, n)
    mean = np.nansum(error, axis=1) / np.where(n, n, np.nan)
    np.testing.assert_allclose(found.mae, mean, rtol=1e-5)
    np.testing.assert_allclose(found.mae_difference, mean - mean[0], atol=1e-5)
    assert found.rio.crs.to_epsg() == 4326
    assert found.model.values.tolist() == ["persistence", "drift"]


def test_a_small_scene_has_no_ms_ssim_and_says_so(small) -> None:
    _, table, _ = small
    assert table.ms_ssim.isna().all()
    assert table.ms_ssim_increment.isna().all()
    assert set(table.note) == {"No MS-SSIM: its five scales need a scene of 161 pixels or more on both sides."}
    assert table.ssim.notna().all()


def test_similarity_of_whole_frames_is_torchmetrics(tmp_path) -> None:
    """Increments and cumulative maps, each with its own data range; persistence is a constant map."""
    import torch
    import torchmetrics.functional.image as oracle

    world = write_world(tmp_path, 180, 176, gaps=False)
    table, _ = score(world)
    truth, error = (world["store"][name].values.astype(float) for name in ("truth", "error"))
    for which, model in enumerate(("persistence", "drift")):
        found = row(table, model, 1, 1)
        assert found.note == ""
        for suffix, base in (("_increment", 0.0), ("", world["cubes"][1].displacement.values[-1].astype(float))):
            observed = base + truth[1, 0]
            pair = [torch.from_numpy(field)[None, None] for field in (observed + error[which, 1, 0], observed)]
            span = float(found[f"data_range{suffix}"])
            single = oracle.structural_similarity_index_measure(*pair, data_range=span)
            several = oracle.multiscale_structural_similarity_index_measure(*pair, data_range=span)
            assert found[f"ssim{suffix}"] == pytest.approx(float(single), abs=1e-7)
            assert found[f"ms_ssim{suffix}"] == pytest.approx(float(several), abs=1e-7)
    assert row(table, "drift", 1, 1).ssim_increment > row(table, "persistence", 1, 1).ssim_increment


def test_block_by_block_gives_the_same(tmp_path, monkeypatch) -> None:
    world = write_world(tmp_path, 161, 170)
    table, found = score(world)
    assert table.ms_ssim.notna().all()
    monkeypatch.setattr(maps, "blocks", lambda ny, nx, edge: blocks(ny, nx, 64))
    again, parts = score(world)
    pd.testing.assert_frame_equal(again, table, rtol=1e-9)
    xr.testing.assert_equal(parts, found)


def test_a_study_without_tests_has_an_empty_table(tmp_path) -> None:
    table, found = score(write_world(tmp_path, 24, 20, origins=0))
    assert not len(table)
    assert {"model", "origin", "horizon", "n", "ssim", "ms_ssim_increment", "note"} <= set(table.columns)
    assert np.isnan(found.mae).all()
    assert (found.n == 0).all()
