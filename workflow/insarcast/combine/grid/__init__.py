"""Forecasts of a cube on a grid: intervals that cover, and the automatic choice."""
