"""Each point by itself, in closed form: walks, means and curves in time."""
