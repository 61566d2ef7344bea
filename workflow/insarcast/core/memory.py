"""Memory given back to the system as soon as an array is freed."""

from __future__ import annotations

import ctypes
from functools import cache

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # of mallopt, in glibc's malloc.h
_LARGE = 2**20


@cache
def give_back_memory() -> None:
    """Let every array of 1 MiB or more have pages of its own, which are returned when it is freed.

    glibc's threshold grows by itself to 32 MiB: then arrays of a block lie between one another on the heap, and in one heap per
    thread, and what a rule holds grows with the number of blocks that it has seen. Where the C library is another, nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGE)
    mallopt(_ARENA_MAX, 1)
