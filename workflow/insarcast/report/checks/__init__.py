"""What displacement and forecasts are held against: GNSS stations, and the truth of a simulated scene."""
