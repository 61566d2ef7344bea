"""An inversion of known displacement, written as the stage would leave it, without interferograms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rioxarray  # noqa: F401  (registers .rio)
import xarray as xr

from insarcast.core import write_store
from insarcast.stack import estimate_corrections
from insarcast.stack.corrections.store import Corrections
from tests.stack.conftest import WAVELENGTH

NO_AIR = {"method": "none", "missing": "stop", "time": None, "height": "none"}
NO_RAMP = {"surface": "none", "force": False}
UP = 0.77


def write_inverted(
    folder: Path,
    displacement: npt.NDArray[Any],
    *,
    height: npt.NDArray[Any] | None = None,
    days: int | npt.NDArray[Any] = 12,
    x: npt.NDArray[Any] | None = None,
    y: npt.NDArray[Any] | None = None,
    crs: int = 4326,
    reference: tuple[int, int] = (1, 1),
    coherent: npt.NDArray[np.bool_] | None = None,
) -> None:
    """Write ``ifgs.zarr`` (heights and line of sight only) and ``inversion.zarr``.

    Args:
        folder: where.
        displacement: (date, y, x) mm; the first date and the mean of the 3 x 3 reference window are made zero.
        height: (y, x) m.
        days: between dates, or of each since the first, which is 2020-01-01.
        x: pixel centres; a thousandth of a degree apart where there are none.
        y: the same from north to south.
        crs: EPSG.
        reference: row and column.
        coherent: (y, x) which pixels have a temporal coherence of 0.9, the others 0.3.
    """
    n, ny, nx = displacement.shape
    row, col = reference
    series = displacement - displacement[0]
    series = series - series[:, row - 1 : row + 2, col - 1 : col + 2].mean((1, 2))[:, None, None]
    coords = {
        "y": 20 - 0.001 * np.arange(ny) if y is None else y,
        "x": -99 + 0.001 * np.arange(nx) if x is None else x,
    }
    los = np.broadcast_to(np.float32([-0.62, -0.14, UP])[:, None, None], (3, ny, nx)).copy()
    static = xr.Dataset({"los": (("enu", "y", "x"), los)}, coords | {"enu": ["east", "north", "up"]}, {"wavelength": WAVELENGTH})
    if height is not None:
        static["height"] = (("y", "x"), height.astype(np.float32))
    write_store(static.rio.write_crs(crs), folder / "ifgs.zarr")
    good = np.ones((ny, nx), np.bool_) if coherent is None else coherent
    data = xr.Dataset(
        {
            "displacement": (("time", "y", "x"), series.astype(np.float32)),
            "filled": (("time", "y", "x"), np.zeros(series.shape, np.bool_)),
            "temporal_coherence": (("y", "x"), np.where(good, 0.9, 0.3).astype(np.float32)),
        },
        coords
        | {
            "time": np.datetime64("2020-01-01", "ns")
            + (np.arange(n) * days if isinstance(days, int) else days).astype("timedelta64[D]")
        },
    ).rio.write_crs(crs)
    place = {"row": row, "col": col, "lon": float(coords["x"][col]), "lat": float(coords["y"][row]), "window": 3}
    write_store(data.assign_attrs({f"reference_{key}": value for key, value in place.items()}), folder / "inversion.zarr")


def correct(
    folder: Path, *, air: dict[str, Any] | None = None, ramp: dict[str, Any] | None = None, move: dict[str, Any] | None = None,
    delays: Path | None = None,
) -> tuple[npt.NDArray[Any], dict[str, Any], Corrections]:  # fmt: skip
    """Estimate and apply: the corrected displacement, the record, and the corrections."""
    import json

    from insarcast.core import open_store

    estimate_corrections(
        folder / "ifgs.zarr", folder / "inversion.zarr", folder / "corrections.zarr", folder / "corrections.json", "full",
        NO_AIR | (air or {}), NO_RAMP | (ramp or {}), move, [delays] if delays else [],
    )  # fmt: skip
    data = open_store(folder / "inversion.zarr")
    fix = Corrections.open([folder / "corrections.zarr"])
    whole = (slice(0, data.sizes["y"]), slice(0, data.sizes["x"]))
    return fix.apply(data.displacement.values, whole), json.loads((folder / "corrections.json").read_text()), fix
