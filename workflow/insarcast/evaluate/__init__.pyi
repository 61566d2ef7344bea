from .scores import score_forecasts as score_forecasts
