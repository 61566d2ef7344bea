"""A scene whose ground, atmosphere and processing errors are known, held against its truth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from cubes import make_cube, make_dates

from insarcast.core import InsarcastError, Manifest, blocks, open_store, write_json, write_store
from insarcast.evaluate import compare_truth, score_forecasts
from insarcast.evaluate.simulated import compare

NT, NY, NX = 8, 10, 12
DATES = make_dates(NT)
VINTAGES = [f"asof-{str(DATES[at]).replace('-', '')}" for at in (4, 5)]
REFERENCES = {VINTAGES[0]: (1, 1), VINTAGES[1]: (8, 2), "full": (1, 1)}
LATTICE, OFFSET = (15, 16), (3, 2)  # the scene is larger than the cube, which starts inside it
OWN = (slice(OFFSET[0], OFFSET[0] + NY), slice(OFFSET[1], OFFSET[1] + NX))
PROCESSING = 2.0  # mm, added to every date after the first and every pixel but the reference point
BOWL = (5, 7)


def make_scene() -> xr.Dataset:
    """A bowl that sinks ever faster, under an atmosphere of 4 mm."""
    rng = np.random.default_rng(0)
    rows, cols = np.mgrid[: LATTICE[0], : LATTICE[1]]
    bowl = np.exp(-((rows - OFFSET[0] - BOWL[0]) ** 2 + (cols - OFFSET[1] - BOWL[1]) ** 2) / 8)
    step = np.arange(NT)[:, None, None]
    cube = make_cube(NT, NY, NX)
    y = cube.y.values[0] + 0.0014 * OFFSET[0] - 0.0014 * np.arange(LATTICE[0])
    x = cube.x.values[0] - 0.0014 * OFFSET[1] + 0.0014 * np.arange(LATTICE[1])
    scene = xr.Dataset(
        {
            "displacement": (("time", "y", "x"), (-(3 * step + step**2) * bowl).astype("float32")),
            "atmosphere": (("time", "y", "x"), rng.normal(0, 4, (NT, *LATTICE)).astype("float32")),
            "kind": (("y", "x"), (bowl > 0.5).astype("uint8") * 3),
        },
        coords={"time": DATES.astype("datetime64[ns]"), "y": y, "x": x},
    )
    scene.kind.attrs = {"flag_values": [0, 3], "flag_meanings": "stable bowl"}
    return scene.rio.write_crs("EPSG:4326")


def forms(scene: xr.Dataset) -> np.ndarray:
    """(deformation and visible, time, y, x) at the cube's pixels since the first date."""
    alone = scene.displacement.values.astype(float)
    both = np.stack([alone, alone + scene.atmosphere.values])[(..., *OWN)]
    return both - both[:, :1]


def write_world(folder: Path, *, scene=None, change=None) -> dict:
    """The cubes, forecasts by persistence and by one who knows the deformation, and the truth in a manifest."""
    made = make_scene()
    alone, visible = forms(made)
    cubes = {}
    for name in (*VINTAGES, "full"):
        n = NT if name == "full" else 1 + int(np.flatnonzero(np.datetime64(f"{name[5:9]}-{name[9:11]}-{name[11:]}") == DATES)[0])
        cube = make_cube(NT, NY, NX, name, reference=REFERENCES[name], not_inverted=(), masked=[(0, 5)])
        seen = visible[:n].copy()
        seen[1:] += PROCESSING
        seen[1:, 1, 1] -= PROCESSING
        seen[1:, 0, 5] += 8
        row, col = REFERENCES[name]
        cube["displacement"][:] = seen - seen[:, row : row + 1, col : col + 1]
        cube["filled"][2, 9, 11] = True
        cube["n_unw"][4, :3] = 7
        years = (cube.time.values - cube.time.values[0]) / np.timedelta64(1, "D") / 365.25
        rate = np.polyfit(years, (alone[:n] - alone[:n, row : row + 1, col : col + 1]).reshape(n, -1), 1)[0]
        cube["velocity"][:] = rate.reshape(NY, NX) + 5
        cubes[name] = change(cube) if change and name == "full" else cube
    paths = {}
    for name, cube in cubes.items():
        paths[name] = folder / f"{name}.zarr"
        write_store(cube, paths[name])
    origins = [4, 5, 7]
    known = np.zeros((3, 2, NY, NX), "float32")
    targets = np.array([[DATES[at] + 12 * step for step in (1, 2)] for at in origins])
    for index, at in enumerate(origins[:2]):
        row, col = REFERENCES[VINTAGES[index]]
        for step in (1, 2):
            grown = alone[at + step] - alone[at]
            known[index, step - 1] = grown - grown[row, col]
    forecasts = []
    for model, median in (("persistence", np.zeros_like(known)), ("knowing", known)):
        offsets = np.array([-6, -0.5, 0, 0.5, 6], "float32")[:, None, None]
        store = xr.Dataset(
            {
                "increment": (("origin", "horizon", "quantile", "y", "x"), median[:, :, None] + offsets),
                "calibrated": (("origin", "horizon"), np.ones((3, 2), bool)),
            },
            coords={
                "origin": DATES[origins].astype("datetime64[ns]"),
                "horizon": [1, 2],
                "quantile": [0.05, 0.25, 0.5, 0.75, 0.95],
                "target_time": (("origin", "horizon"), targets.astype("datetime64[ns]")),
                "y": cube.y,
                "x": cube.x,
            },
            attrs={"model": model, "vintages": [*VINTAGES, "full"]},
        ).rio.write_crs("EPSG:4326")
        forecasts.append(folder / f"{model}.zarr")
        write_store(store, forecasts[-1])
    named = [
        {"origin": str(DATES[at]), "model": model}
        for at, model in zip(origins, ("persistence", "knowing", "knowing"), strict=True)
    ]
    write_json(folder / "choice.json", {**named[-1], "by_origin": named})
    write_store(scene(made) if scene else made, folder / "truth.zarr")
    Manifest("simulate", [], [], truth=str(folder / "truth.zarr")).write(folder / "manifest.json")
    given = {"vintages": [paths[name] for name in VINTAGES], "full": paths["full"], "choice": folder / "choice.json"}
    score_forecasts(
        raws=forecasts,
        forecasts=forecasts,
        **given,
        clusters=[],
        scores=folder / "s.parquet",
        table=folder / "s.csv",
        errors=folder / "errors.zarr",
        velocity_classes=[50],
        block=1,
        seed=0,
    )
    return given | {"manifest": folder / "manifest.json", "errors": folder / "errors.zarr", "forecasts": forecasts}


