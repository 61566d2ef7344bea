"""A simulated scene on the disk: products and truth, resumable, and safe from two jobs at once."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from insarcast.core import locked, write_json

from ..scene.make import make_scene
from ..scene.scene import Scene
from .write_hyp3 import write_hyp3
from .write_licsar import write_licsar
from .write_truth import write_truth

_WRITERS = {"hyp3": write_hyp3, "licsar": write_licsar}


def write_scene(settings: Mapping[str, Any], folder: Path) -> None:
    """Write ``products/`` and ``truth.zarr`` of a scene, unless they are there.

    What an earlier run finished is kept: each product is renamed into its place when it is whole, and ``complete.json`` names
    them all at the end. A second job waits for the first. Memory holds some layers of the scene, never the series: the delay of
    each date is kept on the disk until the products are written.

    Args:
        settings: the study's ``simulate``, complete.
        folder: the scene's own folder.
    """
    with alone_with(folder):
        if _is_complete(folder):
            return
        spool = folder / "delays"
        spool.mkdir(exist_ok=True)
        scene = make_scene(settings, spool=spool)
        names = _WRITERS[settings["layout"]](scene, folder / "products")
        _write_truth(scene, folder)
        shutil.rmtree(spool)
        part = folder / ".part-complete.json"
        write_json(part, {"products": names, "lost": len(scene.lost)})
        os.replace(part, folder / "complete.json")


def alone_with(folder: Path) -> AbstractContextManager[None]:
    """A second job waits until the first has made the scene."""
    said = f"another job is making the scene {folder}; waiting for it"
    return locked(folder / "lock", lambda: print(said, file=sys.stderr, flush=True))


def _is_complete(folder: Path) -> bool:
    """Whether all that the marker names is still there: a cache may be cleaned by hand."""
    try:
        names = json.loads((folder / "complete.json").read_text(encoding="utf-8"))["products"]
    except (FileNotFoundError, ValueError, KeyError):
        return False
    return (folder / "truth.zarr").is_dir() and all((folder / "products" / name).is_dir() for name in names)


def _write_truth(scene: Scene, folder: Path) -> None:
    part, whole = folder / ".part-truth.zarr", folder / "truth.zarr"
    if whole.is_dir():
        return
    shutil.rmtree(part, ignore_errors=True)
    write_truth(scene, part)
    os.replace(part, whole)
