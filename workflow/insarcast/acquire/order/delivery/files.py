"""Products in the cache: which files a product must have, and whether they are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...interferograms.hyp3_product import Product
from ..service.jobs import settings_of
from ..service.journal import Delivered


def needed_tags(job: Mapping[str, Any]) -> list[str]:
    """Tags of the files that a product of a job must have for what comes after; burst products always bring heights and angles."""
    settings = settings_of(job)
    bursts = job["job_type"] != "INSAR_GAMMA"
    tags = ["unw_phase", "corr"]
    tags += ["dem"] if bursts or settings["include_dem"] else []
    return tags + (["lv_theta", "lv_phi"] if bursts or settings["include_look_vectors"] else [])


def needed_files(product: Product, job: Mapping[str, Any]) -> list[Path]:
    """The same as files, with the parameter file, and the water mask where it came."""
    water = product.file("water_mask")
    return [
        *(product.file(tag) for tag in needed_tags(job)),
        product.text,
        *([water] if water.is_file() else []),
    ]


def lacking(product: Product, job: Mapping[str, Any]) -> list[str]:
    """Names of needed files that are missing or empty."""
    return [path.name for path in needed_files(product, job) if not path.is_file() or path.stat().st_size == 0]


def delivered(product: Product, job: Mapping[str, Any]) -> Delivered:
    """What to note of a product that is complete."""
    return Delivered(product.name, {path.name: path.stat().st_size for path in needed_files(product, job)})
