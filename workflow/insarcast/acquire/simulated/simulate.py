"""The simulate source: a scene is made and written as a processor's products, and found again as if it were real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from insarcast.core import code_hash, fingerprint

from ..found import Found
from ..interferograms.hyp3 import find_hyp3
from ..interferograms.licsar import find_licsar
from ..scene.settings import complete_settings
from .write_scene import write_scene

_READERS = {"hyp3": find_hyp3, "licsar": find_licsar}


def find_simulated(settings: Mapping[str, Any], products: dict[str, Any], cache: Path) -> Found:
    """Make a scene where the cache does not hold it, and find its products with the reader of their layout.

    Args:
        settings: the study's ``simulate``.
        products: the study's ``products``, which choose among the simulated pairs like among real ones.
        cache: the cache; the scene lies in ``simulated/<fingerprint>``, so studies with the same settings share it, and another
            code makes it anew.

    Returns:
        What the reader found, and the store of the truth.

    Raises:
        InsarcastError: settings that cannot be, or what the reader says of real products.
    """
    whole = complete_settings(settings)
    folder = scene_folder(whole, cache)
    write_scene(whole, folder)
    found = _READERS[whole["layout"]](folder / "products", products)
    return replace(found, truth=str(folder / "truth.zarr"), credits=[])  # no service made it


def scene_folder(settings: Mapping[str, Any], cache: Path) -> Path:
    """The folder of a scene with these complete settings, made by this code."""
    code = code_hash("make_scene", "insarcast.acquire.simulated.write_scene")
    return cache / "simulated" / fingerprint([settings, code])
