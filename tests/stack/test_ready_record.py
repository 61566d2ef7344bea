"""The record of a ready series on a grid lists what the study says to no effect."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from products import days
from products_ready import make_ready, write_mintpy
from ready_open import acquire

from insarcast.core import Study
from insarcast.stack import read_displacement


def test_keys_that_other_cubes_share_are_listed_as_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "mintpy"
    write_mintpy(folder, make_ready(5))
    acquire(folder, "mintpy", {"exclude": [days(5)[3]]})
    cubes = {"A": {"source": "mintpy", "products": {"folder": "mintpy"}}, "B": {"source": "hyp3", "products": {"folder": "hyp3"}}}
    path = tmp_path / "shared.yaml"
    path.write_text(yaml.safe_dump({"cubes": cubes, "stack": {"inversion": {"norm": "l1"}}}))
    study = Study(path)
    record = tmp_path / "record.json"
    read_displacement(
        tmp_path / "mintpy.json",
        tmp_path / "store.zarr",
        record,
        study.get("stack.reference", "A"),
        study.get("series", "A"),
        idle=study.idle("A"),
    )
    date, key = json.loads(record.read_text())["dropped"]
    assert (date["what"], date["name"]) == ("date", days(5)[3])
    assert (key["what"], key["name"], key["count"]) == ("key", "stack.inversion.norm", None)
    assert key["reason"] == "no effect here: a ready series has been inverted already"
