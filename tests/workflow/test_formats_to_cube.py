"""Ready series in three formats: the workflow plans a cube of each, and the same ground gives the same cube."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
import yaml
from flow import snakemake
from products_ready import Ready, make_ready, write_licsbas, write_mintpy, write_opera
from ready_open import acquire

from insarcast.core import Study, open_cube
from insarcast.stack import build_cube, read_displacement

FORMATS = {"mintpy": (write_mintpy, True), "licsbas": (write_licsbas, False), "opera": (write_opera, True)}


def cube(folder: Path, source: str, ready: Ready) -> xr.Dataset:
    """Acquired, read and built as the rules do."""
    place = folder / source
    FORMATS[source][0](place / source, ready)
    acquire(place / source, source)
    get = lambda key: Study(place / "study.yaml").get(key, "A")  # noqa: E731
    store, built = place / "store.zarr", place / "cube.zarr"
    read_displacement(place / f"{source}.json", store, place / "store.json", get("stack.reference"), get("series"))
    build_cube(store, store, built, "full", get("stack.mask"), 0, "none")
    return open_cube(built).load()


def test_three_formats_of_one_ground_give_one_cube(tmp_path: Path) -> None:
    cubes = {}
    for source, (_, utm) in FORMATS.items():
        ready = make_ready(16, utm=utm)
        ready.water[:] = False
        cubes[source] = cube(tmp_path, source, ready)
    first, *others = cubes.values()
    known = np.isfinite(first.displacement.values)
    assert known.mean() > 0.9
    np.testing.assert_allclose(first.displacement.values[known], (ready.displacement)[known], atol=1e-4)
    for other in others:
        np.testing.assert_array_equal(np.isfinite(other.displacement.values), known)
        np.testing.assert_allclose(other.displacement.values[known], first.displacement.values[known], atol=2e-4)
        np.testing.assert_allclose(other.los.values[:, known[0]], first.los.values[:, known[0]], atol=1e-6)
        assert (other.attrs["reference_row"], other.attrs["reference_col"]) == ready.reference


def test_a_cube_of_each_is_planned(tmp_path: Path) -> None:
    study = tmp_path / "formats.yaml"
    study.write_text(
        yaml.safe_dump({"cubes": {name: {"source": name, "products": {"folder": str(tmp_path)}} for name in FORMATS}})
    )
    targets = [f"results/formats/{name}/stack/full/cube.zarr" for name in FORMATS]
    run = snakemake(tmp_path, *targets, options=["-n"], study_file=str(study))
    assert run.code == 0, run.text
    for name in FORMATS:
        for message in (
            "Finding the products of {} of formats",
            "Reading the displacement of {}",
            "Building the cube of {}, full",
        ):
            assert message.format(name) in run.text
    assert "Aligning the interferograms" not in run.text
