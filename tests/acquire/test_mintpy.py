"""Finding MintPy's time series: which file, where it lies, what zeros mean, and what cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from products_ready import Ready, cut, make_ready, mintpy_attributes, write_h5, write_hdfeos5, write_mintpy
from ready_open import acquire, opened, refused, same, values, whole


@pytest.fixture
def ready() -> Ready:
    return make_ready()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mintpy"


def test_the_most_corrected_of_several_is_used_and_the_others_are_listed(folder: Path, ready: Ready) -> None:
    for name in ("timeseries.h5", "timeseries_ERA5.h5", "timeseries_SET_ERA5_ramp_demErr.h5", "timeseries_ERA5_ramp.h5"):
        write_mintpy(folder, ready, name)
    write_mintpy(folder, ready, "timeseries_SET_ERA5_ramp_demErr_tempGaussian3.h5")
    write_h5(folder / "timeseriesResidual.h5", {"timeseries": np.zeros((2, 2, 2))}, {})
    found = acquire(folder, "mintpy")
    assert Path(found.static["series"][0]).name == "timeseries_SET_ERA5_ramp_demErr.h5"
    assert found.conventions["done"] == ["solid Earth tides", "delays of ERA5", "a ramp", "the error of the DEM"]
    assert {entry["name"] for entry in found.skipped} == {
        "timeseries.h5",
        "timeseries_ERA5.h5",
        "timeseries_ERA5_ramp.h5",
        "timeseries_SET_ERA5_ramp_demErr_tempGaussian3.h5",
    }


def test_a_broken_file_that_is_not_needed_does_no_harm(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready, "timeseries_ERA5.h5")
    (folder / "timeseries.h5").write_bytes(b"")
    assert Path(acquire(folder, "mintpy").static["series"][0]).name == "timeseries_ERA5.h5"


def test_the_study_names_another(folder: Path, ready: Ready) -> None:
    for name in ("timeseries.h5", "timeseries_ERA5.h5"):
        write_mintpy(folder, ready, name)
    found = acquire(folder, "mintpy", files=["timeseries.h5"])
    assert Path(found.static["series"][0]).name == "timeseries.h5"
    assert found.skipped == []
    assert "fits timeseries.h5 and timeseries_ERA5.h5" in refused(folder, "mintpy", files=["timeseries*.h5"])
    assert "No file in" in refused(folder, "mintpy", files=["timeseries_GACOS.h5"])
    write_mintpy(folder, ready, "timeseries.h5", X_FIRST=None)
    assert "radar coordinates" in refused(folder, "mintpy", files=["timeseries.h5"])


def test_the_geocoded_one_is_used_where_the_work_was_done_in_radar_coordinates(folder: Path, ready: Ready) -> None:
    radar = dict.fromkeys(("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP", "X_UNIT", "Y_UNIT", "EPSG", "UTM_ZONE"))
    write_mintpy(folder, ready, "timeseries_ERA5_demErr.h5", **radar)
    said = refused(folder, "mintpy")
    assert "radar coordinates" in said
    assert "geo/geo_timeseries_ERA5_demErr.h5" in said
    write_mintpy(folder / "geo", ready, "geo_timeseries_ERA5_demErr.h5", beside=False)
    write_mintpy(folder / "other", ready)
    for name in ("geometryGeo.h5",):
        (folder / "other/inputs" / name).rename(folder / "geo/geo_geometryRadar.h5")
    (folder / "other/temporalCoherence.h5").rename(folder / "geo/geo_temporalCoherence.h5")
    found = acquire(folder, "mintpy")
    assert Path(found.static["series"][0]).name == "geo_timeseries_ERA5_demErr.h5"
    assert Path(found.static["temporal_coherence"][0]).name == "geo_temporalCoherence.h5"
    assert Path(found.static["incidence"][0]).name == "geo_geometryRadar.h5"
    assert found.conventions["done"] == ["delays of ERA5", "the error of the DEM"]


def test_two_that_are_as_good_are_not_chosen_between(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready, "timeseries_ERA5.h5")
    write_mintpy(folder, ready, "timeseries_GACOS.h5")
    said = refused(folder, "mintpy")
    assert "timeseries_ERA5.h5 and timeseries_GACOS.h5" in said
    assert "series.files" in said


def test_hdf_eos5_is_used_where_there_is_nothing_else(folder: Path, ready: Ready) -> None:
    path = write_hdfeos5(folder, ready)
    assert acquire(folder, "mintpy").static == {"series": [str(path)]}
    write_mintpy(folder, ready, "timeseries_ERA5.h5")
    assert Path(acquire(folder, "mintpy").static["series"][0]).name == "timeseries_ERA5.h5"
    assert opened(folder, "mintpy", files=["*.he5"]).product == f"MintPy, {path.name}"


def test_zero_at_all_dates_means_not_inverted_except_at_the_reference(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready, beside=False)
    read = values(opened(folder, "mintpy", {"incidence": 39, "heading": -12}))
    same(read, ready.displacement)
    row, col = ready.reference
    assert (read[:, row, col] == 0).all()
    assert np.isnan(read[:, -1, -1]).all()


def test_zero_at_all_dates_is_zero_where_the_inversion_has_a_coherence(folder: Path, ready: Ready) -> None:
    still = ready.displacement.copy()
    still[:, 5, 5] = 0
    ready.displacement[:] = still
    write_mintpy(folder, ready)
    assert (values(opened(folder, "mintpy"))[:, 5, 5] == 0).all()
    (folder / "temporalCoherence.h5").unlink()
    (folder / "numInvIfgram.h5").unlink()
    assert np.isnan(values(opened(folder, "mintpy"))[:, 5, 5]).all()


def test_zero_at_a_later_reference_date_is_a_value(folder: Path, ready: Ready) -> None:
    shifted = ready.displacement - ready.displacement[4]
    same_but_later = make_ready()
    same_but_later.displacement[:] = shifted
    write_mintpy(folder, same_but_later, REF_DATE=ready.dates[4])
    read = values(opened(folder, "mintpy"))
    assert np.isfinite(read[4, :10]).all()
    same(read - read[:1], ready.displacement, 4e-5)


@pytest.mark.parametrize(("unit", "factor"), [("m", 1.0), ("cm", 100.0), ("mm", 1000.0)])
def test_the_units_are_the_files_own(folder: Path, ready: Ready, unit: str, factor: float) -> None:
    other = make_ready()
    other.displacement[:] *= factor
    write_mintpy(folder, other, UNIT=unit)
    same(values(opened(folder, "mintpy")), ready.displacement, 1e-4)


def test_units_that_are_no_length_are_refused(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready, UNIT="radian")
    assert "'radian'" in refused(folder, "mintpy")


def test_units_that_are_not_said_are_not_guessed(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready, UNIT=None)
    assert "it has no UNIT, which MintPy writes); add it with MintPy's add_attribute.py" in refused(folder, "mintpy")


def test_a_radar_that_looks_left_stands_on_the_other_side(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready, ANTENNA_SIDE="1")
    (folder / "inputs/geometryGeo.h5").unlink()
    incidence = {"incidenceAngle": np.full(ready.shape, 39, np.float32)}
    write_h5(folder / "inputs/geometryGeo.h5", incidence, mintpy_attributes(ready, "geometry", "1"))
    block = (slice(0, 1), slice(0, 1))
    assert opened(folder, "mintpy").line_of_sight(block)[:, 0, 0] == pytest.approx((0.6156, 0.1308, 0.7771), abs=1e-4)
    given = opened(folder, "mintpy", {"incidence": 39, "heading": -12})
    assert given.line_of_sight(block)[:, 0, 0] == pytest.approx((0.6156, 0.1308, 0.7771), abs=1e-4)


def test_the_flight_direction_of_the_attributes_does_where_there_is_no_azimuth(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready)
    incidence = {"incidenceAngle": ready.incidence.astype(np.float32)}
    write_h5(folder / "inputs/geometryGeo.h5", incidence, mintpy_attributes(ready, "geometry", "1"))
    series = opened(folder, "mintpy")
    np.testing.assert_allclose(series.line_of_sight(whole(series)), ready.los, atol=1e-6)


def test_without_geometry_the_study_must_say_where_the_satellite_is(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready, beside=False)
    assert "products.incidence and products.heading" in refused(folder, "mintpy")


def test_layers_of_another_area_are_listed_and_not_used(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready)
    write_mintpy(folder, cut(ready, slice(2, 20), slice(3, 28)), "timeseries_ERA5_ramp_demErr.h5", beside=False)
    found = acquire(folder, "mintpy", {"incidence": 39, "heading": -12})
    assert set(found.static) == {"series"}
    reasons = {entry["name"]: entry["reason"] for entry in found.skipped}
    assert set(reasons) >= {"geometryGeo.h5", "temporalCoherence.h5", "maskTempCoh.h5"}
    assert "another area" in reasons["geometryGeo.h5"]


def test_the_zone_says_the_crs_where_there_is_no_code(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready, EPSG=None)
    assert acquire(folder, "mintpy").conventions["grid"]["crs"] == "EPSG:32614"
    write_mintpy(folder, ready, EPSG=None, UTM_ZONE="14S")
    assert acquire(folder, "mintpy").conventions["grid"]["crs"] == "EPSG:32714"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"EPSG": None, "UTM_ZONE": None}, "neither EPSG nor UTM_ZONE"),
        ({"EPSG": "123456789"}, "no coordinate reference system that is known"),
        ({"Y_STEP": "80.0"}, "not north-up"),
        ({"X_STEP": "eighty"}, "is no number"),
        ({"EPSG": "4326"}, "no degrees"),
    ],
)
def test_attributes_that_place_nothing_are_said(folder: Path, ready: Ready, changes: dict[str, Any], said: str) -> None:
    path = write_mintpy(folder, ready, **changes)
    sentence = refused(folder, "mintpy")
    assert said in sentence
    assert str(path) in sentence


def _dates(path: Path, days: list[str]) -> None:
    with h5py.File(path, "a") as file:
        del file["date"]
        file["date"] = np.array(days, "S15")


def test_dates_with_the_time_of_day_are_days(folder: Path, ready: Ready) -> None:
    path = write_mintpy(folder, ready)
    _dates(path, [f"{day}T1230" for day in ready.dates])
    assert opened(folder, "mintpy").dates == ready.dates


def test_dates_out_of_order_are_put_in_order_with_their_layers(folder: Path, ready: Ready) -> None:
    path = write_mintpy(folder, ready)
    order = [0, 3, 1, 2, 8, 4, 5, 7, 6]
    with h5py.File(path, "a") as file:
        file["timeseries"][:] = file["timeseries"][:][order]
    _dates(path, [ready.dates[at] for at in order])
    series = opened(folder, "mintpy")
    assert series.dates == ready.dates
    same(values(series), ready.displacement)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (lambda days: [days[0], *days[:-1]], "twice"),
        (lambda days: ["20209999", *days[1:]], "no day of the calendar"),
        (lambda days: days[:-1], "9 layers but 8 dates"),
    ],
)
def test_dates_that_cannot_be_are_said(folder: Path, ready: Ready, days: Any, said: str) -> None:
    _dates(write_mintpy(folder, ready), days(ready.dates))
    assert said in refused(folder, "mintpy")


def test_too_few_dates_are_refused(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready)
    said = refused(folder, "mintpy", {"start": ready.dates[-2]})
    assert "of which 2 are left" in said


def test_a_truncated_file_is_refused(folder: Path, ready: Ready) -> None:
    path = write_mintpy(folder, ready)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert f"{path} is truncated" in refused(folder, "mintpy")


def test_a_file_whose_pixels_are_broken_is_refused_when_it_is_read(folder: Path, ready: Ready) -> None:
    path = write_mintpy(folder, ready)
    with h5py.File(path) as file:
        data = file["timeseries"][:]
    with h5py.File(path, "a") as file:
        del file["timeseries"]
        made = file.create_dataset("timeseries", data=data, chunks=True, compression="gzip", fletcher32=True)
        place = made.id.get_chunk_info(0)
    raw = bytearray(path.read_bytes())
    raw[place.byte_offset + 20 : place.byte_offset + 60] = bytes(40)
    path.write_bytes(bytes(raw))
    said = refused(folder, "mintpy")
    assert "timeseries cannot be read" in said
    assert str(path) in said


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("timeseries.h5", b"no HDF5", "is no HDF5 file that can be opened"),
        ("timeseries.h5", b"", "is no HDF5 file that can be opened"),
        ("velocity.h5", b"", "there is for example velocity.h5"),
        ("notes.txt", b"", "there is for example notes.txt"),
    ],
)
def test_a_folder_without_a_time_series_is_said(folder: Path, name: str, text: bytes, said: str) -> None:
    folder.mkdir()
    (folder / name).write_bytes(text)
    sentence = refused(folder, "mintpy")
    assert said in sentence
    assert str(folder) in sentence


def test_an_empty_folder_is_said(folder: Path) -> None:
    folder.mkdir()
    assert "the folder is empty" in refused(folder, "mintpy")


def test_another_file_of_mintpy_is_no_time_series(folder: Path, ready: Ready) -> None:
    write_h5(folder / "velocity.h5", {"velocity": np.zeros(ready.shape)}, mintpy_attributes(ready, "velocity", "m/year"))
    assert "FILE_TYPE: velocity" in refused(folder, "mintpy", files=["velocity.h5"])


def test_keys_of_interferograms_are_refused(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready)
    assert "products.dem is set" in refused(folder, "mintpy", {"dem": "dem.tif"})


def test_a_heading_beside_a_geometry_with_angles_is_not_ignored(folder: Path, ready: Ready) -> None:
    write_mintpy(folder, ready)
    assert "set products.incidence too" in refused(folder, "mintpy", {"heading": -12})
