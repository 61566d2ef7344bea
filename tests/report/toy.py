"""A tiny study that obeys the contract of every stage before the report: one cube, four models, GNSS, scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from insarcast.core import Manifest, Pair, write_json, write_store
from tests.cubes import make_cube

MODELS = ("persistence", "drift", "window_mean", "linear")
HORIZONS = (1, 2, 3)
TESTED = ("2018-04-24", "2018-05-06")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TEMPLATES = Path(__file__).resolve().parents[2] / "workflow/report"
MAE = {"persistence": (9.0, 10.0, 14.0), "drift": (8.0, 7.0, 6.0), "window_mean": (9.5, 13.0, 18.0), "linear": (6.0, 5.0, 7.0)}


@dataclass
class OneCube:
    """Files of a study with one cube, laid out as the rules lay them."""

    folder: Path
    name: str = "toy"
    cube_name: str = "T1"
    model: str | None = None
    values: dict[str, Any] = field(
        default_factory=lambda: {"title": "Toy & Sons", "summary": "A bowl.", "report": {"colours": "subsidence_red"}}
    )

    @property
    def cube_folder(self) -> Path:
        return self.folder / self.name / self.cube_name

    @property
    def manifest(self) -> Path:
        return self.cube_folder / "acquire/manifest.json"

    @property
    def figures(self) -> list[Path]:
        return sorted((self.cube_folder / "report/figures").glob("F*"))

    def figure(self, file: str) -> tuple[Path, Path]:
        """A figure's path and that of its JSON."""
        path = self.cube_folder / "report/figures" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        return path, path.with_suffix(".json")


