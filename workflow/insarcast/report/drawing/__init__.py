"""Figures: the canvas and what is kept of it, colours and their limits, lines, axes, maps, and bars with words."""
