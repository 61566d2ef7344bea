"""Ready series on a grid: what is read is what was written, vintages are dates up to then, gaps are bridged without looking ahead."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from products import bowl, days, place
from products_ready import make_ready, write_hdfeos5, write_licsbas, write_mintpy, write_opera
from rasters import ANGLES, write_bands, write_dates
from ready_open import acquire

from insarcast.core import InsarcastError, Study, line_of_sight, open_cube, open_store, read_manifest, write_json
from insarcast.evaluate.grid.truth import find_targets
from insarcast.report.stack import ready_words
from insarcast.report.writing.words import count
from insarcast.stack import build_cube, decompose_cubes, estimate_corrections, filter_cube, move_reference, read_displacement
from insarcast.stack.cube.mask import FLAGS
from insarcast.stack.ready.windows import reading_windows
from insarcast.stack.temporal.vintage import bridge_gaps
from tests.stack.conftest import lags, solve, write_ifgs

DATES = days(9)
NOISE = np.random.default_rng(3).normal(0, 2, (9, 12, 16))
SERIES = bowl(DATES, 12, 16) + NOISE - NOISE[:1]
REFERENCE = {"lon": None, "lat": None, "window": 3}
MASK: dict[str, Any] = {"preset": "none", "thresholds": {}}


def store(
    folder: Path,
    products: dict[str, Any] | None = None,
    reference: dict[str, Any] | None = None,
    mem_mb: int = 4000,
    **series: Any,
) -> tuple[xr.Dataset, dict[str, Any]]:
    """Acquire and read a folder of GeoTIFFs: the store, in memory, and its record."""
    acquire(folder, "rasters", ANGLES | (products or {}), **({"files": ["disp_{date}.tif"], "units": "mm"} | series))
    settings = Study(folder.parent / "study.yaml").get("series", "A")
    out = folder.parent
    read_displacement(
        out / "rasters.json", out / "store.zarr", out / "store.json", REFERENCE | (reference or {}), settings, mem_mb=mem_mb
    )
    return open_store(out / "store.zarr").load(), json.loads((out / "store.json").read_text())


def cube(folder: Path, vintage: str = "full", mask: dict[str, Any] = MASK, **options: Any) -> xr.Dataset:
    """The cube of a vintage of the store that was read last."""
    path = folder.parent / f"{vintage}.zarr"
    both = folder.parent / "store.zarr"
    build_cube(both, both, path, vintage, mask, 0, "none", **options)
    return open_cube(path).load()


def refused(folder: Path, *parts: str, **options: Any) -> None:
    with pytest.raises(InsarcastError) as caught:
        store(folder, **options)
    for part in parts:
        assert part in str(caught.value), str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file per date, in mm."""
    write_dates(tmp_path / "data", DATES, SERIES)
    return tmp_path / "data"


def test_what_was_written_is_read(folder: Path) -> None:
    data, record = store(folder)
    np.testing.assert_array_equal(data.displacement.values, SERIES.astype(np.float32))
    assert not data.filled.values.any()
    assert "sigma" not in data
    np.testing.assert_allclose(data.los.values[:, 3, 3], line_of_sight(39.7, -12.27), rtol=1e-6)
    made = cube(folder)
    np.testing.assert_array_equal(made.displacement.values, SERIES.astype(np.float32))
    assert made.mask.values.all()
    assert (made.attrs["evaluation"], record["evaluation"]) == ("retrospective", "retrospective")
    assert "n_pairs" not in made.attrs
    assert "sigma" not in made  # the product has none, and none is made up
    years = (made.time.values - made.time.values[0]) / np.timedelta64(1, "D") / 365.25
    np.testing.assert_allclose(made.velocity.values, np.polyfit(years, SERIES.reshape(9, -1), 1)[0].reshape(12, 16), rtol=1e-4)


