"""Ready displacement series on a grid: what other software has inverted, in its own formats."""
