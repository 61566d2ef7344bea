"""ARIMA of each point by itself: the models, and the compiled likelihood and its search."""
