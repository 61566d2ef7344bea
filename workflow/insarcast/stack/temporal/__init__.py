"""Displacement in time: what a vintage sees of it, its velocity, annual course and steps, and what a wrong height adds at each date."""
