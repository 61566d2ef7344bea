"""What only some studies have, beside those of toy.py: clusters, models of grids with tiles, a simulated truth."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from insarcast.core import open_cube, read_manifest, write_json, write_store
from tests.report.toy import HORIZONS, MAE, MODELS, TESTED, Study

LIKENESS = (
    "model", "origin", "horizon", "n", "mae", "improved", "tied", "correlation", "ssim_increment", "ms_ssim_increment", "ssim", "ms_ssim",
    "note",
)  # fmt: skip
GRIDS = ("convlstm", "convlstm_global")


def split_tiles(rows: int, cols: int, down: int, across: int, margin: int) -> list[dict[str, Any]]:
    """Cores of ``down`` x ``across`` tiles, each window wider by ``margin`` where the scene allows."""
    found = []
    edges = [np.linspace(0, size, number + 1).astype(int) for size, number in ((rows, down), (cols, across))]
    for i in range(down):
        for j in range(across):
            top, bottom, left, right = (int(edge) for edge in (*edges[0][i : i + 2], *edges[1][j : j + 2]))
            found.append(
                {
                    "tile": len(found), "batch": len(found) % 2, "top": max(top - margin, 0), "bottom": min(bottom + margin, rows),
                    "left": max(left - margin, 0), "right": min(right + margin, cols), "core_top": top, "core_bottom": bottom,
                    "core_left": left, "core_right": right, "usable": 0.9, "skipped": 0,
                }
            )  # fmt: skip
    return found


def write_tiles(path: Path, tiles: Sequence[dict[str, Any]]) -> None:
    """The attributes of tiles.gpkg; nobody here reads the outlines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    base = sqlite3.connect(path)
    pd.DataFrame(tiles).to_sql("tiles", base, index=False)
    base.close()


def fit(name: str, seed: int, epochs: int = 12) -> dict[str, Any]:
    """A training whose losses fall, and whose validation turns after two thirds."""
    rng, best = np.random.default_rng(seed), 2 * epochs // 3
    rows = [
        {
            "epoch": e, "training": float(0.2 + np.exp(-e / 4) + 0.02 * rng.random()), "learning_rate": 1e-3,
            "validation": float(0.3 + np.exp(-e / 4) + 0.002 * max(e - best, 0) ** 2 + 0.02 * rng.random()),
        }
        for e in range(1, epochs + 1)
    ]  # fmt: skip
    return {"name": name, "train_end": "2018-04-24", "epochs": rows, "best_epoch": best}


def add_grids(study: Study, down: int = 3, across: int = 3, margin: int = 2) -> None:
    """Tiles, batches and what stitching said: of convlstm the last tile failed, the first was tried again, the second was skipped."""
    cube = open_cube(study.cube)
    tiles = split_tiles(cube.sizes["y"], cube.sizes["x"], down, across, margin)
    if len(tiles) > 1:
        tiles[1] |= {"usable": 0.01, "skipped": 1}
    write_tiles(study.tiles, tiles)
    for model in GRIDS:
        for batch in (0, 1, 2):  # the third is empty
            entries = [_entry(model, tile, len(tiles)) for tile in tiles if tile["batch"] == batch]
            folder = study.cube_folder / f"forecast/tiles/{model}-{batch}"
            folder.mkdir(parents=True)
            write_json(folder / "batch.json", {"model": model, "batch": batch, "tiles": entries})
        seam: dict[str, Any] = {
            "blended": 1.02, "none": 1.4, "seam_mm": 0.31, "interior_mm": 0.3, "pairs": 400,
            "worst": {"tiles": [4, 5], "ratio": 1.3, "row": 5, "col": 9},
        }  # fmt: skip
        said = {"model": model, "blend": "hann", "seam": seam, "sentence": "Hann.", "tiles": {}, "failed": []}
        study.seam(model).parent.mkdir(exist_ok=True)
        write_json(study.seam(model), said)


