"""Regressions of the increment to each horizon on a window of the past, one for all points."""
