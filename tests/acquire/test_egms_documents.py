"""Tables of EGMS as its product description and format specification (EGMS-D6-PDD-SC1-2.0-009, 25/10/2023, tables 5, 6 and 9) has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import days, noise, read, refused, write_csv

# Table 5: of level 2a (Basic) and 2b (Calibrated), with the examples of the document; cluster_label is of level 2a only.
BASIC: dict[str, Any] = {
    "pid": "3ODTn5TNYv", "cluster_label": 0, "mp_type": 400, "latitude": "45.567812", "longitude": "12.123412", "easting": "4486873.80",
    "northing": "2495353.38", "height": 67.4, "height_wgs84": 72.3, "line": 456, "pixel": 124, "rmse": 4.5, "temporal_coherence": 0.54,
    "amplitude_dispersion": 0.25, "incidence_angle": 40.56, "track_angle": 348.23, "los_east": -0.628, "los_north": -0.121,
    "los_up": 0.769, "mean_velocity": 4.5, "mean_velocity_std": 2.1, "acceleration": 0.51, "acceleration_std": 0.42, "seasonality": 2.3,
    "seasonality_std": 3.4,
}  # fmt: skip
# Table 6: of level 3 (Ortho), on a grid of 100 m, east-north in ETRS89-LAEA.
ORTHO: dict[str, Any] = {
    "pid": "3ODTn5TNYv", "easting": 4486850, "northing": 2495350, "height": 67.4, "rmse": 4.5, "mean_velocity": 4.5,
    "mean_velocity_std": 2.1, "acceleration": 0.51, "acceleration_std": 0.42, "seasonality": 2.3, "seasonality_std": 3.4,
}  # fmt: skip
XML = """<?xml version="1.0"?>
<BURST>
  <product_level>L2b</product_level>
  <burst_id>0282</burst_id>
  <production_facility>2</production_facility>
</BURST>
"""
POINTS, DATES = 7, 40


def columns(example: dict[str, Any], *without: str) -> dict[str, list[Any]]:
    """The document's example, and points beside it."""
    table = {name: [value] * POINTS for name, value in example.items() if name not in without}
    table["pid"] = [f"{example['pid'][:-1]}{at}" for at in range(POINTS)]
    for name, step, digits in (("latitude", 0.001, 6), ("longitude", 0.0, 6)):
        if name in table:
            table[name] = [f"{float(example[name]) + step * at:.{digits}f}" for at in range(POINTS)]
    metres = (
        _places(table) if "latitude" in table else [(example["easting"], example["northing"] + 100 * at) for at in range(POINTS)]
    )
    table["easting"], table["northing"] = ([place[axis] for place in metres] for axis in (0, 1))
    return table


def _places(table: dict[str, list[Any]]) -> list[tuple[Any, Any]]:
    from pyproj import Transformer

    to_laea = Transformer.from_crs("EPSG:4326", "EPSG:3035", always_xy=True)
    places = [to_laea.transform(float(lon), float(lat)) for lon, lat in zip(table["longitude"], table["latitude"], strict=True)]
    return [(f"{x:.2f}", f"{y:.2f}") for x, y in places]


def write(folder: Path, name: str, table: dict[str, list[Any]], first: str) -> np.ndarray:
    """A table and the XML that comes with it in the zip."""
    values = noise(DATES, POINTS)
    write_csv(folder / f"{name}.csv", values, days(DATES, 6, first), table)
    (folder / f"{name}.xml").write_text(XML)
    return values


