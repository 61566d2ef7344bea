"""Products of OPERA DISP-S1: how they add up, which of several is used, what is missing between them, and what cannot be used."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from products_ready import Ready, cut, make_ready, ministacks, opera_name, write_opera, write_static
from ready_open import acquire, opened, refused, same, values, whole

from insarcast.core import checksums


@pytest.fixture
def ready() -> Ready:
    scene = make_ready(12)
    scene.water[:] = False
    return scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "disp"


def forward(dates: list[str]) -> list[tuple[str, str]]:
    """Pairs of forward processing: each date against the one before."""
    return list(pairwise(dates))


def test_moving_references_are_added_up(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready)
    same(values(opened(folder, "opera")), ready.displacement, 1e-4)


@pytest.mark.parametrize("size", [1, 2, 5, 11])
def test_any_length_of_ministack_gives_the_same_series(folder: Path, ready: Ready, size: int) -> None:
    write_opera(folder, ready, ministacks(ready.dates, size))
    same(values(opened(folder, "opera")), ready.displacement, 1e-4)


def test_historical_products_go_on_with_forward_ones(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready, ministacks(ready.dates[:6], 5) + forward(ready.dates[5:]))
    same(values(opened(folder, "opera")), ready.displacement, 1e-4)


def test_a_reference_in_the_middle_of_a_ministack_is_a_date_like_any(folder: Path, ready: Ready) -> None:
    """The sum of the last displacement before each change of reference would be wrong here."""
    dates = ready.dates
    pairs = [(dates[0], day) for day in dates[1:6]] + [(dates[3], day) for day in dates[6:]]
    write_opera(folder, ready, pairs)
    same(values(opened(folder, "opera")), ready.displacement, 1e-4)


def test_the_quantum_of_the_service_is_the_error(folder: Path, ready: Ready) -> None:
    """Twelve bits of mantissa: at most 2^-13 of each product's displacement, and a sum of three of them."""
    write_opera(folder, ready, keep_bits=12)
    read = values(opened(folder, "opera"))
    error = np.nanmax(np.abs(read - ready.displacement))
    assert 1e-4 < error < 4 * np.nanmax(np.abs(ready.displacement)) * 2.0**-13


def test_a_date_that_is_not_recommended_is_missing_and_what_hangs_on_it_is_not(folder: Path, ready: Ready) -> None:
    crossover = ready.dates[4]
    write_opera(folder, ready, bad={crossover: (slice(3, 6), slice(10, 14))})
    expected = ready.displacement.copy()
    expected[4, 3:6, 10:14] = np.nan
    same(values(opened(folder, "opera")), expected, 1e-4)


def test_what_hangs_on_a_date_without_a_value_is_missing(folder: Path, ready: Ready) -> None:
    ready.displacement[4, 7, 7] = np.nan  # the reference of the second ministack
    ready.displacement[6, 8, 8] = np.nan
    write_opera(folder, ready)
    read = values(opened(folder, "opera"))
    assert np.isfinite(read[:4, 7, 7]).all()
    assert np.isnan(read[4:, 7, 7]).all()
    assert np.flatnonzero(np.isnan(read[:, 8, 8])).tolist() == [6]


def test_the_tide_is_taken_off_unless_the_study_wants_it(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready, tide=3.0)
    series = opened(folder, "opera")
    same(values(series), ready.displacement, 1e-4)
    assert series.done == ("solid earth tide",)
    with_tide = opened(folder, "opera", corrections=[])
    assert with_tide.done == ()
    same(values(with_tide), ready.displacement + 3.0 * np.arange(12)[:, None, None], 1e-4)


