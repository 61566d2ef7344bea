"""Loop closure pixel by pixel, on interferograms that share a reference."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
Phase = npt.NDArray[np.floating]


def count_loops(phase: Phase, triplets: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    """Loop indices per pixel.

    Args:
        phase: (n_pairs, n_pixels) referenced phase in rad of what is used, NaN elsewhere.
        triplets: (n_triplets, 3) interferogram numbers of (12, 23, 13).

    Returns:
        (n_pixels,) each: ``n_loop`` closed loops, ``n_loop_err`` those beyond pi (an integer number of cycles was lost in one of
        the sides), ``n_pair_no_loop`` interferograms that no closed loop checks, and ``loop_phase_mean``, the mean absolute
        closure in rad (NaN without a loop).
    """
    count, wrong, total, checked = _close(np.ascontiguousarray(phase), np.ascontiguousarray(triplets, np.int64))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(count > 0, total / count, np.nan).astype(np.float32)
    alone = (np.isfinite(phase) & (checked == 0)).sum(0).astype(np.int32)
    return {"n_loop": count, "n_loop_err": wrong, "n_pair_no_loop": alone, "loop_phase_mean": mean}


def nullify(phase: Phase, triplets: npt.NDArray[np.int64], mode: str) -> Bool:
    """Samples to remove because their loops do not close.

    Args:
        phase: (n_pairs, n_pixels) referenced phase in rad.
        triplets: (n_triplets, 3) interferogram numbers.
        mode: ``all``: every closed loop of the sample exceeds pi; ``any``: at least one does.

    Returns:
        (n_pairs, n_pixels) True where the sample is to be removed.
    """
    closed, wrong = _sides(np.ascontiguousarray(phase), np.ascontiguousarray(triplets, np.int64))
    return np.asarray((wrong > 0) & ((wrong == closed) if mode == "all" else True))


@numba.njit(cache=True, nogil=True)
def _close(phase, triplets):  # type: ignore[no-untyped-def]
    pixels = phase.shape[1]
    count, wrong, total = np.zeros(pixels, np.int32), np.zeros(pixels, np.int32), np.zeros(pixels)
    checked = np.zeros(phase.shape, np.uint8)
    for t in range(len(triplets)):
        i, j, k = triplets[t]
        one, two, three = phase[i], phase[j], phase[k]
        first, second, third = checked[i], checked[j], checked[k]
        for p in range(pixels):
            size = np.abs(one[p] + two[p] - three[p])
            closed = np.uint8(size < np.inf)
            count[p] += closed
            wrong[p] += np.int32(size > np.pi)
            total[p] += size if closed else 0.0
            first[p] |= closed
            second[p] |= closed
            third[p] |= closed
    return count, wrong, total, checked


@numba.njit(cache=True, nogil=True)
def _sides(phase, triplets):  # type: ignore[no-untyped-def]
    closed, wrong = np.zeros(phase.shape, np.int32), np.zeros(phase.shape, np.int32)
    for t in range(len(triplets)):
        i, j, k = triplets[t]
        for p in range(phase.shape[1]):
            size = np.abs(phase[i, p] + phase[j, p] - phase[k, p])
            for side in (i, j, k):
                closed[side, p] += size < np.inf
                wrong[side, p] += size > np.pi
    return closed, wrong