def test_a_cube_written_as_files_is_the_same_cube_again(tmp_path: Path, basin) -> None:  # type: ignore[no-untyped-def]
    """A network inverted here, its displacement, errors, indices and mask written as GeoTIFFs, and read back."""
    write_ifgs(tmp_path / "ifgs.zarr", basin(noise=2.0), lags(8, 1, 2, 3))
    own, _ = solve(tmp_path, mask="insarcast")
    own, folder = own.load(), tmp_path / "again/data"
    dates = [str(day).replace("-", "") for day in own.time.values.astype("datetime64[D]")]
    corner = Affine(0.001, 0, float(own.x[0]) - 0.0005, 0, -0.001, float(own.y[0]) + 0.0005)
    where: dict[str, Any] = {"profile": {"transform": corner}}
    write_dates(folder, dates, own.displacement.values / 1000, units="m", **where)
    write_dates(folder, dates, own.sigma.values / 1000, "sigma_{}.tif", **where)
    indices = ("coherence", "temporal_coherence", "resid_rms", "n_unw")
    for name in (*indices, "mask", "height"):
        values = own[name].values.astype(np.float32)
        write_bands(folder / f"{name}.tif", values / (1000 if name == "resid_rms" else 1), **where)
    los = {name: f"{name}.tif" for name in ("east", "north", "up")}
    for number, file in enumerate(los.values()):
        write_bands(folder / file, own.los.values[number], **where)
    store(
        folder, {"incidence": None, "heading": None, "dem": "height.tif", "los": los}, units="m",
        layers={name: f"{name}.tif" for name in (*indices, "mask")} | {"sigma": "sigma_{date}.tif"},
    )  # fmt: skip
    again = cube(folder, mask={"preset": "insarcast", "thresholds": {}})
    assert own.mask.values.sum() > 100
    np.testing.assert_array_equal(again.mask.values, own.mask.values)
    same = ["displacement", "sigma", "velocity", "velocity_sigma", "velocity_std", "stc", "los", "height", *indices]
    for name in same:
        np.testing.assert_allclose(again[name].values, own[name].values, rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    ("source", "write"), [("mintpy", write_mintpy), ("mintpy", write_hdfeos5), ("licsbas", write_licsbas), ("opera", write_opera)]
)
def test_every_format_becomes_a_cube(tmp_path: Path, source: str, write: Callable[..., Any]) -> None:
    ready = make_ready(8, utm=source != "licsbas")
    write(tmp_path / "data", ready)
    acquire(tmp_path / "data", source)
    settings = {"min_dates": 0.5, "check_size": True}
    read_displacement(tmp_path / f"{source}.json", tmp_path / "store.zarr", tmp_path / "store.json", REFERENCE, settings)
    made = cube(tmp_path / "data")
    np.testing.assert_allclose(made.displacement.values[:, :19, :26], ready.displacement[:, :19, :26], atol=2e-5)
    assert [made.attrs[f"reference_{key}"] for key in ("row", "col", "window")] == [2, 3, 1]
    assert not made.mask.values[-4:, -5:].any()
    assert made.mask.values.sum() > 600


@pytest.mark.parametrize(("units", "factor"), [("mm", 1.0), ("cm", 10.0), ("m", 1000.0)])
@pytest.mark.parametrize("sign", ["towards", "away"])
def test_units_and_sign_are_those_of_the_study(tmp_path: Path, units: str, factor: float, sign: str) -> None:
    turn = 1 if sign == "towards" else -1
    write_dates(tmp_path / "data", DATES, turn * SERIES / factor, units=units)
    write_dates(tmp_path / "data", DATES, np.full_like(SERIES, 3.0 / factor), "sigma_{}.tif")
    data, record = store(tmp_path / "data", units=units, sign=sign, layers={"sigma": "sigma_{date}.tif"})
    np.testing.assert_allclose(data.displacement.values, SERIES, atol=2e-5)
    np.testing.assert_allclose(data.sigma.values, 3.0, rtol=1e-6)
    assert f"Units ({units})" in record["stated"]
    assert record["has"]["sigma"]


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_a_band_per_date_is_the_same_as_a_file_per_date(folder: Path, interleave: str) -> None:
    one, _ = store(folder)
    stack = folder.parent / "other/data"
    order = [4, 0, 1, 2, 3, 5, 6, 7, 8]
    names = [DATES[at] for at in order]
    write_bands(stack / "all.tif", SERIES[order].astype(np.float32), names=names, profile={"interleave": interleave})
    two, _ = store(stack, files=["all.tif"])
    xr.testing.assert_identical(one, two)


