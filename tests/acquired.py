"""The stage acquire, run on a folder of interferograms as the rule does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from products import write_study
from tables import one_sentence

from insarcast.acquire import acquire_products
from insarcast.core import InsarcastError, Manifest, Study, read_manifest


def acquire(folder: Path, source: str, **products: Any) -> Manifest:
    """The manifest of a folder; study, manifest and cache come to lie beside it."""
    settings = {"unwrapped": None, "coherence": None, "dem": None, "baselines": None} | products
    path = write_study(folder.parent / "study.yaml", folder, products=settings)
    path.write_text(path.read_text().replace("source: geotiff", f"source: {source}"))
    study = Study(path)
    out, cache = folder.parent / "manifest.json", str(folder.parent / "cache")
    acquire_products(out, source, study.get("products", "A"), study.get("gnss", "A"), None, "originals", cache)
    return read_manifest(out)


def refused(folder: Path, source: str, **products: Any) -> str:
    """The sentence that it ends in."""
    with pytest.raises(InsarcastError) as caught:
        acquire(folder, source, **products)
    return one_sentence(str(caught.value))
