"""What is new in the stack, on the page: noise of the interferograms, corrections, what is fitted, vertical and east-west motion."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

from insarcast import report
from insarcast.core import InsarcastError, open_cube, open_store, write_json, write_store
from insarcast.report.decomposed import sentences
from insarcast.report.decomposed.numbers import read_decomposed
from insarcast.report.stack import inversion_words
from tests.cubes import make_cube
from tests.report.reading import Page, facts
from tests.report.toy import Study


def record(study: Study, **changes: Any) -> None:
    found = json.loads(study.decisions.read_text())
    write_json(study.decisions, found | changes)


def page(study: Study) -> str:
    return Page(study.write_page()).text


def test_the_inversion_tells_its_noise_and_what_it_corrected(make: Callable[..., Study]) -> None:
    study = make()
    pairs = json.loads(study.decisions.read_text())["pairs"]
    for at, pair in enumerate(pairs):
        pair |= {"sigma_mm": 1.0 + 0.1 * at, "n_corrected": 3 if at == 2 else 0, "resid_rms": 1.0}
    record(
        study, pairs=pairs, inversion={"norm": "l2", "weights": "auto"}, variance={"by_coherence": [1.0], "outliers": 0.02},
        corrected={"samples": 123, "pixels": 60, "left": 7},
    )  # fmt: skip
    study.draw_motion()
    kept = [pair["sigma_mm"] for pair in pairs if pair["kept"]]
    assert facts(study, "F23_pair_noise.svg")["numbers"]["median"] == pytest.approx(np.median(kept))
    text = page(study)
    assert "weighted by the noise of each interferogram and coherence" in text
    assert f"is {np.median(kept):.1f} mm in the median ({min(kept):.1f} to {max(kept):.1f} mm" in text
    assert "2 % of their samples misfit by more than four standard deviations" in text
    assert "Unwrapping errors: 123 samples in 60 pixels were off by whole cycles and corrected" in text
    assert "7 pixels still misfit by more than half a cycle" in text
    assert "F23" in text
    table = pd.read_csv(study.folder / "toy/report/tables/T1_network.csv")
    assert table["n_corrected"].sum() == 3


@pytest.mark.parametrize(("weights", "weighted"), [("auto", True), ("none", False), ("coherence", False)])
def test_the_noise_is_called_a_weight_only_where_it_is_one(make: Callable[..., Study], weights: str, weighted: bool) -> None:
    study = make()
    pairs = [pair | {"sigma_mm": 2.0} for pair in json.loads(study.decisions.read_text())["pairs"]]
    record(study, pairs=pairs, inversion={"norm": "l2", "weights": weights})
    study.draw_motion()
    caption = facts(study, "F23_pair_noise.svg")["caption"]
    assert ("inverse square is the weight" in caption) == weighted
    assert ("not weighted by it" in caption) != weighted


def test_the_header_has_the_reference_after_its_move(make: Callable[..., Study]) -> None:
    """The record of the inversion knows the place before only; the cube is zero at the new one."""
    cube = make_cube()
    cube.attrs |= {
        "reference_lon": -119.6,
        "reference_lat": 36.25,
        "reference_moved_from_lon": 15.0,
        "reference_moved_from_lat": 50.0,
    }
    study = make(cube)
    old = json.loads(study.decisions.read_text())["reference"]
    text = page(study)
    assert "36.2500° N, 119.6000° W, moved there after the inversion" in text
    assert f"{old['lat']:.4f}° N" not in text


def test_an_older_record_says_nothing_of_them(make: Callable[..., Study]) -> None:
    study = make()
    study.draw_motion()
    text = page(study)
    for words in ("Unwrapping errors", "F23", "F30", "F32", "fitted together", "sigma_mm"):
        assert words not in text, words
    assert "least squares, without weights" in text
    assert "F31" in text, "the fastest pixel's series is there always"


def test_corrections_are_told_date_by_date(make: Callable[..., Study]) -> None:
    study = make()
    dates = json.loads(study.decisions.read_text())["dates"]
    n = len(dates)
    steps = [
        {"step": "gacos", "sentence": "GACOS delays taken off (scatter 5.0 to 3.0 mm); none for 20180130", "missing": ["20180130"],
         "uncovered": 0, "std_before": [5.0] * n, "std_after": [3.0] * n},
        {"step": "height", "kind": "linear", "sentence": "delay with height taken off 3 dates", "mm_per_km": [None, *range(n - 1)],
         "mm_per_km_error": [1.0] * n, "corrected": [False] * (n - 3) + [True] * 3, "std_before": [3.0] * n, "std_after": [2.0] * n},
        {"step": "reference", "sentence": "reference moved from a to b", "note": "x"},
    ]  # fmt: skip
    write_json(study.corrections, {"vintage": "full", "dates": dates, "pixels": {"used": 10, "kind": "x"}, "steps": steps})
    study.draw_motion()
    text = page(study)
    assert "After the inversion: GACOS delays taken off (scatter 5.0 to 3.0 mm); none for 20180130." in text
    assert "After the inversion: reference moved from a to b." in text
    assert "F32" in text
    table = pd.read_csv(study.folder / "toy/report/tables/T1_corrections.csv")
    assert list(table.columns) == [
        "date",
        "gacos_std_before",
        "gacos_std_after",
        "height_std_before",
        "height_std_after",
        "height_mm_per_km",
    ]
    assert len(table) == n
    assert np.isnan(table["height_mm_per_km"][0])


def test_what_is_fitted_is_mapped_and_written(make: Callable[..., Study], tmp_path: Path) -> None:
    cube = make_cube()
    shape = cube.velocity.shape
    for name, value in (("dem_error", 2.0), ("annual_amplitude", 4.0), ("annual_peak_day", 120.0), ("step_20180307", -6.0)):
        cube[name] = (("y", "x"), np.full(shape, value, "f4"))
    cube.attrs |= {
        "time_functions": ["constant", "velocity", "cosine", "sine", "step_20180307"],
        "notes": ["No step on 20200101: after the record"],
    }
    study = make(cube)
    study.draw_motion()
    found = facts(study, "F30_fitted.png")
    assert found["numbers"]["median_size"] == {"dem_error": 2, "annual_amplitude": 4, "annual_peak_day": 120, "step_20180307": 6}
    text = page(study)
    assert "fitted together with a yearly course, a step on 2018-03-07 and the DEM's error" in text
    assert "No step on 20200101: after the record." in text
    report.write_maps(study.cube, study.forecasts, study.choice, tmp_path / "maps", "subsidence_red", None)
    with rasterio.open(tmp_path / "maps/dem_error.tif") as file:
        assert file.units == ("m",)
        assert np.nanmedian(file.read(1)) == 2


def test_the_filtered_series_is_a_line_of_its_own(make: Callable[..., Study], tmp_path: Path) -> None:
    study = make()
    plain = study.figure("F31_course.svg")[0]
    study.draw_motion()
    before = plain.read_text()
    data = open_cube(study.cube)
    smooth = data[["displacement"]].rename(displacement="displacement_filtered") * 0.5
    write_store(smooth.assign_coords(data.coords), tmp_path / "filtered.zarr")
    study.draw_motion(tmp_path / "filtered.zarr")
    assert plain.read_text() != before
    assert facts(study, "F31_course.svg")["numbers"] == {"hidden": False, "filtered": True}
    assert "thin line is the filtered series" in page(study)


def decomposition(folder: Path, *, points: bool = False, series: bool = True) -> tuple[Path, Path]:
    """A decomposition with one sinking place in its north-west corner, whose ground moves east."""
    ny, nx, n = 6, 8, 5
    rng = np.random.default_rng(0)
    up, east = rng.normal(0, 0.1, (ny, nx)), rng.normal(0, 0.1, (ny, nx))
    up[1, 1], east[1, 1] = -40, 12
    years = np.arange(n)[:, None, None] * 30 / 365.25
    layers: dict[str, Any] = {"velocity_vertical": up, "velocity_east": east, "mask": np.ones((ny, nx), bool)}
    layers |= {"velocity_vertical_sigma": np.full((ny, nx), 0.5), "velocity_east_sigma": np.full((ny, nx), 0.5)}
    layers["mask"][5, 7] = False
    if series:
        layers |= {"vertical": up * years, "east": east * years, "filled": np.zeros((n, ny, nx), bool)}
        layers |= {f"sigma_{name}": np.full((n, ny, nx), 1.0) for name in ("vertical", "east")}
    x, y = 500040 + 80 * np.arange(nx), 4000440 - 80 * np.arange(ny)
    coords: dict[str, Any] = {"y": y, "x": x}
    if series:
        coords["time"] = np.datetime64("2020-01-01", "ns") + np.arange(n) * np.timedelta64(30, "D")
    data = xr.Dataset(
        {name: (("time", "y", "x") if values.ndim == 3 else ("y", "x"), values) for name, values in layers.items()}, coords
    )
    if points:
        from pyproj import Transformer

        flat = data.stack(point=("y", "x"), create_index=False)
        lon, lat = Transformer.from_crs(32633, 4326, always_xy=True).transform(flat.x.values, flat.y.values)
        data = flat.assign_coords(lon=("point", lon), lat=("point", lat)).assign_attrs(crs="EPSG:32633", size_m=80.0)
    else:
        data = data.rio.write_crs(32633)
    folder.mkdir(parents=True, exist_ok=True)
    write_store(data, folder / "decomposed.zarr")
    said = {
        "cubes": [{"name": "A"}, {"name": "D"}], "reference": {"lon": 15.0, "lat": 36.147, "sentence": "There."},
        "cells": {"total": 48, "used": 47}, "north": {"vertical": -0.15, "east": 0.01}, "sentences": ["A and D were solved.", "There."],
    }  # fmt: skip
    write_json(folder / "decomposed.json", said)
    return folder / "decomposed.zarr", folder / "decomposed.json"


def draw(folder: Path, files: tuple[Path, Path]) -> list[Path]:
    made = [folder / "F27_v.png", folder / "F27_v.json", folder / "F28_c.svg", folder / "F28_c.json"]
    report.draw_decomposed(*files, *made, "subsidence_red")
    return made


@pytest.mark.parametrize("points", [False, True])
def test_vertical_and_east_are_on_the_page(drawn: Study, tmp_path: Path, points: bool) -> None:
    files = decomposition(tmp_path / "stack", points=points)
    figures = draw(tmp_path, files)
    report.write_decomposed(files[0], tmp_path / "maps", "subsidence_red")
    (tmp_path / "maps/.snakemake_timestamp").touch()
    compared = {
        "comparisons": [
            {"name": "X - Y", "component": "vertical", "n": 4, "rmse": 1.25, "bias": 0.5, "velocity_gnss": -41.0, "velocity_gnss_sigma": 1.0,
             "velocity_insar": -40.0, "velocity_insar_sigma": 2.0, "sentence": "s"}
        ],
        "table": [], "skipped": [{"what": "gnss", "name": "ZZZZ", "reason": "too far"}], "sentence": "s",
    }  # fmt: skip
    write_json(tmp_path / "gnss.json", compared)
    index = drawn.write_page(
        tmp_path / "report", decomposed=files, decomposed_figures=figures, decomposed_gnss=[tmp_path / "gnss.json"],
        decomposed_maps=[tmp_path / "maps"],
    )  # fmt: skip
    found = Page(index)
    assert "The fastest vertical motion: the ground sinks at 40 ± 0 mm/yr" in found.text.replace("40.0 ± 0.5", "40 ± 0")
    assert "the ground moves east at 12" in found.text
    assert "Against GNSS, X − Y differs by 1.2 mm vertically" in found.text
    assert "A and D were solved." in found.text
    assert "ZZZZ" in found.text
    headline = pd.read_csv(tmp_path / "report/tables/headline.csv").set_index(["cube", "number"])["value"]
    assert headline["decomposed", "fastest_vertical"] == pytest.approx(-40)
    assert headline["decomposed", "places"] == 47
    places = pd.read_csv(tmp_path / "report/tables/decomposed_places.csv")
    assert places["vertical"][0] == pytest.approx(-40)
    assert (places["lat"][0], places["lon"][0]) == (pytest.approx(36.147, abs=0.01), pytest.approx(15.0, abs=0.01))
    links = [str(anchor["href"]) for anchor in found.all("a")]
    assert not any("snakemake" in link for link in links)
    assert f"../report/maps/{'decomposed.gpkg' if points else 'velocity_vertical.tif'}" in links
    assert "../report/figures/F27_v.png" in links


def test_the_maps_have_the_values_in_their_places(tmp_path: Path) -> None:
    store, _ = decomposition(tmp_path / "stack")
    report.write_decomposed(store, tmp_path / "maps", "subsidence_red")
    with rasterio.open(tmp_path / "maps/velocity_vertical.tif") as file:
        values = file.read(1)
        assert values[1, 1] == -40
        assert np.isnan(values[5, 7])
        assert file.crs.to_epsg() == 32633
        assert (file.transform.c, file.transform.f) == (500000, 4000480)
    east = (tmp_path / "maps/velocity_east.qml").read_text()
    assert "to the west" in east
    assert "subsidence" not in east


def test_without_common_dates_there_are_velocities_only(tmp_path: Path) -> None:
    files = decomposition(tmp_path / "stack", series=False)
    draw(tmp_path, files)
    assert "no series" in json.loads((tmp_path / "F28_c.json").read_text())["title"]
    found = read_decomposed(files[0])
    assert "no series" in sentences.series(found)


def test_motion_within_its_noise_is_called_so(tmp_path: Path) -> None:
    store, _ = decomposition(tmp_path / "stack")
    data = xr.open_zarr(store, consolidated=False, decode_coords="all").load()
    data["velocity_east"] = data.velocity_east * 0 + 0.3
    write_store(data, tmp_path / "quiet.zarr")
    assert (
        "No east-west motion exceeds twice its standard deviation"
        in sentences.fastest(read_decomposed(tmp_path / "quiet.zarr"))[1]
    )


def test_cubes_that_disagree_about_the_common_reference_are_told() -> None:
    def said(rates: list[float], errors: list[float | None]) -> str:
        zero = {"lon": -119.6, "lat": 36.2, "velocity_before": rates, "velocity_before_sigma": errors}
        record = {"cubes": [{"name": "A"}, {"name": "D"}], "reference": zero}
        return sentences.relative(record).replace("\N{NO-BREAK SPACE}", " ")

    assert "36.2000° N, 119.6000° W, A by 0 mm/yr and D by −83 mm/yr moved there" in said([0.0, -83.0], [2.0, 9.0])
    assert "relative to the common one" in said([0.0, -83.0], [2.0, 9.0])
    assert "A by −3.3 mm/yr and D by +0.1 mm/yr" in said([-3.26, 0.06], [0.2, 0.2])
    assert said([0.0, -3.0], [2.0, 9.0]) == ""
    assert said([-10.0, -10.4], [0.1, 0.3]) == "", "they agree that the place moves"
    assert said([0.0, 2.0], [None, None]) == "", "without errors a millimetre each"
    assert sentences.relative({"cubes": [{"name": "A"}, {"name": "D"}], "reference": {"lon": 1.0, "lat": 2.0}}) == ""


def test_no_test_asked_for_is_not_called_missing_data(make: Callable[..., Study]) -> None:
    study = make(scored=False)
    for path in study.forecasts:
        newest = open_store(path).isel(origin=[-1]).load()
        shutil.rmtree(path)
        for values in newest.variables.values():
            values.encoding = {}
        write_store(newest, path)
    text = page(study)
    assert "no test was asked for (forecast.origins is 0); nothing is known about its error" in text
    assert "no later acquisition" not in text


def test_sentences_of_the_inversion_are_quiet_without_numbers() -> None:
    assert inversion_words.noise({"pairs": [{"kept": True}]}) == ""
    assert inversion_words.unwrapping({"corrected": {"samples": 0, "pixels": 0, "left": 0}}) == ""
    left = inversion_words.unwrapping({"corrected": {"samples": 0, "pixels": 0, "left": 1}})
    assert left.replace("\N{NO-BREAK SPACE}", " ") == (
        "Unwrapping errors: none could be corrected for certain; 1 pixel still misfits by more than half a cycle."
    )
    loops = {"loop_errors": {"samples": 141504, "over_pi": 532}}
    some = inversion_words.unwrapping(loops | {"corrected": {"samples": 6, "pixels": 1, "left": 4}})
    assert "6\N{NO-BREAK SPACE}samples in 1\N{NO-BREAK SPACE}pixel were off" in some
    assert (
        "532 of 141\N{NARROW NO-BREAK SPACE}504 loop closures, each of one pixel, exceeded π before: a wrong sample opens" in some
    )
    none = inversion_words.unwrapping(loops | {"corrected": {"samples": 0, "pixels": 0, "left": 0}})
    assert none.startswith("Unwrapping errors: no sample was corrected, though 532 of")
    assert inversion_words.unwrapping(loops) == "", "an older record did not look for any"
    with pytest.raises(InsarcastError):
        report.write_decomposed(Path("/nowhere.zarr"), Path("/nowhere"), "subsidence_red")
