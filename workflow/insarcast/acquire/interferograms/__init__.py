"""Interferograms in a folder, found by what their makers call them: any GeoTIFF, HyP3, LiCSAR."""
