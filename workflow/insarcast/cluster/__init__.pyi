from .run import cluster_cube as cluster_cube
from .series import cluster_series as cluster_series
