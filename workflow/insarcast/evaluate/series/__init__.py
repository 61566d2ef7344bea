"""Forecasts of a ready series of points against what happened: scores, their significance, and the noise under them."""
