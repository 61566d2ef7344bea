from .run import stitch_tiles as stitch_tiles