def _entry(model: str, tile: dict[str, Any], count: int) -> dict[str, Any]:
    number = tile["tile"]
    if tile["skipped"]:
        return {"tile": number, "status": "skipped", "reason": "1.0% of its pixels are usable", "attempts": 0}
    if model == "convlstm" and 0 < number == count - 1:
        return {"tile": number, "status": "failed", "reason": "the loss is <nan>", "attempts": 3}
    status, seed = ("forecast", 0) if model == "convlstm_global" else ("trained", number)
    fits = [fit("past", seed), fit("origin", seed + 100, 9 + number % 3)]
    return {
        "tile": number, "status": status, "reason": "", "seed": 0, "attempts": 3 if model == "convlstm" and number == 0 else 1,
        "receptive_field": 4.0, "parameters": 12345, "fits": fits,
    }  # fmt: skip


def add_clusters(study: Study, edges: Sequence[float] = (-60.0, -10.0)) -> None:
    """Clusters by velocity, the fastest subsiding first."""
    cube = open_cube(study.cube)
    used = cube.mask.values & np.isfinite(cube.velocity.values)
    label = np.where(used, np.digitize(np.nan_to_num(cube.velocity.values), edges), -1).astype("int16")
    k = len(edges) + 1
    members = [cube.displacement.values[:, label == at] for at in range(k)]
    series = np.stack(
        [np.percentile(part, [10, 50, 90], axis=1) if part.size else np.full((3, cube.sizes["time"]), np.nan) for part in members]
    )
    store = xr.Dataset(
        {
            "label": (("y", "x"), label),
            "series": (("cluster", "level", "time"), series.astype("float32")),
            "n": ("cluster", np.array([part.shape[1] for part in members])),
            "velocity": (
                "cluster",
                np.array([_mean(cube.velocity.values[label == at]) for at in range(k)]),
            ),
            "davies_bouldin": ("k", np.array([0.8, 0.5, 0.9])),
        },
        coords={"y": cube.y, "x": cube.x, "time": cube.time, "level": [10, 50, 90], "cluster": np.arange(k), "k": [2, 3, 4]},
        attrs={"k": k, "sentence": "3 clusters by K-means have the lowest Davies-Bouldin index (0.50)."},
    )
    write_store(store.rio.write_crs(cube.rio.crs), study.clusters)
    table = pd.read_parquet(study.scores)
    table["cluster"] = "all"
    parts = [table]
    for at in range(k):
        part = table[table["velocity_class"] == "all"].copy()
        part["cluster"] = str(at + 1)
        part["mae"] *= 3.0 - at  # nobody may take these rows for those of all pixels
        part["n"] //= 4
        parts.append(part)
    pd.concat(parts).to_parquet(study.scores)


def _mean(values: Any) -> float:
    return float(values.mean()) if values.size else np.nan


