"""A ready series with everything that the report reads: the series and forecasts of tests.series, scored by the contract's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from insarcast.core import Manifest, open_store, velocity_class, velocity_class_names, write_json, write_store
from tests.report.toy import TEMPLATES, OneCube
from tests.series import make_forecasts, make_series

MODELS = ("persistence", "ses", "theta", "auto", "stacking")
EDGES = (2.0, 10.0)


@dataclass
class SeriesStudy(OneCube):
    """A study with one ready series."""

    cube_name: str = "S1"
    values: dict[str, Any] = field(default_factory=lambda: {"title": "Ready & made", "summary": "A bowl of points."})

    @property
    def series(self) -> Path:
        return self.cube_folder / "stack/full/series.zarr"

    @property
    def record(self) -> Path:
        return self.cube_folder / "stack/full/series.json"

    @property
    def calibrated(self) -> list[Path]:
        return sorted((self.cube_folder / "combine/series").glob("*.zarr"))

    @property
    def auto(self) -> list[Path]:
        return sorted((self.cube_folder / "combine/ensembles").glob("auto.json"))

    def evaluate(self, name: str) -> Path:
        return self.cube_folder / "evaluate" / name

    @property
    def scores(self) -> Path:
        return self.evaluate("series.parquet")

    @property
    def evaluated(self) -> list[Path]:
        names = ("series.parquet", "significance.parquet", "pit.parquet", "noise.json")
        return [path for name in names if (path := self.evaluate(name)).exists()]

    @property
    def space(self) -> list[Path]:
        return [path for name in ("space.parquet", "space.json") if (path := self.evaluate(name)).exists()]

    @property
    def local(self) -> list[Path]:
        return [path for path in [self.evaluate("space.zarr")] if path.exists()]

    @property
    def clusters(self) -> list[Path]:
        return [path for path in [self.cube_folder / "cluster/series.zarr"] if path.exists()]

    @property
    def points(self) -> tuple[Path, Path]:
        folder = self.cube_folder / "report/maps"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "points.gpkg", folder / "points.qml"

    def draw_all(self) -> None:
        """Every figure, and the points for a GIS."""
        from insarcast import report

        self.draw_points()
        report.draw_fans(self.series, self.calibrated, self.auto, self.scores, *self.figure("F22_fans.svg"), self.model)
        self.draw_scores()
        report.draw_failure(
            self.series, self.evaluate("series_errors.zarr"), self.calibrated, self.auto, self.scores, *self.figure("F10_points.png"), self.model
        )  # fmt: skip
        self.draw_space()
        report.draw_record(self.series, *self.figure("F26_record.svg"))
        self.write_points()

    def draw_points(self, colours: str = "subsidence_red") -> None:
        from insarcast import report

        report.draw_points(
            self.series, self.calibrated, self.auto, self.scores, *self.figure("F01_points.png"), *self.figure("F03_points.png"),
            colours, self.model,
        )  # fmt: skip

    def draw_scores(self) -> None:
        from insarcast import report

        report.draw_series_scores(
            self.evaluated, self.calibrated, self.auto, *self.figure("F05_lead.svg"), *self.figure("F07_classes.svg"),
            *self.figure("F08_reliability.svg"), self.model,
        )  # fmt: skip

    def draw_space(self) -> None:
        from insarcast import report

        report.draw_space(
            self.series, self.space, self.local, self.calibrated, self.auto, self.scores, *self.figure("F24_moran.svg"),
            *self.figure("F25_lisa.png"), self.model,
        )  # fmt: skip

    def write_points(self) -> None:
        from insarcast import report

        report.write_points(
            self.series, self.calibrated, self.auto, self.scores, self.clusters, *self.points, "subsidence_red", self.model, EDGES
        )

    def page_inputs(self) -> dict[str, Any]:
        """What write_report is given of a ready series."""
        return {
            "series": [self.series],
            "records": [self.record],
            "calibrated": self.calibrated,
            "autos": self.auto,
            "evaluated": [*self.evaluated, *self.space, self.evaluate("series_errors.zarr")],
            "groups": self.clusters,
            "points": list(self.points),
        }

    def write_page(self, folder: Path | None = None, **settings: Any) -> Path:
        """The page of a study that has this cube only, from the figures that are there."""
        from insarcast.report import write_report

        folder = folder or self.folder / self.name / "report"
        folder.mkdir(parents=True, exist_ok=True)
        names = (
            "decisions",
            "cubes",
            "forecasts",
            "choices",
            "scores",
            "likeness",
            "gnss",
            "clusters",
            "batches",
            "seams",
            "truths",
            "maps",
        )
        none: dict[str, Any] = {name: [] for name in names}
        given: dict[str, Any] = {
            "page": TEMPLATES / "page.html.j2", "style": TEMPLATES / "page.css", "manifests": [self.manifest], "figures": self.figures,
            "index": folder / "index.html", "tables": folder / "tables", "study": self.name, "names": [self.cube_name],
            "classes": [list(EDGES)], "drawn": [self.model], "values": self.values,
        }  # fmt: skip
        write_report(**none | given | self.page_inputs() | settings)
        return folder / "index.html"


def write_series_study(
    folder: Path,
    *,
    models: Sequence[str] = MODELS,
    horizons: int = 4,
    space: bool = True,
    groups: bool = True,
    cube_name: str = "S1",
    **series: Any,
) -> SeriesStudy:
    """Write the files of every earlier stage; ``series`` goes to make_series."""
    study = SeriesStudy(folder, cube_name=cube_name)
    for path in (study.manifest, study.scores, study.cube_folder / "cluster/x"):
        path.parent.mkdir(parents=True, exist_ok=True)
    make_series(study.cube_folder, **series)
    make_forecasts(study.cube_folder, study.series, models, horizons)
    dates = [str(date)[:10].replace("-", "") for date in open_store(study.series).time.values]
    join = series.get("join")
    joins = [
        {
            "file": "toy.csv", "kind": "end", "last": dates[join - 1], "date": dates[join], "begin": None, "n_end": 5, "n_start": 0,
            "n_joined": 30, "share": 0.1, "jump_sd_mm": 5.0, "usual_sd_mm": 3.0, "excess_mm": 4.0, "jump_mean_mm": 0.1,
        }
    ] if join else []  # fmt: skip
    dropped = [{"what": "point", "reason": "its value never changes", "count": 2, "names": ["P1x", "P2x"]}]
    write_json(study.record, {"joins": joins, "warnings": ["The toy is smoothed."], "dropped": dropped})
    Manifest(
        "points", dates, [], conventions={"sign": "towards", "units": "mm", "product": "P-SBAS <b>toy</b>"}, credits=["Made by <i>tests</i>"],
        skipped=[{"what": "point", "name": "P9999", "reason": "no coordinates"}],
    ).write(study.manifest)  # fmt: skip
    evaluate(study, models, places="x" in open_store(study.series).coords and space)
    if groups:
        total = open_store(study.series).sizes["point"]
        label = np.where(np.arange(total) % 5 == 0, -1, np.arange(total) % 2).astype("int16")
        attrs = {"sentence": "Two groups, made by the tests."}
        write_store(xr.Dataset({"label": ("point", label)}, attrs=attrs), study.cube_folder / "cluster/series.zarr")
    return study


def evaluate(study: SeriesStudy, models: Sequence[str], *, places: bool = True) -> None:
    """Score the forecasts with the contract's columns; numbers are honest where it is easy and plausible elsewhere."""
    stores = {model: open_store(study.cube_folder / f"combine/series/{model}.zarr").load() for model in models}
    data = open_store(study.series).load()
    first = stores[models[0]]
    tested = slice(None, first.sizes["origin"] - 1)
    truth = first.observed.values[tested].astype(float)
    middle = {name: store.increment.sel(quantile=0.5).values[tested] for name, store in stores.items()}
    errors = {name: middle[name] - truth for name in models}
    index = first["index"].values
    speed = velocity_class(data.velocity.values[index], EDGES)
    names = velocity_class_names(EDGES)
    noisy = np.digitize(np.arange(len(index)), [len(index) / 3, 2 * len(index) / 3])
    groups = [("all", "all", "all", np.ones(len(index), bool))]
    groups += [(name, "all", "all", speed == at) for at, name in enumerate(names)]
    groups += [("all", "all", name, noisy == at) for at, name in enumerate(("low", "middle", "high"))]
    groups += [("all", str(k), "all", index % 2 + 1 == k) for k in (1, 2)]
    horizons = [int(h) for h in first.horizon.values]
    rows = []
    for name in models:
        low, high = (stores[name].increment.sel(quantile=q).values[tested] for q in (0.05, 0.95))
        own_low, own_high = (stores[name].own.sel(quantile=q).values[tested] for q in (0.05, 0.95))
        for horizon in (0, *horizons):
            at = slice(None) if horizon == 0 else slice(horizon - 1, horizon)
            for velocity, cluster, noise, keep in groups:
                error, base = (errors[each][:, at][..., keep] for each in (name, models[0]))
                known = np.isfinite(error)
                n = int(known.sum())
                mean = lambda values, known=known: float(values[known].mean()) if known.any() else np.nan  # noqa: E731
                mae, nothing = mean(np.abs(error)), mean(np.abs(base))
                skill = 1 - mae / nothing if n else np.nan
                inside = mean(
                    (truth[:, at][..., keep] >= low[:, at][..., keep]) & (truth[:, at][..., keep] <= high[:, at][..., keep])
                )
                own = mean(
                    (truth[:, at][..., keep] >= own_low[:, at][..., keep])
                    & (truth[:, at][..., keep] <= own_high[:, at][..., keep])
                )
                rows.append(
                    {
                        "model": name, "label": f"{name} in words", "horizon": horizon, "velocity_class": velocity, "cluster": cluster,
                        "noise_class": noise, "n": n, "n_origins": truth.shape[0], "mae": mae, "rmse": mean(error**2) ** 0.5 if n else np.nan,
                        "mse": mean(error**2), "sd": mae, "bias": mean(error), "r2": 0.1, "pcc": 0.3, "mu": 20.0, "mase": 1.0, "crps": 0.7 * mae,
                        "skill": skill, "skill_low": skill - 0.03, "skill_high": skill + 0.03, "coverage50": 0.5, "width50": 4.0,
                        "coverage90": inside, "coverage90_low": inside - 0.02, "coverage90_high": inside + 0.02,
                        "width90": mean(high[:, at][..., keep] - low[:, at][..., keep]), "own_coverage90": own,
                        "own_width90": mean(own_high[:, at][..., keep] - own_low[:, at][..., keep]), "spread_skill": 0.2,
                    }
                )  # fmt: skip
    pd.DataFrame(rows).to_parquet(study.scores)
    _tests(study, models, horizons)
    write_json(
        study.evaluate("noise.json"),
        {"noise_mm": 3.0, "floor_mae_mm": {str(h): 2.4 for h in horizons}, "method": "toy", "sentence": "The noise is 3 mm."},
    )
    dims = ("model", "origin", "horizon", "point")
    store = xr.Dataset(
        {
            "error": (dims, np.stack([errors[name] for name in models]).astype("float32")),
            "truth": (dims[1:], truth.astype("float32")),
        },
        coords={
            "model": np.array(models, object),
            "origin": first.origin.values[tested],
            "horizon": horizons,
            "index": ("point", index),
        },
    )
    store.attrs["unscored"] = ["10 forecasts reach beyond the last date of the series."]
    write_store(store, study.evaluate("series_errors.zarr"))
    _space(study, models[-1], first, places)


