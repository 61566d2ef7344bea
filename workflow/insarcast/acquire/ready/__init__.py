"""Displacement series that somebody else has inverted: grids (MintPy, LiCSBAS, OPERA, GeoTIFF) and points (EGMS, tables)."""
