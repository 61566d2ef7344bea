from .data import TrainingData as TrainingData
from .forecaster import Forecaster as Forecaster
from .registry import Entry as Entry
from .registry import load_model as load_model
from .registry import make_model as make_model
from .registry import model_entry as model_entry
from .registry import model_module as model_module
from .registry import model_names as model_names
