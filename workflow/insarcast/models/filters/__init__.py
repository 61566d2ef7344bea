"""Recursions through time whose few parameters all points share: exponential smoothing and Kalman's filter."""