@dataclass
class Study(OneCube):
    """A study with a cube on a grid."""

    @property
    def cube(self) -> Path:
        return self.cube_folder / "stack/full/cube.zarr"

    @property
    def decisions(self) -> Path:
        return self.cube_folder / "stack/full/decisions.json"

    @property
    def corrections(self) -> Path:
        return self.cube_folder / "stack/full/corrections.json"

    @property
    def closure(self) -> Path:
        return self.cube_folder / "stack/closure.zarr"

    @property
    def forecasts(self) -> list[Path]:
        return [self.cube_folder / f"combine/{model}.zarr" for model in MODELS]

    @property
    def choice(self) -> Path:
        return self.cube_folder / "combine/choice.json"

    @property
    def scores(self) -> Path:
        return self.cube_folder / "evaluate/scores.parquet"

    @property
    def errors(self) -> Path:
        return self.cube_folder / "evaluate/errors.zarr"

    @property
    def likeness(self) -> Path:
        return self.cube_folder / "evaluate/maps.parquet"

    @property
    def fields(self) -> Path:
        return self.cube_folder / "evaluate/maps.zarr"

    @property
    def clusters(self) -> Path:
        return self.cube_folder / "cluster/full.zarr"

    @property
    def tiles(self) -> Path:
        return self.cube_folder / "tile/tiles.gpkg"

    @property
    def batches(self) -> list[Path]:
        return sorted((self.cube_folder / "forecast/tiles").glob("*"))

    @property
    def seams(self) -> list[Path]:
        return sorted((self.cube_folder / "stitch").glob("*.json"))

    def seam(self, model: str) -> Path:
        return self.cube_folder / f"stitch/{model}.json"

    @property
    def truth_fields(self) -> Path:
        return self.cube_folder / "evaluate/truth.zarr"

    @property
    def truth_table(self) -> Path:
        return self.cube_folder / "evaluate/truth.parquet"

    @property
    def truth_numbers(self) -> Path:
        return self.cube_folder / "evaluate/truth.json"

    @property
    def gnss(self) -> Path:
        return self.cube_folder / "evaluate/gnss.json"

    @property
    def series(self) -> Path:
        return self.cube_folder / "evaluate/gnss.parquet"

    @property
    def maps(self) -> Path:
        return self.cube_folder / "report/maps"

    def write_page(self, folder: Path | None = None, **settings: Any) -> Path:
        """The page, from the figures that are there."""
        from insarcast.report import write_report

        folder = folder or self.folder / self.name / "report"
        folder.mkdir(parents=True, exist_ok=True)
        self.maps.mkdir(parents=True, exist_ok=True)
        given: dict[str, Any] = {"values": self.values, "study": self.name, "names": [self.cube_name]} | settings
        write_report(
            TEMPLATES / "page.html.j2",
            TEMPLATES / "page.css",
            [self.manifest],
            [self.decisions],
            [self.cube],
            self.forecasts,
            [self.choice],
            [self.scores],
            [self.likeness],
            [self.gnss],
            [path for path in [self.clusters] if path.exists()],
            self.batches,
            self.seams,
            [path for path in (self.truth_table, self.truth_numbers) if path.exists()],
            [self.maps],
            self.figures,
            folder / "index.html",
            folder / "tables",
            classes=[[10, 50, 100, 200]],
            drawn=[self.model],
            corrections=[path for path in [self.corrections] if path.exists()],
            **given,
        )
        return folder / "index.html"

    def draw_all(self) -> None:
        """Every figure and the maps."""
        from insarcast import report

        report.draw_displacement(
            self.cube,
            self.gnss,
            *self.figure("F01_velocity.png"),
            *self.figure("F02_displacement.png"),
            "subsidence_red",
            {"AAAA": [-99.145, 19.446], "BBBB": [-99.138, 19.44]},
        )
        report.draw_network(
            self.decisions,
            self.closure,
            self.cube,
            *self.figure("F11_network.svg"),
            *self.figure("F12_coherence.png"),
            *self.figure("F13_closure.png"),
            1.5,
        )
        report.draw_noise(self.cube, *self.figure("F14_noise.png"))
        report.draw_gnss(self.gnss, self.series, *self.figure("F15_gnss.svg"))
        self.draw_motion()
        self.draw_forecast()
        self.draw_scores()
        self.draw_more()
        report.write_maps(self.cube, self.forecasts, self.choice, self.maps, "subsidence_red", self.model)

    def draw_forecast(self, colours: str = "subsidence_red") -> None:
        from insarcast import report

        report.draw_forecast(
            self.cube,
            self.forecasts,
            self.choice,
            self.errors,
            *self.figure("F03_forecast.png"),
            *self.figure("F10_failure.png"),
            colours,
            self.model,
        )

    def draw_motion(self, *filtered: Path) -> None:
        """The fastest pixel, the noise of the interferograms, what is fitted, and what was taken off where something was."""
        from insarcast import report

        images = ("F23_pair_noise.svg", "F30_fitted.png", "F31_course.svg")
        drawn = [path for image in images for path in self.figure(image)]
        report.draw_motion(self.cube, self.decisions, *drawn, "subsidence_red", filtered)
        if self.corrections.exists():
            report.draw_corrections(self.corrections, *self.figure("F32_corrections.svg"))

    def draw_more(self) -> None:
        """Where the forecast gains, and what only some studies have."""
        from insarcast import report

        report.draw_gains(
            self.cube,
            self.fields,
            self.likeness,
            self.scores,
            self.forecasts,
            self.choice,
            *self.figure("F21_gains.png"),
            self.model,
        )
        if self.clusters.exists():
            report.draw_clusters(self.clusters, self.cube, *self.figure("F16_clusters.png"))
        if self.batches:
            report.draw_tiles(self.cube, self.tiles, self.batches, self.seams, *self.figure("F18_tiles.png"), "subsidence_red")
            report.draw_training(self.batches, *self.figure("F20_training.svg"))
        if self.truth_table.exists():
            report.draw_truth(self.cube, self.truth_fields, self.truth_table, "subsidence_red", *self.figure("F19_truth.png"))

    def draw_scores(self) -> None:
        from insarcast import report

        report.draw_scores(
            self.scores,
            self.forecasts,
            self.choice,
            *self.figure("F05_skill.svg"),
            *self.figure("F06_error.svg"),
            *self.figure("F07_scorecard.svg"),
            *self.figure("F08_coverage.svg"),
            self.model,
        )