def _tests(study: SeriesStudy, models: Sequence[str], horizons: Sequence[int]) -> None:
    rows = [
        {"model": name, "against": other, "horizon": h, "dm": -3.0 if at else 0.0, "p": 0.002, "p_bh": 0.004, "n_origins": 9}
        for at, name in enumerate(models)
        for other in ("persistence", *models[1:2])
        if name != other
        for h in horizons
    ]
    pd.DataFrame(rows).to_parquet(study.evaluate("significance.parquet"))
    edges = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]
    shares = [0.06, 0.2, 0.24, 0.24, 0.2, 0.06]
    pit = [
        {"model": name, "horizon": h, "low": low, "high": high, "share": share, "expected": high - low}
        for name in models
        for h in horizons
        for low, high, share in zip(edges[:-1], edges[1:], shares, strict=True)
    ]
    pd.DataFrame(pit).to_parquet(study.evaluate("pit.parquet"))


def _space(study: SeriesStudy, model: str, first: xr.Dataset, places: bool) -> None:
    columns = ["layer", "model", "origin", "horizon", "moran_i", "moran_z", "moran_p", "gi_hot", "gi_cold", "nni", "nni_z", "n"]
    rows = [
        [layer, "auto", origin, int(h), i / h, 3.0, 0.01 if layer != "residual" else 0.4, 2, 3, 0.8, -4.0, 60]
        for layer, i in (("truth", 0.3), ("prediction", 0.5), ("residual", 0.1))
        for origin in first.origin.values[:3]
        for h in first.horizon.values
    ]
    pd.DataFrame(rows if places else [], columns=columns).to_parquet(study.evaluate("space.parquet"))
    if not places:
        write_json(
            study.evaluate("space.json"), {"sentences": ["The points have no places, so nothing can be said about space."]}
        )
        return
    rng = np.random.default_rng(1)
    n = first.sizes["point"]
    lisa = rng.choice([0, 0, 0, 1, 2, 3, 4], (3, first.sizes["horizon"], n)).astype("int8")
    store = xr.Dataset(
        {"lisa": (("layer", "horizon", "point"), lisa), "gi_z": (("layer", "horizon", "point"), lisa.astype("float32"))},
        coords={
            "layer": np.array(["truth", "prediction", "residual"], object), "horizon": first.horizon.values,
            "index": ("point", first["index"].values),
        },
        attrs={"origin": str(first.origin.values[0])[:10], "model": model},
    )  # fmt: skip
    write_store(store, study.evaluate("space.zarr"))
