"""The automatic choice, on numbers small enough to check by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from cubes import make_cube

from insarcast.combine import choose_model
from insarcast.core import InsarcastError, write_store

ORIGINS = np.array(["2018-06-11", "2018-06-23"], "datetime64[ns]")
EDGES = [10.0, 50.0]
SLOW, FAST = 400, 40  # pixels: nine in ten hardly move


def write_past(folder: Path, model: str, errors: np.ndarray) -> Path:
    """A store of earlier origins whose forecasts err by ``errors`` (origin, past, horizon, point) mm."""
    observed = np.full(errors.shape, 5.0)
    dims = ("origin", "past", "horizon", "point")
    point = np.arange(errors.shape[-1])
    store = xr.Dataset(
        {"median": (dims, observed + errors), "observed": (dims, observed), "sd": (dims, np.ones_like(errors))},
        coords={
            "origin": ORIGINS[: len(errors)],
            "horizon": np.arange(1, errors.shape[2] + 1),
            "row": ("point", np.zeros_like(point)),
            "col": ("point", point),
        },
        attrs={"model": model, "label": f"the {model}"},
    )
    write_store(store, folder / f"{model}-past.zarr")
    return folder / f"{model}-past.zarr"


def write_cube(folder: Path, at: int, velocity: np.ndarray) -> Path:
    """The as-of cube of an origin, one row of pixels, with this velocity in mm/yr."""
    cube = make_cube(n_dates=14 + at, ny=1, nx=len(velocity), reference=(0, 0), not_inverted=(), masked=())
    assert cube.time.values[-1] == ORIGINS[at]
    cube["velocity"][:] = velocity
    write_store(cube, folder / f"cube-{at}.zarr")
    return folder / f"cube-{at}.zarr"


def choose(folder: Path, velocities: list[np.ndarray] | None = None, **errors: np.ndarray) -> dict:
    """Choose with the velocity of each origin's cube, the newest as the full one; zero where it is not given."""
    origins, _, _, points = errors["persistence"].shape
    cubes = [write_cube(folder, at, velocity) for at, velocity in enumerate(velocities or [np.zeros(points)] * origins)]
    pasts = [write_past(folder, model, values) for model, values in errors.items()]
    choose_model(pasts, cubes[:-1], cubes[-1], folder / "choice.json", EDGES)
    return json.loads((folder / "choice.json").read_text())


def bowl(*means: float, sizes: tuple[int, ...] = (SLOW, FAST), origins: int = 1) -> np.ndarray:
    """Errors (origin, 3 earlier ones, 2 horizons, point) that are the same all over each class."""
    return np.broadcast_to(np.repeat(means, sizes), (origins, 3, 2, sum(sizes)))


VELOCITY = np.repeat([2.0, -80.0], [SLOW, FAST])


def test_much_ground_that_hardly_moves_does_not_hide_a_failure_where_it_sinks(tmp_path) -> None:
    """Over all pixels `window_mean` wins (1.80 mm, persistence 1.82 mm, linear 2.02 mm), yet its error is twice as large in the bowl."""
    choice = choose(tmp_path, [VELOCITY], persistence=bowl(1.0, 10.0), window_mean=bowl(-0.1, 18.8), linear=bowl(1.0, 12.2))
    assert choice["model"] == "persistence"
    choice = choose(tmp_path, [VELOCITY], persistence=bowl(1.0, 10.0), window_mean=bowl(-0.1, 18.8), linear=bowl(1.0, 4.0))
    assert choice["model"] == "linear"


def test_classes_weigh_alike_whatever_their_number_of_pixels(tmp_path) -> None:
    """`a` has skill 0.2 on 400 slow pixels and 0.6 on 40 fast ones, `b` 0.5 and 0: 0.4 against 0.25."""
    choice = choose(tmp_path, [VELOCITY], persistence=bowl(10.0, 10.0), a=bowl(8.0, 4.0), b=bowl(5.0, -10.0))
    assert choice["model"] == "a", "over all pixels b errs by 5.45 mm and a by 7.64 mm"
    assert choice["past_skill"] == pytest.approx({"persistence": 0.0, "a": 0.4, "b": 0.25})
    assert choice["past_mae"] == pytest.approx({"persistence": 10.0, "a": 6.0, "b": 7.5})
    assert choice["past_skill_by_class"]["a"] == pytest.approx({"below 10": 0.2, "50 and above": 0.6})
    assert choice["n_pixels"] == SLOW + FAST
    assert choice["sentence"] == (
        "On 3 earlier origins up to 2018-06-11, a does best over all velocity classes: mean error 6.0 mm against 10.0 mm "
        'for "nothing changes" (mean skill of the classes 0.40; worst class below 10 mm/yr: 0.20).'
    )


