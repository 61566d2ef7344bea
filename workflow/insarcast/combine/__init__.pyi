from .grid.calibrate import calibrate_forecast as calibrate_forecast
from .grid.choose import choose_model as choose_model
from .series.calibrate import calibrate_series as calibrate_series
from .series.ensembles import combine_series as combine_series
