from .align import align_products as align_products
from .closure import close_loops as close_loops
from .cube import build_cube as build_cube
from .inversion import Inversion as Inversion
from .inversion import invert as invert
from .network import invert_network as invert_network
from .points import read_series as read_series
