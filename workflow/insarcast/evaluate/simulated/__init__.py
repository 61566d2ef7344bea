"""Cube and forecasts of a simulated scene against what its ground really did."""
