"""A cube on a grid: what the page says of it, section by section, where it moves fastest, and its maps for a GIS."""
