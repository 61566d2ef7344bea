"""Whom services and software want named, where the products themselves do not say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .interferograms.hyp3_product import parse_name

# LiCSAR, by its portal's own acknowledgement and the catalogue record of its archive:
# https://comet.nerc.ac.uk/comet-lics-portal/ and https://catalogue.ceda.ac.uk/uuid/52cda2e0e6c04272ae15ac836c1e8493
LICSAR_CREDITS = (
    "LiCSAR contains modified Copernicus Sentinel data analysed by the Centre for the Observation and Modelling of Earthquakes, "
    "Volcanoes and Tectonics (COMET). LiCSAR uses JASMIN, the UK's collaborative data analysis environment (https://jasmin.ac.uk).",
    "Lazecký, M., et al. (2020): LiCSAR: An Automatic InSAR Tool for Measuring and Monitoring Tectonic and Volcanic Activity. Remote "
    "Sensing 12(15), 2430. https://doi.org/10.3390/rs12152430",
)
GACOS_CREDIT = (
    "Tropospheric delays: Generic Atmospheric Correction Online Service for InSAR (GACOS), Yu, C., Li, Z., Penna, N. T., and Crippa, P. "
    "(2018), Journal of Geophysical Research: Solid Earth 123, 9202-9222. https://doi.org/10.1029/2017JB015305"
)

# Software that inverted a ready series, by what its own documentation asks to cite: source -> lines.
SOFTWARE_CREDITS = {
    "mintpy": (
        "Time series by MintPy: Yunjun, Z., Fattahi, H., and Amelung, F. (2019): Small baseline InSAR time series analysis: Unwrapping "
        "error correction and noise reduction. Computers & Geosciences 133, 104331. https://doi.org/10.1016/j.cageo.2019.104331",
    ),
    "licsbas": (
        "Time series by LiCSBAS: Morishita, Y., Lazecky, M., Wright, T. J., Weiss, J. R., Elliott, J. R., and Hooper, A. (2020): LiCSBAS: "
        "An Open-Source InSAR Time Series Analysis Package Integrated with the LiCSAR Automated Sentinel-1 InSAR Processor. Remote "
        "Sensing 12(3), 424. https://doi.org/10.3390/rs12030424",
    ),
}

_HYP3 = (
    "HyP3: Hogenson, K., Kristenson, H., Kennedy, J., Johnston, A., Rine, J., Logan, T., Zhu, J., Williams, F., Herrmann, J., "
    "Smale, J., Meyer, F. (2020): Hybrid Pluggable Processing Pipeline (HyP3): A cloud-native infrastructure for generic processing "
    "of SAR data. https://doi.org/10.5281/zenodo.4646138."
)
_ACKNOWLEDGED = re.compile(
    r"(ASF DAAC HyP3 \d{4} using .*?Copernicus\s+Sentinel\s+data)\s+(\d{4}),\s+processed\s+by\s+ESA", re.DOTALL
)


def hyp3_credits(folder: Path, names: Iterable[str], kind: str) -> list[str]:
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
    return [*lines, _HYP3]