def write_study(
    folder: Path,
    cube: xr.Dataset | None = None,
    *,
    chosen: str = "linear",
    past: tuple[str, str] = ("linear", "linear"),
    gnss: bool = True,
    scored: bool = True,
    dropped: Sequence[tuple[str, str]] = (("20180211_20180307", "mean coherence 0.03 is below 0.05"),),
) -> Study:
    """Write the files of every earlier stage; ``chosen`` is the newest choice, ``past`` the choices at the scored origins."""
    from tests.report.toy_parts import write_likeness

    study = Study(folder)
    data = make_cube() if cube is None else cube
    for path in (study.manifest, study.decisions, study.choice, study.scores):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_store(data, study.cube)
    dates = [str(date)[:10].replace("-", "") for date in data.time.values]
    _write_network(study, data, dates, dict(dropped))
    _write_forecasts(study, data)
    named = [{"origin": origin, "model": model} for origin, model in (*zip(TESTED, past, strict=True), ("2018-06-11", chosen))]
    write_json(study.choice, {"model": chosen, "past_mae": {}, "sentence": f"In the past {chosen} did best.", "by_origin": named})
    _write_scores(study, data, scored, past)
    write_likeness(study, data, scored, past)
    _write_gnss(study, data, gnss)
    return study


def _write_network(study: Study, data: xr.Dataset, dates: list[str], dropped: dict[str, str]) -> None:
    days = lambda a, b: int((np.datetime64(f"{b[:4]}-{b[4:6]}-{b[6:]}") - np.datetime64(f"{a[:4]}-{a[4:6]}-{a[6:]}")).astype(int))  # noqa: E731
    ends = [(dates[i], dates[j]) for i in range(len(dates)) for j in (i + 1, i + 2) if j < len(dates)]
    base = dict(zip(dates, 40 * np.sin(np.arange(len(dates))), strict=True))
    pairs = [
        {
            "date1": a, "date2": b, "days": days(a, b), "baseline": base[b] - base[a], "coverage": 1.0, "coherence": 0.4 + 0.01 * at,
            "n_triplets": 1, "n_bad_triplets": 0, "closure_rms": 0.3, "kept": f"{a}_{b}" not in dropped, "reason": dropped.get(f"{a}_{b}"),
        }
        for at, (a, b) in enumerate(ends)
    ]  # fmt: skip
    triples = [dates[i : i + 3] for i in range(len(dates) - 2)]
    rms = np.linspace(0.1, 0.9, max(len(triples), 1))[: len(triples)]
    found = {
        "vintage": "full",
        "as_of": None,
        "dates": dates,
        "dates_found": len(dates),
        "pairs": pairs,
        "triplets": [{"dates": three, "rms": value, "bad": False} for three, value in zip(triples, rms, strict=True)],
        "dropped": [{"what": "pair", "name": name, "reason": why, "count": None} for name, why in dropped.items()],
        "reference": {
            "row": 1,
            "col": 1,
            "lon": -99.1486,
            "lat": 19.4486,
            "window": 1,
            "method": "config",
            "sentence": "Set by the study.",
        },
        "pixels": {"total": data.mask.size, "inverted": data.mask.size - 1, "no_data": 1, "too_few_pairs": 0},
        "inversion": {"norm": "l2", "weights": "none"},
        "loop_errors": {"samples": 1000, "over_pi": 4},
    }
    write_json(study.decisions, found)
    made = [Pair(a, b, f"{a}_{b}.tif", None, float(base[b] - base[a])) for a, b in ends]
    Manifest("geotiff", dates, made, credits=["Made by the tests <b>boldly</b>"]).write(study.manifest)
    times = np.array([[f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in three] for three in triples], "datetime64[ns]").reshape(-1, 3)
    shape = (len(triples), data.sizes["y"], data.sizes["x"])
    loops = xr.Dataset(
        {"closure": (("triplet", "y", "x"), np.zeros(shape, "float32")), "rms": ("triplet", rms), "median": ("triplet", 0 * rms)},
        coords={"y": data.y, "x": data.x} | {f"date{k + 1}": ("triplet", times[:, k]) for k in range(3)},
    )
    write_store(loops, study.closure)