@pytest.mark.parametrize(
    ("name", "without", "first"),
    [
        ("EGMS_L2a_088_0282_IW2_VV_2018_2022_1", (), "2018-01-02"),
        ("EGMS_L2b_088_0282_IW2_VV_2018_2022_1", ("cluster_label",), "2018-01-02"),
        ("EGMS_L2a_088_0282_IW2_VV_2019_2023_1", (), "2019-01-03"),
        ("EGMS_L2b_088_0282_IW2_VV_2019_2023_2", ("cluster_label",), "2019-01-03"),
        ("EGMS_L2b_088_0282_IW2_VV", ("cluster_label",), "2015-02-10"),
    ],
)
def test_a_table_of_a_line_of_sight_is_read_as_the_document_has_it(
    tmp_path: Path, name: str, without: tuple[str, ...], first: str
) -> None:
    table = columns(BASIC, *without)
    values = write(tmp_path / "egms", name, table, first)
    cube, record = read(tmp_path / "egms")
    assert list(cube.pid.values) == table["pid"]
    np.testing.assert_allclose(cube.displacement.values, values.T, atol=1e-5)
    np.testing.assert_allclose(cube.lon.values, [float(value) for value in table["longitude"]], atol=1e-9)
    np.testing.assert_allclose(cube.lat.values, [float(value) for value in table["latitude"]], atol=1e-9)
    assert str(cube.time.values[0])[:10] == first
    assert cube.sizes["time"] == DATES
    np.testing.assert_allclose(cube.los.transpose("enu", ...).values[:, 0], (-0.628, -0.121, 0.769), atol=1e-6)
    np.testing.assert_allclose(cube.height.values, 67.4, atol=1e-4)
    np.testing.assert_allclose(cube.coherence.values, 0.54, atol=1e-6)
    assert cube.displacement.attrs["sign"] == "positive towards the satellite"
    assert record["points"]["kept"] == POINTS


def test_a_release_that_calls_its_columns_otherwise_is_read_as_the_others(tmp_path: Path) -> None:
    """Files of 2020 to 2024, as users show their first lines: two names have changed, and there is the velocity of the GNSS model."""
    table = columns(BASIC, "cluster_label", "height", "height_wgs84", "rmse")
    table |= {"height_ortho": [1.4] * POINTS, "height_ellipse": [51.6] * POINTS, "rmse_ts": [2.0] * POINTS}
    table |= {"gnss_velocity": [-0.4] * POINTS}
    values = write(tmp_path / "egms", "EGMS_L2b_088_0282_IW2_VV_2020_2024_1", table, "2020-01-03")
    cube, _ = read(tmp_path / "egms")
    np.testing.assert_allclose(cube.displacement.values, values.T, atol=1e-5)
    np.testing.assert_allclose(cube.height.values, 1.4, atol=1e-6)
    np.testing.assert_allclose(cube.rmse.values, 2.0, atol=1e-6)


@pytest.mark.parametrize(("release", "first"), [("2018_2022_1", "2018-01-02"), ("2019_2023_1", "2019-01-03")])
def test_a_table_of_the_vertical_is_read_as_the_document_has_it(tmp_path: Path, release: str, first: str) -> None:
    table = columns(ORTHO)
    values = write(tmp_path / "egms", f"EGMS_L3_E44N24_100km_U_{release}", table, first)
    cube, _ = read(tmp_path / "egms")
    np.testing.assert_allclose(cube.displacement.values, values.T, atol=1e-5)
    assert cube.lon.values[0] == pytest.approx(12.12, abs=0.01)
    assert cube.lat.values[0] == pytest.approx(45.55, abs=0.01)
    # The document's pixels are 100 m apart, and so are the points that are read, within the projection's scale.
    assert np.diff(cube.y.values) == pytest.approx([100.0] * (POINTS - 1), rel=0.01)


def test_the_eastward_table_that_comes_with_it_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "egms", "EGMS_L3_E44N24_100km_E_2019_2023_1", columns(ORTHO), "2019-01-03")
    assert "eastward motion" in refused(tmp_path / "egms")


def test_both_tables_of_a_tile_make_no_cube_until_the_vertical_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "egms"
    for letter in "EU":
        write(folder, f"EGMS_L3_E44N24_100km_{letter}_2019_2023_1", columns(ORTHO), "2019-01-03")
    assert "eastward motion" in refused(folder)
    cube, _ = read(folder, files=["*_U_*.csv"])
    assert cube.sizes["point"] == POINTS


def test_the_archive_of_the_service_is_to_be_unpacked(tmp_path: Path) -> None:
    from zipfile import ZipFile

    folder = tmp_path / "egms"
    name = "EGMS_L2b_088_0282_IW2_VV_2019_2023_1"
    write(folder, name, columns(BASIC, "cluster_label"), "2019-01-03")
    with ZipFile(folder / f"{name}.zip", "w") as archive:
        for path in (folder / f"{name}.csv", folder / f"{name}.xml"):
            archive.write(path, path.name)
            path.unlink()
    assert f"{name}.zip: unpack them" in refused(folder)
