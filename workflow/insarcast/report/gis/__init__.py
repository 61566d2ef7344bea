"""Files for a GIS: cloud-optimised GeoTIFFs and GeoPackages, each with a QGIS style of the same name."""
