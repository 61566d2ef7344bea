"""What is expected after the newest date, and where earlier forecasts failed."""
