"""Keys of a study that can do nothing for a cube, because of what its source is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .demands import READY, READY_GRIDS
from .errors import InsarcastError

_PAIRS = ("hyp3", "licsar", "geotiff", "simulate")
_GRIDS = (*_PAIRS, *READY_GRIDS)
_INVERTED = "a ready series has been inverted already"
_POINTS = "a ready series of points has none"
_BACKTEST = "ready series of points are tried as backtest says"
_OF_POINTS = "it is for ready series of points"
_OF_SERIES = "it is for ready series"
_ONE_FILE = "its files are used as a whole or not at all"
# What has no effect, all that is below it included -> the sources that it has none on, and why.
IDLE: dict[str, tuple[tuple[str, ...], str]] = {
    "stack": (READY, _INVERTED),
    "stack.quality": (READY_GRIDS, _INVERTED),
    "stack.closure": (READY_GRIDS, _INVERTED),
    "stack.network": (READY_GRIDS, _INVERTED),
    "stack.inversion": (READY_GRIDS, _INVERTED),
    "stack.reference.min_coherence": (READY_GRIDS, "a ready series has a reference of its own, unless lon and lat set another"),
    "stack.reference.pin": (READY_GRIDS, "a ready series has a reference of its own, unless lon and lat set another"),
    "tile": (READY, _POINTS),
    "stitch": (READY, _POINTS),
    "forecast.origins": (READY, _BACKTEST),
    "forecast.horizons": (READY, _BACKTEST),
    "forecast.history": (READY, _BACKTEST),
    "forecast.refit": (READY, _BACKTEST),
    "forecast.retries": (READY, _POINTS),
    "combine.block": (READY, _POINTS),
    "combine.min_blocks": (READY, _POINTS),
    "backtest": (_GRIDS, f"{_OF_POINTS}; forecast.origins and forecast.horizons say it of grids"),
    "combine.half_life": (_GRIDS, _OF_POINTS),
    "combine.choice_half_life": (_GRIDS, _OF_POINTS),
    "combine.among": (_GRIDS, _OF_POINTS),
    "evaluate.neighbours": (_GRIDS, _OF_POINTS),
    "series": (_PAIRS, _OF_SERIES),
    "series.columns": (READY_GRIDS, _OF_POINTS),
    "series.joins": (READY_GRIDS, _OF_POINTS),
    "series.min_dates": (READY, "it is for ready series on a grid"),
    "series.check_size": (READY, "it is for ready series on a grid"),
    "series.corrections": (("mintpy", "licsbas", "rasters", *READY), "it is for source opera"),
    "products.bad_file": (("mintpy", "licsbas", *READY), _ONE_FILE),
    "products.water": (("licsbas", *READY), "such a product has no mask of water"),
    "simulate": ((*_PAIRS[:3], *READY_GRIDS, *READY), "it is for source simulate"),
    "hyp3": ((*_PAIRS[1:], *READY_GRIDS, *READY), "it is for source hyp3"),
    "licsar": (("hyp3", *_PAIRS[2:], *READY_GRIDS, *READY), "it is for source licsar"),
}


def idle_keys(written: Mapping[str, Any], source: str) -> dict[str, str]:
    """Keys of those written that have no effect on a source -> why.

    Args:
        written: a section of a study as somebody wrote it, without defaults.
        source: of the cube.
    """
    found = {}
    for key in _leaves(written):
        parts = key.split(".")
        above = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
        if why := next((IDLE[one][1] for one in above if source in IDLE.get(one, ((), ""))[0]), None):
            found[key] = why
    return found


def check_idle_keys(values: Mapping[str, Any], where: str) -> None:
    """Refuse what a study says to no effect: in a cube, or for all cubes and on none of them.

    What has an effect on some cubes is right where all cubes share it; :func:`idle_keys` tells it of the others.

    Args:
        values: the study as it was written.
        where: the study, for the sentence.

    Raises:
        InsarcastError: there is such a key.
    """
    shared = {key: value for key, value in values.items() if key != "cubes"}
    everywhere: list[dict[str, str]] = []
    for name, cube in values["cubes"].items():
        own, source = cube or {}, (cube or {}).get("source", "")
        for key, why in idle_keys(own, source).items():
            raise InsarcastError(f"{where}, cube '{name}': {key} has no effect on source {source}: {why}; remove the key.")
        everywhere.append(idle_keys(shared, source))
    for key in _leaves(shared):
        if all(key in idle for idle in everywhere):
            raise InsarcastError(f"{where}: {key} has no effect on any cube of the study: {everywhere[0][key]}; remove the key.")


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted keys of what is set; null and an empty section say nothing."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        elif value is not None:
            yield f"{above}{key}"