def put_tide(folder: Path, ready: Ready, paths: list[Path]) -> np.ndarray:
    """A tide that varies in space and is zero nowhere, in products whose displacement is zero at the reference, as the service's are."""
    x = np.mgrid[: ready.shape[0], : ready.shape[1]][1]
    tide = 20 * np.sin(np.arange(12))[:, None, None] * (1 + 0.002 * x) + 7 * np.arange(12)[:, None, None]
    row, col = ready.reference
    for (reference, day), path in zip(ministacks(ready.dates, 4), paths, strict=True):
        one, other = ready.dates.index(reference), ready.dates.index(day)
        step = tide[other] - tide[one]
        values = ready.displacement[other] - ready.displacement[one] + step - step[row, col]
        with h5py.File(path, "a") as file:
            file["displacement"][...] = (values / 1000).astype(np.float32)
            file["corrections/solid_earth_tide"][...] = (step / 1000).astype(np.float32)
    return tide


def test_a_tide_that_is_zero_nowhere_does_not_lift_the_reference(folder: Path, ready: Ready) -> None:
    row, col = ready.reference
    assert (ready.displacement[:, row, col] == 0).all()
    tide = put_tide(folder, ready, write_opera(folder, ready))
    assert np.abs(tide[:, row, col] - tide[0, row, col]).max() > 50
    series = opened(folder, "opera")
    same(values(series), ready.displacement, 1e-4)
    same(values(opened(folder, "opera"))[:, 2:5, 3:9], ready.displacement[:, 2:5, 3:9], 1e-4)
    here = (slice(row, row + 1), slice(col, col + 1))
    assert (series.displacement(here) == 0).all()


def test_a_part_of_a_frame_without_its_reference_is_read(folder: Path, ready: Ready) -> None:
    """What the delay is at a reference that was cut off is not known: it is taken off as it is."""
    row, col = ready.reference
    rest = replace(cut(ready, slice(row + 1, None), slice(0, None)), reference=(-1, col))
    write_opera(folder, rest, tide=3.0)
    found = acquire(folder, "opera")
    assert found.conventions["zeros"] == [None] * 11
    same(values(opened(folder, "opera")), rest.displacement, 1e-4)


def test_a_delay_that_a_product_lacks_is_not_taken_off_at_all(folder: Path, ready: Ready) -> None:
    paths = write_opera(folder, ready, tide=3.0)
    with h5py.File(paths[3], "a") as file:
        del file["corrections/solid_earth_tide"]
    found = acquire(folder, "opera")
    assert found.conventions["corrections"] == []
    assert any("1 of 11 products have none" in entry["reason"] for entry in found.skipped)


def test_of_several_products_of_a_date_the_newest_that_is_reached_is_used(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready)
    wrong = make_ready(12, seed=5)
    pair = ministacks(ready.dates, 4)[5]
    older = write_opera(folder, wrong, [pair], static=False, made="20200101T000000Z")
    earlier = write_opera(folder, wrong, [pair], static=False, version="0.9", made="20260101T000000Z")
    found = acquire(folder, "opera")
    same(values(opened(folder, "opera")), ready.displacement, 1e-4)
    listed = {entry["name"] for entry in found.skipped}
    assert {path.name for path in (*older, *earlier)} <= listed
    newer = write_opera(folder, ready, [pair], static=False, version="1.1", made="20250101T000000Z")
    assert str(newer[0]) in acquire(folder, "opera").static["series"]


def test_a_newer_product_whose_reference_is_not_there_does_not_break_the_chain(folder: Path, ready: Ready) -> None:
    paths = write_opera(folder, ready)
    _, last = ministacks(ready.dates, 4)[5]
    apart = paths[5].with_name(opera_name("20180101", last, "20260101T000000Z"))
    apart.write_bytes(paths[5].read_bytes())
    found = acquire(folder, "opera")
    assert str(apart) not in found.static["series"]
    same(values(opened(folder, "opera")), ready.displacement, 1e-4)


def test_a_pass_about_midnight_is_one_acquisition(folder: Path, ready: Ready) -> None:
    """The same frame begins some seconds earlier or later: here before and after midnight."""
    paths = write_opera(folder, ready, forward(ready.dates))
    day = ready.dates[5]
    before = np.datetime64(f"{day[:4]}-{day[4:6]}-{day[6:]}") - 1
    late = str(before).replace("-", "")
    paths[4].rename(paths[4].with_name(paths[4].name.replace(f"{day}T002652Z", f"{late}T235959Z")))
    paths[5].rename(paths[5].with_name(paths[5].name.replace(f"{day}T002651Z", f"{day}T000001Z")))
    series = opened(folder, "opera")
    assert series.dates == [late if date == day else date for date in ready.dates]
    same(values(series), ready.displacement, 1e-4)


