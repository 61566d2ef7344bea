from .run import cluster_cube as cluster_cube
