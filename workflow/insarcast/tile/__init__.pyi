from .cut import tile_cube as tile_cube
