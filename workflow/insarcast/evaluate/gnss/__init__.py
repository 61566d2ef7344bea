"""Displacement against GNSS stations."""
