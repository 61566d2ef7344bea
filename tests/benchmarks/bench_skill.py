"""Skill of the automatic choice on real series, by the rules' own functions and the studies' own settings.

    INSARCAST_DATA=... python tests/benchmarks/bench_skill.py [--held-out] [--sets egms_022,...] [--folder out]

Protocol: the last 150 dates, points complete in them; the first 80 % of the dates for training and every choice, every later origin
whose target exists is scored (the last date of the training is the first origin), horizons in dates, skill = 1 - MAE / MAE of
persistence over all points and origins. One list of models and one configuration for all sets, the default of the studies; the
loader finds the release joins itself. "Skill" counts steps across a join, too; "skill_scored" leaves out those that the pipeline
does not score.

The 90 % intervals are block bootstraps over origins (blocks of ten, for neighbouring origins share their outcomes). --held-out adds
the two small tracks that no choice was made on. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow"))

from insarcast.acquire import acquire_products  # noqa: E402
from insarcast.combine import calibrate_series, combine_series  # noqa: E402
from insarcast.core import Study, open_cube, open_store  # noqa: E402
from insarcast.forecast import backtest_series  # noqa: E402
from insarcast.models import model_entry  # noqa: E402
from insarcast.stack import read_series  # noqa: E402

Array = NDArray[np.float64]
# What the automatic choice is made of in a study that names no models.
MODELS = tuple(Study(ROOT / "config/studies/wroclaw.yaml").get("combine.among", "T022"))
# name: study, cube, whether the loader looks for joins
SETS = {
    "egms_022": ("wroclaw", "T022", True),
    "egms_124": ("wroclaw", "T124", True),
    "donana_desc": ("donana", "desc", True),
    "donana_asc": ("donana", "asc", True),
    "egms_022_no_join": ("wroclaw", "T022", False),
    "egms_124_no_join": ("wroclaw", "T124", False),
    "mrf_gcn": ("mrf_gcn", "metro", True),
}
HELD_OUT = {"egms_073": ("wroclaw", "T073", True), "egms_124_0771": ("wroclaw", "T124-south", True)}
BARS = {"egms_022": (0.19, 0.26), "egms_124": (0.19, 0.26), "donana_desc": (0.08, 0.05), "donana_asc": (-np.inf, 0.0)}
NO_JOIN = (0.175, 0.20)


def run(name: str, study: str, cube: str, detect: bool, folder: Path) -> Path:
    """All jobs of a cube of a study, one after another, as the rules run them."""
    settings = Study(ROOT / f"config/studies/{study}.yaml")
    folder.mkdir(parents=True, exist_ok=True)

    def get(key: str) -> Any:
        return settings.get(key, cube)

    series = get("series")
    series = {**series, "joins": {**series["joins"], "detect": detect, **({} if detect else {"dates": []})}}
    where = {
        "data_root": os.environ["INSARCAST_DATA"],
        "originals": str(ROOT / "config/originals"),
        "cache": str(folder / "cache"),
    }
    found, points = folder / "manifest.json", folder / "stack/full/series.zarr"
    points.parent.mkdir(parents=True, exist_ok=True)
    acquire_products(found, get("source"), get("products"), get("gnss"), **where, series=series)
    read_series(found, points, points.with_suffix(".json"), get("products"), series, name, "bench")
    made = folder / "forecast"
    made.mkdir(exist_ok=True)
    names = [*MODELS, *(["linear20"] if name == "mrf_gcn" else [])]
    for model in names:
        begin = time.perf_counter()
        registered, values = ("trend", {"dates": 20}) if model == "linear20" else (model, _settings(model, get))
        backtest_series(
            points, made / f"{model}.zarr", registered, values, get("backtest"), get("forecast.quantiles"), 0, get("forecast.seed"), "cpu"
        )  # fmt: skip
        print(f"{name}: {model} in {time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    forecasts = [made / f"{model}.zarr" for model in MODELS]
    assert tuple(get("combine.among")) == MODELS
    half_life = get("combine.choice_half_life")
    classes = get("evaluate.velocity_classes")
    combine_series(forecasts, points, folder / "auto.zarr", folder / "stacking.zarr", folder / "auto.json", classes, half_life, 0)
    calibrate_series(
        [folder / "auto.zarr"],
        points,
        folder / "calibrated.zarr",
        classes,
        get("combine.min_origins"),
        get("combine.half_life"),
    )
    return folder


def _settings(model: str, get: Any) -> dict[str, Any]:
    section = model_entry(model).settings
    return dict(get(section)) if section else {}


def scores(folder: Path) -> dict[str, Any]:
    """Skill, its interval and the coverage of the automatic choice; first and last horizon."""
    store = open_store(folder / "calibrated.zarr")
    store = store.isel(origin=np.flatnonzero(store.role.values == "test")).load()
    cube = open_cube(folder / "stack/full/series.zarr")
    value = cube.displacement.values[:, store["index"].values].astype("float64")
    at = np.searchsorted(cube.time.values, store.origin.values)
    horizons = store.horizon.values
    truth = np.full((len(at), len(horizons), value.shape[1]), np.nan)
    for row, start in enumerate(at):
        for step, horizon in enumerate(horizons):
            if start + horizon < len(value):
                truth[row, step] = value[start + horizon] - value[start]
    low, median, high = (store.increment.sel(quantile=q).values.astype("float64") for q in (0.05, 0.5, 0.95))
    scored = store.observed.values
    inside = np.where(np.isfinite(scored), (low <= scored) & (scored <= high), np.nan)
    ends = [0, len(horizons) - 1]
    return {
        "skill": [skill(median[:, h], truth[:, h]) for h in ends],
        "skill_90": [interval(median[:, h], truth[:, h]) for h in ends],
        "skill_scored": [skill(median[:, h], scored[:, h].astype("float64")) for h in ends],
        "coverage90": [float(np.nanmean(inside[:, h])) for h in ends],
        "n": [int(np.isfinite(scored[:, h]).sum()) for h in ends],
        "n_origins": [int(np.isfinite(truth[:, h]).any(axis=1).sum()) for h in ends],
    }


def skill(median: Array, truth: Array) -> float:
    """1 - MAE / MAE of persistence, whose increment is 0."""
    known = np.isfinite(truth)
    return float(1 - np.abs(truth - median)[known].sum() / np.abs(truth)[known].sum())


def interval(median: Array, truth: Array, block: int = 10, draws: int = 2000) -> list[float]:
    """5 % and 95 % of the skill when blocks of neighbouring origins are drawn with replacement (Kuensch 1989)."""
    known = np.isfinite(truth).any(axis=1)
    ours, theirs = (np.nansum(np.abs(each[known]), axis=1) for each in (truth - median, truth))
    count, rng = int(known.sum()), np.random.default_rng(0)
    block = min(block, count)
    starts = rng.integers(0, count - block + 1, (draws, -(-count // block)))
    drawn = (starts[..., None] + np.arange(block)).reshape(draws, -1)[:, :count]
    return [float(q) for q in np.quantile(1 - ours[drawn].sum(axis=1) / theirs[drawn].sum(axis=1), [0.05, 0.95])]


def single(folder: Path, models: tuple[str, ...]) -> dict[str, list[float]]:
    """Skill of each model by itself at both ends, for the record: nothing is chosen by it."""
    out = {}
    for model in models:
        store = open_store(folder / f"forecast/{model}.zarr")
        store = store.isel(origin=np.flatnonzero(store.role.values == "test"))
        median, truth = store.increment.sel(quantile=0.5).values.astype("float64"), store.observed.values.astype("float64")
        out[model] = [round(skill(median[:, h], truth[:, h]), 4) for h in (0, -1)]
    return out


def squared(folder: Path) -> dict[str, list[float]]:
    """Mean squared errors over that of the best of four simple models on the very test, both ends.

    Of the best of ours on the very test, likewise in hindsight; of the automatic choice; of stacking; and of the one model, at each
    end, with the least mean squared error at the past origins whose outcome was known on the first test origin.
    """
    test: dict[str, list[float]] = {}
    past: dict[str, list[float]] = {}
    for model in (*MODELS, "linear20", "auto", "stacking"):
        store: xr.Dataset = open_store(folder / (f"{model}.zarr" if model in ("auto", "stacking") else f"forecast/{model}.zarr"))
        role = store.role.values
        known = store.target_time.values <= store.origin.values[role == "test"][0]
        error = (store.increment.sel(quantile=0.5).values - store.observed.values).astype("float64") ** 2
        test[model] = [float(np.nanmean(error[role == "test", h])) for h in (0, -1)]
        past[model] = [float(np.nanmean(error[(role == "past") & known[:, h], h])) for h in (0, -1)]
    best = [min(test[model][h] for model in ("persistence", "ses", "theta", "linear20")) for h in (0, 1)]
    picked = [min(MODELS, key=lambda model, h=h: past[model][h]) for h in (0, 1)]  # type: ignore[misc]
    print(f"mrf_gcn: mean squared errors {json.dumps(test)}; best in the past {picked}", file=sys.stderr)
    return {
        "mrf_vs_simple": [min(test[model][h] for model in (*MODELS, "auto", "stacking")) / best[h] for h in (0, 1)],
        "mrf_vs_simple_auto": [test["auto"][h] / best[h] for h in (0, 1)],
        "mrf_vs_simple_stacking": [test["stacking"][h] / best[h] for h in (0, 1)],
        "mrf_vs_simple_one_model": [test[picked[h]][h] / best[h] for h in (0, 1)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    if "INSARCAST_DATA" not in os.environ:
        sys.exit("INSARCAST_DATA is not set: the real series are there.")
    chosen = {name: SETS[name] for name in options.sets.split(",") if name} | (HELD_OUT if options.held_out else {})
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        out: dict[str, Any] = {
            key: {} for key in ("skill", "skill_90", "skill_no_join", "skill_scored", "coverage90", "n", "n_origins")
        }
        for name, (study, cube, detect) in chosen.items():
            found = scores(run(name, study, cube, detect, folder / name))
            print(
                f"{name}: {json.dumps(found)}\n{name}, each model: {json.dumps(single(folder / name, MODELS))}",
                file=sys.stderr,
                flush=True,
            )
            for key, value in found.items():
                if detect:
                    out[key][name] = value
            if not detect:
                out["skill_no_join"][name.removesuffix("_no_join")] = found["skill"]
        if "mrf_gcn" in chosen:
            out |= squared(folder / "mrf_gcn")
    out["bars"] = bars(out)
    print(json.dumps(out))


def bars(out: dict[str, Any]) -> dict[str, bool]:
    """Which bars are met, of those that were tried."""
    met = {f"skill {name}": _at_least(out["skill"][name], bar) for name, bar in BARS.items() if name in out["skill"]}
    met |= {f"skill_no_join {name}": _at_least(value, NO_JOIN) for name, value in out["skill_no_join"].items()}
    met |= {f"coverage90 {name}": all(0.88 <= each <= 0.92 for each in value) for name, value in out["coverage90"].items()}
    if "mrf_vs_simple" in out:
        met["mrf_vs_simple"] = max(out["mrf_vs_simple"]) <= 1
    return met


def _at_least(value: list[float], bar: tuple[float, float]) -> bool:
    return all(one >= least for one, least in zip(value, bar, strict=True))


if __name__ == "__main__":
    main()