def add_truth(study: Study, noise: float = 3.0) -> None:
    """The truth of a simulated scene: the cube without its noise."""
    cube = open_cube(study.cube)
    manifest = read_manifest(study.manifest)
    values = manifest.__dict__ | {"truth": "truth.zarr", "source": "simulate"}
    type(manifest)(**values).write(study.manifest)
    times = cube.time.values[[1, 4, -1]]
    smooth = np.nan_to_num(cube.velocity.values)
    years = (times - cube.time.values[0]) / np.timedelta64(1, "D") / 365.25
    kind = np.where(smooth < -60, 1, 0).astype("uint8")
    fields = xr.Dataset(
        {
            "displacement": (("time", "y", "x"), (years[:, None, None] * smooth).astype("float32")),
            "rms_deformation": (("y", "x"), np.full(smooth.shape, 5.0, "float32")),
            "kind": (("y", "x"), kind, {"flag_values": [0, 1], "flag_meanings": "stable bowl"}),
        },
        coords={"time": times, "y": cube.y, "x": cube.x},
    )
    write_store(fields.rio.write_crs(cube.rio.crs), study.truth_fields)
    blank = {
        "model": "",
        "origin": "",
        "velocity_class": "",
        "horizon": 0,
        "completeness": "all",
        "pixels": "used",
        "kind": "all",
        "bias": 0.1,
    }
    rows: list[dict[str, Any]] = []
    for quantity, scale in (("displacement", 1.0), ("velocity", 0.5)):
        for name, rmse in (("all", 5.0), ("bowl", 6.0), ("stable", 4.0), ("urban_edge", 5.5)):
            for against, share in (("deformation", 1.0), ("visible", 0.5)):
                error = rmse * scale * share
                rows.append(
                    blank
                    | {
                        "part": "cube",
                        "quantity": quantity,
                        "kind": name,
                        "against": against,
                        "n": 100,
                        "mae": 0.8 * error,
                        "rmse": error,
                    }
                )
    rows.append(
        blank
        | {
            "part": "cube",
            "quantity": "displacement",
            "pixels": "masked",
            "against": "deformation",
            "n": 9,
            "mae": 99.0,
            "rmse": 99.0,
        }
    )
    forecasts = []
    for model in (*MODELS[::-1], "observed"):
        for horizon in HORIZONS:
            mae = MAE[model][horizon - 1] if model != "observed" else 2.0
            common = blank | {
                "part": "forecast",
                "quantity": "increment",
                "model": model,
                "origin": "all",
                "velocity_class": "all",
                "horizon": horizon,
            }
            for against, share in (("ground", 0.6), ("deformation", 0.4), ("visible", 0.7), ("observed", 1.0)):
                rows.append(common | {"against": against, "n": 1000 // horizon, "mae": share * mae, "rmse": share * mae})
            if model != "observed":
                skill = 1 - mae / MAE["persistence"][horizon - 1]
                forecasts.append(
                    {
                        "model": model, "horizon": horizon, "n": 1000 // horizon, "mae_observed": mae, "mae_truth": 0.4 * mae,
                        "mae_ground": 0.6 * mae,
                        "skill_observed": skill, "skill_truth": skill, "skill_ground": skill, "coverage90_observed": 0.8,
                        "coverage90_ground": 0.95,
                    }
                )  # fmt: skip
    pd.DataFrame(rows).to_parquet(study.truth_table)
    write_json(study.truth_numbers, {"forecast": forecasts, "sentences": [], "cube": {}})


def write_likeness(study: Study, data: xr.Dataset, scored: bool, past: Sequence[str]) -> None:
    """maps.parquet and maps.zarr of evaluate."""
    names = [*MODELS, "chosen"]
    rows = []
    for model in names[::-1] if scored else ():
        for origin in ("all", *TESTED):
            for horizon in HORIZONS:
                own = "linear" if model == "chosen" else model
                base = model == "persistence"
                rows.append(
                    {
                        "model": model, "origin": origin, "horizon": horizon, "n": 1000 // horizon, "mae": MAE[own][horizon - 1],
                        "improved": 0.0 if base else 0.7 - 0.1 * horizon, "tied": 1.0 if base else 0.0, "correlation": np.nan if base else 0.6,
                        "ssim_increment": 0.2 if base else 0.55, "ms_ssim_increment": np.nan, "ssim": 0.9, "ms_ssim": np.nan,
                        "note": "The scene is too small for MS-SSIM.",
                    }
                )  # fmt: skip
    pd.DataFrame(rows, columns=LIKENESS).to_parquet(study.likeness)
    shape = (len(MODELS), data.sizes["y"], data.sizes["x"])
    difference = np.full(shape, np.nan, "float32")
    if scored:
        difference[:] = 0.02 * np.nan_to_num(data.velocity.values) + 0.5  # better where the ground sinks by more than 25 mm/yr
        difference[0] = 0.0
    store = xr.Dataset(
        {"mae": (("model", "y", "x"), np.abs(difference)), "mae_difference": (("model", "y", "x"), difference)},
        coords={"model": np.array(MODELS, object), "y": data.y, "x": data.x},
    )
    write_store(store.rio.write_crs(data.rio.crs), study.fields)
