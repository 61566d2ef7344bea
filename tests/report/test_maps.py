"""GeoTIFFs that lie where they should, with styles that a GIS can read."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np
import pytest
import rasterio

from insarcast.core import InsarcastError, open_cube, open_store
from insarcast.report import write_maps
from tests.report.toy import Study

NAMES = [
    "displacement",
    *(f"forecast_change_0{h}" for h in (1, 2, 3)),
    *(f"forecast_half_width_0{h}" for h in (1, 2, 3)),
    "mask",
    "velocity",
    "velocity_sigma",
]


def test_every_map_is_a_cog_with_a_style(drawn: Study) -> None:
    assert sorted(path.name for path in drawn.maps.iterdir()) == sorted(
        f"{name}.{end}" for name in NAMES for end in ("qml", "tif")
    )
    for name in NAMES:
        with rasterio.open(drawn.maps / f"{name}.tif") as file:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.crs.to_epsg() == 4326
            assert file.units[0] in ("mm", "mm/yr", "1")
            assert file.descriptions[0]


@pytest.mark.parametrize(("row", "col"), [(7, 8), (2, 11), (11, 0)])
def test_a_place_has_the_value_of_its_pixel(drawn: Study, row: int, col: int) -> None:
    cube, store = open_cube(drawn.cube), open_store(drawn.forecasts[-1])
    place = [(float(cube.x[col]), float(cube.y[row]))]
    quantiles = store.increment.isel(origin=-1).sel(horizon=2).values[:, row, col]
    expected = {
        "velocity": float(cube.velocity[row, col]),
        "displacement": float(cube.displacement[-1, row, col]),
        "forecast_change_02": quantiles[2],
        "forecast_half_width_02": (quantiles[4] - quantiles[0]) / 2,
        "mask": 1,
    }
    for name, value in expected.items():
        with rasterio.open(drawn.maps / f"{name}.tif") as file:
            assert next(file.sample(place))[0] == pytest.approx(value, rel=1e-6), name


def test_what_is_not_used_is_nodata(drawn: Study) -> None:
    """Pixel (0, 0) was never inverted, (0, 1) is masked."""
    with rasterio.open(drawn.maps / "velocity.tif") as file:
        assert np.isnan(file.read(1)[0, :2]).all()
    with rasterio.open(drawn.maps / "mask.tif") as file:
        assert file.nodata == 255
        assert file.read(1)[0, :3].tolist() == [255, 0, 1]


def test_rows_from_south_to_north_are_turned(drawn: Study, make: Callable[..., Study]) -> None:
    turned = make(open_cube(drawn.cube).load().isel(y=slice(None, None, -1)))
    write_maps(turned.cube, turned.forecasts, turned.choice, turned.maps, "subsidence_red", None)
    with rasterio.open(drawn.maps / "velocity.tif") as one, rasterio.open(turned.maps / "velocity.tif") as other:
        assert one.transform == other.transform
        np.testing.assert_array_equal(one.read(1), other.read(1))


def test_styles_have_the_limits_and_the_words(drawn: Study) -> None:
    root = ElementTree.parse(drawn.maps / "velocity.qml").getroot()
    items = root.findall(".//colorrampshader/item")
    values = [float(item.attrib["value"]) for item in items]
    assert values == sorted(values)
    assert values[0] == -values[-1]
    assert "away from the satellite (subsidence)" in items[0].attrib["label"]
    assert "towards (uplift)" in items[-1].attrib["label"]
    red, _, blue = (int(items[0].attrib["color"][i : i + 2], 16) for i in (1, 3, 5))
    assert red > blue
    assert ElementTree.parse(drawn.maps / "mask.qml").getroot().findall(".//paletteEntry")


def test_a_choice_without_forecast_is_a_sentence(drawn: Study, make: Callable[..., Study]) -> None:
    study = make(chosen="gone")
    with pytest.raises(InsarcastError, match="chooses the model 'gone', but there is no forecast of it"):
        write_maps(study.cube, study.forecasts, study.choice, study.maps, "subsidence_red", None)
