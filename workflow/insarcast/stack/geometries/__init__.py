"""Several lines of sight over the same ground: on one grid, on one time axis, with one zero, and solved for the ground's motion."""
