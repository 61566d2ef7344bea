"""The registry is data: read by the front door in every job, so it must stay light, and a new line must rerun nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from insarcast.core import InsarcastError, code_hash
from insarcast.models import check_model, make_model, model_entry, model_module, model_names

WORKFLOW = Path(__file__).parents[2] / "workflow"


def test_names_and_targets() -> None:
    assert model_names()[0] == "persistence"
    assert model_module("linear") == "insarcast.models.simple.line"
    assert {model_entry(name).view for name in model_names()} == {"series", "graph", "grid"}
    assert all(model_entry(name).label for name in model_names())
    assert len({model_entry(name).label for name in model_names()}) == len(model_names())


def test_a_parent_is_a_model_of_the_same_class_and_settings() -> None:
    child = model_entry("convlstm_finetuned")
    assert child.parent == "convlstm_global"
    parent = model_entry(child.parent)
    assert (parent.target, parent.settings, parent.scope, parent.parent) == (child.target, child.settings, "global", None)


def test_an_unknown_model_is_a_sentence_with_the_closest_name() -> None:
    with pytest.raises(InsarcastError, match="did you mean 'persistence'"):
        model_module("persistance")
    with pytest.raises(InsarcastError, match="there are persistence, drift"):
        make_model("zzz")
    with pytest.raises(InsarcastError, match="at least 1"):
        make_model("window_mean", window=0)


def test_reading_it_imports_no_model() -> None:
    code = "import sys; from insarcast.models import model_module; model_module('linear'); print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=WORKFLOW, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "insarcast.models.registry" in loaded
    assert not {"numpy", "xarray", "torch", "insarcast.models.simple.line"} & set(loaded)


def test_a_change_to_one_model_reruns_that_model() -> None:
    """The hash of a forecast covers its own model's module and no other's."""
    hashes = {name: code_hash("forecast_cube", model_module(name)) for name in model_names()}
    assert hashes["persistence"] == hashes["drift"], "they share a module"
    assert hashes["convlstm"] == hashes["convlstm_finetuned"]
    assert len(set(hashes.values())) == len({model_module(name) for name in model_names()})
    assert code_hash("forecast_cube") not in hashes.values()


def test_a_model_for_the_other_kind_of_cube_is_refused() -> None:
    check_model("ridge", "a.yaml", points=True)
    check_model("convlstm", "a.yaml", points=False)
    check_model("kalman", "a.yaml", points=False)
    for name, points in (("convlstm", True), ("ridge", False), ("gp_average", False)):
        with pytest.raises(InsarcastError, match=rf"^a\.yaml: forecast\.models names {name}, .* leave it out\.$"):
            check_model(name, "a.yaml", points=points)
