"""Models that look at the field: who is near whom, modes, and ARIMA with neighbours."""
