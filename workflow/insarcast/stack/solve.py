"""The inversion of a whole scene, block by block: memory is bounded by the block, the result does not know of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, add_to_store, blank, blocks, create_store, shard_edge, write_block

from .inversion import Inversion, invert
from .loops import count_loops, nullify
from .quality import Network
from .reference import Reference

Float = npt.NDArray[np.float64]


class BlockSolver:
    """What every block needs, and the sums over all blocks."""

    def __init__(
        self,
        data: xr.Dataset,
        loops: xr.Dataset,
        found: Network,
        shift: Float,
        triplets: npt.NDArray[np.int64],
        numbers: list[int],
        mode: str,
        settings: dict[str, Any],
        threads: int,
    ) -> None:
        self.data, self.loops, self.numbers, self.mode = data, loops, numbers, mode
        self.settings, self.threads = settings, threads
        self.kept, self.dates = found.kept, found.dates[found.kept_dates]
        self.pairs, self.days = found.kept_pairs, found.kept_days
        self.shift = shift[self.kept]
        order = {pair: index for index, pair in enumerate(self.kept)}
        self.triplets = np.array([[order[side] for side in loop] for loop in triplets], np.int64).reshape(-1, 3)
        self.wavelength = float(data.attrs["wavelength"])
        # A network may have fewer interferograms than the ratio asks for; then all of them are needed.
        self.min_pairs = min(int(np.ceil(settings["min_pairs"] * len(self.dates))), len(self.kept))
        self.totals: dict[str, Any] = {
            "total": 0, "inverted": 0, "no_data": 0, "too_few_pairs": 0, "samples": 0, "over_pi": 0, "nullified": 0,
            "residual": np.zeros(len(self.kept)), "measured": np.zeros(len(self.kept), np.int64),
        }  # fmt: skip

    def run(self, path: Path, chosen: Reference) -> dict[str, Any]:
        """Invert every block, write the store, and return the sums."""
        ny, nx = self.data.sizes["y"], self.data.sizes["x"]
        edge = shard_edge(max(len(self.kept), len(self.triplets), len(self.dates)))
        create_store(self._template(ny, nx, chosen), path, edge)
        for block in blocks(ny, nx, edge):
            write_block(self._solve(block), path, block)
        if self.totals["inverted"] == 0:
            raise InsarcastError(
                f"No pixel has the {self.min_pairs} valid interferograms that stack.inversion.min_pairs asks for; lower it or add interferograms."
            )
        with np.errstate(invalid="ignore", divide="ignore"):
            rms = np.sqrt(self.totals["residual"] / self.totals["measured"])
        self.totals["pair_rms"] = rms
        facts = xr.Dataset(
            {"pair_resid_rms": ("pair", rms, {"units": "mm"}), "reference_phase": ("pair", self.shift, {"units": "rad"})}
        )
        add_to_store(facts, path)
        return self.totals

    def _solve(self, block: tuple[slice, slice]) -> xr.Dataset:
        part = self.data.isel(pair=self.kept, y=block[0], x=block[1])
        phase = part.phase.values.astype(np.float64) - self.shift[:, None, None]
        shape = phase.shape[1:]
        loop = self.loops.closure.isel(triplet=self.numbers, y=block[0], x=block[1]).values.astype(np.float64)
        if len(self.triplets):
            one, two, three = self.triplets.T
            loop -= (self.shift[one] + self.shift[two] - self.shift[three])[:, None, None]
        if self.mode != "none":
            removed = nullify(loop, self.triplets, len(self.kept), self.mode) & np.isfinite(phase)
            phase[removed] = np.nan
            self.totals["nullified"] += int(removed.sum())
        indices = count_loops(loop, np.isfinite(phase), self.triplets)
        weights = None
        if self.settings["weights"] == "coherence":
            weights = inverse_variance(part.coherence.values).reshape(len(self.kept), -1)
        data = (-self.wavelength * 1000 / (4 * np.pi) * phase).reshape(len(self.kept), -1)
        result = invert(
            data, self.pairs, self.days, weights=weights, norm=self.settings["norm"],
            min_pairs=self.min_pairs, wavelength=self.wavelength, threads=self.threads,
        )  # fmt: skip
        self._add(result, data, loop)
        space = ("y", "x")
        three_d: dict[str, npt.NDArray[Any]] = {
            "displacement": result.displacement.astype(np.float32),
            "sigma": result.sigma.astype(np.float32),
            "filled": result.filled,
        }
        two_d: dict[str, npt.NDArray[Any]] = {
            "resid_rms": result.resid_rms.astype(np.float32),
            "temporal_coherence": result.temporal_coherence.astype(np.float32),
            "n_unw": result.n_valid.astype(np.int32),
        }
        if "coherence" in part:
            two_d["coherence"] = _mean(part.coherence.values, np.isfinite(phase))
        return xr.Dataset(
            {name: (("time", *space), values.reshape(-1, *shape)) for name, values in three_d.items()}
            | {name: (space, values.reshape(shape)) for name, values in two_d.items()}
            | {name: (space, values) for name, values in indices.items()}
        )

    def _add(self, result: Inversion, data: Float, loop: Float) -> None:
        valid = np.isfinite(data)
        measured = valid.sum(0)
        inverted = np.isfinite(result.displacement[0])
        residual = data - (result.displacement[self.pairs[:, 1]] - result.displacement[self.pairs[:, 0]])
        known = np.isfinite(residual)
        totals = self.totals
        totals["total"] += len(measured)
        totals["inverted"] += int(inverted.sum())
        totals["no_data"] += int((measured == 0).sum())
        totals["too_few_pairs"] += int(((measured > 0) & ~inverted).sum())
        totals["samples"] += int(np.isfinite(loop).sum())
        totals["over_pi"] += int((np.abs(loop) > np.pi).sum())
        totals["residual"] += (np.where(known, residual, 0.0) ** 2).sum(1)
        totals["measured"] += known.sum(1)

    def _template(self, ny: int, nx: int, chosen: Reference) -> xr.Dataset:
        n = len(self.dates)
        grid: dict[str, Any] = {
            "displacement": (
                ("time", "y", "x"),
                blank(np.float32, n, ny, nx),
                {"units": "mm", "sign": "positive towards the satellite"},
            ),
            "sigma": (("time", "y", "x"), blank(np.float32, n, ny, nx), {"units": "mm"}),
            "filled": (("time", "y", "x"), blank(np.bool_, n, ny, nx)),
            "resid_rms": (("y", "x"), blank(np.float32, ny, nx), {"units": "mm"}),
            "temporal_coherence": (("y", "x"), blank(np.float32, ny, nx), {"units": "1"}),
        }
        if "coherence" in self.data:
            grid["coherence"] = (("y", "x"), blank(np.float32, ny, nx), {"units": "1"})
        for name in ("n_unw", "n_loop", "n_loop_err", "n_pair_no_loop"):
            grid[name] = (("y", "x"), blank(np.int32, ny, nx), {"units": "1"})
        coords = {
            "time": self.dates.astype("datetime64[ns]"),
            "y": self.data.y,
            "x": self.data.x,
            "date1": ("pair", self.dates[self.pairs[:, 0]].astype("datetime64[ns]")),
            "date2": ("pair", self.dates[self.pairs[:, 1]].astype("datetime64[ns]")),
        }
        place = chosen.record(self.data)
        attrs = {f"reference_{key}": place[key] for key in ("row", "col", "lon", "lat", "window")}
        kept = {key: self.data.attrs[key] for key in ("source", "wavelength", "credits", "Conventions")}
        template: xr.Dataset = xr.Dataset(grid, coords, attrs | kept).rio.write_crs(self.data.rio.crs, inplace=True)
        return template


def _mean(values: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(valid, np.nan_to_num(values), 0).sum(0, dtype=np.float64) / valid.sum(0), np.float32)


def inverse_variance(coherence: npt.NDArray[np.floating]) -> Float:
    """Weight 2 c^2 / (1 - c^2) of an interferogram: the inverse of the phase variance (1 - c^2) / (2 c^2) (Tough et al. 1995)."""
    c = np.clip(coherence.astype(np.float64), 0.01, 0.99)
    return np.asarray(2 * c**2 / (1 - c**2), np.float64)
