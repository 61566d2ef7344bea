"""Which dates of a pixel hang together: connected components of its own network."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
Int = npt.NDArray[np.int64]


def connected(valid: npt.NDArray[np.uint8], links: Int, n_dates: int) -> tuple[Int, Bool]:
    """Interferograms of each pixel, and whether they join all dates.

    If every date but the first has an interferogram from an earlier one, all are joined: that decides for most pixels, many at
    once. The others are looked at one by one.

    Args:
        valid: (n_pairs, n_pixels) 1 where there is an interferogram.
        links: (n_pairs, 2) date numbers, the first smaller.
        n_dates: number of dates.
    """
    order = np.argsort(links[:, 1], kind="stable")
    number, joined = _reached(valid, order, links[order, 1], n_dates)
    rest = np.flatnonzero(~joined)
    if len(rest):
        joined[rest] = (labels(valid, links, n_dates, rest) == 0).all(0)
    return number, joined


@numba.njit(cache=True, nogil=True)
def _reached(valid, order, second, n_dates):  # type: ignore[no-untyped-def]
    """Number of interferograms, and whether every date but the first has one from an earlier date; ``order``: by second date."""
    pixels = valid.shape[1]
    number, joined, here = np.zeros(pixels, np.uint16), np.ones(pixels, np.uint8), np.zeros(pixels, np.uint8)
    date = 0
    for at in range(len(order) + 1):
        now = second[at] if at < len(order) else n_dates
        if now != date:
            if date:
                for p in range(pixels):
                    joined[p] &= here[p]
            if now > date + 1:
                joined[:] = 0  # no interferogram at all ends at a date between
            here[:] = 0
            date = now
        if at < len(order):
            row = valid[order[at]]
            for p in range(pixels):
                here[p] |= row[p]
                number[p] += row[p]
    return number.astype(np.int64), joined.astype(np.bool_)


@numba.njit(cache=True, nogil=True)
def _find(root, t):  # type: ignore[no-untyped-def]
    while root[t] != t:
        root[t] = root[root[t]]
        t = root[t]
    return t


@numba.njit(cache=True, nogil=True)
def labels(valid, links, n_dates, pixels):  # type: ignore[no-untyped-def]
    """(n_dates, len(pixels)) first date of the component that each date is in."""
    root, out = np.empty(n_dates, np.int64), np.empty((n_dates, len(pixels)), np.int64)
    for at in range(len(pixels)):
        p = pixels[at]
        for t in range(n_dates):
            root[t] = t
        for k in range(len(links)):
            if valid[k, p]:
                i, j = _find(root, links[k, 0]), _find(root, links[k, 1])
                if i != j:
                    root[max(i, j)] = min(i, j)
        for t in range(n_dates):
            out[t, at] = _find(root, t)
    return out
