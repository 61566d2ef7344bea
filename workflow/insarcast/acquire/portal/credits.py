"""Whom the LiCSAR portal wants named, by its own acknowledgement and the catalogue record of its archive."""

# https://comet.nerc.ac.uk/comet-lics-portal/ and https://catalogue.ceda.ac.uk/uuid/52cda2e0e6c04272ae15ac836c1e8493
CREDITS = (
    "LiCSAR contains modified Copernicus Sentinel data analysed by the Centre for the Observation and Modelling of Earthquakes, "
    "Volcanoes and Tectonics (COMET). LiCSAR uses JASMIN, the UK's collaborative data analysis environment (https://jasmin.ac.uk).",
    "Lazecký, M., et al. (2020): LiCSAR: An Automatic InSAR Tool for Measuring and Monitoring Tectonic and Volcanic Activity. Remote "
    "Sensing 12(15), 2430. https://doi.org/10.3390/rs12152430",
)
GACOS_CREDIT = (
    "Tropospheric delays: Generic Atmospheric Correction Online Service for InSAR (GACOS), Yu, C., Li, Z., Penna, N. T., and Crippa, P. "
    "(2018), Journal of Geophysical Research: Solid Earth 123, 9202-9222. https://doi.org/10.1029/2017JB015305"
)
