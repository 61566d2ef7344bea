"""Who forecasts bowls best: the ConvLSTM against the simple models, by velocity class, against the observation and against the truth.

    python tests/benchmarks/bench_bowls.py [--seeds 5] [--set base=linear epochs=30 ...]

Each seed is a scene of 48 x 48 pixels of 80 m with bowls of up to 165 mm/yr in the line of sight that decay, accelerate, sink
steadily, swing with the year or set in late, under a troposphere and noise of their own. Every model sees the series as an
inversion would leave it. The ConvLSTM is trained once, in two forms, up to the first of ten test origins; the local models learn anew at each.
MAE of the increments 1 to 3 steps ahead in mm and skill = 1 - MAE / MAE of persistence, median over the seeds, against the
observation and against the ground: the last observed displacement plus the increment is held against what the satellite would have
shown without noise. The last line is one JSON object with ``rows``: velocity class, horizon, the models, the best simple one, the
ConvLSTM's MAE over its (median, least and most of the seeds), and who wins at every seed ("open" where no one does).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow"))

import numpy as np
import yaml

from insarcast.acquire import Scene, make_scene, noisy_series
from insarcast.core import Split, velocity_class, velocity_class_names
from insarcast.models import TrainingData, make_model

SIMPLE = ("persistence", "drift", "window_mean", "linear", "trend")
EDGES = (10.0, 50.0, 100.0)
ORIGINS, HORIZONS = 10, (1, 2, 3)
BOWLS = [
    {"kind": "decaying", "rate": -255, "place": [0.3, 0.3], "radius": 1300, "time_constant": 6, "age": 2},
    {"kind": "accelerating", "rate": -150, "place": [0.75, 0.25], "radius": 900, "time_constant": 0.8},
    {"kind": "steady", "rate": -110, "place": [0.3, 0.78], "radius": 900},
    {"kind": "seasonal", "rate": -15, "place": [0.75, 0.75], "radius": 900, "seasonal": 16},
    {"kind": "onset", "rate": -90, "place": [0.55, 0.5], "radius": 600, "onset": 0.9},
]
SETTINGS = {"hidden": [8, 8], "kernel": 3, "window": 16, "epochs": 20, "batch": 2, "learning_rate": 0.002}
# As the papers have it, anchored on the last date, and correcting the line that the model trend draws.
VARIANTS = {"convlstm": {"base": "persistence"}, "convlstm_trend": {"base": "trend"}}


def scene_of(seed: int) -> Scene:
    return make_scene({"seed": seed, "area": {"rows": 48, "columns": 48, "relief": 100}, "bowls": BOWLS})


def data_of(scene: Scene) -> TrainingData:
    series = noisy_series(scene).astype("float64")
    row, col = np.nonzero(np.isfinite(series).all(axis=0) & (scene.kind != 3))
    observed = np.ones((len(series), row.size), bool)
    return TrainingData(series[:, row, col], observed, scene.time, scene.time, row, col, scene.shape)


def errors_of(name: str, settings: dict[str, Any], scene: Scene, data: TrainingData, seed: int) -> np.ndarray:
    """Absolute errors (against what, origin, horizon, point) in mm; against 0: the observation, 1: the ground."""
    first = len(data.time) - ORIGINS - max(HORIZONS)
    indices = np.arange(first, first + ORIGINS)
    origins = [np.datetime64(data.time[index]) for index in indices]
    model = make_model(name, **settings).fit(data, Split(origins[0], tuple(origins), HORIZONS), seed=seed)
    made = model.predict(data, origins, HORIZONS, [0.5]).increment.values[:, :, 0]
    observed, truth = data.displacement, scene.displacement[:, data.row, data.col].astype("float64")
    changes = np.stack([[observed[index + step] - observed[index] for step in HORIZONS] for index in indices])
    # What a satellite without noise would have shown at the target: the truth, shifted to the observed series' mean level up to
    # the origin, for both are 0 at a first date whose noise stays in the series for ever.
    levels = [(observed[: index + 1] - truth[: index + 1]).mean(axis=0) - observed[index] for index in indices]
    ideal = np.stack([[truth[index + step] + level for step in HORIZONS] for index, level in zip(indices, levels, strict=True)])
    return np.stack([np.abs(made - changes), np.abs(made - ideal)])


def score(seed: int, settings: dict[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """MAE (against what, horizon, class) of each model and the pixels of each class; the last class is all."""
    scene = scene_of(seed)
    data = data_of(scene)
    days = (scene.time - scene.time[0]).astype(float)
    last = len(days) - ORIGINS - max(HORIZONS)
    slope = np.polyfit(days[: last + 1] / 365.25, scene.displacement[: last + 1, data.row, data.col], 1)[0]
    kinds = velocity_class(slope, EDGES)
    groups = [kinds == kind for kind in range(len(EDGES) + 1)] + [np.ones(kinds.size, bool)]
    found = {}
    for name in (*SIMPLE, *VARIANTS):
        start = time.process_time()
        model = "convlstm" if name in VARIANTS else name
        errors = errors_of(model, settings | VARIANTS[name] if name in VARIANTS else {}, scene, data, seed)
        found[name] = np.stack([errors[..., group].mean(axis=(1, 3)) for group in groups], axis=-1)
        print(f"seed {seed}, {name}: {time.process_time() - start:.1f} s of CPU", file=sys.stderr)
    return found, np.array([group.sum() for group in groups])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--set", nargs="*", default=[], help="settings of the ConvLSTM, key=value")
    options = parser.parse_args()
    settings = SETTINGS | {key: yaml.safe_load(value) for key, value in (item.split("=", 1) for item in options.set)}
    runs = [score(seed, settings) for seed in range(options.seeds)]
    names = [*velocity_class_names(EDGES), "all"]
    rows = []
    for against, word in enumerate(("observation", "ground")):
        print(f"\nMAE against the {word}, mm (skill): median over {options.seeds} seeds")
        for kind, label in enumerate(names):
            for step, horizon in enumerate(HORIZONS):
                mae = {name: [run[name][against, step, kind] for run, _ in runs] for name in (*SIMPLE, *VARIANTS)}
                middle = {name: float(np.median(values)) for name, values in mae.items()}
                best, net = (min(names_, key=middle.__getitem__) for names_ in (SIMPLE, tuple(VARIANTS)))
                ratio = [new / old for new, old in zip(mae[net], mae[best], strict=True)]
                winner = net if max(ratio) < 1 else best if min(ratio) > 1 else "open"
                rows.append(
                    {
                        "against": word, "velocity_class": label, "horizon": horizon, "pixels": int(np.median([n[kind] for _, n in runs])),
                        **{name: round(value, 2) for name, value in middle.items()}, "best_simple": best, "best_convlstm": net,
                        "convlstm_over_best": [round(float(x), 3) for x in (np.median(ratio), min(ratio), max(ratio))], "winner": winner,
                    }
                )  # fmt: skip
                line = "  ".join(
                    f"{name} {value:6.2f} ({1 - value / middle['persistence']:+.2f})" for name, value in middle.items()
                )
                print(f"{label:>12} mm/yr, {horizon} step{'s' if horizon > 1 else ' '}: {line}  -> {winner}")
    print(json.dumps({"benchmark": "bowls", "seeds": options.seeds, "settings": settings, "rows": rows}))


if __name__ == "__main__":
    main()
