"""Whether the errors of point forecasts gather in places: neighbours, spatial autocorrelation and hot spots."""
