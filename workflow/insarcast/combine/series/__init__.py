"""Forecasts of a ready series of points: intervals and a choice that learn with every outcome, and stacking."""
