from .calibrate import calibrate_forecast as calibrate_forecast
from .choose import choose_model as choose_model
from .series_calibrate import calibrate_series as calibrate_series
from .series_ensembles import combine_series as combine_series
