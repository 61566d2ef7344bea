"""Deal tiles into batches of like work."""

from __future__ import annotations

from collections.abc import Sequence


def deal(costs: Sequence[int], batches: int) -> list[int]:
    """Batch of each tile: the dearest tile first, each to the batch with the least work so far.

    Graham's rule of the longest processing time (SIAM J. Appl. Math. 17, 1969): the fullest batch is at most 4/3 - 1/(3 batches)
    of the best possible. Ties go to the batch with fewer tiles, then to the earlier one, and among tiles to the earlier one, so
    that the same scene is always dealt alike.

    Args:
        costs: usable pixels of each tile that is trained, 0 of one that is skipped.
        batches: number of batches; with fewer tiles some stay empty.
    """
    work, count, dealt = [0] * batches, [0] * batches, [0] * len(costs)
    for tile in sorted(range(len(costs)), key=lambda tile: (-costs[tile], tile)):
        batch = min(range(batches), key=lambda batch: (work[batch], count[batch], batch))
        dealt[tile] = batch
        work[batch] += costs[tile]
        count[batch] += 1
    return dealt
