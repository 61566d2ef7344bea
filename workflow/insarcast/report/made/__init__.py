"""How the forecasts were made: clusters, tiles and their seams, training."""
