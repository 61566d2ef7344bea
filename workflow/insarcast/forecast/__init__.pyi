from .run import forecast_cube as forecast_cube
