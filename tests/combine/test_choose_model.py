"""The automatic choice, on numbers small enough to check by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from insarcast.combine import choose_model
from insarcast.core import write_store

ORIGINS = np.array(["2018-06-11", "2018-06-23"], "datetime64[ns]")


def write_past(folder: Path, model: str, errors: np.ndarray) -> Path:
    """A store of earlier origins whose forecasts err by ``errors`` (origin, past, horizon, point) mm."""
    observed = np.full(errors.shape, 5.0)
    dims = ("origin", "past", "horizon", "point")
    store = xr.Dataset(
        {"median": (dims, observed + errors), "observed": (dims, observed), "sd": (dims, np.ones_like(errors))},
        coords={"origin": ORIGINS[: len(errors)], "horizon": np.arange(1, errors.shape[2] + 1)},
        attrs={"model": model, "label": f"the {model}"},
    )
    write_store(store, folder / f"{model}-past.zarr")
    return folder / f"{model}-past.zarr"


def choose(folder: Path, **errors: np.ndarray) -> dict:
    choose_model([write_past(folder, model, values) for model, values in errors.items()], folder / "choice.json")
    return json.loads((folder / "choice.json").read_text())


def test_the_smallest_past_error_wins_and_horizons_weigh_alike(tmp_path) -> None:
    """Horizon 1 has two earlier origins, horizon 2 one: the mean of the horizons' means decides, not the mean of all."""
    base = np.full((2, 2, 2, 3), 4.0)
    drift = np.full((2, 2, 2, 3), -1.0)
    drift[..., 1, :] = 8.0
    base[:, 1, 1] = drift[:, 1, 1] = np.nan
    drift[1, ..., 1, :] = 2.0
    choice = choose(tmp_path, persistence=base, drift=drift)
    first, last = choice["by_origin"]
    assert first["past_mae"] == {"persistence": 4.0, "drift": 4.5}
    assert first["model"] == "persistence"
    assert last["past_mae"] == {"persistence": 4.0, "drift": 1.5}
    assert last["model"] == choice["model"] == "drift"
    assert choice["label"] == "the drift"
    assert choice["past_skill"] == {"persistence": 0.0, "drift": 0.625}
    assert (choice["n_origins"], choice["n_pixels"], choice["origin"]) == (2, 3, "2018-06-23")
    assert choice["sentence"] == (
        "On 2 earlier origins up to 2018-06-23, drift has the smallest mean error: 1.5 mm against 4.0 mm "
        'for "nothing changes" (skill 0.62).'
    )
    assert first["sentence"] == (
        'On 2 earlier origins up to 2018-06-11, no model beats "nothing changes" (4.0 mm; the best other, drift, has 4.5 mm), '
        "so persistence is shown."
    )


def test_models_are_compared_where_all_of_them_forecast(tmp_path) -> None:
    base = np.array([1.0, 1.0, 9.0]).reshape(1, 1, 1, 3)
    other = np.array([0.5, 2.0, np.nan]).reshape(1, 1, 1, 3)
    choice = choose(tmp_path, persistence=base, linear=other)
    assert choice["past_mae"] == {"persistence": 1.0, "linear": 1.25}
    assert choice["model"] == "persistence"
    assert choice["n_pixels"] == 2


def test_a_tie_goes_to_persistence(tmp_path) -> None:
    assert choose(tmp_path, persistence=np.ones((1, 1, 1, 2)), drift=-np.ones((1, 1, 1, 2)))["model"] == "persistence"


@pytest.mark.parametrize("past", [0, 2])
def test_without_a_past_persistence_is_shown(tmp_path, past: int) -> None:
    nothing = np.full((1, past, 1, 2), np.nan)
    choice = choose(tmp_path, persistence=nothing, drift=nothing)
    assert choice["model"] == "persistence"
    assert choice["past_mae"] == {"persistence": None, "drift": None}
    assert choice["sentence"].startswith("Before 2018-06-11 there is no earlier origin")


def test_persistence_alone(tmp_path) -> None:
    assert (
        "was the only model, with a mean error of 3.0 mm" in choose(tmp_path, persistence=np.full((1, 2, 1, 2), 3.0))["sentence"]
    )
