"""One generator for each thing that is random, so that no draw depends on what was drawn before it."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Draw(IntEnum):
    """What is drawn; a number once given is never given to something else."""

    DATES = 1
    BASELINE = 2
    LOST = 3
    HILLS = 4
    COVER = 5
    WATER = 6
    TEXTURE = 7
    DEM_ERROR = 8
    TURBULENCE = 9
    STRATIFIED = 10
    NOISE = 11
    PATCHES = 12
    EXTENT = 13
    CONSTANT = 14
    SERIES = 15


def generator(seed: int, what: Draw, *index: int) -> np.random.Generator:
    """Generator of one thing of one date or pair.

    Args:
        seed: the scene's seed.
        what: what is drawn.
        index: of the date or pair, such as its dates as integers; then a longer record keeps the draws of a shorter one.
    """
    return np.random.default_rng([seed, int(what), *index])
