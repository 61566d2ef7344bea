from .memory import training_memory as training_memory
from .one_for_all import train_global as train_global
from .rolling import Rolling as Rolling
from .rolling import backtest as backtest
from .run import forecast_cube as forecast_cube
from .series import backtest_series as backtest_series
from .tiles import train_tiles as train_tiles
