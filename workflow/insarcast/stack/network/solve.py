"""The inversion of a whole scene, block by block: memory is bounded by the block, the result does not know of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from insarcast.core import InsarcastError, add_to_store, blank, blocks, create_store, shard_edge, write_block

from ..alignment.reading import read_pairs
from ..inversion.solver import Inversion, estimate_noise, invert
from ..inversion.variance import VarianceModel, equal_variances
from .loops import count_loops, nullify
from .quality import Network
from .reference import Reference

Float = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]

# Blocks, and pixels of all of them, that the variances of interferograms are estimated from.
_SAMPLED, _EDGE, _CANDIDATES = 16, 128, 8192


class BlockSolver:
    """What every block needs, and the sums over all blocks."""

    def __init__(
        self,
        data: xr.Dataset,
        found: Network,
        shift: Float,
        triplets: npt.NDArray[np.int64],
        closing: dict[str, Any],
        settings: dict[str, Any],
        threads: int,
    ) -> None:
        self.data, self.closing, self.settings, self.threads = data, closing, settings, threads
        self.kept, self.dates = found.kept, found.dates[found.kept_dates]
        self.pairs, self.days = found.kept_pairs, found.kept_days
        self.shift = shift[self.kept].astype(np.float32)
        order = {pair: index for index, pair in enumerate(self.kept)}
        self.triplets = np.array([[order[side] for side in loop] for loop in triplets], np.int64).reshape(-1, 3)
        self.wavelength = float(data.attrs["wavelength"])
        # A network may have fewer interferograms than the ratio asks for; then all of them are needed.
        self.min_pairs = min(int(np.ceil(settings["min_pairs"] * len(self.dates))), len(self.kept))
        self.model = self._estimate() if settings["weights"] == "auto" or closing["correct"] else None
        self.totals: dict[str, Any] = {
            "total": 0, "inverted": 0, "no_data": 0, "too_few_pairs": 0, "samples": 0, "over_pi": 0, "nullified": 0,
            "corrected": {"samples": 0, "pixels": 0, "left": 0},
            "cycles": np.zeros(len(self.kept), np.int64),
            "residual": np.zeros(len(self.kept)), "measured": np.zeros(len(self.kept), np.int64),
        }  # fmt: skip

    def run(self, path: Path, chosen: Reference) -> dict[str, Any]:
        """Invert every block, write the store, and return the sums."""
        ny, nx = self.data.sizes["y"], self.data.sizes["x"]
        edge = shard_edge(max(len(self.kept), len(self.dates)))
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
        self.totals["model"] = self.model
        facts = xr.Dataset(
            {
                "pair_resid_rms": ("pair", rms, {"units": "mm"}),
                "reference_phase": ("pair", self.shift.astype(np.float64), {"units": "rad"}),
            }
        )
        add_to_store(facts, path)
        return self.totals

    def _read(self, block: tuple[slice, slice]) -> tuple[Single, Single | None]:
        """(n_pairs, n_pixels) referenced phase in rad, and coherence if there is one."""
        phase = read_pairs(self.data, "phase", self.kept, block).reshape(len(self.kept), -1) - self.shift[:, None]
        if "coherence" not in self.data:
            return phase, None
        return phase, read_pairs(self.data, "coherence", self.kept, block).reshape(phase.shape)

    def _estimate(self) -> VarianceModel | None:
        """Variances from blocks spread over the scene: one model for all blocks, so that the result does not know of them."""
        ny, nx = self.data.sizes["y"], self.data.sizes["x"]
        every = list(blocks(ny, nx, _EDGE))
        chosen = [every[at] for at in sorted(set(np.linspace(0, len(every) - 1, _SAMPLED).astype(int).tolist()))]
        samples: list[tuple[Single, Single | None]] = []
        for block in chosen:
            phase, coherence = self._read(block)
            step = max(1, phase.shape[1] * len(chosen) // _CANDIDATES)
            samples.append((phase[:, ::step], None if coherence is None else coherence[:, ::step]))
        phase = np.concatenate([one for one, _ in samples], axis=1)
        known = [two for _, two in samples if two is not None]
        return estimate_noise(self._mm * phase, self.pairs, np.concatenate(known, axis=1) if known else None)

    @property
    def _mm(self) -> np.float32:
        """Displacement towards the satellite, in mm, that a radian of phase is."""
        return np.float32(-self.wavelength * 1000 / (4 * np.pi))

    def _solve(self, block: tuple[slice, slice]) -> xr.Dataset:
        phase, coherence = self._read(block)
        before = count_loops(phase, self.triplets)
        self.totals["samples"] += int(before["n_loop"].sum())
        self.totals["over_pi"] += int(before["n_loop_err"].sum())
        shape = (block[0].stop - block[0].start, block[1].stop - block[1].start)
        result = self._invert(phase, coherence, self.closing["correct"], shape)
        if self._take_off(phase, result) or self.closing["nullify"] != "none":
            before = count_loops(phase, self.triplets)
        if self.closing["nullify"] != "none":
            removed = nullify(phase, self.triplets, self.closing["nullify"]) & np.isfinite(phase)
            self.totals["nullified"] += int(removed.sum())
            if removed.any():
                phase[removed] = np.nan
                before = count_loops(phase, self.triplets)
                hit = np.flatnonzero(removed.any(0))  # the others keep what they have
                again = self._invert(phase[:, hit], None if coherence is None else coherence[:, hit], False, None)
                for name in ("displacement", "sigma", "filled", "resid_rms", "temporal_coherence", "n_valid"):
                    getattr(result, name)[..., hit] = getattr(again, name)
        self._add(result, self._mm * phase)
        three_d: dict[str, npt.NDArray[Any]] = {
            "displacement": result.displacement.astype(np.float32),
            "sigma": result.sigma.astype(np.float32),
            "filled": result.filled,
        }
        two_d: dict[str, npt.NDArray[Any]] = {
            "resid_rms": result.resid_rms.astype(np.float32),
            "temporal_coherence": result.temporal_coherence.astype(np.float32),
            "n_unw": result.n_valid.astype(np.int32),
        } | before
        if coherence is not None:
            two_d["coherence"] = _mean(coherence, np.isfinite(phase))
        return xr.Dataset(
            {name: (("time", "y", "x"), values.reshape(-1, *shape)) for name, values in three_d.items()}
            | {name: (("y", "x"), values.reshape(shape)) for name, values in two_d.items()}
        )

    def _invert(self, phase: Single, coherence: Single | None, correct: bool, shape: tuple[int, int] | None) -> Inversion:
        # Where nothing could be estimated all count the same: a block must not estimate for itself.
        weights = "none" if self.settings["weights"] == "auto" and self.model is None else self.settings["weights"]
        return invert(
            self._mm * phase, self.pairs, self.days, weights=weights, coherence=coherence,
            variance=self.model or equal_variances(len(self.kept)), norm=self.settings["norm"], correct_unwrapping=correct, shape=shape,
            min_pairs=self.min_pairs, wavelength=self.wavelength, threads=self.threads, device=self.settings["device"],
        )  # fmt: skip

    def _take_off(self, phase: Single, result: Inversion) -> bool:
        """Take the whole cycles that were found off the phase, and count them."""
        cycles = result.cycles
        if cycles is None:
            return False
        phase[cycles.pair, cycles.pixel] += (2 * np.pi * cycles.count).astype(np.float32)
        counts = self.totals["corrected"]
        counts["samples"] += len(cycles.pair)
        counts["pixels"] += len(np.unique(cycles.pixel))
        counts["left"] += len(cycles.left)
        self.totals["cycles"] += np.bincount(cycles.pair, minlength=len(self.kept))
        return len(cycles.pair) > 0

    def _add(self, result: Inversion, data: Single) -> None:
        measured = np.isfinite(data).sum(0)
        inverted = np.isfinite(result.displacement[0])
        residual = data - (result.displacement[self.pairs[:, 1]] - result.displacement[self.pairs[:, 0]])
        known = np.isfinite(residual)
        totals = self.totals
        totals["total"] += len(measured)
        totals["inverted"] += int(inverted.sum())
        totals["no_data"] += int((measured == 0).sum())
        totals["too_few_pairs"] += int(((measured > 0) & ~inverted).sum())
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
        grid["loop_phase_mean"] = (("y", "x"), blank(np.float32, ny, nx), {"units": "rad"})
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
