"""Aligned interferograms made from known displacement, and the real ones where the data root has them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rioxarray  # noqa: F401  (registers .rio)
import xarray as xr
import yaml

from insarcast.core import Study, write_store
from insarcast.stack import build_cube, close_loops, invert_network

ROOT = Path(__file__).resolve().parents[2]
WAVELENGTH = 0.0555
TO_PHASE = -4 * np.pi / (WAVELENGTH * 1000)  # rad per mm towards the satellite

SETTINGS: dict[str, Any] = {
    "quality": {"min_coverage": 0.3, "min_coherence": 0.05},
    "closing": {"required": True, "max_rms": 1.5, "correct": False, "nullify": "none"},
    "bridge": False,
    "reference": {"lon": None, "lat": None, "window": 3, "min_coherence": 0.6, "pin": False},
    "settings": {"norm": "l2", "weights": "none", "device": "cpu", "min_pairs": 1.0},
}


def lags(n_dates: int, *steps: int) -> list[tuple[int, int]]:
    return [(i, i + step) for step in steps for i in range(n_dates - step)]


def write_ifgs(
    path: Path, displacement: npt.NDArray[np.float64], pairs: list[tuple[int, int]], *, days: int = 12, **changes: Any
) -> xr.Dataset:
    """Write ``ifgs.zarr`` from displacement (date, y, x) in mm; every interferogram gets an arbitrary constant."""
    n, ny, nx = displacement.shape
    rng = np.random.default_rng(7)
    phase = np.stack([TO_PHASE * (displacement[j] - displacement[i]) + rng.uniform(-9, 9) for i, j in pairs]).astype(np.float32)
    dates = np.datetime64("2020-01-01", "ns") + np.arange(n) * np.timedelta64(days, "D")
    data = xr.Dataset(
        {
            "phase": (("pair", "y", "x"), changes.pop("phase", phase)),
            "coherence": (("pair", "y", "x"), np.full(phase.shape, 0.8, np.float32)),
            "height": (("y", "x"), np.zeros((ny, nx), np.float32)),
            "los": (("enu", "y", "x"), np.broadcast_to(np.float32([-0.62, -0.14, 0.77])[:, None, None], (3, ny, nx)).copy()),
        },
        coords={
            "date1": ("pair", dates[[i for i, _ in pairs]]),
            "date2": ("pair", dates[[j for _, j in pairs]]),
            "baseline": ("pair", np.zeros(len(pairs))),
            "enu": ["east", "north", "up"],
            "y": 20 - 0.001 * np.arange(ny),
            "x": -99 + 0.001 * np.arange(nx),
        },
        attrs={"source": "test", "wavelength": WAVELENGTH, "skipped": "[]", "credits": [], "Conventions": "CF-1.11"},
    ).rio.write_crs(4326)
    data = data.assign({name: (data[name].dims, values) for name, values in changes.items()})
    write_store(data, path)
    return data


def solve(folder: Path, vintage: str = "full", mask: str = "none", **changes: Any) -> tuple[xr.Dataset, dict[str, Any]]:
    """Run the rules after the alignment; the cube and the decisions."""
    import json

    out = folder / vintage
    out.mkdir(exist_ok=True)
    if not (folder / "closure.zarr").exists():
        close_loops(folder / "ifgs.zarr", folder / "closure.zarr", folder / "network.parquet")
    options = {
        key: (changes.get(key, value) if not isinstance(value, dict) else value | changes.get(key, {}))
        for key, value in SETTINGS.items()
    }
    files = {"inversion": out / "inversion.zarr", "decisions": out / "decisions.json"}
    invert_network(folder / "ifgs.zarr", folder / "closure.zarr", **files, vintage=vintage, threads=2, **options)
    build_cube(
        folder / "ifgs.zarr", files["inversion"], out / "cube.zarr", vintage, {"preset": mask, "thresholds": {}}, 0, "hash"
    )
    from insarcast.core import open_cube

    return open_cube(out / "cube.zarr").load(), json.loads(files["decisions"].read_text())


@pytest.fixture
def basin() -> Callable[..., npt.NDArray[np.float64]]:
    """Displacement of a basin: most of the scene subsides, the western quarter does not move."""

    def make(n_dates: int = 8, ny: int = 24, nx: int = 32, rate: float = -6.0, noise: float = 0.0) -> npt.NDArray[np.float64]:
        x = np.clip((np.arange(nx) - nx // 4) / (nx - nx // 4), 0, 1)
        field = rate * np.arange(n_dates)[:, None, None] * np.broadcast_to(x, (ny, nx))
        return field + noise * np.random.default_rng(3).normal(size=field.shape)

    return make


@pytest.fixture(scope="session")
def mexico(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real stack of Mexico City, taken through the stage's functions; its stack folder."""
    root = os.environ.get("INSARCAST_DATA")
    if not root or not (Path(root) / "mexico_cropA").is_dir():
        pytest.skip("the data root (INSARCAST_DATA) has no mexico_cropA")
    from insarcast.acquire import acquire_products
    from insarcast.stack import align_products

    folder = tmp_path_factory.mktemp("mexico")
    study = Study(ROOT / "config/studies/mexico_city.yaml")
    cube = study.cubes[0]
    acquire_products(
        folder / "manifest.json", study.get("source", cube), study.get("products", cube), study.get("gnss", cube),
        root, str(ROOT / "config/originals"), str(folder / "cache"),
    )  # fmt: skip
    align_products(folder / "manifest.json", folder / "ifgs.zarr", "stop")
    assert yaml.safe_load((folder / "manifest.json").read_text())["dates"][-1] == "20180717"
    return folder
