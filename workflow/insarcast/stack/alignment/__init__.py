"""Products of any lattice on one grid, layer by layer, in a store that grows by what is new alone."""
