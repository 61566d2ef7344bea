"""Tiny ready series that obey the contract, and forecasts of them: what read_series and calibrate_series leave."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np
import xarray as xr

from insarcast.core import write_json, write_store

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
LABELS = {
    "persistence": "nothing changes",
    "drift": "the mean rate goes on",
    "window_mean": "mean of the last dates",
    "ses": "simple exponential smoothing",
    "theta": "theta",
    "auto": "the model that did best before",
    "stacking": "weighted mean of the models",
}


def make_series(
    folder: Path,
    n_dates: int = 50,
    n_points: int = 60,
    seed: int = 0,
    *,
    step: int = 12,
    noise: float = 3.0,
    rate: float = -30.0,
    join: int | None = None,
    gaps: int = 0,
    places: bool = True,
    edges: bool = False,
) -> Path:
    """Write ``stack/full/series.zarr`` and ``series.json`` below ``folder``: a sinking bowl, a season and white noise.

    Args:
        folder: folder of the cube, ``results/<study>/<cube>``.
        n_dates: dates, every ``step`` days from 2018-01-06, the third last one 2 ``step`` later than its predecessor.
        n_points: points.
        seed: seed of noise and places.
        step: days between dates.
        noise: standard deviation of one date's noise at the quietest point, mm; at the noisiest it is twice that.
        rate: velocity at the bowl's centre, mm/yr.
        join: index of the date from which a second release holds: every other point jumps there.
        gaps: points, the last ones, that miss the dates before the 10th.
        places: lon, lat, x, y.
        edges: adjacency of neighbours in the order of the points.

    Returns:
        The store.
    """
    rng = np.random.default_rng(seed)
    days = step * np.arange(n_dates)
    days[-3:] += step
    time = (np.datetime64("2018-01-06", "D") + days).astype("datetime64[ns]")
    years = days / 365.25
    x, y = rng.uniform(0, 5000, (2, n_points))
    bowl = np.exp(-((x - 2000) ** 2 + (y - 3000) ** 2) / (2 * 1200**2))
    sd = noise * np.linspace(1, 2, n_points)
    ground = rate * years[:, None] * bowl + 2 * np.sin(2 * np.pi * years)[:, None]
    values = ground + sd * rng.standard_normal((n_dates, n_points))
    jump = np.zeros(values.shape, bool)
    if join is not None:
        jump[join, ::2] = True
        values[join:, ::2] += 4 * rng.standard_normal(len(range(0, n_points, 2)))
    values -= values[0]
    if gaps:
        values[:10, -gaps:] = np.nan
    slope = np.polyfit(years, np.nan_to_num(values), 1)[0]
    data = xr.Dataset(
        {
            "displacement": (("time", "point"), values.astype("float32")),
            "filled": (("time", "point"), np.zeros(values.shape, bool)),
            "jump": (("time", "point"), jump),
            "mask": (("point",), np.ones(n_points, bool)),
            "velocity": (("point",), slope.astype("float32"), {"units": "mm yr-1"}),
            "velocity_sigma": (("point",), np.full(n_points, 1.0, "float32"), {"units": "mm yr-1"}),
            "height": (("point",), np.linspace(100, 150, n_points).astype("float32"), {"units": "m"}),
            "coherence": (("point",), np.linspace(0.9, 0.5, n_points).astype("float32"), {"units": "1"}),
        },
        coords={"time": time, "pid": ("point", np.array([f"P{index:04d}" for index in range(n_points)], object))},
        attrs={
            "source": "points",
            "as_of": "full",
            "reference": "simulated: the first date is zero, and the far field does not move",
            "retrospective": True,
            "title": "a sinking bowl, made by the tests",
            "insarcast_version": "test",
            "config": "0",
        },
    )
    data.displacement.attrs = {"units": "mm", "sign": "positive towards the satellite"}
    if places:
        data = data.assign_coords(
            lon=("point", 15 + x / 70_000), lat=("point", 51 + y / 111_000), x=("point", 640_000 + x), y=("point", 5_660_000 + y)
        )
        data.attrs["crs"] = "EPSG:32633"
    if edges:
        ends = np.stack([np.arange(n_points - 1), np.arange(1, n_points)], axis=1)
        data["edge"] = (("edge", "end"), ends.astype("int64"))
    path = folder / "stack/full/series.zarr"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_store(data, path)
    write_json(path.with_suffix(".json"), {"points": n_points, "dates": n_dates, "sentences": ["Made by the tests."]})
    return path


def make_forecasts(
    folder: Path,
    series: Path,
    models: Sequence[str] = ("persistence", "ses", "theta", "auto", "stacking"),
    horizons: int = 4,
    *,
    train: float = 0.8,
    quantiles: Sequence[float] = QUANTILES,
) -> list[Path]:
    """Write ``combine/series/{model}.zarr`` for each model, and ``combine/ensembles/auto.json`` where ``auto`` is among them.

    Forecasts are honest and simple: ``persistence`` expects no change, every other model the mean of a number of last dates that
    grows with its place in the list; ``auto`` copies the second model, or the only one. Intervals are normal, from the differences
    of each point's past; the model's own ones are too narrow by a third. Origins are all dates from ``train`` of them on, with the
    newest.

    Args:
        folder: folder of the cube.
        series: store of :func:`make_series`.
        models: names, persistence first.
        horizons: steps ahead, 1 to this.
        train: share of the dates before the first test origin.
        quantiles: levels of the forecast.

    Returns:
        The stores in the order of the models.
    """
    data = xr.open_zarr(series, consolidated=False).load()
    keep = np.flatnonzero(np.isfinite(data.displacement.values).all(axis=0) & data.mask.values)
    values = data.displacement.values[:, keep].astype("float64")
    jumps = np.cumsum(data.jump.values[:, keep], axis=0)
    n, steps = len(values), np.arange(1, horizons + 1)
    starts = np.arange(int(train * n) - 1, n)
    time = data.time.values
    calendar = np.concatenate([time, time[-1] + np.arange(1, horizons + 1) * np.median(np.diff(time))])
    observed = np.full((len(starts), horizons, len(keep)), np.nan)
    for at, start in enumerate(starts):
        for step in steps[start + steps < n]:
            same = jumps[start + step] == jumps[start]
            observed[at, step - 1] = np.where(same, values[start + step] - values[start], np.nan)
    spread = np.stack([np.diff(values[: start + 1], axis=0).std(axis=0) for start in starts])
    sd = spread[:, None] * (1 + 0.1 * (steps - 1))[:, None]
    times = np.array([NormalDist().inv_cdf(level) for level in quantiles])
    names = list(models)
    folders = [folder / "combine/series", folder / "combine/ensembles"]
    for each in folders:
        each.mkdir(parents=True, exist_ok=True)
    paths = []
    for place, model in enumerate(names):
        same_as = min(1, len(names) - 1) if model == "auto" else place
        window = 1 if names[same_as] == "persistence" else 2 + 2 * same_as
        centre = np.stack([values[max(start + 1 - window, 0) : start + 1].mean(axis=0) - values[start] for start in starts])
        fan = centre[:, None, None] + times[:, None] * sd[:, :, None]
        own = centre[:, None, None] + times[:, None] * sd[:, :, None] * 2 / 3
        dims = ("origin", "horizon", "quantile", "point")
        store = xr.Dataset(
            {
                "increment": (dims, fan.astype("float32"), {"units": "mm"}),
                "own": (dims, own.astype("float32"), {"units": "mm"}),
                "sd": (("origin", "horizon", "point"), sd.astype("float32"), {"units": "mm"}),
                "observed": (("origin", "horizon", "point"), observed.astype("float32"), {"units": "mm"}),
                "calibrated": (("origin", "horizon"), np.ones((len(starts), horizons), bool)),
            },
            coords={
                "origin": time[starts],
                "horizon": steps.astype("int64"),
                "quantile": np.asarray(quantiles, "float64"),
                "target_time": (("origin", "horizon"), calendar[starts[:, None] + steps]),
                "role": ("origin", np.array(["test"] * (len(starts) - 1) + ["newest"], object)),
                "index": ("point", keep.astype("int64")),
            },
            attrs={
                "model": model,
                "label": LABELS.get(model, model),
                "seed": 0,
                "sentences": ["Intervals made by the tests."],
                "insarcast_version": "test",
            },
        )
        paths.append(folders[0] / f"{model}.zarr")
        write_store(store, paths[-1])
    if "auto" in names:
        chosen = names[min(1, len(names) - 1)]
        past = {name: {str(step): 0.0 if name == "persistence" else 0.1 for step in steps} for name in names}
        past = {name: skills for name, skills in past.items() if name not in ("auto", "stacking")}
        record = {
            "model": {str(step): chosen for step in steps},
            "past_skill": past,
            "sentence": f"{chosen} did best at earlier origins.",
        }
        (folders[1] / "auto.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return paths
