from .compare import compare_truth as compare_truth
from .gnss import compare_decomposed as compare_decomposed
from .gnss import compare_gnss as compare_gnss
from .maps import score_maps as score_maps
from .scores import score_forecasts as score_forecasts
from .series_scores import score_series as score_series
from .series_space import map_residuals as map_residuals
