"""Which sources of products there are, by name: a cube's rule knows only the code of its own."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from insarcast.core import READY, READY_GRIDS, InsarcastError

# Source -> "module:function". Those that read a folder take it and the study's ``products``, ready series the study's ``series`` too;
# simulate makes its folder itself.
SOURCES = {
    "egms": "insarcast.acquire.ready.egms:find_egms",
    "geotiff": "insarcast.acquire.interferograms.geotiff:find_geotiff",
    "hyp3": "insarcast.acquire.interferograms.hyp3:find_hyp3",
    "licsar": "insarcast.acquire.interferograms.licsar:find_licsar",
    "licsbas": "insarcast.acquire.ready.licsbas:find_licsbas",
    "mintpy": "insarcast.acquire.ready.mintpy:find_mintpy",
    "opera": "insarcast.acquire.ready.opera:find_opera",
    "points": "insarcast.acquire.ready.points:find_points",
    "rasters": "insarcast.acquire.ready.rasters:find_rasters",
    "simulate": "insarcast.acquire.simulated.simulate:find_simulated",
}

# Displacement series that somebody else has inverted already: their finders take the study's ``series`` too.
INVERTED = (*READY, *READY_GRIDS)


def source_module(source: str) -> str:
    """Module of a source, for the code hash; nothing is imported.

    Raises:
        InsarcastError: there is no such source.
    """
    if source not in SOURCES:
        raise InsarcastError(f"There is no source '{source}'; known are {', '.join(SOURCES)}.")
    return SOURCES[source].split(":")[0]


def finder(source: str) -> Callable[..., Any]:
    """The function that finds a source's products."""
    return getattr(import_module(source_module(source)), SOURCES[source].split(":")[1])  # type: ignore[no-any-return]