def run(folder: Path, given: dict) -> tuple[pd.DataFrame, dict, xr.Dataset]:
    outputs = {
        "scores": folder / "truth.parquet",
        "table": folder / "truth.csv",
        "numbers": folder / "truth.json",
        "maps": folder / "maps.zarr",
    }
    compare_truth(**given, **outputs, velocity_classes=[50])
    numbers = json.loads(outputs["numbers"].read_text())
    return pd.read_parquet(outputs["scores"]), numbers, open_store(outputs["maps"]).load()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, dict, xr.Dataset, dict]:
    folder = tmp_path_factory.mktemp("truth")
    given = write_world(folder)
    return *run(folder, given), given


def pick(table: pd.DataFrame, part: str, against: str, **keys) -> pd.Series:
    wanted = {"part": part, "against": against} | keys
    found = table[np.logical_and.reduce([table[name] == value for name, value in wanted.items()])]
    assert len(found) == 1, wanted
    return found.iloc[0]


def of_cube(table: pd.DataFrame, against: str, quantity: str = "displacement", **keys) -> pd.Series:
    return pick(table, "cube", against, **{"quantity": quantity, "pixels": "used", "kind": "all", "completeness": "all"} | keys)


def of_model(
    table: pd.DataFrame, against: str, model: str, horizon: int = 1, origin: str = "all", kind: str = "all"
) -> pd.Series:
    return pick(table, "forecast", against, model=model, horizon=horizon, origin=origin, velocity_class=kind)


def test_the_processings_own_error_is_told_from_the_atmosphere(made) -> None:
    """2 mm at every pixel but the reference point; against the motion alone the atmosphere comes on top."""
    table, *_ = made
    n = NY * NX - 1
    seen = of_cube(table, "visible")
    assert seen.n == n
    assert (seen.rmse, seen.bias) == (pytest.approx(2 * np.sqrt((n - 1) / n), rel=1e-5), pytest.approx(2 * (n - 1) / n, rel=1e-5))
    assert of_cube(table, "visible", kind="bowl").rmse == pytest.approx(2, rel=1e-5)
    atmosphere = make_scene().atmosphere.values.astype(float)[(slice(None), *OWN)]
    apparent = atmosphere - atmosphere[:1]
    apparent = apparent - apparent[:, 1:2, 1:2] + 2
    apparent[:, 1, 1] -= 2
    used = np.ones((NY, NX), bool)
    used[0, 5] = False
    alone = of_cube(table, "deformation")
    assert alone.rmse == pytest.approx(np.sqrt((apparent[1:, used] ** 2).mean()), rel=1e-5)
    assert alone.rmse > 5


