"""A key that somebody wrote and that can do nothing is refused, or listed where another cube of the study has a use for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from insarcast.core import InsarcastError, Study
from insarcast.core.idle import IDLE
from insarcast.core.study import resolve, schema

MINTPY: dict[str, Any] = {"source": "mintpy", "products": {"folder": "a"}}
HYP3: dict[str, Any] = {"source": "hyp3", "products": {"folder": "a"}}
EGMS: dict[str, Any] = {"source": "egms", "products": {"folder": "a"}}
RASTERS: dict[str, Any] = {"source": "rasters", "products": {"folder": "a", "incidence": 39}, "series": {"files": ["a"]}}


def study(tmp_path: Path, values: dict[str, Any]) -> Study:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(values))
    return Study(path)


def refused(tmp_path: Path, values: dict[str, Any]) -> str:
    with pytest.raises(InsarcastError) as caught:
        study(tmp_path, values)
    text = str(caught.value)
    assert text.endswith("; remove the key.")
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("cube", "own", "said"),
    [
        (MINTPY, {"stack": {"inversion": {"norm": "l1"}}}, "stack.inversion.norm has no effect on source mintpy: a ready series"),
        (MINTPY, {"stack": {"closure": {"correct": True}}}, "stack.closure.correct has no effect"),
        (RASTERS, {"stack": {"quality": {"min_coherence": 0.1}}}, "stack.quality.min_coherence has no effect on source rasters"),
        (RASTERS, {"stack": {"reference": {"pin": False}}}, "a reference of its own"),
        (RASTERS, {"backtest": {"dates": 30}}, "it is for ready series of points; forecast.origins and forecast.horizons say"),
        (MINTPY, {"series": {"corrections": []}}, "series.corrections has no effect on source mintpy: it is for source opera"),
        (MINTPY, {"hyp3": {"dry_run": False}}, "it is for source hyp3"),
        (HYP3, {"series": {"units": "mm"}}, "series.units has no effect on source hyp3: it is for ready series"),
        (EGMS, {"stack": {"mask": {"shadow": True}}}, "stack.mask.shadow has no effect on source egms"),
        (EGMS, {"forecast": {"horizons": 4}}, "as backtest says"),
    ],
)
def test_a_key_of_a_cube_that_can_do_nothing_is_refused(
    tmp_path: Path, cube: dict[str, Any], own: dict[str, Any], said: str
) -> None:
    text = refused(tmp_path, {"cubes": {"A": cube | own}})
    assert "cube 'A'" in text
    assert said in text


def test_what_no_cube_of_a_study_has_a_use_for_is_refused(tmp_path: Path) -> None:
    values = {"cubes": {"A": MINTPY, "B": EGMS}, "stack": {"inversion": {"norm": "l1"}}}
    assert "stack.inversion.norm has no effect on any cube of the study: a ready series has been inverted" in refused(
        tmp_path, values
    )


def test_what_one_cube_has_a_use_for_is_told_of_the_others(tmp_path: Path) -> None:
    shared = {
        "stack": {"inversion": {"norm": "l1"}, "mask": {"shadow": True}},
        "backtest": {"dates": 30},
        "hyp3": {"track": None},
    }
    found = study(tmp_path, {"cubes": {"A": MINTPY, "B": HYP3, "C": EGMS}} | shared)
    assert found.get("stack.inversion.norm", "B") == "l1"
    assert list(found.idle("A")) == ["backtest.dates", "stack.inversion.norm"]
    assert list(found.idle("B")) == ["backtest.dates"]
    assert list(found.idle("C")) == ["stack.inversion.norm", "stack.mask.shadow"]


def test_the_table_names_keys_of_the_schema_and_sources() -> None:
    cube = schema()["$defs"]["cube"]
    sources = set(resolve(resolve(cube)["properties"]["source"])["enum"])
    for key, (idle, why) in IDLE.items():
        node = cube
        for part in key.split("."):
            node = resolve(node)["properties"][part]
        assert set(idle) < sources, key
        assert why
