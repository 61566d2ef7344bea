"""Loop closure pixel by pixel, on interferograms that share a reference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]


def count_loops(loop: npt.NDArray[np.float64], valid: Bool, triplets: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int32]]:
    """Counts per pixel.

    Args:
        loop: (n_triplets, y, x) referenced closure in rad, NaN where a side is missing.
        valid: (n_pairs, y, x) which interferograms are used.
        triplets: (n_triplets, 3) interferogram numbers.

    Returns:
        ``n_loop`` closed loops, ``n_loop_err`` those beyond pi (an integer number of cycles was lost in one of the sides), and
        ``n_pair_no_loop`` interferograms that no closed loop checks.
    """
    shape = valid.shape[1:]
    n_loop, n_error = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    checked = np.zeros(valid.shape, np.bool_)
    for index, sides in enumerate(triplets):
        closed = valid[sides].all(0) & np.isfinite(loop[index])
        n_loop += closed
        n_error += closed & (np.abs(loop[index]) > np.pi)
        checked[sides] |= closed
    return {"n_loop": n_loop, "n_loop_err": n_error, "n_pair_no_loop": (valid & ~checked).sum(0).astype(np.int32)}


def nullify(loop: npt.NDArray[np.float64], triplets: npt.NDArray[np.int64], n_pairs: int, mode: str) -> Bool:
    """Samples to remove because their loops do not close.

    Args:
        loop: (n_triplets, y, x) referenced closure in rad.
        triplets: (n_triplets, 3) interferogram numbers.
        n_pairs: number of interferograms.
        mode: ``all``: every closed loop of the sample exceeds pi; ``any``: at least one does.

    Returns:
        (n_pairs, y, x) True where the sample is to be removed.
    """
    closed = np.zeros((n_pairs, *loop.shape[1:]), np.int32)
    wrong = np.zeros_like(closed)
    for index, sides in enumerate(triplets):
        known = np.isfinite(loop[index])
        error = known & (np.abs(loop[index]) > np.pi)
        for side in sides:
            closed[side] += known
            wrong[side] += error
    return (wrong > 0) & ((wrong == closed) if mode == "all" else True)
