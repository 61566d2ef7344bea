"""The forecast rule."""
