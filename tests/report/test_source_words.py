"""What the page says of where products are from, of the area, and of what was left out."""

from __future__ import annotations

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr

from insarcast.core import Manifest, Pair
from insarcast.report.stack import source_words
from insarcast.report.writing.tables import dropped_table


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("S1AA_20190610T135156_20190622T135157_VVP012_INT80_G_ueF_F8BF", "HyP3, INSAR_GAMMA"),
        ("S1_056072_IW2_20220814_20220907_VV_INT80_E09B", "HyP3, INSAR_ISCE_BURST"),
        (
            "S1_044_000000s1n00-093117s2n01-093118s3n01_IW_20250718_20250730_VV_INT80_B4FA",
            "HyP3, INSAR_ISCE_MULTI_BURST, track 44",
        ),
        ("S1A_064_E053_1_N27_3_E054_1_N27_8_20200604_20200616_VV_INT80_7EB5", "HyP3, INSAR_ISCE_MULTI_BURST, track 64"),
    ],
)
def test_a_product_of_hyp3_says_its_job(name: str, said: str) -> None:
    pair = Pair("20200604", "20200616", f"/some/where/{name}/{name}_unw_phase.tif")
    assert source_words.source(Manifest("hyp3", [], [pair])) == said
    assert source_words.source(Manifest("hyp3", [], [pair], truth="truth.zarr")) == "simulated"


def test_a_frame_of_licsar_is_named_where_its_files_name_it() -> None:
    static = {"dem": ["a/137A_05432_131313.geo.hgt.tif"]}
    assert source_words.source(Manifest("licsar", [], [], static)) == "LiCSAR, frame 137A_05432_131313"
    assert source_words.source(Manifest("licsar", [], [])) == "LiCSAR"
    assert source_words.source(Manifest("geotiff", [], [])) == "geotiff"


@pytest.mark.parametrize(("crs", "step"), [(4326, 0.001), (32614, 100.0)])
def test_a_grid_within_the_area_says_so(crs: int, step: float) -> None:
    from pyproj import Transformer

    area = (-99.11, 19.38, -99.08, 19.41)
    west, south, east, north = Transformer.from_crs(4326, crs, always_xy=True).transform_bounds(*area)

    def grid(more: int) -> xr.Dataset:
        x, y = np.arange(west - more * step, east + more * step, step), np.arange(south, north, step)[::-1]
        return xr.Dataset(coords={"y": y, "x": x}).rio.write_crs(crs)

    manifest = Manifest("hyp3", [], [], area=area)
    said = source_words.cut(manifest, grid(0)).replace("\N{NO-BREAK SPACE}", " ")
    assert said == "The grid is confined to the study's area: 19.3800° N, 99.1100° W to 19.4100° N, 99.0800° W."
    assert source_words.cut(manifest, grid(5)) == ""
    assert source_words.cut(Manifest("hyp3", [], []), grid(0)) == ""


def test_what_was_left_out_tells_what_its_numbers_are() -> None:
    masked = [{"what": "pixel", "name": "masked", "reason": reason, "count": 3} for reason in ("water", "loop errors")]
    resampled = {"what": "resampled", "name": "20200101_20200113", "reason": "used, resampled"}
    plain = "Everything that was found and not used."
    assert dropped_table("A", masked[:1]).caption == plain
    assert "counts under each, so these add up to more than the pixels" in dropped_table("A", masked).caption
    assert "resampled is used all the same" in dropped_table("A", [resampled]).caption