def test_classes_of_pixels(made) -> None:
    table, *_ = made
    kind = make_scene().kind.values[OWN]
    used = NY * NX - 1
    assert of_cube(table, "visible", kind="bowl").n == (kind == 3).sum()
    assert of_cube(table, "visible", kind="stable").n == (kind == 0).sum() - 1
    counts = {name: of_cube(table, "visible", completeness=name).n for name in ("complete", "partly_missing", "bridged")}
    assert counts == {"complete": used - 4, "partly_missing": 3, "bridged": 1}
    masked = of_cube(table, "visible", pixels="masked")
    assert (masked.n, masked.rmse) == (1, pytest.approx(10, rel=1e-5))


def test_velocity_is_held_against_a_line_through_the_same_dates(made) -> None:
    """The cube's is 5 mm/yr more than the line through the ground's own motion."""
    table, *_ = made
    found = of_cube(table, "deformation", "velocity")
    assert (found.rmse, found.bias) == (pytest.approx(5, rel=1e-4), pytest.approx(5, rel=1e-4))
    assert of_cube(table, "visible", "velocity").rmse > 10


def test_who_knows_the_deformation_is_right_in_truth_only(made) -> None:
    """Origins of different reference points; against the observation the atmosphere remains, and it is that of the observation."""
    table, *_ = made
    for horizon in (1, 2):
        true = of_model(table, "deformation", "knowing", horizon)
        assert true.mae < 1e-5
        assert true.skill == pytest.approx(1, abs=1e-5)
        seen = of_model(table, "observed", "knowing", horizon)
        assert seen.mae > 4
        assert seen.mae == pytest.approx(of_model(table, "deformation", "observed", horizon).mae, rel=1e-5)
        assert of_model(table, "visible", "observed", horizon).mae < 1e-5, "the processing's error does not change between dates"


def test_numbers_of_persistence_by_hand(made) -> None:
    """It errs by the increment: of the truth, and of what was observed, on the pixels that score_forecasts scored."""
    table, _, _, given = made
    errors = open_store(given["errors"]).load()
    alone = forms(make_scene())[0]
    grown = alone[5] - alone[4]
    used = np.isfinite(errors.truth.values[0, 0])
    found = of_model(table, "deformation", "persistence", origin=str(DATES[4]))
    assert found.n == used.sum() == NY * NX - 1
    assert found.mae == pytest.approx(np.abs(grown - grown[1, 1])[used].mean(), rel=1e-5)
    assert (found.skill, of_model(table, "observed", "persistence").skill) == (0, 0)
    scores = pd.read_parquet(given["errors"].parent / "s.parquet")
    for row in scores[(scores.model != "chosen")].to_dict("records"):
        same = of_model(table, "observed", row["model"], row["horizon"], row["origin"], row["velocity_class"])
        assert same[["n", "mae", "rmse", "bias", "skill", "coverage50", "coverage90"]].tolist() == pytest.approx(
            [row[name] for name in ("n", "mae", "rmse", "bias", "skill", "coverage50", "coverage90")],
            rel=1e-5,
            abs=1e-6,
            nan_ok=True,
        )


def test_where_a_forecast_ends_is_held_against_the_ground_without_the_atmosphere_of_a_date(made) -> None:
    """Last observed displacement plus increment, against the deformation plus the record's mean atmosphere since the first date."""
    table, _, _, given = made
    alone, visible = forms(make_scene())
    errors = open_store(given["errors"]).load()
    for index, (at, name) in enumerate(zip((4, 5), VINTAGES, strict=True)):
        row, col = REFERENCES[name]
        last = open_store(given["vintages"][index]).displacement.values[-1].astype(float)
        goal = alone[at + 1] + (visible - alone).mean(axis=0)
        goal = goal - goal[row, col]
        used = np.isfinite(errors.truth.values[index, 0])
        known = alone[at + 1] - alone[at]
        ends = {
            "persistence": last,
            "knowing": last + known - known[row, col],
            "observed": last + errors.truth.values[index, 0].astype(float),
        }
        mae = {model: np.abs(end - goal)[used].mean() for model, end in ends.items()}
        for model in ends:
            found = of_model(table, "ground", model, origin=str(DATES[at]))
            assert (found.quantity, found.n) == ("position", used.sum())
            assert found.mae == pytest.approx(mae[model], rel=1e-4)
            assert found.skill == pytest.approx(1 - mae[model] / mae["persistence"], abs=1e-4)


def test_intervals_are_held_against_both(made) -> None:
    table, *_ = made
    assert of_model(table, "deformation", "knowing").coverage50 == 1
    seen = of_model(table, "observed", "knowing")
    assert 0 < seen.coverage50 < seen.coverage90 < 1


