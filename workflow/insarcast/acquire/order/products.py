"""Products in the cache: which files a product must have, and whether they are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..interferograms.hyp3_product import Product, parse_name
from .jobs import settings_of
from .journal import Delivered

_CITATION = (
    "HyP3: Hogenson, K., Kristenson, H., Kennedy, J., Johnston, A., Rine, J., Logan, T., Zhu, J., Williams, F., Herrmann, J., "
    "Smale, J., Meyer, F. (2020): Hybrid Pluggable Processing Pipeline (HyP3): A cloud-native infrastructure for generic processing "
    "of SAR data. https://doi.org/10.5281/zenodo.4646138."
)
_ACKNOWLEDGED = re.compile(
    r"(ASF DAAC HyP3 \d{4} using .*?Copernicus\s+Sentinel\s+data)\s+(\d{4}),\s+processed\s+by\s+ESA", re.DOTALL
)


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


def credit_lines(folder: Path, names: Iterable[str], kind: str) -> list[str]:
    """Whom to name: the acknowledgement that each product brings in its README (the same for most), and HyP3's citation.

    Source: HyP3's product usage guidelines; the terms of Copernicus Sentinel data.
    """
    years: dict[str, set[str]] = {}
    for name in names:
        product = parse_name(folder / name, name)
        if product is None:
            continue
        readme = next(iter(sorted(product.folder.glob("*README.md.txt"))), None)
        said = _ACKNOWLEDGED.search(readme.read_text(encoding="utf-8", errors="replace")) if readme else None
        begin = " ".join(said[1].split()) if said else f"ASF DAAC HyP3 ({kind}). Contains modified Copernicus Sentinel data"
        years.setdefault(begin, set()).update({product.date1[:4], product.date2[:4]})
    lines = [f"{begin} {', '.join(sorted(seen))}, processed by ESA." for begin, seen in sorted(years.items())]
    return [*lines, _CITATION]
