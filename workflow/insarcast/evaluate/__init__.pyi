from .gnss.compare import compare_decomposed as compare_decomposed
from .gnss.compare import compare_gnss as compare_gnss
from .grid.maps import score_maps as score_maps
from .grid.scores import score_forecasts as score_forecasts
from .series.scores import score_series as score_series
from .simulated.compare import compare_truth as compare_truth
from .space.residuals import map_residuals as map_residuals
