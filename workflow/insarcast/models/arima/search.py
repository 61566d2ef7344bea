"""The parameters of the greatest likelihood, from a grid of starts."""

from __future__ import annotations

import numpy as np

from .algebra import copy
from .compiled import inner
from .conditional import GRID, coarse
from .descent import descend

ROUGH, FINE = 1e-3, 1e-6  # relative gain at which the conditional and the exact search end
HOPELESS = 8.0  # twice the log-likelihood that a start may lie below the best found
SAME = 0.05  # two starts that come so near will meet


@inner
def maximise(u, grid, places, residual, slopes, problem, space, steps, work):  # type: ignore[no-untyped-def]
    """``u`` of the greatest likelihood.

    The likelihood of a mixed process is flat along the line where both sides cancel, and has maxima on either side of it: so the
    best start of each side is followed, unless they meet. Starts are points of a grid in the first parameter of each side with the
    least conditional sum of squares.
    """
    _, _, z, known, p, _, q, _ = problem
    sides, chosen, best = 2 if p and q else 1, 0, np.inf
    for i in range(5 if p else 1):
        coarse(z, known, np.tanh(GRID * (i - 2)) if p else 0.0, grid[i])
    for side in range(sides):
        place, least = places[side], np.inf
        place[:] = 0.0
        for i in range(5 if p else 1):
            for j in range(5):
                if (not q and j != 2) or (p and q and (i - j) * (1 - 2 * side) <= 0) or grid[i, j] >= least:
                    continue
                least = grid[i, j]
                if p:
                    place[0] = GRID * (i - 2)
                if q:
                    place[p] = GRID * (j - 2)
        descend(place, True, ROUGH, np.inf, residual, slopes, problem, space, steps, work)
        farthest = 0.0
        for a in range(p + q):
            farthest = max(farthest, abs(places[0, a] - place[a]))
        if side == 1 and farthest < SAME:
            break
        limit = best * np.exp(HOPELESS / len(z))
        cost = descend(place, False, FINE, limit, residual, slopes, problem, space, steps, work)
        if cost < best:
            best, chosen = cost, side
    copy(places[chosen], u)
