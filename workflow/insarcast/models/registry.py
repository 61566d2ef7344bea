"""Which models there are: ``registry.json``, data and not code, so that a new line reruns nothing."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from insarcast.core import InsarcastError

if TYPE_CHECKING:  # the front door reads the registry in every job: it must not import numpy
    from .forecaster import Forecaster

REGISTRY = Path(__file__).with_name("registry.json")


@dataclass(frozen=True)
class Entry:
    """One line of the registry.

    Attributes:
        target: ``module:Class`` of the forecaster; imported only by the job that runs it.
        view: what it looks at: ``series``, ``grid`` or ``graph``.
        scope: what one fit covers: ``series``, ``cluster``, ``tile`` or ``global``.
        label: the model in a person's words.
        settings: section of the study with its settings, or None where it has none.
        parent: the model that is trained first, and whose weights this one goes on from, or None.
        apart: a fitted model of view ``series`` forecasts each point by itself; false: it looks at all points again at each origin.
    """

    target: str
    view: str
    scope: str
    label: str
    settings: str | None = None
    parent: str | None = None
    apart: bool = True


@cache
def _registry() -> dict[str, Entry]:
    return {name: Entry(**values) for name, values in json.loads(REGISTRY.read_text(encoding="utf-8")).items()}


def model_names() -> list[str]:
    """Names of the registered models, persistence first."""
    return list(_registry())


def model_entry(name: str) -> Entry:
    """The registry's line of a model; nothing is imported.

    Raises:
        InsarcastError: no such model; the sentence names the closest.
    """
    if name not in _registry():
        guess = difflib.get_close_matches(name, model_names(), 1)
        hint = f"did you mean '{guess[0]}'?" if guess else f"there are {', '.join(model_names())}."
        raise InsarcastError(f"forecast.models names '{name}', which is no registered model; {hint}")
    return _registry()[name]


def check_model(name: str, where: str, *, points: bool) -> None:
    """See that a model is registered and can forecast what a cube holds.

    Args:
        name: of the model.
        where: the study and the cube, for the sentence.
        points: the cube is a ready series of points, not a grid.

    Raises:
        InsarcastError: no such model, or one for the other kind of cube.
    """
    entry = model_entry(name)
    if points and entry.view == "grid":
        raise InsarcastError(
            f"{where}: forecast.models names {name}, which forecasts tiles of a grid, but the cube holds points; leave it out."
        )
    if not points and entry.view != "grid" and (entry.view == "graph" or not entry.apart):
        raise InsarcastError(
            f"{where}: forecast.models names {name}, which looks at all points of a ready series (egms, points) together, but the cube is a "
            "grid, which is forecast block by block; leave it out."
        )


def model_module(name: str) -> str:
    """Module that defines a model, for the code hash; nothing is imported."""
    return model_entry(name).target.split(":")[0]


def _model_class(name: str) -> Any:
    module, cls = model_entry(name).target.split(":")
    return getattr(import_module(module), cls)


def make_model(name: str, **settings: Any) -> Forecaster:
    """A new, unfitted forecaster with its defaults replaced by ``settings``."""
    return cast("Forecaster", _model_class(name)(**settings))


def load_model(name: str, path: Path) -> Forecaster:
    """A fitted forecaster as its ``save`` left it in the folder ``path``."""
    return cast("Forecaster", _model_class(name).load(path))
