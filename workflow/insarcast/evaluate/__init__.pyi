from .gnss import compare_gnss as compare_gnss
from .scores import score_forecasts as score_forecasts