def test_a_model_that_fails_in_one_class_is_not_chosen(tmp_path) -> None:
    """`window_mean` has the best mean, 0.37, but skill -0.06 on fast ground; -0.04 counts as no worse."""
    base = bowl(10.0, 10.0)
    choice = choose(tmp_path, [VELOCITY], persistence=base, window_mean=bowl(2.0, 10.6), linear=bowl(8.0, 9.0))
    assert choice["model"] == "linear"
    assert choice["sentence"].endswith(
        "linear does best of those that fail in no velocity class: mean error 8.5 mm against 10.0 mm "
        'for "nothing changes" (mean skill of the classes 0.15; worst class 50 mm/yr and above: 0.10). '
        'Window mean does better on average, but is worse than "nothing changes" in a class (skill 50 mm/yr and above: -0.06).'
    )
    choice = choose(tmp_path, [VELOCITY], persistence=base, window_mean=bowl(2.0, 10.4), linear=bowl(8.0, 9.0))
    assert choice["model"] == "window_mean"


def test_persistence_where_every_better_model_fails_somewhere(tmp_path) -> None:
    choice = choose(tmp_path, [VELOCITY], persistence=bowl(10.0, 10.0), drift=bowl(2.0, 16.0), linear=bowl(16.0, 5.0))
    assert choice["model"] == "persistence"
    assert choice["sentence"] == (
        'On 3 earlier origins up to 2018-06-11, every model that beats "nothing changes" on average fails in some velocity class, so '
        'persistence is shown. Drift does better on average, but is worse than "nothing changes" in a class '
        "(skill 50 mm/yr and above: -0.60)."
    )


def test_persistence_where_gains_and_losses_cancel(tmp_path) -> None:
    """Skills 0.01 and -0.03 pass the guard, but their mean is no gain, though the mean error is."""
    choice = choose(tmp_path, [VELOCITY], persistence=bowl(1.0, 10.0), window_mean=bowl(1.03, 9.9))
    assert choice["model"] == "persistence"
    assert choice["sentence"] == (
        'On 3 earlier origins up to 2018-06-11, no model beats "nothing changes" over all velocity classes (5.5 mm; the best other, '
        "window mean, has 5.5 mm, mean skill of the classes -0.01, worst class below 10 mm/yr: -0.03), so persistence is shown."
    )


def test_a_class_needs_thirty_pixels(tmp_path) -> None:
    """29 pixels that fail are not compared; 30 are."""
    for few, model in ((29, "linear"), (30, "persistence")):
        sizes = (SLOW, few)
        velocity = np.repeat([2.0, -80.0], sizes)
        choice = choose(tmp_path, [velocity], persistence=bowl(10, 10, sizes=sizes), linear=bowl(5, 30, sizes=sizes))
        assert choice["model"] == model
        assert choice["n_pixels"] == SLOW + (few if few == 30 else 0)


def test_the_choice_at_an_origin_knows_nothing_of_after_it(tmp_path) -> None:
    """The first origin keeps its choice whatever the later cube's velocity and the later errors are; the last one does not."""
    base, linear = bowl(10.0, 10.0, origins=2), bowl(4.0, 20.0, origins=2)
    turned = linear.copy()
    turned[1] = 50.0
    plain = choose(tmp_path, [VELOCITY, 0 * VELOCITY], persistence=base, linear=linear)["by_origin"]
    moved = choose(tmp_path, [VELOCITY, VELOCITY], persistence=base, linear=linear)["by_origin"]
    wrong = choose(tmp_path, [VELOCITY, 0 * VELOCITY], persistence=base, linear=turned)["by_origin"]
    assert plain[0] == moved[0] == wrong[0]
    assert [entry["model"] for entry in plain] == ["persistence", "linear"], "at the last origin all pixels are slow"
    assert moved[1]["model"] == wrong[1]["model"] == "persistence"


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
        "On 2 earlier origins up to 2018-06-23, drift does best: mean error 1.5 mm against 4.0 mm "
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


def test_pixels_of_a_tile_without_forecast_are_compared_by_no_one(tmp_path) -> None:
    """A model of grids lacks the sampled pixels of a skipped tile; the choice is that of the others' pixels."""
    errors = {"persistence": bowl(4.0, 8.0), "linear": bowl(4.0, 4.0)}
    whole = choose(tmp_path, **errors)
    path = tmp_path / "linear-past.zarr"
    store = xr.open_zarr(path, consolidated=False).load().isel(point=slice(0, SLOW + FAST - 5))
    for variable in store.variables.values():
        variable.encoding = {}
    write_store(store, path)
    pasts = [tmp_path / "persistence-past.zarr", path]
    choose_model(pasts, [], tmp_path / "cube-0.zarr", tmp_path / "part.json", EDGES)
    part = json.loads((tmp_path / "part.json").read_text())
    assert part["model"] == whole["model"]
    assert (whole["n_pixels"], part["n_pixels"]) == (SLOW + FAST, SLOW + FAST - 5)
    write_store(store.assign_coords(row=("point", store.row.values + 1)), path)
    with pytest.raises(InsarcastError, match="sampled at different pixels"):
        choose_model(pasts, [], tmp_path / "cube-0.zarr", tmp_path / "part.json", EDGES)
