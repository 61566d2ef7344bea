from .memory import training_memory as training_memory
from .one_for_all import train_global as train_global
from .run import forecast_cube as forecast_cube
from .tiles import train_tiles as train_tiles