def test_files_of_unequal_extent_lie_on_one_grid(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for at, date in enumerate(DATES):
        top, left = at % 3, 2 * (at % 2)
        write_bands(folder / f"disp_{date}.tif", SERIES[at, top:, left:].astype(np.float32), corner=(top, left))
    data, record = store(folder)
    assert data.displacement.shape == SERIES.shape
    np.testing.assert_array_equal(data.displacement.values[:, 2:, 2:], SERIES[:, 2:, 2:].astype(np.float32))
    assert np.isnan(data.displacement.values[1, 0]).all()
    assert record["measured"][0] == 1.0
    assert record["measured"][1] < 1.0


def test_a_file_on_another_lattice_is_named(folder: Path) -> None:
    write_bands(folder / f"disp_{DATES[4]}.tif", SERIES[4].astype(np.float32), crs="EPSG:32614")
    refused(folder, f"disp_{DATES[4]}.tif is on EPSG:32614", "list its date in products.exclude")


def test_series_that_begin_elsewhere_in_time_are_referred_to_the_first_date(tmp_path: Path) -> None:
    write_dates(tmp_path / "data", DATES, SERIES - SERIES[5:6])
    data, _ = store(tmp_path / "data")
    np.testing.assert_allclose(data.displacement.values, SERIES, atol=1e-4)
    assert (data.displacement.values[0] == 0).all()


def test_a_first_date_of_nothing_but_0_is_no_nodata(tmp_path: Path) -> None:
    """Where 0 stands for nodata the date that all begin on holds nothing else; a hole of the other dates stays one."""
    values = SERIES.copy()
    values[1:, 2:4, 5] = 0
    write_dates(tmp_path / "data", DATES, values, nodata=0)
    data, _ = store(tmp_path / "data")
    assert (data.displacement.values[0][np.isfinite(data.displacement.values[1])] == 0).all()
    assert np.isnan(data.displacement.values[:, 2:4, 5]).all()
    assert np.isfinite(data.displacement.values).sum() == 9 * (12 * 16 - 2)


def test_nodata_of_the_study_adds_to_that_of_the_files(tmp_path: Path) -> None:
    values = SERIES.copy()
    values[:, 0, 0], values[:, 1, 1] = -9999, 99
    write_dates(tmp_path / "data", DATES, values, nodata=-9999)
    data, _ = store(tmp_path / "data", nodata=99)
    assert np.isnan(data.displacement.values[:, 0, 0]).all()
    assert np.isnan(data.displacement.values[:, 1, 1]).all()


def test_integers_with_scale_and_offset_are_unpacked(tmp_path: Path) -> None:
    """Nodata is compared as it is stored, and the scale is that of each band."""
    steps = np.round(SERIES * 10)
    stored = np.where(np.arange(16) == 3, -32768, steps - 500).astype(np.int16)
    write_bands(tmp_path / "data/all.tif", stored, names=DATES, nodata=-32768)
    with rasterio.open(tmp_path / "data/all.tif", "r+") as file:
        file.scales, file.offsets = [0.1] * 9, [50.0] * 9
    data, _ = store(tmp_path / "data", files=["all.tif"])
    assert np.isnan(data.displacement.values[:, :, 3]).all()
    rest = np.arange(16) != 3
    np.testing.assert_allclose(data.displacement.values[:, :, rest], steps[:, :, rest] / 10, atol=2e-5)


def test_gaps_are_bridged_marked_and_counted(folder: Path) -> None:
    values = SERIES.copy()
    values[3, 5, 5] = values[[0, 1], 6, 6] = values[8, 7, 7] = values[2:, 8, 8] = np.nan
    write_dates(folder, DATES, values)
    data, record = store(folder)
    assert record["pixels"] == {"total": 192, "inverted": 192, "no_data": 0, "with_gaps": 4, "bridged": 0, "bridged_steps": 0}
    made = cube(folder)
    np.testing.assert_allclose(made.displacement.values[3, 5, 5], (SERIES[2, 5, 5] + SERIES[4, 5, 5]) / 2, rtol=1e-5)
    np.testing.assert_allclose(made.displacement.values[:, 6, 6], [0, 0, *(SERIES[2:, 6, 6] - SERIES[2, 6, 6])], atol=1e-4)
    assert made.displacement.values[8, 7, 7] == made.displacement.values[7, 7, 7]
    assert np.isnan(made.displacement.values[:, 8, 8]).all()  # two of nine dates are no series
    assert np.flatnonzero(data.filled.values[:, 5, 5]).tolist() == [3, 4]
    assert np.flatnonzero(data.filled.values[:, 6, 6]).tolist() == [1, 2]
    assert np.flatnonzero(data.filled.values[:, 7, 7]).tolist() == [8]
    assert (made.n_gap.values[5, 5], made.n_gap_merged.values[5, 5], made.n_gap.values[1, 1]) == (2, 1, 0)
    assert made.mask_reason.values[8, 8] == 1 << FLAGS.index("not_inverted")
    assert made.mask.values.sum() == 191


@pytest.mark.parametrize("least", [0.1, 0.9])
def test_how_many_dates_a_pixel_needs_is_the_studys(folder: Path, least: float) -> None:
    values = SERIES.copy()
    values[2:6, 8, 8] = np.nan
    write_dates(folder, DATES, values)
    store(folder, min_dates=least)
    assert cube(folder).mask.values[8, 8] == (least < 0.5)


def test_bridging_is_interpolation_in_time() -> None:
    rng, years = np.random.default_rng(0), np.cumsum([0.0, 0.1, 0.3, 0.05, 0.2, 0.1, 0.4])
    whole = rng.normal(size=(7, 5, 6))
    holes = rng.random(whole.shape) < 0.3
    found = bridge_gaps(np.where(holes, np.nan, whole), years, 0.2)
    for row in range(5):
        for col in range(6):
            known = ~holes[:, row, col]
            expected = np.interp(years, years[known], whole[known, row, col])
            expected -= expected[0] if not known[0] else 0
            np.testing.assert_allclose(found[:, row, col], expected, atol=1e-12)


@pytest.mark.parametrize("later", ["values", "gaps"])
def test_a_vintage_is_its_dates_and_knows_nothing_of_later_ones(folder: Path, later: str) -> None:
    values = SERIES.copy()
    values[4, 5, 5] = values[3, 6, 6] = np.nan  # the last date of the vintage, and one before
    write_dates(folder, DATES, values)
    store(folder, layers={})
    before = cube(folder, f"asof-{DATES[4]}")
    assert before.sizes["time"] == 5
    assert before.displacement.values[4, 5, 5] == before.displacement.values[3, 5, 5]
    values[5:] = values[5:] * 3 + 40 if later == "values" else np.where(np.arange(16) < 9, np.nan, values[5:])
    write_dates(folder, DATES, values)
    store(folder, layers={})
    xr.testing.assert_identical(before, cube(folder, f"asof-{DATES[4]}"))
    assert not np.array_equal(before.velocity.values, cube(folder).velocity.values)


def test_a_vintage_of_no_date_is_a_sentence(folder: Path) -> None:
    store(folder)
    with pytest.raises(InsarcastError, match="no acquisition on 20200105"):
        cube(folder, "asof-20200105")


def test_mask_and_indices_of_the_product_become_the_cubes(folder: Path) -> None:
    use, quality = np.ones((12, 16), np.float32), np.full((12, 16), 0.9, np.float32)
    use[0, :4], quality[5, :3] = 0, 0.2
    write_bands(folder / "mask.tif", use, nodata=0)
    write_bands(folder / "quality.tif", quality)
    write_bands(folder / "coherence.tif", np.full((12, 16), 51, np.uint8), nodata=None)
    write_bands(folder / "rms.tif", np.full((12, 16), 0.4, np.float32))
    write_bands(folder / "count.tif", np.full((12, 16), 30, np.int16), nodata=None)
    names = {"mask": "mask", "temporal_coherence": "quality", "coherence": "coherence", "resid_rms": "rms", "n_unw": "count"}
    store(folder, layers={name: f"{file}.tif" for name, file in names.items()})
    made = cube(folder, mask={"preset": "insarcast", "thresholds": {}})
    reasons = made.mask_reason.values
    assert (reasons[0, :4] == 1 << FLAGS.index("product_mask")).all()
    assert (reasons[5, :3] == 1 << FLAGS.index("temporal_coherence")).all()
    assert (reasons == 0).sum() == 192 - 7
    layers = (made.coherence, made.resid_rms, made.n_unw)
    assert [float(layer.values[0, 0]) for layer in layers] == pytest.approx([0.2, 0.4, 30])
    assert made.attrs["notes"][-1] == "The mask does not test loop_err_ratio: there is no such index in the product."


def test_water_is_masked_or_kept(folder: Path) -> None:
    lake = np.zeros((12, 16), np.float32)
    lake[-2:, -3:] = 1
    write_bands(folder / "water.tif", lake)
    data, _ = store(folder, layers={"water": "water.tif"})
    np.testing.assert_array_equal(data.water.values, lake == 1)
    assert (cube(folder).mask_reason.values[lake == 1] == 1 << FLAGS.index("water")).all()
    out = folder.parent
    read_displacement(
        out / "rasters.json",
        out / "kept.zarr",
        out / "kept.json",
        REFERENCE,
        {"min_dates": 0.5, "check_size": True},
        water="keep",
    )
    assert "water" not in open_store(out / "kept.zarr")


def test_the_study_sets_the_reference(folder: Path) -> None:
    lon, lat = place(7, 9)
    data, record = store(folder, reference={"lon": lon, "lat": lat})
    np.testing.assert_allclose(data.displacement.values[:, 6:9, 8:11].mean((1, 2)), 0, atol=1e-4)
    rest = SERIES - SERIES[:, 6:9, 8:11].mean((1, 2))[:, None, None]
    np.testing.assert_allclose(data.displacement.values, rest, atol=1e-4)
    assert (record["reference"]["method"], data.attrs["reference_row"], data.attrs["reference_col"]) == ("config", 7, 9)


def test_a_reference_without_values_is_named(folder: Path) -> None:
    values = SERIES.copy()
    values[4, 6:9, 8:11] = np.nan
    write_dates(folder, DATES, values)
    lon, lat = place(7, 9)
    refused(folder, "is measured on 2020-02-21", "stack.reference", reference={"lon": lon, "lat": lat})
    refused(folder, "lies outside the cube's grid", reference={"lon": 10.0, "lat": 50.0})


def test_a_reference_that_is_not_known_is_said_and_can_be_moved(folder: Path) -> None:
    data, record = store(folder)
    assert "does not say where it is zero" in record["reference"]["sentence"]
    assert not any(name.startswith("reference_") for name in data.attrs)
    lon, lat = place(7, 9)
    made = cube(folder)
    moved = move_reference(made, lon, lat)
    both, out = folder.parent / "store.zarr", folder.parent
    estimate_corrections(
        both, both, out / "fix.zarr", out / "fix.json", "full", {"method": "none", "height": "none"},
        {"surface": "none", "force": False}, {"lon": lon, "lat": lat, "window": 3},
    )  # fmt: skip
    again = cube(folder, corrections=[out / "fix.zarr"])
    np.testing.assert_allclose(again.displacement.values, moved.displacement.values, atol=1e-4)
    assert again.attrs["reference_row"] == 7
    assert "from the product's own place" in json.loads((out / "fix.json").read_text())["steps"][0]["sentence"]


def read_ready(folder: Path, source: str) -> dict[str, Any]:
    """The record of a folder that another program has made."""
    acquire(folder, source)
    out = folder.parent
    settings = Study(out / "study.yaml").get("series", "A")
    read_displacement(out / f"{source}.json", out / "store.zarr", out / "store.json", REFERENCE, settings)
    return dict(json.loads((out / "store.json").read_text()))


def test_where_it_is_zero_is_said_in_the_head_as_in_the_sentence(tmp_path: Path, folder: Path) -> None:
    ready = make_ready(12)
    write_opera(tmp_path / "a/disp", ready)
    record = read_ready(tmp_path / "a/disp", "opera")
    assert "zero" not in record["reference"]
    assert record["reference"]["sentence"] == "The reference is the product's own."
    write_opera(tmp_path / "b/disp", replace(ready, displacement=ready.displacement + np.arange(12)[:, None, None]))
    record = read_ready(tmp_path / "b/disp", "opera")["reference"]
    assert "is not zero there on all dates" in record["sentence"]
    assert ready_words.zero(record).startswith("the product's own, which is not zero at")
    record = store(folder)[1]["reference"]
    assert ready_words.zero(record) == "the product's own, at a place that it does not name"
    assert ready_words.zero({}) == "not recorded"


def test_the_product_may_leave_out_its_own_reference_on_a_date(tmp_path: Path) -> None:
    ready = make_ready(12)
    row, col = ready.reference
    write_opera(tmp_path / "disp", ready, bad={ready.dates[5]: (slice(row, row + 1), slice(col, col + 1))})
    assert (read_ready(tmp_path / "disp", "opera")["reference"]["row"]) == row


def test_steps_that_the_product_bridged_are_counted_and_said(tmp_path: Path) -> None:
    write_licsbas(tmp_path / "frame", make_ready(utm=False), gaps=[3, 5])
    record = read_ready(tmp_path / "frame", "licsbas")
    pixels = record["pixels"]
    stored = open_store(tmp_path / "store.zarr")
    values, filled = stored.displacement.values, stored.filled.values
    steps = filled[1:] & np.isfinite(values[1:]) & np.isfinite(values[:-1])
    assert pixels["bridged_steps"] == int(steps.sum()) > 0
    assert pixels["bridged"] == int(steps.any(0).sum())
    said = ready_words.gaps(pixels)
    assert "the product itself bridged" in said
    assert count(pixels["bridged_steps"], "step") in said
    plain = pixels | {"bridged": 0, "bridged_steps": 0, "with_gaps": 0}
    assert ready_words.gaps(plain) == "Every pixel that has a value has one on all dates."


def test_a_preset_does_not_judge_the_coherence_of_opera(tmp_path: Path) -> None:
    """It is of phase linking: what the product recommends is used unless the study sets a threshold itself."""
    ready = make_ready(12)
    low = np.zeros(ready.shape, bool)
    low[3:6, 3:8] = True
    write_opera(tmp_path / "disp", replace(ready, coherence=np.where(low, 0.5, 0.9)))
    read_ready(tmp_path / "disp", "opera")
    flag = 1 << FLAGS.index("temporal_coherence")
    made = cube(tmp_path / "disp", mask={"preset": "insarcast", "thresholds": {}})
    assert not (made.mask_reason.values & flag).any()
    assert made.mask.values[low].any()
    assert any("of phase linking" in note for note in made.attrs["notes"])
    own = cube(tmp_path / "disp", mask={"preset": "insarcast", "thresholds": {"temporal_coherence": 0.7}})
    assert not own.mask.values[low].any()
    assert not any("of phase linking" in note for note in own.attrs["notes"])


def test_corrections_of_a_vintage_come_from_its_own_dates(folder: Path) -> None:
    y, x = np.mgrid[-1:1:12j, -1:1:16j]
    ramps = NOISE[:, :1, :1] * x + NOISE[:, :1, 1:2] * y
    write_dates(folder, DATES, NOISE * 0.1 + 5 * (ramps - ramps[:1]))
    store(folder)
    both, out = folder.parent / "store.zarr", folder.parent
    vintage = f"asof-{DATES[6]}"
    estimate_corrections(
        both, both, out / "fix.zarr", out / "fix.json", vintage, {"method": "none", "height": "none"},
        {"surface": "plane", "force": True}, None,
    )  # fmt: skip
    record = json.loads((out / "fix.json").read_text())
    assert record["dates"] == DATES[:7]
    made = cube(folder, vintage, corrections=[out / "fix.zarr"])
    assert made.displacement.values.std() < 0.1 * open_store(both).displacement.values[:7].std()


def test_the_filter_and_the_truth_need_no_reference(folder: Path) -> None:
    store(folder)
    full, past = cube(folder), cube(folder, f"asof-{DATES[5]}")
    filter_cube(folder.parent / "full.zarr", folder.parent / "filtered.zarr", "smooth", False, 5)
    smooth = open_store(folder.parent / "filtered.zarr").displacement_filtered.values
    truth = bowl(DATES, 12, 16)
    assert np.abs(smooth - truth).mean() < np.abs(full.displacement.values - truth).mean()
    targets, unscored = find_targets(full, [past], full.time.values[None, 6:8])
    assert ([target.shift for target in targets], unscored) == ([0.0, 0.0], [])


@pytest.mark.parametrize(
    ("factor", "said"), [(1e-3, "is it in metres?"), (1e3, "is it in millimetres"), (0.0, "is the same on all dates")]
)
def test_the_size_of_other_units_is_asked_about(tmp_path: Path, factor: float, said: str) -> None:
    write_dates(tmp_path / "data", DATES, SERIES * factor)
    refused(tmp_path / "data", said)
    if factor:
        data, record = store(tmp_path / "data", check_size=False)
        assert record["sizes"] == {}
        np.testing.assert_allclose(data.displacement.values, SERIES * factor, rtol=1e-5, atol=1e-6)


def test_a_date_or_a_product_without_values_is_a_sentence(folder: Path) -> None:
    write_bands(folder / f"disp_{DATES[4]}.tif", np.full((12, 16), np.nan, np.float32))
    refused(folder, f"holds no value on {DATES[4]}", "products.exclude")
    write_dates(folder, DATES, np.full_like(SERIES, np.nan))
    refused(folder, "No pixel of a series of GeoTIFFs has a value")


def test_the_grid_is_cut_to_the_area(folder: Path) -> None:
    store(folder)
    out = folder.parent
    west, south = place(8.4, 2.6)
    east, north = place(4.6, 9.4)
    found = json.loads((out / "rasters.json").read_text())
    write_json(out / "cut.json", found | {"area": [west, south, east, north]})
    for crop, shape in ((True, (4, 7)), (False, (12, 16))):
        read_displacement(
            out / "cut.json", out / "cut.zarr", out / "x.json", REFERENCE, {"min_dates": 0.5, "check_size": True}, crop=crop
        )
        assert open_store(out / "cut.zarr").displacement.shape[1:] == shape
        if crop:
            np.testing.assert_array_equal(
                open_store(out / "cut.zarr").displacement.values, SERIES[:, 5:9, 3:10].astype(np.float32)
            )


def test_the_dem_error_needs_baselines_of_the_product(folder: Path) -> None:
    store(folder)
    with pytest.raises(InsarcastError, match=r"stack\.dem_error needs perpendicular baselines, which a series of GeoTIFFs"):
        cube(folder, dem_error=True)


def test_two_sides_give_vertical_motion(tmp_path: Path) -> None:
    sides = {"A": (38.5, -12.6), "D": (34.0, -167.4)}
    for name, angles in sides.items():
        folder = tmp_path / name / "data"
        write_dates(folder, DATES, bowl(DATES, 12, 16) * line_of_sight(*angles)[2])
        store(folder, {"incidence": angles[0], "heading": angles[1]})
        cube(folder)
    settings = {"resolution": None, "window_days": 36, "window": 3, "reference": list(place(1, 1)), "max_condition": 5.0}
    decompose_cubes(
        [tmp_path / name / "full.zarr" for name in sides], tmp_path / "d.zarr", tmp_path / "d.json", list(sides), settings, "none"
    )
    found = open_store(tmp_path / "d.zarr")
    row, col = np.unravel_index(np.argmin(SERIES[-1]), (12, 16))
    np.testing.assert_allclose(found.vertical.values[-1, row, col], bowl(DATES, 12, 16)[-1, row, col], atol=1.0)
    assert np.nanmax(np.abs(found.east.values)) < 0.5


@pytest.mark.parametrize("chunk", [None, (1, 3000), (512, 512), (64, 64), (3000, 1)])
def test_windows_are_whole_shards_within_bounds(chunk: tuple[int, int] | None) -> None:
    n, edge, most, seen = 300, 128, 500 * 2**20, np.zeros((900, 3000), int)
    for rows, cols in reading_windows(seen.shape, n, edge, chunk, most):
        seen[rows, cols] += 1
        assert rows.start % edge == cols.start % edge == 0
        assert 4 * n * (rows.stop - rows.start) * (cols.stop - cols.start) <= most
    assert (seen == 1).all()


def test_the_store_does_not_know_of_the_memory(tmp_path: Path) -> None:
    rng, dates = np.random.default_rng(0), days(40)
    values = np.cumsum(rng.normal(0, 3, (40, 300, 420)).astype(np.float32), 0)
    values[rng.random(values.shape) < 0.02] = np.nan
    write_dates(tmp_path / "data", dates, values, profile={"tiled": True, "blockxsize": 128, "blockysize": 128})
    one, first = store(tmp_path / "data")
    two, second = store(tmp_path / "data", mem_mb=460)
    xr.testing.assert_identical(one, two)
    assert first == second


def test_the_manifest_must_be_that_of_the_files(folder: Path) -> None:
    store(folder)
    found = read_manifest(folder.parent / "rasters.json")
    (folder / f"disp_{DATES[3]}.tif").unlink()
    with pytest.raises(InsarcastError, match="is no longer there"):
        read_displacement(
            folder.parent / "rasters.json", folder.parent / "x.zarr", folder.parent / "x.json", REFERENCE,
            {"min_dates": 0.5, "check_size": True},
        )  # fmt: skip
    assert found.dates == DATES
