"""Where the errors of a ready series gather."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import esda
import numpy as np
import pandas as pd
import pytest
from libpysal.graph import Graph
from scipy.sparse import csr_matrix
from series import make_forecasts, make_series

from insarcast.core import InsarcastError, open_store, write_store
from insarcast.evaluate import map_residuals, score_series
from insarcast.evaluate.space.neighbours import hull_area, nearest_neighbour_index, nearest_neighbours


def make_case(
    folder: Path, *, models: tuple[str, ...] = ("persistence", "ses", "auto"), wave: float = 0.0, **options: object
) -> SimpleNamespace:
    """Series and errors; ``wave`` mm is added to every date after the first test origin, as a plane that tilts to and fro."""
    series = make_series(folder, n_points=90, **options)  # type: ignore[arg-type]
    data = open_store(series).load()
    if wave:
        values = data.displacement.values.copy()
        tilt = (data.x.values - data.x.values.mean()) / data.x.values.std()
        values[39:] += (wave * tilt * np.resize([1, -1], len(values) - 39)[:, None]).astype("float32")
        data["displacement"] = (data.displacement.dims, values, data.displacement.attrs)
        write_store(data, series)
    forecasts = make_forecasts(folder, series, models, 3)
    out = folder / "evaluate"
    out.mkdir()
    names = ("scores", "table", "significance", "pit", "errors", "noise")
    score_series(series, forecasts, [], [], **{name: out / name for name in names}, velocity_classes=[10], dates=150, seed=0)
    return SimpleNamespace(folder=folder, series=series, errors=out / "errors", out=out)


def run(case: SimpleNamespace) -> SimpleNamespace:
    paths = {"space": case.out / "space.parquet", "layers": case.out / "space.zarr", "record": case.out / "space.json"}
    map_residuals(case.series, case.errors, **paths, neighbours=8, seed=0)
    return SimpleNamespace(
        table=pd.read_parquet(paths["space"]),
        maps=open_store(paths["layers"]).load(),
        record=json.loads(paths["record"].read_text()),
    )


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    case = make_case(tmp_path_factory.mktemp("space"), wave=6.0, join=45)
    return SimpleNamespace(**vars(case), **vars(run(case)))


def fields(case: SimpleNamespace, model: str, at: int, step: int) -> dict[str, np.ndarray]:
    store = open_store(case.errors).load()
    truth, error = store.truth.values[at, step].astype(float), store.error.sel(model=model).values[at, step].astype(float)
    return {"truth": truth, "prediction": truth + error, "residual": error}


def test_moran_of_every_row_is_that_of_esda_on_the_points_of_its_date(case: SimpleNamespace) -> None:
    store, cube = open_store(case.errors), open_store(case.series)
    place = np.stack([cube.x.values, cube.y.values], axis=1)[store["index"].values]
    for at, step in ((0, 0), (4, 2), (6, 1)):
        found = fields(case, "ses", at, step)
        used = np.isfinite(found["truth"])
        assert used.sum() == (45 if at + step + 40 >= 45 > at + 39 else 90)
        graph = Graph.from_sparse(csr_matrix(nearest_neighbours(place[used], 8)))
        for layer, model in (("truth", ""), ("prediction", "ses"), ("residual", "ses")):
            own = case.table[
                (case.table["layer"] == layer) & (case.table["model"] == model) & (case.table["horizon"] == step + 1)
            ]
            row = own[own["origin"] == store.origin.values[at]].iloc[0]
            other = esda.Moran(found[layer][used], graph, permutations=0)
            assert row["moran_i"] == pytest.approx(other.I)
            assert row["moran_z"] == pytest.approx(other.z_rand)
            assert row["moran_p"] == pytest.approx(other.p_rand)
            assert row["n"] == used.sum()


def test_every_scored_date_has_its_rows(case: SimpleNamespace) -> None:
    assert len(case.table) == (1 + 2 * 3) * (10 + 9 + 8)
    assert list(dict.fromkeys(case.table["model"])) == ["", "persistence", "ses", "auto"]
    constant = (case.table["layer"] == "prediction") & (case.table["model"] == "persistence")
    assert case.table[constant]["moran_i"].isna().all()
    assert case.table[~constant]["moran_i"].notna().all()
    assert (case.table[case.table["layer"] == "truth"]["moran_z"].abs() > 3).mean() > 0.5


def test_hot_spots_are_counted_for_the_date_of_the_maps(case: SimpleNamespace) -> None:
    counted = case.table[case.table["gi_hot"].notna()]
    assert set(counted["horizon"]) == {1, 3}
    assert set(counted["origin"].astype(str).str[:10]) == {case.record["origin"]}
    assert (case.maps.attrs["model"], case.record["model"]) == ("auto", "auto")
    assert case.record["horizons"] == case.maps.horizon.values.tolist() == [1, 3]
    truth = counted[(counted["layer"] == "truth") & (counted["horizon"] == 1)].iloc[0]
    lisa = case.maps.lisa.sel(layer="truth", horizon=1).values
    z = case.maps.gi_z.sel(layer="truth", horizon=1).values
    assert truth["gi_hot"] > 5
    assert truth["gi_cold"] > 5
    hot, cold = z >= np.sort(z)[-int(truth["gi_hot"])], z <= np.sort(z)[int(truth["gi_cold"]) - 1]
    cube, store = open_store(case.series), open_store(case.errors)
    place = np.stack([cube.x.values, cube.y.values], axis=1)[store["index"].values]
    assert (truth["nni"], truth["nni_z"]) == pytest.approx(nearest_neighbour_index(place[hot | cold], hull_area(place)), rel=1e-6)
    # East and west move against each other: the high points among high ones lie on one side, the low ones on the other.
    assert (z[lisa == 1] > 1).all()
    assert (z[lisa == 3] < -1).all()
    assert min(place[lisa == 1, 0].min(), place[lisa == 3, 0].min()) < place[:, 0].mean()
    assert abs(place[lisa == 1, 0].mean() - place[lisa == 3, 0].mean()) > 1500
    assert case.record["nni"] == pytest.approx(nearest_neighbour_index(place, hull_area(place))[0])


def test_layers_are_truth_prediction_and_forecast_minus_truth(case: SimpleNamespace) -> None:
    store = open_store(case.errors)
    at = store.origin.values.astype("datetime64[D]").astype(str).tolist().index(case.record["origin"])
    assert at == 7
    found = fields(case, "auto", at, 0)
    for layer in ("truth", "prediction", "residual"):
        z = case.maps.gi_z.sel(layer=layer, horizon=1).values
        near = nearest_neighbours(np.stack([case_x(case), case_y(case)], axis=1), 8)
        total = near @ found[layer] + found[layer]
        assert np.corrcoef(z, total)[0, 1] == pytest.approx(1, abs=1e-6)
    assert (case.maps["index"].values == store["index"].values).all()


def case_x(case: SimpleNamespace) -> np.ndarray:
    return open_store(case.series).x.values[open_store(case.errors)["index"].values]


def case_y(case: SimpleNamespace) -> np.ndarray:
    return open_store(case.series).y.values[open_store(case.errors)["index"].values]


def test_sentences_name_model_numbers_and_date(case: SimpleNamespace) -> None:
    alike, first, last = case.record["sentences"]
    own = case.table[(case.table["layer"] == "residual") & (case.table["model"] == "auto") & (case.table["horizon"] == 1)]
    assert f"residuals of auto 1 step ahead, with the 8 nearest points as neighbours, is {own['moran_i'].mean():.2f}" in alike
    assert f"over 10 origins ({case.table[:10]['moran_i'].mean():.2f} for the true increments" in alike
    assert first.startswith(f"From {case.record['origin']}, 1 step ahead, ")
    assert "3 steps ahead, " in last
    assert not any("nan" in sentence for sentence in case.record["sentences"])


def test_the_same_seed_gives_the_same_maps(case: SimpleNamespace) -> None:
    again = run(case)
    assert again.maps.identical(case.maps)
    pd.testing.assert_frame_equal(again.table, case.table)


def test_network_stands_in_for_places(tmp_path: Path) -> None:
    case = make_case(tmp_path, models=("persistence", "ses"), places=False, edges=True)
    found = run(case)
    values = fields(case, "ses", 2, 1)["residual"]
    chain = np.eye(90, k=1) + np.eye(90, k=-1)
    other = esda.Moran(values, Graph.from_sparse(csr_matrix(chain)), permutations=0)
    own = found.table[(found.table["layer"] == "residual") & (found.table["model"] == "ses") & (found.table["horizon"] == 2)]
    assert own["moran_z"].iloc[2] == pytest.approx(other.z_rand)
    assert found.table["nni"].isna().all()
    assert found.record["nni"] is None
    assert found.record["model"] == "ses"
    assert "with the points that the network of the data joins as neighbours" in found.record["sentences"][0]


def test_points_without_places_or_network_have_an_empty_table_and_a_sentence(tmp_path: Path) -> None:
    found = run(make_case(tmp_path, places=False))
    assert found.table.empty
    assert {"layer", "model", "origin", "horizon", "moran_i", "gi_hot", "nni", "n"} <= set(found.table.columns)
    assert found.maps.lisa.size == 0
    assert "neither places nor a network" in found.record["sentences"][0]


def test_points_at_one_place_do_no_harm(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    data = open_store(case.series).load()
    x = data.x.values.copy()
    y = data.y.values.copy()
    x[:20], y[:20] = x[0], y[0]
    write_store(data.assign_coords(x=("point", x), y=("point", y)), case.series)
    found = run(case)
    assert found.table[found.table["layer"] != "prediction"]["moran_z"].notna().all()


def test_errors_of_another_series_end_in_a_sentence(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    write_store(open_store(case.series).load().isel(point=slice(0, 40)), case.series)
    with pytest.raises(InsarcastError, match=r"has points that .* does not"):
        run(case)
