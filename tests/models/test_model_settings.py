"""The study's settings of a model are the keyword arguments of its class, with the same defaults."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from insarcast.models import make_model, model_entry, model_names

SCHEMA = Path(__file__).parents[2] / "workflow/schemas/study.schema.yaml"
NAMES = [name for name in model_names() if (model_entry(name).settings or "").startswith("models.")]


@pytest.mark.parametrize("name", NAMES)
def test_keys_and_defaults(name: str) -> None:
    keys = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))["$defs"]["models"]["properties"][name]["properties"]
    module, cls = model_entry(name).target.split(":")
    arguments = inspect.signature(getattr(import_module(module), cls)).parameters
    assert set(keys) == set(arguments)
    for key, entry in keys.items():
        default = arguments[key].default
        assert entry["default"] == (list(default) if isinstance(default, tuple) else default), key
        assert entry["description"], key
    make_model(name, **{key: entry["default"] for key, entry in keys.items()})
