"""Ready series of points: what the page says of them, their figures, and their points for a GIS."""
