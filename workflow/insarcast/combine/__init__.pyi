from .calibrate import calibrate_forecast as calibrate_forecast
from .choose import choose_model as choose_model