def test_a_missing_link_is_said_and_both_ways_on_work(folder: Path, ready: Ready) -> None:
    paths = write_opera(folder, ready)
    paths[3].unlink()  # the fifth date, on which the second ministack begins
    gap = ready.dates[4]
    said = refused(folder, "opera")
    assert gap in said
    assert f"products.start to '{gap}'" in said
    later = opened(folder, "opera", {"start": gap})
    assert later.dates == ready.dates[4:]
    same(values(later), ready.displacement[4:] - ready.displacement[4], 1e-4)
    longest = acquire(folder, "opera", {"bad_file": "skip"})
    assert longest.dates == ready.dates[4:]
    assert sum(entry["what"] == "file" for entry in longest.skipped) == 3
    assert acquire(folder, "opera", {"end": ready.dates[3]}).dates == ready.dates[:4]


def test_what_lies_before_the_wanted_dates_is_neither_read_nor_needed(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready)
    found = acquire(folder, "opera", {"start": ready.dates[6]})
    assert found.dates == ready.dates[6:]
    used = [Path(name).name for name in found.static["series"]]
    assert not any(ready.dates[3] in name for name in used)
    assert len(used) == 6  # the sixth date's own product is needed, for the others share its reference
    read = values(opened(folder, "opera", {"start": ready.dates[6]}))
    same(read - read[:1], ready.displacement[6:] - ready.displacement[6], 2e-4)


def test_a_date_without_a_product_of_its_own_is_no_date(folder: Path, ready: Ready) -> None:
    paths = write_opera(folder, ready)
    paths[1].unlink()
    series = opened(folder, "opera")
    assert series.dates == [day for at, day in enumerate(ready.dates) if at != 2]
    same(values(series), np.delete(ready.displacement, 2, axis=0), 1e-4)


