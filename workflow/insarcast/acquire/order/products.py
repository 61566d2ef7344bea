"""Products in the cache: which files a product must have, and whether they are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..hyp3_product import Product, parse_name
from .jobs import settings_of
from .journal import Delivered

_CITATION = (
    "HyP3: Hogenson, K., Kristenson, H., Kennedy, J., Johnston, A., Rine, J., Logan, T., Zhu, J., Williams, F., Herrmann, J., "
    "Smale, J., Meyer, F. (2020): Hybrid Pluggable Processing Pipeline (HyP3): A cloud-native infrastructure for generic processing "
    "of SAR data. https://doi.org/10.5281/zenodo.4646138."
)
_ACKNOWLEDGED = re.compile(r"(ASF DAAC HyP3 \d{4} using .*?processed by ESA)", re.DOTALL)


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


def is_there(folder: Path, noted: Delivered) -> bool:
    """Whether the noted files of a product are still there, with the sizes that they had."""
    place = folder / noted.product
    try:
        return bool(noted.files) and all((place / name).stat().st_size == size for name, size in noted.files.items())
    except OSError:
        return False


def credit_lines(folder: Path, names: Iterable[str], kind: str) -> list[str]:
    """Whom to name: the acknowledgement that each product brings in its README (the same for most), and HyP3's citation.

    Source: HyP3's product usage guidelines; the terms of Copernicus Sentinel data.
    """
    lines: dict[str, None] = {}
    years: set[str] = set()
    for name in names:
        product = parse_name(folder / name, name)
        if product is None:
            continue
        readmes = [*product.folder.glob("*README.md.txt")]
        text = readmes[0].read_text(encoding="utf-8", errors="replace") if readmes else ""
        said = _ACKNOWLEDGED.search(text)
        if said:
            lines[" ".join(said[1].split()) + "."] = None
        else:
            years |= {product.date1[:4], product.date2[:4]}
    if years:
        between = " to ".join(dict.fromkeys((min(years), max(years))))
        lines[f"ASF DAAC HyP3 ({kind}). Contains modified Copernicus Sentinel data {between}, processed by ESA."] = None
    return [*sorted(lines), _CITATION]
