"""Conformal calibration."""