def _write_forecasts(study: Study, data: xr.Dataset) -> None:
    times = data.time.values
    origins = times[[-4, -3, -2, -1]] if len(times) > 5 else times[-1:]
    step = np.timedelta64(12, "D")
    target = origins[:, None] + np.array(HORIZONS) * step
    rate = np.nan_to_num(data.velocity.values) * 12 / 365.25
    for model, path in zip(MODELS, study.forecasts, strict=True):
        share = {"persistence": 0.0, "drift": 0.8, "window_mean": -0.2, "linear": 1.0}[model]
        layers = np.zeros((len(origins), len(HORIZONS), len(QUANTILES), *rate.shape), "float32")
        for at, horizon in enumerate(HORIZONS):
            for which, quantile in enumerate(QUANTILES):
                layers[:, at, which] = share * horizon * rate + 10 * (quantile - 0.5) * horizon
        layers[..., ~np.isfinite(data.velocity.values)] = np.nan
        calibrated = np.zeros((len(origins), len(HORIZONS)), bool)
        calibrated[:, :2] = True
        store = xr.Dataset(
            {"increment": (("origin", "horizon", "quantile", "y", "x"), layers), "calibrated": (("origin", "horizon"), calibrated)},
            coords={
                "origin": origins, "horizon": list(HORIZONS), "quantile": list(QUANTILES), "y": data.y, "x": data.x,
                "target_time": (("origin", "horizon"), target),
            },
            attrs={"model": model, "label": f"{model} in words", "insarcast_version": "test", "sentence": "Two of three horizons are calibrated."},
        )  # fmt: skip
        write_store(store.rio.write_crs("EPSG:4326"), path)


def _error(model: str, origin: str, horizon: int, past: Sequence[str]) -> float:
    """Mean absolute error; that of the automatic choice comes from the models chosen, every origin weighing the same."""
    named = [model] if model != "chosen" else list(past) if origin == "all" else [past[TESTED.index(origin)]]
    return sum(MAE[name][horizon - 1] for name in named) / len(named)


def _write_scores(study: Study, data: xr.Dataset, scored: bool, past: Sequence[str]) -> None:
    rows = []
    for model in (*MODELS, "chosen") if scored else ():
        for origin in ("all", *TESTED):
            for name in ("all", "below 10", "10 and above"):
                for horizon in HORIZONS:
                    mae, base = _error(model, origin, horizon, past), MAE["persistence"][horizon - 1]
                    rows.append(
                        {
                            "model": model,
                            "origin": origin,
                            "horizon": horizon,
                            "velocity_class": name,
                            "n": 1000 // horizon,
                            "mae": mae,
                            "rmse": mae * 1.3,
                            "bias": 0.1 * mae,
                            "skill": 1 - mae / base,
                            "n_interval": 800 // horizon**2,
                            "coverage50": 0.4,
                            "coverage90": 0.6 + 0.1 * (horizon == 1),
                            "width90": 20.0,
                            "noise": 2.0,
                        }
                    )
    columns = ["model", "origin", "horizon", "velocity_class", "n", "mae", "rmse", "bias", "skill"]
    # Persistence last: the report must put it first itself.
    pd.DataFrame(rows[::-1] if rows else {name: [] for name in columns}).to_parquet(study.scores)
    origins = data.time.values[[-4, -3, -2]] if len(data.time) > 5 else data.time.values[-1:]
    layers = np.full((len(MODELS), len(origins), len(HORIZONS), data.sizes["y"], data.sizes["x"]), np.nan, "float32")
    if scored:
        for at in range(len(origins)):
            for step in range(len(HORIZONS) - at):
                layers[:, at, step] = 3.0 + at - step
        layers[:, 0, 0] = -12.0  # the date that is worst, forecast from the first origin alone
    errors = xr.Dataset(
        {"error": (("model", "origin", "horizon", "y", "x"), layers)},
        coords={"model": np.array(MODELS, object), "origin": origins, "horizon": list(HORIZONS), "y": data.y, "x": data.x},
    )
    write_store(errors.rio.write_crs("EPSG:4326"), study.errors)


def _write_gnss(study: Study, data: xr.Dataset, there: bool) -> None:
    item = {
        "name": "BBBB - AAAA",
        "n": 6,
        "rmse": 10.68,
        "bias": 2.31,
        "velocity_gnss": -238.0,
        "velocity_insar": -263.0,
        "sentence": "",
    }
    write_json(study.gnss, {"comparisons": [item] if there else [], "skipped": [], "sentence": ""})
    times = data.time.values[:7] if there else data.time.values[:0]
    fall = -20.0 * np.arange(len(times))
    table = {
        "station_a": ["BBBB"] * len(times),
        "station_b": ["AAAA"] * len(times),
        "date": times,
        "gnss_mm": fall,
        "insar_mm": fall * 1.1,
    }
    pd.DataFrame(table).to_parquet(study.series)
