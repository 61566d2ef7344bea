"""One displacement series written as MintPy, LiCSBAS and OPERA write theirs is one and the same cube when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from products_ready import WAVELENGTH, Ready, make_ready, write_hdfeos5, write_licsbas, write_mintpy, write_opera
from ready_open import acquire, opened, same, values, whole

from insarcast.core import open_store
from insarcast.stack.ready.grid_series import LAYERS

# Source, writer, whether it is on metres.
WRITERS: dict[str, tuple[str, Callable[..., Any], bool]] = {
    "mintpy": ("mintpy", write_mintpy, True),
    "mintpy on degrees": ("mintpy", write_mintpy, False),
    "HDF-EOS5": ("mintpy", write_hdfeos5, True),
    "licsbas": ("licsbas", write_licsbas, False),
    "opera": ("opera", write_opera, True),
}
each = pytest.mark.parametrize("kind", list(WRITERS))


def write(folder: Path, kind: str, **scene: Any) -> tuple[Ready, str]:
    source, writer, utm = WRITERS[kind]
    ready = make_ready(utm=utm, **scene)
    writer(folder, ready)
    return ready, source


def truth(ready: Ready, kind: str) -> np.ndarray:
    """What a reader may know: OPERA recommends no water, from its first product on."""
    known = ready.displacement.copy()
    if kind == "opera":
        known[1:, ready.water] = np.nan
    return known


@each
def test_every_format_gives_the_displacement_that_was_written(tmp_path: Path, kind: str) -> None:
    ready, source = write(tmp_path / "p", kind)
    series = opened(tmp_path / "p", source)
    assert series.dates == ready.dates
    same(values(series), truth(ready, kind))
    assert values(series).dtype == np.float32


@each
def test_every_format_gives_place_line_of_sight_wavelength_and_baselines(tmp_path: Path, kind: str) -> None:
    ready, source = write(tmp_path / "p", kind)
    series = opened(tmp_path / "p", source)
    assert series.grid.crs.to_string() == ready.crs
    np.testing.assert_allclose(series.grid.transform, ready.transform, rtol=1e-12)
    known = np.isfinite(ready.displacement).all(axis=0)
    los = series.line_of_sight(whole(series))
    np.testing.assert_allclose(los[:, known], ready.los[:, known], atol=2e-7)
    assert series.wavelength == pytest.approx(WAVELENGTH)
    assert series.baselines is not None
    np.testing.assert_allclose(np.subtract(series.baselines, series.baselines[0]), ready.baselines, atol=1e-3)


@each
def test_the_reference_is_where_the_displacement_is_zero(tmp_path: Path, kind: str) -> None:
    ready, source = write(tmp_path / "p", kind)
    series = opened(tmp_path / "p", source)
    assert series.reference is not None
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", ready.crs, always_xy=True).transform(*series.reference)
    col, row = ~series.grid.transform @ (x, y)
    assert (row, col) == pytest.approx((ready.reference[0] + 0.5, ready.reference[1] + 0.5), abs=0.01)
    assert np.abs(values(series)[:, int(row), int(col)]).max() == 0


@each
@pytest.mark.parametrize("block", [(slice(0, 1), slice(0, 31)), (slice(19, 23), slice(24, 31)), (slice(5, 9), slice(7, 8))])
def test_any_window_is_that_part_of_the_whole(tmp_path: Path, kind: str, block: tuple[slice, slice]) -> None:
    _, source = write(tmp_path / "p", kind)
    series = opened(tmp_path / "p", source)
    same(series.displacement(block), values(series)[:, block[0], block[1]], 0)
    np.testing.assert_array_equal(series.line_of_sight(block), series.line_of_sight(whole(series))[:, block[0], block[1]])
    for name, read in series.layers.items():
        np.testing.assert_array_equal(read(block), read(whole(series))[block], err_msg=name)


@each
def test_layers_bear_the_cubes_names_and_say_what_was_written(tmp_path: Path, kind: str) -> None:
    ready, source = write(tmp_path / "p", kind)
    series = opened(tmp_path / "p", source)
    assert set(series.layers) <= set(LAYERS)
    known = np.isfinite(ready.displacement).all(axis=0)
    height = series.layers["height"](whole(series))
    np.testing.assert_allclose(height[known], ready.height[known], rtol=1e-6)
    if "mask" in series.layers:
        np.testing.assert_array_equal(series.layers["mask"](whole(series))[known] == 1, ready.coherence[known] > 0.5)
    if "water" in series.layers:
        np.testing.assert_array_equal(series.layers["water"](whole(series)) == 1, ready.water)
    name = "temporal_coherence" if source == "opera" else "coherence"
    np.testing.assert_allclose(series.layers[name](whole(series))[known], ready.coherence[known], rtol=1e-6)


@each
def test_dates_that_the_study_does_not_want_are_left_out_and_listed(tmp_path: Path, kind: str) -> None:
    ready, source = write(tmp_path / "p", kind)
    chosen = {"start": ready.dates[2], "end": ready.dates[7], "exclude": [ready.dates[4]]}
    found = acquire(tmp_path / "p", source, chosen)
    kept = [2, 3, 5, 6, 7]
    assert found.dates == [ready.dates[at] for at in kept]
    series = opened(tmp_path / "p", source, chosen)
    expected = truth(ready, kind)[kept]
    expected[0, np.isnan(expected[1:]).all(axis=0)] = np.nan
    read = values(series)
    same(read[1:] - read[:1], expected[1:] - expected[:1], 4e-5)
    named = {entry["name"]: entry["reason"] for entry in found.skipped if entry["what"] == "date"}
    assert set(named) >= {ready.dates[0], ready.dates[4], ready.dates[8]}


@each
def test_the_store_that_cubes_are_made_of_is_the_same(tmp_path: Path, kind: str) -> None:
    from insarcast.stack import read_displacement

    ready, source = write(tmp_path / "p", kind)
    acquire(tmp_path / "p", source)
    out = tmp_path / "displacement.zarr"
    settings = {"lon": None, "lat": None, "window": 3}
    series = {"min_dates": 0.5, "check_size": True}
    read_displacement(tmp_path / f"{source}.json", out, tmp_path / "record.json", settings, series)
    store = open_store(out)
    same(store.displacement.values, truth(ready, kind) - truth(ready, kind)[0])
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["reference"]["method"] == "product"
    assert (record["reference"]["row"], record["reference"]["col"]) == ready.reference


@pytest.mark.parametrize(
    ("heading", "east", "north"), [(-12.0, -0.6156, -0.1308), (-168.0, 0.6156, -0.1308), (348.0, -0.6156, -0.1308)]
)
@each
def test_the_line_of_sight_of_a_known_geometry(tmp_path: Path, kind: str, heading: float, east: float, north: float) -> None:
    """Incidence 39 degrees: Sentinel-1 looks to the right, so from an ascending orbit it stands in the west."""
    source, writer, utm = WRITERS[kind]
    ready = make_ready(utm=utm, heading=heading)
    ready.incidence[:] = 39.0
    writer(tmp_path / "p", ready)
    series = opened(tmp_path / "p", source)
    np.testing.assert_allclose(series.line_of_sight((slice(4, 5), slice(4, 5)))[:, 0, 0], (east, north, 0.7771), atol=1e-4)


@each
def test_angles_of_the_study_come_before_those_of_the_product(tmp_path: Path, kind: str) -> None:
    _, source = write(tmp_path / "p", kind)
    series = opened(tmp_path / "p", source, {"incidence": 39.0, "heading": -12.0})
    assert series.line_of_sight((slice(4, 5), slice(4, 5)))[:, 0, 0] == pytest.approx((-0.6156, -0.1308, 0.7771), abs=1e-4)


@each
def test_what_changed_after_it_was_found_is_said(tmp_path: Path, kind: str) -> None:
    from insarcast.core import InsarcastError
    from insarcast.stack.ready.grid_series import open_grid_series

    _, source = write(tmp_path / "p", kind)
    found = acquire(tmp_path / "p", source)
    Path(found.static["series"][-1]).unlink()
    with pytest.raises(InsarcastError, match=r"There is no .*; bring it back"):
        values(open_grid_series(found))
