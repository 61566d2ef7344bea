"""Whether the errors of a ready series' forecasts gather in places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from insarcast import __version__
from insarcast.core import InsarcastError, open_store, write_json, write_store

from ..series.stores import read_series
from .autocorrelation import getis_ord, hot_and_cold, local_clusters, moran, permutations_for
from .neighbourhoods import Neighbourhoods
from .neighbours import hull_area, nearest_neighbour_index
from .words import space_sentences

Array = NDArray[np.float64]

LAYERS = ("truth", "prediction", "residual")
KEYS = ("layer", "model", "origin", "horizon")
COLUMNS = (*KEYS, "moran_i", "moran_z", "moran_p", "gi_hot", "gi_cold", "nni", "nni_z", "n")
CHOSEN = "auto"
# The coarsest set of points that a mean distance to the nearest is taken of.
_FEWEST_SPOTS = 5


def map_residuals(series: Path, errors: Path, space: Path, layers: Path, record: Path, neighbours: int, seed: int) -> None:
    """Measure how alike neighbours are, of the true increments, the predicted ones and the residuals (forecast minus truth).

    Residuals that are alike over space tell that the forecast missed something the points share: the atmosphere of the target's
    date, or a motion. Neighbours are the nearest points (of those scored, per origin and horizon), or where the places are not
    known those that the data's own network joins.

    ``space``: layer (``truth``, ``prediction``, ``residual``), model (empty for the truth), origin, horizon; moran_i, moran_z,
    moran_p (global Moran's I, two-sided under randomisation, not corrected for the number of rows); and for the origin of
    ``layers`` at its horizons gi_hot, gi_cold (points whose Getis-Ord G* is high or low at a false discovery rate of 5 %), nni, nni_z
    (average nearest neighbour index of those points, hot and cold together, from five on; the area is the convex hull of all
    points); n points. NaN elsewhere. A hot spot moves towards the satellite relative to its scene, a cold one away from it.

    ``layers``, for the last origin with all horizons scored, the first and the last horizon, and the model ``auto`` (without it
    the one with the least mean absolute error): ``lisa`` (layer, horizon, point) int8, the quadrant of local Moran's I where it
    stands at a false discovery rate of 5 %: 0 not significant, 1 high among high, 2 low among high, 3 low among low, 4 high among
    low; ``gi_z`` (layer, horizon, point), standard scores of G*; coordinate ``index``; attributes model, origin, sentence.

    ``record``: neighbours (in words), model, origin, horizons, permutations, alpha, nni and nni_z of all points (points of
    persistent scatterers are clustered by themselves: read the index of hot and cold spots beside it), n, sentences.

    Args:
        series: cube of points.
        errors: store of score_series.
        space: parquet to write; empty where nobody knows who is whose neighbour.
        layers: store to write; without points there.
        record: JSON to write.
        neighbours: nearest points that count, of a small cube at most a third of all.
        seed: of the permutations.
    """
    cube, store = read_series(series), open_store(errors)
    index = store["index"].values.astype("int64")
    if len(index) and index.max() >= cube.sizes["point"]:
        raise InsarcastError(f"{errors} has points that {series} does not; delete it and run again.")
    # With nearly all points as neighbours Moran's I is -1 / (n - 1), whatever they do.
    neighbours = max(min(neighbours, (len(index) - 1) // 3), 1)
    around = Neighbourhoods(cube, index, neighbours)
    models = [str(name) for name in store.model.values]
    if not around.known:
        sentence = "The points have neither places nor a network, so nothing can be said about where errors gather."
        _table([]).to_parquet(space, index=False)
        write_json(record, {"neighbours": None, "sentences": [sentence]})
        write_store(_layers(store.isel(point=slice(0, 0)), [], models[0], None, sentence), layers)
        return
    at = _last_origin(store)
    steps = [] if at is None else sorted({0, store.sizes["horizon"] - 1})
    rows, chosen = [], _chosen(store, models)
    spots = Spots(store, at, steps, around)
    for step in range(store.sizes["horizon"]):
        truth = store.truth.isel(horizon=step).values.astype("float64")
        for layer, model, fields in _fields(store, step, truth, models):
            rows += _morans(store, step, layer, model, fields, around)
            if at is not None and step in steps:
                rows[at - len(truth)] |= spots.count(fields[at])
    table = _table([row for row in rows if row["n"] > 0], models)
    table.to_parquet(space, index=False)
    permutations = permutations_for(len(index), neighbours)
    maps = [spots.maps(store, step, models.index(chosen), permutations, seed) for step in steps]
    sentences = space_sentences(table, chosen, around.how)
    origin = None if at is None else str(store.origin.values[at].astype("datetime64[D]"))
    write_store(_layers(store, maps, chosen, origin, " ".join(sentences), steps), layers)
    nni, nni_z = nearest_neighbour_index(around.place, spots.area) if around.place is not None else (np.nan, np.nan)
    write_json(
        record,
        {
            "neighbours": around.how,
            "model": chosen,
            "origin": origin,
            "horizons": [int(store.horizon.values[step]) for step in steps],
            "permutations": permutations,
            "alpha": 0.05,
            "nni": nni,
            "nni_z": nni_z,
            "n": len(index),
            "sentences": sentences,
        },
    )


class Spots:
    """Hot and cold spots of the one origin that is mapped."""

    def __init__(self, store: xr.Dataset, at: int | None, steps: Sequence[int], around: Neighbourhoods) -> None:
        self.at, self.steps, self.around = at, steps, around
        self.area = hull_area(around.place) if around.place is not None else 0.0

    def count(self, field: Array) -> dict[str, Any]:
        """Counts of one field ``(point,)``, NaN where not scored, and how its hot and cold spots lie."""
        used = np.isfinite(field)
        z = getis_ord(field[used], self.around.weights(used))
        if not np.isfinite(z).any():
            return {}
        hot, cold = hot_and_cold(z)
        found: dict[str, Any] = {"gi_hot": int(hot.sum()), "gi_cold": int(cold.sum())}
        if self.around.place is not None and (hot | cold).sum() >= _FEWEST_SPOTS:
            found["nni"], found["nni_z"] = nearest_neighbour_index(self.around.place[used][hot | cold], self.area)
        return found

    def maps(self, store: xr.Dataset, step: int, model: int, permutations: int, seed: int) -> tuple[NDArray[np.int8], Array]:
        """LISA quadrants and scores of G*, ``(layer, point)`` each, of one horizon."""
        truth, error = (store[name].isel(origin=self.at, horizon=step) for name in ("truth", "error"))
        observed, miss = truth.values.astype("float64"), error.isel(model=model).values.astype("float64")
        used = np.isfinite(observed)
        weights = self.around.weights(used)
        lisa, z = np.zeros((3, len(used)), "int8"), np.full((3, len(used)), np.nan)
        for place, field in enumerate((observed, observed + miss, miss)):
            lisa[place, used] = local_clusters(field[used], weights, permutations, seed)
            z[place, used] = getis_ord(field[used], weights)
        return lisa, z


def _last_origin(store: xr.Dataset) -> int | None:
    """The last origin from which every horizon has scored points; None without one."""
    scored = np.stack(
        [np.isfinite(store.truth.isel(horizon=step).values).any(axis=1) for step in range(store.sizes["horizon"])], axis=1
    )
    full = np.flatnonzero(scored.all(axis=1))
    return int(full[-1]) if len(full) else None


def _chosen(store: xr.Dataset, models: Sequence[str]) -> str:
    if CHOSEN in models:
        return CHOSEN
    sums = [
        sum(
            float(np.nansum(np.abs(store.error.isel(model=which, horizon=step).values))) for step in range(store.sizes["horizon"])
        )
        for which in range(len(models))
    ]
    return models[int(np.argmin(sums))]


def _fields(store: xr.Dataset, step: int, truth: Array, models: Sequence[str]) -> Iterator[tuple[str, str, Array]]:
    """Layer, model and (origin, point) fields of one horizon."""
    yield LAYERS[0], "", truth
    for which, model in enumerate(models):
        error = store.error.isel(model=which, horizon=step).values.astype("float64")
        yield LAYERS[1], model, truth + error
        yield LAYERS[2], model, error


def _morans(store: xr.Dataset, step: int, layer: str, model: str, fields: Array, around: Neighbourhoods) -> list[dict[str, Any]]:
    """Rows of all origins; those with the same points share one product with the weights."""
    used = np.isfinite(fields)
    masks, which = np.unique(used, axis=0, return_inverse=True)
    found = np.full((3, len(fields)), np.nan)
    for number, mask in enumerate(masks):
        if mask.any():
            own = np.flatnonzero(which.ravel() == number)
            found[:, own] = moran(fields[own][:, mask], around.weights(mask))
    horizon, count = int(store.horizon.values[step]), used.sum(axis=1)
    return [
        {"layer": layer, "model": model, "origin": date, "horizon": horizon}
        | dict(zip(("moran_i", "moran_z", "moran_p"), found[:, at].tolist(), strict=True))
        | {"n": int(count[at])}
        for at, date in enumerate(store.origin.values)
    ]


def _table(rows: Sequence[dict[str, Any]], models: Sequence[str] = ()) -> pd.DataFrame:
    """The rows in the order truth, then model by model."""
    order = {"": -1, **{model: place for place, model in enumerate(models)}}
    ranked = sorted(rows, key=lambda row: (order[row["model"]], LAYERS.index(row["layer"])))
    table = pd.DataFrame(ranked, columns=list(COLUMNS))
    kinds: dict[str, Any] = {"layer": "str", "model": "str", "origin": "datetime64[ns]", "horizon": "int64", "n": "int64"}
    floats = COLUMNS[len(KEYS) : -1]
    return table.astype({**kinds, **dict.fromkeys(floats, "float64")})


def _layers(
    store: xr.Dataset, maps: Sequence[Any], model: str, origin: str | None, sentence: str, steps: Sequence[int] = ()
) -> xr.Dataset:
    shape = (len(LAYERS), len(maps), store.sizes["point"])
    lisa, z = np.zeros(shape, "int8"), np.full(shape, np.nan, "float32")
    for place, (quadrants, scores) in enumerate(maps):
        lisa[:, place], z[:, place] = quadrants, scores
    dims = ("layer", "horizon", "point")
    meanings = "not_significant high_among_high low_among_high low_among_low high_among_low"
    return xr.Dataset(
        {
            "lisa": (dims, lisa, {"flag_values": [0, 1, 2, 3, 4], "flag_meanings": meanings}),
            "gi_z": (dims, z, {"units": "1", "long_name": "standard score of Getis and Ord's G*"}),
        },
        coords={
            "layer": np.array(LAYERS, object),
            "horizon": store.horizon.values[list(steps)],
            "index": ("point", store["index"].values),
        },
        attrs={"model": model, "origin": origin or "", "sentence": sentence, "insarcast_version": __version__},
    )
