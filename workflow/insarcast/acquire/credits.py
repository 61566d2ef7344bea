"""Whom services and software want named, where the products themselves do not say it."""

from __future__ import annotations

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