def test_only_a_new_granule_is_read_for_its_checksum(folder: Path, ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_opera(folder, ready)
    monkeypatch.setattr(checksums, "_YOUNG_NS", -(10**12))  # what was written just now counts as old
    last = paths[-1].rename(folder.parent / paths[-1].name)
    before = acquire(folder, "opera")
    last.rename(paths[-1])
    read: list[str] = []
    true = checksums.file_sha256
    monkeypatch.setattr(checksums, "file_sha256", lambda path: (read.append(path.name), true(path))[1])
    after = acquire(folder, "opera")
    assert read == [paths[-1].name]
    assert after.sha256 == before.sha256 | {str(paths[-1]): true(paths[-1])}


def test_a_delay_in_other_units_is_not_taken_off(folder: Path, ready: Ready) -> None:
    paths = write_opera(folder, ready)
    with h5py.File(paths[3], "a") as file:
        file["corrections/solid_earth_tide"].attrs["units"] = "radians"
    found = acquire(folder, "opera")
    assert found.conventions["corrections"] == []
    said = [entry["reason"] for entry in found.skipped if entry["name"] == "solid_earth_tide"]
    assert said == [f"1 of {len(paths)} products have none in metres, so it is not taken off"]


def test_static_layers_of_the_whole_frame_fit_products_that_were_cut(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready, static=False)
    write_static(folder, ready, wider=7)
    series = opened(folder, "opera")
    np.testing.assert_allclose(series.line_of_sight(whole(series)), ready.los, atol=1e-6)
    np.testing.assert_allclose(series.layers["height"](whole(series)), ready.height, rtol=1e-6)


def test_the_grid_is_that_of_the_coordinates_not_of_the_frames_transform(folder: Path, ready: Ready) -> None:
    for path in write_opera(folder, ready):
        with h5py.File(path, "a") as file:
            file["spatial_ref"].attrs["GeoTransform"] = "0 80 0 0 0 -80"
    np.testing.assert_allclose(opened(folder, "opera").grid.transform, ready.transform)


def test_static_layers_of_another_frame_are_not_used(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready, static=False)
    write_static(folder, ready, frame=11111)
    said = refused(folder, "opera")
    assert "OPERA_L3_DISP-S1-STATIC_F08882" in said
    assert "incidence is 37.0 to 41.0 degrees" in said


def test_reference_points_that_move_are_none(folder: Path, ready: Ready) -> None:
    paths = write_opera(folder, ready)
    assert opened(folder, "opera").reference is not None
    with h5py.File(paths[2], "a") as file:
        file["corrections/reference_point"].attrs["latitudes"] = [19.0]
    assert opened(folder, "opera").reference is None


def test_products_of_two_frames_are_refused(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready)
    write_opera(folder, ready, [(ready.dates[0], ready.dates[1])], static=False, frame=11116)
    assert "F08882 and F11116" in refused(folder, "opera")


def test_products_that_were_cut_differently_are_refused_or_left_out(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready)
    last = ministacks(ready.dates, 4)[-1:]
    write_opera(folder, cut(ready, slice(0, 20), slice(0, 31)), last, static=False)
    assert "covers other pixels" in refused(folder, "opera")
    assert acquire(folder, "opera", {"bad_file": "skip"}).dates == ready.dates[:-1]


def _change(path: Path, what: str) -> None:
    with h5py.File(path, "a") as file:
        data = file["displacement"]
        if what == "units":
            data.attrs["units"] = "radians"
        elif what == "sign":
            data.attrs["description"] = "Positive values indicate apparent motion away from the platform."
        elif what == "crs":
            del file["spatial_ref"].attrs["crs_wkt"]
        elif what == "missing":
            del file["displacement"]
        elif what == "uneven":
            file["x"][3] += 50


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("units", "'radians', but a product of DISP-S1 has metres"),
        ("sign", "positive away from the satellite"),
        ("crs", "does not say on which CRS"),
        ("missing", "has no displacement"),
        ("uneven", "not evenly spaced"),
    ],
)
def test_a_product_that_contradicts_the_specification_is_refused(folder: Path, ready: Ready, what: str, said: str) -> None:
    path = write_opera(folder, ready)[0]
    _change(path, what)
    sentence = refused(folder, "opera")
    assert said in sentence
    assert path.name in sentence
    assert "products.bad_file: skip" in sentence


def test_a_truncated_product_stops_the_run_or_is_left_out(folder: Path, ready: Ready) -> None:
    path = write_opera(folder, ready)[-1]
    path.write_bytes(path.read_bytes()[:2000])
    assert f"{path} is truncated" in refused(folder, "opera")
    found = acquire(folder, "opera", {"bad_file": "skip"})
    assert found.dates == ready.dates[:-1]
    assert any(path.name == entry["name"] for entry in found.skipped)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (None, "the folder is empty"),
        ("readme.txt", "there is for example readme.txt"),
        ("disp.nc", "there is for example disp.nc"),
        (
            "OPERA_L3_DISP-NI_IW_F08882_VV_20200104T002651Z_20200116T002652Z_v1.0_20241219T231545Z.nc",
            "there is for example OPERA_L3_DISP-NI",
        ),
        (
            "OPERA_L3_DISP-S1_IW_F08882_VV_20200199T002651Z_20200116T002652Z_v1.0_20241219T231545Z.nc",
            "there is for example OPERA",
        ),
    ],
)
def test_a_folder_without_products_is_said(folder: Path, name: str | None, said: str) -> None:
    folder.mkdir()
    if name:
        (folder / name).write_bytes(b"")
    assert said in refused(folder, "opera")


def test_files_of_other_names_are_listed(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready)
    (folder / "stack.nc").write_bytes(b"")
    assert [entry["name"] for entry in acquire(folder, "opera").skipped] == ["stack.nc"]


def test_the_data_are_credited(folder: Path, ready: Ready) -> None:
    write_opera(folder, ready)
    credits: list[Any] = acquire(folder, "opera").credits
    assert any("Jet Propulsion Laboratory" in line for line in credits)
