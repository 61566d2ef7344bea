from .displacement import draw_displacement as draw_displacement
from .forecast import draw_forecast as draw_forecast
from .gnss import draw_gnss as draw_gnss
from .maps import write_maps as write_maps
from .network import draw_network as draw_network
from .noise import draw_noise as draw_noise
from .page import write_report as write_report
from .scores import draw_scores as draw_scores
