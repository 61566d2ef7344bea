"""Perpendicular baselines against GAMMA's own base_perp tables."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import numpy as np
import pytest

from insarcast.acquire.interferograms.baselines import look_angle, read_base_par, read_baselines, read_csv
from insarcast.core import InsarcastError

DATA = os.environ.get("INSARCAST_DATA")


def table(path: Path) -> np.ndarray:
    """Columns line, range, b_t, b_c, b_n, look angle, bpara, bperp, blen of a GAMMA base_perp table."""
    rows = [line.split() for line in path.read_text().splitlines() if re.match(r"^\s+\d+\s+\d+\s+[-\d.]+", line)]
    return np.array(rows, float)


@pytest.mark.skipif(DATA is None, reason="INSARCAST_DATA is not set: GAMMA's own tables are in mexico_cropA/geometry")
def test_baselines_are_those_of_gamma() -> None:
    folder = Path(DATA or "") / "mexico_cropA/geometry"
    tables = sorted(folder.glob("*_bperp.par"))
    assert len(tables) == 30
    for path in tables:
        pair = path.name.split("_VV")[0].split("-")
        rows = table(path)
        lines, look = np.unique(rows[:, 0]), look_angle(39.7045)
        at_look = [np.interp(look, block[:, 5], block[:, 7]) for block in (rows[rows[:, 0] == line] for line in lines)]
        centre = int(re.search(r"interferogram lines: (\d+)", path.read_text())[1]) / 2  # type: ignore[index]
        oracle = np.interp(centre, lines, at_look)
        found = read_baselines(folder, "{date1}-{date2}_*_base.par", [(pair[0], pair[1])], 39.7045)
        assert found[(pair[0], pair[1])] == pytest.approx(oracle, abs=0.01), path.name


@pytest.mark.skipif(DATA is None, reason="INSARCAST_DATA is not set: GAMMA's image parameters are in mexico_cropA/geometry")
def test_the_look_angle_of_the_image_parameters() -> None:
    text = (Path(DATA or "") / "mexico_cropA/geometry/r20180106_VV_slc.par").read_text()
    value = {key: float(re.search(rf"^{key}:\s+([-\d.]+)", text, re.MULTILINE)[1])  # type: ignore[index]
             for key in ("sar_to_earth_center", "center_range_slc", "earth_radius_below_sensor", "incidence_angle")}  # fmt: skip
    orbit, distance, earth = (value[key] for key in ("sar_to_earth_center", "center_range_slc", "earth_radius_below_sensor"))
    cosines = math.degrees(math.acos((orbit**2 + distance**2 - earth**2) / (2 * orbit * distance)))
    assert look_angle(value["incidence_angle"]) == pytest.approx(cosines, abs=0.1)


def test_the_formula_at_a_given_look_angle(tmp_path: Path) -> None:
    # From the first row of a GAMMA table: B_c 39.4441, B_n 4.4393, look angle 27.496918 -> bperp 32.9386.
    path = tmp_path / "base.par"
    path.write_text(
        "initial_baseline(TCN):   1.0  2.0  3.0  m m m\nprecision_baseline(TCN):   0.0   39.4441   4.4393   m   m   m\n"
    )
    assert read_base_par(path, 27.496918) == pytest.approx(32.9386, abs=2e-4)


def test_the_initial_baseline_stands_in_for_a_precise_one_of_zeros(tmp_path: Path) -> None:
    path = tmp_path / "base.par"
    path.write_text("initial_baseline(TCN):   0.1  -10.0  0.0  m m m\nprecision_baseline(TCN):   0.0   0.0   0.0   m   m   m\n")
    assert read_base_par(path, 0.0) == -10.0
    path.write_text("nothing of the kind\n")
    with pytest.raises(InsarcastError, match="precision_baseline"):
        read_base_par(path, 0.0)


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text("date1,date2,bperp_m\n2020-01-04,20200116,-12.5\n")
    assert read_csv(path) == {("20200104", "20200116"): -12.5}
    path.write_text("date1,date2,bperp\n20200104,20200116,1\n")
    with pytest.raises(InsarcastError, match="columns date1, date2, bperp_m"):
        read_csv(path)
    with pytest.raises(InsarcastError, match="There is no file"):
        read_csv(tmp_path / "none.csv")


def test_base_par_needs_the_incidence(tmp_path: Path) -> None:
    with pytest.raises(InsarcastError, match=r"products\.incidence"):
        read_baselines(tmp_path, "{date1}_{date2}.par", [("20200104", "20200116")], None)
