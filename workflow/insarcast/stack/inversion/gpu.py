"""The same inversion on a GPU: the operations of a plan, column by column, over all pixels at once, in torch and float64.

An operation of the plan on one number of a pixel is a tensor operation on that number of all pixels. The updates of a column go to
distinct entries, so each column is one scaled outer product that is subtracted in place: some hundred launches for a whole network,
whatever the number of pixels. Runs on any torch device; on a CPU the compiled kernel is faster.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from insarcast.core import InsarcastError

from . import kernel

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor

Float = npt.NDArray[np.float64]
Operands = tuple[npt.NDArray[Any], ...]

_CPU_PIXELS = 4096
_SHARE = 0.6  # of the free memory


def find_torch() -> Any:
    """The module, or None: it is no requirement of the stack, whose environment on a CPU is without."""
    return import_module("torch") if find_spec("torch") else None


def has_gpu() -> bool:
    """Whether torch is installed and sees a CUDA GPU."""
    torch = find_torch()
    return torch is not None and bool(torch.cuda.is_available())


class DeviceSolver:
    """A network on a device.

    Args:
        operands: of the network's plan.
        device: ``cuda``, or ``cpu`` for a test.
        loss, tuning, prior, iterations, tolerance, to_phase: as for :func:`.kernel.solve`.
    """

    def __init__(
        self,
        operands: Operands,
        device: str,
        loss: int,
        tuning: float,
        prior: float,
        iterations: int,
        tolerance: float,
        to_phase: float,
    ) -> None:
        torch = find_torch()
        if torch is None or (device == "cuda" and not torch.cuda.is_available()):
            raise InsarcastError(
                "The inversion is asked to run on a GPU (device: cuda), but no CUDA GPU is found here; use auto or cpu."
            )
        self._torch: Any = torch
        self.device = torch.device(device)
        first, second, entry, start, row, target_start, target, _, _, self.position = operands
        self.loss, self.tuning, self.prior, self.iterations, self.tolerance = loss, tuning, prior, iterations, tolerance
        self.to_phase = to_phase
        self.n_positions, self.n_entries = len(start) - 1, len(start) - 1 + len(row)
        inner = first >= 0
        self.second, self.first = self._index(second), self._index(first[inner])
        self.inner, self.entry = self._index(np.flatnonzero(inner)), self._index(entry[inner])
        self.columns = []
        for p in range(self.n_positions):
            low, high = int(start[p]), int(start[p + 1])
            one, two = np.triu_indices(high - low)
            full = np.zeros((high - low, high - low), np.int64)
            full[one, two] = full[two, one] = target[target_start[p] : target_start[p + 1]]
            cells = slice(self.n_positions + low, self.n_positions + high)
            self.columns.append(
                (
                    cells,
                    self._index(row[low:high]),
                    self._index(one),
                    self._index(two),
                    self._index(full[one, two]),
                    self._index(full),
                )
            )

    def _index(self, values: npt.NDArray[np.integer]) -> Tensor:
        sent: Tensor = self._torch.as_tensor(np.asarray(values, np.int64), device=self.device)
        return sent

    def pixels_at_once(self, n_pairs: int) -> int:
        """Pixels that fit into the device's free memory."""
        if self.device.type == "cpu":
            return _CPU_PIXELS
        widest = max((len(column[2]) for column in self.columns), default=1)
        numbers = self.n_entries + 2 * widest + 5 * n_pairs + 4 * self.n_positions
        return max(1024, int(_SHARE * self._torch.cuda.mem_get_info()[0] / (8 * numbers)))

    def solve(self, data: npt.NDArray[np.floating], weights: npt.NDArray[np.floating] | None, rank: Float) -> tuple[Float, ...]:
        """Invert pixels whose interferograms join all dates.

        Args:
            data: (n_pairs, n_pixels) mm; NaN = missing.
            weights: the same shape, or None for equal ones.
            rank: (n_pixels,) unknowns.

        Returns:
            ``displacement`` and ``sigma`` (n_dates, n_pixels), ``rms``, ``coherence`` and ``worst`` (n_pixels,), as the CPU kernel.
        """
        step, n = self.pixels_at_once(len(data)), data.shape[1]
        parts = [
            self._solve(data[:, at : at + step], None if weights is None else weights[:, at : at + step], rank[at : at + step])
            for at in range(0, n, step)
        ]
        return tuple(np.concatenate(some, axis=-1) for some in zip(*parts, strict=True))

    def _solve(self, data: npt.NDArray[np.floating], weights: npt.NDArray[np.floating] | None, rank: Float) -> tuple[Float, ...]:
        torch = self._torch
        y = self._send(data)
        w = torch.ones_like(y) if weights is None else self._send(weights)
        w = torch.where(torch.isfinite(y) & torch.isfinite(w) & (w > 0), w, 0.0)
        y = torch.where(w > 0, y, 0.0)
        count = (w > 0).sum(0).to(torch.float64)
        freedom = torch.clamp(count - self._send(rank), min=0.0)
        u = w
        a, b = self._normal(y, u)
        self._factorise(a)
        x = self._substitute(a, b)
        r = self._residuals(y, x)
        scale = self._scale(u, r, freedom)
        if self.loss != kernel.LEAST_SQUARES:
            done = torch.zeros(y.shape[1], dtype=torch.bool, device=self.device)
            for _ in range(self.iterations):
                u = self._reweigh(w, r, scale)
                a, b = self._normal(y, u)
                self._factorise(a)
                new = self._substitute(a, b)
                change = (new - x).abs().amax(0)
                x = torch.where(done, x, new)
                done |= change < self.tolerance
                r = self._residuals(y, x)
                if self.loss != kernel.L1:
                    scale = torch.where(done, scale, self._scale(u, r, freedom))
                if bool(done.all()):
                    break
            if self.loss == kernel.L1:
                scale, u = self._scale(w, r, freedom), w
            else:
                u = self._reweigh(w, r, scale)
            a, _ = self._normal(y, u)
            self._factorise(a)
        self._invert_factor(a)
        return self._gather(x, a, r, w, u, count, freedom, scale)

    def _send(self, values: npt.NDArray[np.floating]) -> Tensor:
        sent: Tensor = self._torch.as_tensor(np.ascontiguousarray(values), device=self.device).to(self._torch.float64)
        return sent

    def _normal(self, y: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        torch = self._torch
        a = torch.zeros((self.n_entries, y.shape[1]), dtype=torch.float64, device=self.device)
        b = torch.zeros((self.n_positions, y.shape[1]), dtype=torch.float64, device=self.device)
        wy = u * y
        inner, wyi = u[self.inner], wy[self.inner]
        a.index_add_(0, self.second, u).index_add_(0, self.first, inner).index_add_(0, self.entry, -inner)
        b.index_add_(0, self.second, wy).index_add_(0, self.first, -wyi)
        return a, b

    def _factorise(self, a: Tensor) -> None:
        for p, (cells, _, one, two, target, _) in enumerate(self.columns):
            a[p] = 1.0 / a[p]
            column = a[cells]
            if len(column):
                scaled = column * a[p]
                a[target] -= scaled[one] * column[two]
                a[cells] = scaled

    def _substitute(self, a: Tensor, b: Tensor) -> Tensor:
        for p, (cells, row, *_) in enumerate(self.columns):
            if len(row):
                b[row] -= a[cells] * b[p]
        b *= a[: self.n_positions]
        for p in range(self.n_positions - 1, -1, -1):
            cells, row, *_ = self.columns[p]
            if len(row):
                b[p] -= (a[cells] * b[row]).sum(0)
        return b

    def _invert_factor(self, a: Tensor) -> None:
        """Entries of the inverse in place (Takahashi's recursion)."""
        for p in range(self.n_positions - 1, -1, -1):
            cells, row, _, _, _, full = self.columns[p]
            if len(row):
                column = a[cells].clone()
                found = self._torch.stack([-(a[line] * column).sum(0) for line in full])
                a[cells] = found
                a[p] -= (column * found).sum(0)

    def _residuals(self, y: Tensor, x: Tensor) -> Tensor:
        r = y - x[self.second]
        r[self.inner] += x[self.first]
        return r

    def _reweigh(self, w: Tensor, r: Tensor, scale: Tensor) -> Tensor:
        torch = self._torch
        q = w * r * r / scale
        found: Tensor
        if self.loss == kernel.L1:
            found = torch.sqrt(w) / torch.clamp(r.abs(), min=kernel.L1_FLOOR_MM)
        elif self.loss == kernel.HUBER:
            found = w * torch.clamp(self.tuning / torch.clamp(torch.sqrt(q), min=1e-100), max=1.0)
        else:
            found = w * (self.tuning + 1.0) / (self.tuning + q)
        return found

    def _scale(self, u: Tensor, r: Tensor, freedom: Tensor) -> Tensor:
        total = (u * r * r).sum(0) + self.prior
        scale: Tensor = self._torch.clamp(total / self._torch.clamp(freedom + self.prior, min=1e-9), min=1e-12)
        return scale

    def _gather(
        self, x: Tensor, a: Tensor, r: Tensor, w: Tensor, u: Tensor, count: Tensor, freedom: Tensor, scale: Tensor
    ) -> tuple[Float, ...]:
        torch = self._torch
        on = (w > 0).to(torch.float64)
        rms = torch.sqrt((on * r * r).sum(0) / count)
        angle = self.to_phase * r
        coherence = torch.sqrt((on * torch.cos(angle)).sum(0) ** 2 + (on * torch.sin(angle)).sum(0) ** 2) / count
        spread = a[self.second]
        spread[self.inner] += a[self.first] - 2.0 * a[self.entry]
        free = on * (1.0 - u * spread)
        worst = torch.where(free > kernel.LEAST_REDUNDANCY, r.abs() / free, 0.0).amax(0)
        scale = torch.where(freedom + self.prior > 0, scale, torch.nan)
        zero = torch.zeros((1, x.shape[1]), dtype=torch.float64, device=self.device)
        order = self._index(np.where(self.position < 0, self.n_positions, self.position))
        displacement = torch.cat([x, zero])[order]
        sigma = torch.cat([torch.sqrt(scale * a[: self.n_positions]), zero])[order]
        return tuple(part.cpu().numpy() for part in (displacement, sigma, rms, coherence, worst))
