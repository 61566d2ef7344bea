"""Ready series in three formats through the workflow: the same ground gives the same cube, and a radar-coordinate file one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml
from flow import snakemake
from products_ready import make_ready, write_licsbas, write_mintpy, write_opera

from insarcast.core import open_cube

FORMATS = {"mintpy": (write_mintpy, True), "licsbas": (write_licsbas, False), "opera": (write_opera, True)}


def test_three_formats_of_one_ground_give_one_cube(tmp_path: Path) -> None:
    cubes = {}
    for name, (write, utm) in FORMATS.items():
        ready = make_ready(16, utm=utm)
        ready.water[:] = False
        write(tmp_path / name, ready)
        cubes[name] = {"source": name, "products": {"folder": str(tmp_path / name)}}
    study = tmp_path / "formats.yaml"
    study.write_text(yaml.safe_dump({"title": "Formats", "cubes": cubes}))
    targets = [f"results/formats/{name}/stack/full/cube.zarr" for name in cubes]
    run = snakemake(tmp_path, *targets, study_file=str(study))
    assert run.code == 0, run.text
    first, *others = [open_cube(tmp_path / target).load() for target in targets]
    known = np.isfinite(first.displacement.values)
    assert known.mean() > 0.9
    np.testing.assert_allclose(first.displacement.values[known], (ready.displacement)[known], atol=1e-4)
    for cube in others:
        np.testing.assert_array_equal(np.isfinite(cube.displacement.values), known)
        np.testing.assert_allclose(cube.displacement.values[known], first.displacement.values[known], atol=2e-4)
        np.testing.assert_allclose(cube.los.values[:, known[0]], first.los.values[:, known[0]], atol=1e-6)
        assert (cube.attrs["reference_row"], cube.attrs["reference_col"]) == ready.reference


def test_a_time_series_in_radar_coordinates_ends_in_one_sentence(tmp_path: Path) -> None:
    radar = dict.fromkeys(("X_FIRST", "Y_FIRST", "X_STEP", "Y_STEP"))
    write_mintpy(tmp_path / "mintpy", make_ready(), **radar)
    study = tmp_path / "radar.yaml"
    study.write_text(yaml.safe_dump({"cubes": {"A": {"source": "mintpy", "products": {"folder": str(tmp_path / "mintpy")}}}}))
    run = snakemake(tmp_path, "results/radar/A/stack/full/cube.zarr", study_file=str(study))
    run.failed_plainly("radar coordinates", "geocode.py")
