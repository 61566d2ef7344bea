"""Forecasts of a cube on a grid against what happened: scores of every pixel, and of the maps as pictures."""