def test_the_choice_as_it_was_made(made) -> None:
    table, *_ = made
    for at, model in ((4, "persistence"), (5, "knowing")):
        chosen, own = (of_model(table, "deformation", name, origin=str(DATES[at])) for name in ("chosen", model))
        assert (chosen.mae, chosen.skill) == (own.mae, own.skill)
    assert list(dict.fromkeys(table[table.part == "forecast"].model)) == ["persistence", "knowing", "chosen", "observed"]
    assert set(table[(table.against == "observed") & (table.part == "forecast")].model) == {"persistence", "knowing", "chosen"}


def test_maps_and_numbers(made) -> None:
    table, numbers, maps, given = made
    alone, _ = forms(make_scene())
    relative = alone - alone[:, 1:2, 1:2]
    assert maps.sizes["time"] == 4
    np.testing.assert_array_equal(maps.time.values[-1].astype("datetime64[D]"), DATES[-1])
    np.testing.assert_allclose(maps.displacement.values[-1], relative[-1], atol=1e-4)
    grown = alone[6] - alone[5]
    np.testing.assert_allclose(maps.increment.values[1, 0], grown - grown[8, 2], atol=1e-4)
    np.testing.assert_allclose(maps.velocity_error, 5, rtol=1e-4)
    assert maps.rms_visible.values[3, 3] == pytest.approx(2, rel=1e-5)
    assert maps.rms_visible.values[1, 1] == pytest.approx(0, abs=1e-5)
    np.testing.assert_array_equal(maps.kind, make_scene().kind.values[OWN])
    assert maps.rio.crs.to_epsg() == 4326
    assert (numbers["n_pixels"], numbers["n_without_truth"]) == (NY * NX, 0)
    assert numbers["cube"]["displacement"]["visible"]["rmse"] == pytest.approx(of_cube(table, "visible").rmse)
    first = next(row for row in numbers["forecast"] if (row["model"], row["horizon"]) == ("knowing", 1))
    assert first["skill_truth"] == pytest.approx(1, abs=1e-5)
    assert first["mae_observed"] == pytest.approx(of_model(table, "observed", "knowing").mae)
    assert "all that InSAR can see, by 2.0 mm" in numbers["sentence"]
    assert "Pixels that the mask rejects (1) differ from what InSAR can see by 10.0 mm" in numbers["sentence"]
    assert len(numbers["sentences"]) == 5
    text = pd.read_csv(given["errors"].parent / "truth.csv")
    assert text.columns.tolist() == table.columns.tolist()


def test_block_by_block_gives_the_same(made, tmp_path, monkeypatch) -> None:
    table, numbers, maps, given = made
    monkeypatch.setattr(compare, "blocks", lambda ny, nx, edge: blocks(ny, nx, 5))
    again, same, parts = run(tmp_path, given)
    pd.testing.assert_frame_equal(again, table, rtol=1e-12)
    assert same["sentences"] == numbers["sentences"]
    xr.testing.assert_equal(parts, maps)


def test_pixels_outside_the_truth_are_counted_and_told(tmp_path) -> None:
    """The scene ends one column before the cube."""
    given = write_world(tmp_path, scene=lambda made: made.isel(x=slice(None, OFFSET[1] + NX - 1)))
    table, numbers, maps = run(tmp_path, given)
    assert numbers["n_without_truth"] == NY
    assert f"{NY} of {NY * NX} pixels of the cube have no truth and were not compared." in numbers["sentences"]
    assert np.isnan(maps.increment.values[0, 0, :, -1]).all()
    assert (maps.kind.values[:, -1] == 255).all()
    assert of_cube(table, "visible").n == NY * NX - 1 - NY
    assert of_model(table, "deformation", "knowing").mae < 1e-5


@pytest.mark.parametrize(
    ("scene", "sentence"),
    [
        (lambda made: made.assign_coords(x=made.x + 0.0005), "no pixel centre in common"),
        (lambda made: made.rio.write_crs("EPSG:4258"), "is on EPSG:4258, the cube on EPSG:4326"),
        (lambda made: made.isel(time=slice(None, -1)), f"has no truth of {DATES[-1]}"),
        (lambda made: made.drop_vars("atmosphere"), "has no 'atmosphere'"),
        (lambda made: made.isel(y=slice(OFFSET[0] + 3, None)), "does not cover the reference window of the cube full"),
    ],
)
def test_a_truth_that_does_not_fit_is_a_sentence(tmp_path, scene, sentence: str) -> None:
    given = write_world(tmp_path, scene=scene)
    with pytest.raises(InsarcastError, match=sentence):
        run(tmp_path, given)


def test_a_real_scene_has_no_truth(tmp_path, made) -> None:
    Manifest("geotiff", [], []).write(tmp_path / "manifest.json")
    with pytest.raises(InsarcastError, match="names no truth"):
        run(tmp_path, made[3] | {"manifest": tmp_path / "manifest.json"})
