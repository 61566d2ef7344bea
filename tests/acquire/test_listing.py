"""What lies in the folders: new, replaced and lost products are noticed when the workflow is planned."""

import os
from pathlib import Path
from typing import Any

import pytest

from insarcast.acquire import check_still_there, list_files, needed_root
from insarcast.core import InsarcastError, Manifest, Pair

NONE: dict[str, Any] = {"folder": None, "files": ["*.tenv3"]}


def products(folder: str) -> dict[str, Any]:
    return {
        "folder": folder,
        "unwrapped": "{date1}_{date2}.tif",
        "coherence": None,
        "dem": "dem.tif",
        "baselines": None,
        "los": None,
    }


def test_a_new_a_replaced_and_a_foreign_file(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    first = tmp_path / "p/20200101_20200113.tif"
    first.write_text("a")
    before = list_files(products("p"), NONE, str(tmp_path))
    (tmp_path / "p/notes.txt").write_text("not ours")
    assert list_files(products("p"), NONE, str(tmp_path)) == before
    (tmp_path / "p/20200113_20200125.tif").write_text("b")
    more = list_files(products("p"), NONE, str(tmp_path))
    os.utime(first, (1, 1))
    assert len({before, more, list_files(products("p"), NONE, str(tmp_path))}) == 3


def test_a_folder_that_is_nowhere_is_no_error_here() -> None:
    assert list_files(products("nowhere"), NONE, None) == list_files(products("nowhere"), NONE, "/nowhere")


def test_a_root_that_is_not_needed_reruns_nothing(tmp_path: Path) -> None:
    assert needed_root(products(str(tmp_path)), NONE, "/data") is None
    assert needed_root(products("p"), NONE, f"{tmp_path}/") == needed_root(products("p"), NONE, str(tmp_path)) == str(tmp_path)


def test_products_out_of_sight_stop_the_plan_before_the_manifest_is_lost(tmp_path: Path) -> None:
    manifest, cache = tmp_path / "manifest.json", tmp_path / "cache"
    check_still_there(manifest, "p", None, str(cache))  # a first run
    Manifest("geotiff", [], [Pair("20200101", "20200113", str(tmp_path / "p/a.tif"))]).write(manifest)
    with pytest.raises(InsarcastError, match=r"data root: not set\); set INSARCAST_DATA"):
        check_still_there(manifest, "p", None, str(cache))
    (tmp_path / "p").mkdir()
    check_still_there(manifest, "p", str(tmp_path), str(cache))
    Manifest("geotiff", [], [Pair("20200101", "20200113", str(cache / "originals/x/a.tif"))]).write(manifest)
    check_still_there(manifest, "p", None, str(cache))  # fetched: needs no data root
